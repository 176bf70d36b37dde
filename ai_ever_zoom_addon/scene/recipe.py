"""What is stored with a zoom in the file, on its control object; nothing else is.

Two texts in JSON: what the user chose (`ZoomSettings`), and what the zoom was made from and by.
Whatever can be derived from them is not stored.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import bpy

from ..core.analysis.placing import GivenPlacement, placements_from_json
from ..core.analysis.report import Analysis, Pair
from ..core.findings import Finding, findings_from_json
from ..core.plan.timing import LevelKey
from ..core.series import ListedImage, Listing, Series, SeriesImage, Step, series_of
from ..errors import EverZoomError
from ..settings import TABLE, ZoomSettings
from . import loading
from .planes import objects
from .tags import LAYER, RECIPE, SETTINGS

VERSION = 2

Known = dict[tuple[str, str], Pair | None]
"""How images lie in each other, by the paths of the outer and the inner one; None: not at all."""


def save_settings(control: bpy.types.Object, settings: ZoomSettings) -> None:
    """Keep what the user chose."""
    control[SETTINGS] = json.dumps(settings.to_dict())


def stored_settings(control: bpy.types.Object) -> ZoomSettings:
    """What the user chose.

    Raises:
        EverZoomError: The note is missing or unreadable.
    """
    text = control.get(SETTINGS)
    if not isinstance(text, str):
        raise _unreadable()
    try:
        return _settings(text)
    except ValueError:
        raise _unreadable() from None


@lru_cache(maxsize=32)  # a panel asks for each of them in each redraw
def _settings(text: str) -> ZoomSettings:
    values = json.loads(text)
    if not isinstance(values, dict):
        raise ValueError("no settings")
    return ZoomSettings.from_dict(values)


def save(
    control: bpy.types.Object,
    series: Series,
    settings: ZoomSettings,
    report: dict[str, Any] | None,
    listing: Listing | None,
    keys: Sequence[LevelKey],
    levels: Sequence[float],
    findings: Sequence[Finding],
    placements: Sequence[GivenPlacement] | None = None,
) -> None:
    """Keep what a zoom was made from.

    Args:
        control: Of the zoom.
        series: As it was found, whatever of it the settings ask for.
        settings: What the user chose.
        report: What the analysis found; None: there was none.
        listing: The list of images, of which the series has the used ones.
        keys: What the zoom level's curve was given.
        levels: Zoom level at which each image fills the view.
        findings: What the choices cost.
        placements: What the user has given, also of pairs that are no neighbours now; None: what
            the zoom has.
    """
    if placements is None:
        placements = stored_placements(control)
    save_settings(control, settings)
    chosen = settings.to_dict()
    steps = [*series.steps, *([series.closing] if series.closing else [])]
    note = {
        "version": VERSION,
        "built": {name: chosen[name] for name, choice in TABLE.items() if choice.needs_build},
        "images": [
            [str(image.file), image.width, image.height, image.orientation]
            for image in series.images
        ],
        # What was found says them.
        "steps": None
        if report
        else [[step.factor, step.offset, step.gain, step.turn, step.is_hole] for step in steps],
        "is_measured": series.is_measured,
        "skipped": list(series.skipped),
        "report": report,
        "list": listing.to_json() if listing else None,
        "keys": keys,
        "levels": levels,
        "findings": [finding.to_json() for finding in findings],
        "placements": {"pairs": [placement.to_json() for placement in placements]},
    }
    control[RECIPE] = json.dumps(note)


def keep_built(control: bpy.types.Object, built: Any) -> None:
    """Say with which settings a zoom was built that has only been changed since."""
    control[RECIPE] = json.dumps({**stored(control), "built": built})


def unbuilt(control: bpy.types.Object) -> list[str]:
    """Names of the settings that the zoom has only once it is built again.

    Raises:
        EverZoomError: The note is missing or unreadable.
    """
    chosen, note = stored_settings(control), stored(control)
    values = chosen.to_dict()
    built = note.get("built")
    names = [n for n, value in (built or {}).items() if n in values and values[n] != value]
    if not note.get("is_measured", True):
        wanted = ("is_factor_measured", "align", "match_colour")
        names += [name for name in wanted if values[name]]
    return names


def as_built(control: bpy.types.Object) -> ZoomSettings:
    """The settings without what would need another build.

    Raises:
        EverZoomError: The note is missing or unreadable.
    """
    return stored_settings(control).having(stored(control).get("built") or {})


def stored_report(control: bpy.types.Object) -> dict[str, Any] | None:
    """What the analysis found when a zoom was built; None where there was none.

    Raises:
        EverZoomError: The note is missing or unreadable.
    """
    report = stored(control).get("report")
    return report if isinstance(report, dict) else None


def stored_analysis(control: bpy.types.Object) -> Analysis | None:
    """What was measured of a zoom's images when it was built; None where there was nothing to be.

    Raises:
        EverZoomError: The note is missing or unreadable.
    """
    report = stored_report(control)
    try:
        return None if report is None else Analysis.from_json(report)
    except ValueError:
        raise _unreadable() from None


def stored_known(control: bpy.types.Object) -> Known:
    """What was measured of images that have been neighbours in the zoom's list.

    Raises:
        EverZoomError: The note is missing or unreadable.
    """
    try:
        return {
            (outer, inner): pair and Pair.from_json(pair)
            for outer, inner, pair in (stored_report(control) or {}).get("known", ())
        }
    except (TypeError, ValueError):
        raise _unreadable() from None


def stored_placements(control: bpy.types.Object) -> tuple[GivenPlacement, ...]:
    """What the user has given of a zoom's pairs; nothing where there is no note to read."""
    try:
        return placements_from_json((peek(control) or {}).get("placements", {"pairs": []}))
    except ValueError:
        return ()


def stored_findings(control: bpy.types.Object) -> tuple[Finding, ...]:
    """What the settings of a zoom cost.

    Raises:
        EverZoomError: The note is missing or unreadable.
    """
    try:
        return findings_from_json(stored(control).get("findings", ()))
    except ValueError:
        raise _unreadable() from None


def stored_keys(control: bpy.types.Object) -> tuple[LevelKey, ...]:
    """The keys that a zoom's curve was given; none where they are not known."""
    try:
        return tuple(LevelKey(*key) for key in (peek(control) or {}).get("keys", ()))
    except TypeError:
        return ()


def stored_levels(control: bpy.types.Object) -> list[float]:
    """Zoom level at which each image fills the view; none where they are not known."""
    levels = (peek(control) or {}).get("levels")
    return levels if isinstance(levels, list) else []


def stored_series(control: bpy.types.Object) -> Series:
    """The series from which a zoom was built; paths as the layers' images have them now.

    Raises:
        EverZoomError: The note is missing or unreadable.
    """
    note = stored(control)
    try:
        files = [Path(file) for file, *_ in note["images"]]
        for number, layer in objects.numbered(control, LAYER).items():
            image = objects.layer_image(layer)
            if image is not None and 0 <= number < len(files):  # not where a ring repeats it
                # The user may have replaced it, or the file moved together with its images.
                files[number] = loading.entry_of(image)
        images = [
            SeriesImage(file, *map(int, shape))
            for file, (_, *shape) in zip(files, note["images"], strict=True)
        ]
        skipped = tuple(note.get("skipped", ()))
        analysis = stored_analysis(control)
        if analysis is not None:
            return series_of(images, analysis, skipped)
        steps = [
            Step(
                float(factor),
                (float(offset[0]), float(offset[1])),
                (float(gain[0]), float(gain[1]), float(gain[2])),
                float(others[0]) if others else 0.0,
                bool(others[1]) if others[1:] else False,
            )
            for factor, offset, gain, *others in note["steps"]
        ]
        return Series(
            tuple(images),
            tuple(steps[: len(files) - 1]),
            skipped,
            steps[len(files) - 1] if len(steps) >= len(files) else None,
            bool(note.get("is_measured", True)),
        )
    except (KeyError, TypeError, ValueError, IndexError):
        raise _unreadable() from None


def stored_listing(control: bpy.types.Object) -> Listing:
    """The list of a zoom's images, with the numbers of the layers that show them.

    Raises:
        EverZoomError: The note is missing or unreadable.
    """
    listing = stored(control).get("list") or {}
    series = stored_series(control)
    rows = [ListedImage(image.file, layer=number) for number, image in enumerate(series.images)]
    try:
        for place, name in listing.get("unused", ()):
            file = Path(name)
            if not file.exists():  # it may have moved together with the others
                file = series.images[0].file.with_name(file.name)
            rows.insert(int(place), ListedImage(file, is_used=False))
        sources = tuple(Path(name) for name in listing.get("sources", ()))
        return Listing(tuple(rows), bool(listing.get("is_own_order")), sources)
    except (AttributeError, TypeError, ValueError):
        raise _unreadable() from None


def peek(control: bpy.types.Object) -> Mapping[str, Any] | None:
    """What the zoom was made from, of whatever version; None where there is nothing to read."""
    try:
        return _note(control, RECIPE)
    except EverZoomError:
        return None


def stored(control: bpy.types.Object) -> Mapping[str, Any]:
    """What the zoom was made from.

    Raises:
        EverZoomError: The note is missing, unreadable or another version's.
    """
    note = _note(control, RECIPE)
    if note.get("version") != VERSION:
        raise _unreadable()
    return note


# The panel reads a note many times a second, and it is long: (text, what it says) by control.
_read: dict[tuple[int, str], tuple[str, Mapping[str, Any]]] = {}
_MOST_READ = 32


def _note(control: bpy.types.Object, name: str) -> Mapping[str, Any]:
    text = control.get(name)
    if not isinstance(text, str):
        raise _unreadable()
    key = control.session_uid, name
    known = _read.get(key)
    if known is not None and known[0] == text:
        return known[1]
    try:
        note = json.loads(text)
    except ValueError:
        raise _unreadable() from None
    if not isinstance(note, dict):
        raise _unreadable()
    while len(_read) >= _MOST_READ:
        _read.pop(next(iter(_read)))
    _read[key] = text, note
    return note


def _unreadable() -> EverZoomError:
    return EverZoomError(
        "This zoom was made by another version of the add-on, or its note was removed: "
        "choose the folder of its images and press Build Again."
    )
