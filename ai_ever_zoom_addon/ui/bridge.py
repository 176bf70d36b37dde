"""Between the settings and the properties that show them.

Nothing is kept here: the settings are in the file, with their zoom (see recipe.py) or, on a scene
without one, as the draft of a zoom to come. A change of a built zoom is applied at once, or
refused: then the old values are there again.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias, get_args

import bpy
import numpy as np

from .. import plain
from ..core.image_settings import images_from_json, images_to_json
from ..core.plan.timing import frame_count, frames_per_step, stretches_of
from ..errors import EverZoomError, in_one_line, text_of
from ..names import native
from ..scene import active, recipe, tags, zooms
from ..scene.output.output_settings import settings_from_scene
from ..scene.output.sound import sound_seconds
from ..scene.planes import objects
from ..settings import KINDS, TABLE, ImageSettings, LengthBy, Travel, ZoomSettings
from ..texts import Text
from . import defaults, exchange
from .view import timelines_follow

# --- Where the settings are -----------------------------------------------------------------------


def to_settings(group: Any) -> ZoomSettings:
    """What a property group shows.

    A zoom whose note is gone shows the defaults: building it again from its folder mends it.
    """
    control = control_of(group)
    try:
        if control is not None:
            settings = recipe.stored_settings(control)
            return settings if settings.folder else settings.having({"folder": _folder(control)})
        if not isinstance(group.id_data, bpy.types.Scene):  # any object's, of which Blender asks
            return ZoomSettings.of_panel()  # when it compares overrides with the originals
        chosen = defaults.given() | _draft(group)
        settings = ZoomSettings.of_panel().having(chosen)
        return settings_from_scene(settings, group.id_data, chosen.keys())
    except EverZoomError:
        return ZoomSettings.of_panel()


def _draft(group: Any) -> dict[str, Any]:
    """What has been chosen for a zoom to come."""
    try:
        return plain.record(plain.read_json(group.draft or "{}"))
    except ValueError:  # a script has set it
        return {}


def _folder(control: bpy.types.Object) -> str:
    """The folder of a zoom that was built from files."""
    images = (recipe.peek(control) or {}).get("images") or [[""]]
    return str(Path(native(images[0][0])).parent) if images[0][0] else ""


def _store(group: Any, settings: ZoomSettings) -> None:
    control = control_of(group)
    if control is not None:
        recipe.save_settings(control, settings)
    else:
        # What has been chosen, and nothing else: the rest follows the scene.
        values, shown = settings.to_dict(), to_settings(group).to_dict()
        chosen = _draft(group).keys() | {name for name in values if values[name] != shown[name]}
        group.draft = json.dumps({name: values[name] for name in values if name in chosen})


def _notes(group: Any) -> _Notes:
    """What is stored, as it is, which need not be readable."""
    control = control_of(group)
    return None if control is None else control.get(tags.SETTINGS), group.draft


def _take_back(group: Any, notes: _Notes) -> None:
    """What was refused has not been chosen."""
    control = control_of(group)
    text, group.draft = notes
    if control is not None and text is not None:
        control[tags.SETTINGS] = text
    elif control is not None:
        control.pop(tags.SETTINGS, None)


def control_of(group: Any) -> bpy.types.Object | None:
    """The zoom whose settings a group shows; None where it is a draft."""
    owner = group.id_data
    if isinstance(owner, bpy.types.Scene):
        return active.zoom_of(owner)
    return owner if owner.get(tags.ROLE) == tags.CONTROL else None


# --- Changes --------------------------------------------------------------------------------------

Field: TypeAlias = tuple[str, ...]
"""What is changed: a setting's name, for a field of one image with its file's name before it."""

# Why the last change of a zoom was refused, and of what, by its control or its scene. Not in the
# file: there it would be told again when the file is opened.
_problems: dict[int, tuple[str, Field]] = {}

_Notes: TypeAlias = tuple[Any, str]

# Settings before a change that is being made, what they came from, and what is changed.
_before: dict[int, tuple[ZoomSettings, _Notes, Field]] = {}
_together: set[int] = set()


def _owner(group: Any) -> Any:
    return control_of(group) or group.id_data


def problem_of(group: Any, *field: str) -> str:
    """Why the last change was refused, if it was one of this field; "" if it was not.

    Args:
        group: The settings, or an operator's options, of which none is ever refused.
        field: As `Field`; none: whatever was changed.
    """
    if not _problems or group.id_data is None:  # as nearly always, and asked for by each field
        return ""
    text, refused = _problems.get(_owner(group).session_uid, ("", ()))
    return text if field in ((), refused) else ""


def _check_editable(group: Any) -> None:
    control = control_of(group)
    if control is not None:
        objects.check_editable(control)


def set_value(group: Any, name: str, value: Any) -> None:
    """One property gets another value; `apply`, which Blender calls next, puts it to work."""
    _set(group, (name,), lambda before: before.having({name: meant(name, value)}))


def set_of_image(group: Any, image: str, name: str, value: Any) -> None:
    """One property of one image gets another value, as by `set_value`.

    Args:
        group: Of the zoom.
        image: The name of the image's file.
        name: Of the field of `ImageSettings`.
        value: A value of the field's kind; numbers have single precision.
    """
    values: dict[str, Any] = {name: as_typed(value) if isinstance(value, float) else value}
    if name in PACES:
        values = dict.fromkeys(PACES) | values
    _set(
        *(group, (image, name)),
        lambda before: before.with_image(replace(before.of_image(image), **values)),
    )


def _set(group: Any, field: Field, changed: Callable[[ZoomSettings], ZoomSettings]) -> None:
    owner = _owner(group)
    before = to_settings(group)
    if owner.session_uid not in _together:
        _before[owner.session_uid] = before, _notes(group), field
    try:
        _check_editable(group)
        _store(group, changed(before))
    except EverZoomError as error:
        _before.pop(owner.session_uid, None)
        _problems[owner.session_uid] = error.text, field


def apply(group: Any, _context: Any = None) -> None:
    """Put to work what `set_value` has set; what cannot be done is taken back."""
    owner = _owner(group)
    uid = owner.session_uid
    if uid in _together:
        return
    if uid not in _before:  # was refused
        return
    before, notes, field = _before.pop(uid)
    try:
        settings = _measured(to_settings(group), before)
        _store(group, settings)
        _put_to_work(group, before, settings)
        _problems.pop(uid, None)
    except Exception as error:
        _take_back(group, notes)
        _problems[uid] = in_one_line(error), field


def _put_to_work(group: Any, before: ZoomSettings, settings: ZoomSettings) -> None:
    control = control_of(group)
    if control is None or before == settings:
        return
    settings = _going_on(control, settings, before)
    for scene in control.users_scene:
        recipe.save_settings(control, before)  # what the zoom is like until now
        with timelines_follow(scene):
            zooms.change_zoom(scene, control, settings, may_wait=exchange.is_possible())
    exchange.resume()


def _measured(settings: ZoomSettings, before: ZoomSettings) -> ZoomSettings:
    """Settings with the length of their sound, where that is another one.

    Raises:
        EverZoomError: It cannot be read.
    """
    if settings.sound == before.sound:
        return settings
    seconds = sound_seconds(settings.sound) if settings.sound else 0.0
    return settings.having({"sound_seconds": seconds})


def _going_on(
    control: bpy.types.Object, settings: ZoomSettings, before: ZoomSettings
) -> ZoomSettings:
    """Settings under which nothing changes if only what says the length has.

    The user changes to another way to say it, and goes on from what it was.
    """
    ways = {
        LengthBy.FRAMES: "zoom_steps",
        LengthBy.SECONDS: "seconds_per_image",
        LengthBy.WHOLE: "length",
    }
    way = settings.length_by
    if way not in ways or settings != before.having({"length_by": way}) or settings == before:
        return settings
    levels, names = arrivals_of(control, settings)
    steps = frames_per_step(levels, before, names)
    values = {
        LengthBy.FRAMES: max(1, round(steps)),
        LengthBy.SECONDS: steps / before.frames_per_second,
        LengthBy.WHOLE: frame_count(levels, before, names) / before.frames_per_second,
    }
    return settings.having({ways[way]: values[way]})


def arrivals_of(control: bpy.types.Object, settings: ZoomSettings) -> tuple[list[float], list[str]]:
    """Zoom levels at which a zoom's images fill the view, and their files' names.

    Raises:
        EverZoomError: The note is missing or unreadable.
    """
    levels, series = recipe.stored_levels(control), recipe.stored_series(control)
    names = [image.file.name for image in series.images]
    if settings.travel is Travel.LOOP and series.closing is not None:
        return [*levels, float(len(levels))], [*names, names[0]]  # the outermost one again
    return levels, names


@contextlib.contextmanager
def together(group: Any) -> Iterator[None]:
    """Let several changes of a group be made, and applied or refused, as one."""
    uid = _owner(group).session_uid
    before, notes = to_settings(group), _notes(group)
    _together.add(uid)
    try:
        yield
    except BaseException:
        _together.discard(uid)
        _take_back(group, notes)
        raise
    _together.discard(uid)
    _before[uid] = before, notes, ()
    apply(group)


def change(group: Any, values: Mapping[str, Any]) -> None:
    """Give a group other settings, all or none of them.

    Raises:
        EverZoomError: They were refused; everything is as before.
    """
    _check_editable(group)
    after = to_settings(group).having(values)
    uid = _owner(group).session_uid
    with together(group):
        _store(group, after)
    if uid in _problems:
        raise EverZoomError(_problems[uid][0])


def forget_problems(control: bpy.types.Object | None = None) -> None:
    """Nothing is refused any more: of one zoom, or of all, as in another state of the file."""
    if control is None:
        _problems.clear()
    else:
        _problems.pop(control.session_uid, None)


# --- What one image has of its own ----------------------------------------------------------------

PACES = ("frames", "seconds")


def of_image_shown(group: Any, image: str, name: str) -> Any:
    """A field of what one image has of its own, or what it is without that.

    Args:
        group: Of the zoom.
        image: The name of the image's file.
        name: Of the field of `ImageSettings`.
    """
    settings = to_settings(group)
    own = settings.of_image(image)
    if name not in PACES or getattr(own, name) is not None:
        return settings.own_or_common(image, name)
    rate = settings.frames_per_second
    frames = own.frames if own.seconds is None else own.seconds * rate
    if frames is None:
        frames = _frames_on(group, settings, image)
    return max(1, round(frames)) if name == "frames" else frames / rate


# A panel asks in each redraw: (the note, the settings, frames by image), by control.
_paces: dict[int, tuple[Any, ZoomSettings, Mapping[str, float]]] = {}


def _frames_on(group: Any, settings: ZoomSettings, image: str) -> float:
    """Frames from an image to the next smaller one; the usual ones where there is none."""
    control = control_of(group)
    if control is None:
        return settings.zoom_steps
    note = control.get(tags.RECIPE)
    known = _paces.get(control.session_uid)
    if known is None or known[:2] != (note, settings):
        frames: dict[str, float] = {"": settings.zoom_steps}
        with contextlib.suppress(EverZoomError):
            levels, names = arrivals_of(control, settings)
            stretches = stretches_of(levels, settings, names)
            frames = {"": frames_per_step(levels, settings, names)}
            frames |= zip(names, (stretch.frames for stretch in stretches), strict=False)
        known = _paces[control.session_uid] = note, settings, frames
    return known[2].get(image, known[2][""])


def as_all(group: Any, image: str, name: str = "") -> None:
    """Take from an image what it has of its own: one field, or all of them.

    Raises:
        EverZoomError: That cannot be; everything is as before.
    """
    settings = to_settings(group)
    own = settings.of_image(image)
    names = PACES if name in PACES else (name,)
    left = {n: value for n, value in own.own.items() if name and n not in names}
    change(group, {"of_images": settings.with_image(ImageSettings(image, **left)).of_images})


# --- Values of properties ------------------------------------------------------------------------


def shown(name: str, value: Any) -> Any:
    """A setting as the property wants it."""
    if isinstance(value, StrEnum):
        return number_of(TABLE[name].shown_as.get(value, value))
    if name == "of_images":
        return json.dumps(images_to_json(value))
    return json.dumps(value) if name == "beats" else value


@lru_cache(maxsize=None, typed=True)  # a panel asks in each redraw; kinds have equal texts
def number_of(value: StrEnum) -> int:
    """Of one of the values of its kind."""
    return list(type(value)).index(value)


def meant(name: str, value: Any) -> Any:
    """What a property was set to, as a setting: Blender's numbers have single precision."""
    kind = KINDS[name]
    if name == "beats":
        try:
            return plain.row(plain.read_json(value))
        except ValueError:
            raise EverZoomError("Beats are frames in ascending order, like [25, 49].") from None
    if name == "of_images":
        try:
            return images_from_json(plain.read_json(value))
        except ValueError as error:
            raise EverZoomError(
                "{setting}: {error}.", setting=Text(TABLE[name].label), error=text_of(error)
            ) from None
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return list(kind)[value]
    if kind is float:
        return as_typed(value)
    parts = get_args(kind)
    return tuple(as_typed(part) for part in value) if parts and parts[0] is float else value


def as_typed(value: float) -> float:
    """The shortest number that is this one in single precision: 0.8, not 0.800000011920929."""
    return float(str(np.float32(value)))
