"""Lets a zoom's strips show one picture a step, in a file that only renders. Touches bpy.

What plays in Blender has a strip for each layer, so that everything can change at any time. Where
nothing is going to, pictures of whole steps are sharper and faster (see core/step_pictures.py).
They show the zoom as it was built: where somebody has changed the strips since, what was changed
would be lost. So the layers' strips are made anew first, and compared.

This is for copies of a file. In the window the user can save, undo and change the scene while
Blender renders it, and strips that were changed for that time could stay so: there what plays is
rendered.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import bpy

from ...core.steps import Steps
from ...errors import EverZoomError
from .. import compat, zooms
from ..paths import absolute
from ..planes import objects
from ..strips import strips

_UNSEEN = ("rna_type", "select", "show_")  # how names of properties begin that change no picture
_DEEPEST = 5

_State: TypeAlias = list[Any]


def redraw_steps(scene: Any) -> Steps[bool]:
    """Let a scene's strips show pictures of steps, where they then show the same as before.

    Yields:
        (fraction done, 0 to 1, what is being done).

    Returns:
        Whether they do; if not, the file is not to be used any more.

    Raises:
        EverZoomError: An image cannot be read, or the pictures cannot be written.
    """
    if not (strips.has_strips(scene) and scene.render.use_sequencer):
        return False
    before = _state(scene)
    for control in objects.controls(scene):
        try:
            plan = zooms.plan_of(scene, control)
        except EverZoomError:  # it has lost its note: another one has made the strips, or nobody
            continue
        layers = yield from strips.prepare_steps(plan)
        strips.remove_layers(scene)
        strips.build_strips(scene, control, plan, layers)
        if _state(scene) != before:
            continue
        pictures = yield from strips.prepare_steps(plan, plan.frames)
        if all(picture.step is None for picture in pictures.values()):
            return False
        strips.build_strips(scene, control, plan, pictures)
        return True
    return False


def _state(scene: Any) -> _State:
    """Everything that makes what strips of layers show, to be compared."""
    drivers = list(scene.animation_data.drivers) if scene.animation_data else []
    driven = {curve.data_path for curve in drivers}
    shown = [_values(strip, strip.path_from_id(), driven, _DEEPEST) for strip in _in_groups(scene)]
    curves = [*drivers, *compat.fcurves(scene)]
    curves.sort(key=lambda curve: (curve.data_path, curve.array_index))
    return [*shown, *(_values(curve, "", set(), _DEEPEST) for curve in curves)]


def _in_groups(scene: Any) -> Iterator[Any]:
    """All strips in the zoom's groups, also such of the user's."""
    waiting = [strip for strip in compat.strips(scene.sequence_editor) if strips.is_group(strip)]
    for group in waiting:
        inside = sorted(compat.strips(group), key=lambda strip: strip.channel)
        yield from inside
        waiting += [strip for strip in inside if strip.type == "META"]


def _values(item: Any, path: str, driven: set[str], deepest: int) -> _State:
    """The values of all properties, but of those that are driven, and of what belongs to it."""
    values: _State = [type(item).__name__]
    for rna in item.bl_rna.properties:
        name = rna.identifier
        if name.startswith(_UNSEEN) or f"{path}.{name}" in driven:
            continue
        value = getattr(item, name)
        if name == "directory":  # relative to the file, or not
            value = str(Path(absolute(value)).resolve())
        elif isinstance(value, bpy.types.ID):
            value = value.name_full
        elif rna.type == "COLLECTION":
            parts = [(f'{path}.{name}["{getattr(part, "name", "")}"]', part) for part in value]
            value = [_values(part, at, driven, deepest - 1) for at, part in parts if deepest]
        elif rna.type == "POINTER" and value is not None:
            value = _values(value, f"{path}.{name}", driven, deepest - 1) if deepest else None
        elif getattr(rna, "is_array", False):
            value = list(value)
        values.append((name, value))
    return values
