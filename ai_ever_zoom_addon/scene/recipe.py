"""What is stored with a zoom in the file, on its control object; nothing else is.

Two texts in JSON: what the user chose (`ZoomSettings`), and what the zoom was made from and by.
Whatever can be derived from them is not stored. They are checked when they are read, here and
nowhere else: files come from anywhere.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import bpy

from .. import plain
from ..core.analysis.placing import GivenPlacement, placements_from_json
from ..core.analysis.report import Analysis, Pair
from ..core.findings import Finding, findings_from_json
from ..core.plan.timing import LevelKey
from ..core.series import ListedImage, Listing, Series, SeriesImage, Step, series_of
from ..errors import EverZoomError
from ..names import native
from ..settings import LAST_FRAME, TABLE, ZoomSettings, of_this_version
from ..wording import can_be_told
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
    return ZoomSettings.from_dict(plain.record(plain.read_json(text)))


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
    built: Any = None,
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
        built: The settings with which it was built, as it was stored, where it has only been
            changed since; None: these.
    """
    if placements is None:
        placements = stored_placements(control)
    save_settings(control, settings)
    chosen = settings.to_dict()
    steps = [*series.steps, *([series.closing] if series.closing else [])]
    note = {
        "version": VERSION,
        "built": built or {n: chosen[n] for n, choice in TABLE.items() if choice.needs_build},
        "images": [image.to_json() for image in series.images],
        # What was found says them.
        "steps": None if report else [step.to_json() for step in steps],
        "is_measured": series.is_measured,
        "skipped": list(series.skipped),
        "report": report,
        "list": listing.to_json() if listing else None,
        "keys": keys,
        "levels": levels,
        "findings": [finding.to_json() for finding in findings],
        "placements": {"pairs": [placement.to_json() for placement in placements]},
        "dismissed": stored_dismissed(control),
    }
    control[RECIPE] = json.dumps(note)


def unbuilt(control: bpy.types.Object) -> dict[str, Any]:
    """The settings that the zoom has only once it is built again, with what they are in it.

    Raises:
        EverZoomError: The note is missing or unreadable.
    """
    chosen, note = stored_settings(control), stored(control)
    values = chosen.to_dict()
    built = of_this_version(note.get("built") or {})
    found = {n: value for n, value in built.items() if n in values and values[n] != value}
    if not note.get("is_measured", True):
        wanted = ("is_factor_measured", "align", "match_colour")
        found |= {name: False for name in wanted if values[name]}
    return found


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
    report: dict[str, Any] | None = stored(control).get("report")
    return report


def stored_analysis(control: bpy.types.Object) -> Analysis | None:
    """What was measured of a zoom's images when it was built; None where there was nothing to be.

    Raises:
        EverZoomError: The note is missing or unreadable.
    """
    report = stored_report(control)
    return None if report is None else Analysis.from_json(report)


def stored_known(control: bpy.types.Object) -> Known:
    """What was measured of images that have been neighbours in the zoom's list.

    Raises:
        EverZoomError: The note is missing or unreadable.
    """
    return _known_in(stored_report(control) or {})


def stored_placements(control: bpy.types.Object) -> tuple[GivenPlacement, ...]:
    """What the user has given of a zoom's pairs; nothing where there is no note to read."""
    return placements_from_json((peek(control) or {}).get("placements", {"pairs": []}))


def stored_findings(control: bpy.types.Object) -> tuple[Finding, ...]:
    """What the settings of a zoom cost.

    Raises:
        EverZoomError: The note is missing or unreadable.
    """
    return findings_from_json(stored(control).get("findings", ()))


def stored_dismissed(control: bpy.types.Object) -> list[str]:
    """What the user does not want to be told any more, as `dismiss` was given it."""
    return list((peek(control) or {}).get("dismissed", ()))


def dismiss(control: bpy.types.Object, remarks: Sequence[str]) -> None:
    """Say which remarks the user does not want to be told any more, these and no others.

    Raises:
        EverZoomError: The note is missing or unreadable.
    """
    control[RECIPE] = json.dumps({**stored(control), "dismissed": list(remarks)})


def stored_keys(control: bpy.types.Object) -> tuple[LevelKey, ...]:
    """The keys that a zoom's curve was given; none where they are not known."""
    return _keys_in((peek(control) or {}).get("keys", []))


def stored_levels(control: bpy.types.Object) -> list[float]:
    """Zoom level at which each image fills the view; none where they are not known."""
    return list((peek(control) or {}).get("levels", ()))


def stored_series(control: bpy.types.Object) -> Series:
    """The series from which a zoom was built; paths as the layers' images have them now.

    Raises:
        EverZoomError: The note is missing or unreadable.
    """
    note = stored(control)
    images = [SeriesImage.from_json(values) for values in note["images"]]
    for number, layer in objects.numbered(control, LAYER).items():
        image = objects.layer_image(layer)
        if image is not None and 0 <= number < len(images):  # not where a ring repeats it
            # The user may have replaced it, or the file moved together with its images.
            images[number] = replace(images[number], file=loading.entry_of(image))
    skipped = tuple(note.get("skipped", ()))
    analysis = stored_analysis(control)
    if analysis is not None:
        return series_of(images, analysis, skipped)
    steps = tuple(map(Step.from_json, note["steps"]))
    count = len(images) - 1
    is_measured = note.get("is_measured", True)
    return Series(tuple(images), steps[:count], skipped, (*steps, None)[count], is_measured)


def stored_listing(control: bpy.types.Object, series: Series | None = None) -> Listing:
    """The list of a zoom's images, with the numbers of the layers that show them.

    Args:
        control: The zoom.
        series: Its stored series, if that is known already.

    Raises:
        EverZoomError: The note is missing or unreadable.
    """
    listing = stored(control).get("list") or {}
    series = series or stored_series(control)
    rows = [ListedImage(image.file, layer=number) for number, image in enumerate(series.images)]
    for place, name in listing.get("unused", ()):
        file = Path(native(name))
        if not file.exists():  # it may have moved together with the others
            file = series.images[0].file.with_name(file.name)
        rows.insert(place, ListedImage(file, is_used=False))
    sources = tuple(Path(native(name)) for name in listing.get("sources", ()))
    return Listing(tuple(rows), listing.get("is_own_order", False), sources)


def peek(control: bpy.types.Object) -> Mapping[str, Any] | None:
    """What can be read of what the zoom was made from; None where there is nothing.

    Of another version's note those parts that are as this version's.
    """
    try:
        return _note(control)[0]
    except EverZoomError:
        return None


def stored(control: bpy.types.Object) -> Mapping[str, Any]:
    """What the zoom was made from.

    Raises:
        EverZoomError: The note is missing, unreadable or another version's.
    """
    note, is_whole = _note(control)
    if not is_whole:
        raise _unreadable()
    return note


# --- What a note has to be like -------------------------------------------------------------------


def _known_in(report: Mapping[str, Any]) -> Known:
    rows = (plain.row(item, 3) for item in plain.row(report.get("known", [])))
    return {
        (plain.text(outer), plain.text(inner)): None if pair is None else Pair.from_json(pair)
        for outer, inner, pair in rows
    }


def _keys_in(values: Any) -> tuple[LevelKey, ...]:
    keys = [LevelKey(*(key if len(key) == 3 else (*key, None))) for key in map(plain.row, values)]
    for before, key in zip([*keys[:1], *keys], keys, strict=False):
        plain.number(key.frame, before.frame, 2 * LAST_FRAME)
        plain.number(key.level, -_DEEPEST, _DEEPEST)
        if key.slope is not None:
            plain.number(key.slope, -_DEEPEST, _DEEPEST)
    if keys and not 0 <= keys[0].frame < keys[-1].frame:
        raise ValueError("the keys take no time")
    return tuple(keys)


def _check_findings(values: Any) -> None:
    findings = findings_from_json(plain.row(values))
    if not all(map(can_be_told, findings)):
        raise ValueError("a finding lacks its figures")


def _check_report(values: Any) -> None:
    if values is not None:
        Analysis.from_json(plain.record(values))
        _check_findings(values["findings"])
        _known_in(values)


def _check_list(values: Any) -> None:
    if values is not None:
        for place, name in (plain.row(item, 2) for item in plain.row(values["unused"])):
            plain.whole(place, 0, LARGEST_COUNT)
            _check_file(name)
        plain.flag(values["is_own_order"])
        _each(_check_file)(values["sources"])


def _check_file(value: Any) -> None:
    if not Path(plain.text(value)).name:
        raise ValueError("it names no file")


def _check_images(values: Any) -> None:
    if not plain.row(values):
        raise ValueError("there are no images")
    for value in values:
        _check_file(str(SeriesImage.from_json(value).file))


def _each(check: Callable[[Any], object]) -> Callable[[Any], object]:
    return lambda values: [check(value) for value in plain.row(values)]


def _or_none(check: Callable[[Any], object]) -> Callable[[Any], object]:
    return lambda value: value is None or check(value)


_DEEPEST = 1e6  # zoom level
LARGEST_COUNT = 1_000_000  # of images

# By the names of a note's parts.
_CHECKS: Mapping[str, Callable[[Any], object]] = {
    "version": lambda value: plain.whole(value, 1, LARGEST_COUNT),
    "built": _or_none(lambda value: ZoomSettings().having(plain.record(value))),
    "images": _check_images,
    "steps": _or_none(_each(Step.from_json)),
    "is_measured": plain.flag,
    "skipped": _each(plain.text),
    "report": _check_report,
    "list": _check_list,
    "keys": lambda values: _keys_in(plain.row(values)),
    "levels": _each(lambda value: plain.number(value, -_DEEPEST, _DEEPEST)),
    "findings": _check_findings,
    "placements": placements_from_json,
    "dismissed": _each(plain.text),
}


def _good_parts(note: Mapping[str, Any]) -> dict[str, Any]:
    good = {}
    for name, value in note.items():
        # These are raised where a value is of another kind than what is taken from it.
        with contextlib.suppress(
            EverZoomError, ValueError, TypeError, LookupError, AttributeError, RecursionError
        ):
            if name in _CHECKS:
                _CHECKS[name](value)
                good[name] = value
    return good


def _is_whole(note: Mapping[str, Any]) -> bool:
    """Whether the parts of a note go together."""
    if note.get("version") != VERSION or "images" not in note:
        return False
    count = len(note["images"])
    report, steps = note.get("report"), note.get("steps")
    if report is not None:
        pairs = len(report["pairs"]) + 1, len(report["order"])
        return pairs == (count, count) and len(note.get("levels", ())) == count
    return steps is not None and count - 1 <= len(steps) <= count


# The panel reads a note many times a second, and it is long: (text, what it says, whether that is
# all that there should be) by control.
_read: dict[int, tuple[str, Mapping[str, Any], bool]] = {}
_MOST_READ = 32


def _note(control: bpy.types.Object) -> tuple[Mapping[str, Any], bool]:
    text = control.get(RECIPE)
    if not isinstance(text, str):
        raise _unreadable()
    known = _read.get(control.session_uid)
    if known is None or known[0] != text:
        try:
            note = plain.record(plain.read_json(text))
        except ValueError:
            raise _unreadable() from None
        good = _good_parts(note)
        is_whole = good.keys() == note.keys() & _CHECKS.keys() and _is_whole(good)
        while len(_read) >= _MOST_READ:
            _read.pop(next(iter(_read)))
        known = _read[control.session_uid] = text, good, is_whole
    return known[1], known[2]


def _unreadable() -> EverZoomError:
    return EverZoomError(
        "This zoom was made by another version of the add-on, or its note was removed: "
        "choose the folder of its images and press Build Again."
    )
