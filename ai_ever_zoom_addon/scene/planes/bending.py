"""Layers whose meshes are bent: by shape keys, so that it is plain Blender data."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ...core.plan.bending import Bend, bendable
from ...core.plan.mask import Mask, MaskMesh
from ...core.plan.plan import Layer
from ...core.plan.relief import FINEST, ReliefMaker
from ..drivers import drive
from ..tags import MADE_OF, ROLE, ZOOM_LEVEL_PATH
from .layers import fill_mesh
from .objects import is_shared

BENT = "bent"  # the tag of a mesh that is one layer's alone

# Shape keys, which add to each other. Where the layer meets the image in it, and the one around it;
GLIDE_OUT, GLIDE_IN = "Glide Out", "Glide In"
# how it comes forward, and what else it does until shortly before it fills the view.
RELIEF, RELIEF_BEFORE = "Relief", "Relief Before"


def own_mesh(mesh: Any) -> Any:
    """For a layer that is bent: the mesh that it has, if that is its own, or a new one.

    Args:
        mesh: None: it has none yet.
    """
    if mesh is None or mesh.get(ROLE) != BENT or is_shared(mesh):
        mesh = bpy.data.meshes.new("Ever Zoom Bent Image")
        mesh[ROLE] = BENT
        mesh.materials.append(None)
    return mesh


def bend(item: Any, control: Any, layer: Layer, maker: ReliefMaker | None) -> None:
    """Bend a layer, unless it is bent so already.

    Args:
        item: Its object, whose mesh no other has.
        control: Of the zoom.
        layer: The layer.
        maker: What makes its relief; None: it is none.
    """
    mesh = item.data
    note = _made_of(layer, maker)
    if mesh.get(MADE_OF) != note:
        item.shape_key_clear()
        shape, offsets = _shape(layer, maker)
        fill_mesh(mesh, shape, layer.aspect, layer.image.orientation)
        flat = np.pad(shape.points, ((0, 0), (0, 1)))
        item.shape_key_add(name="Basis", from_mix=False)
        for name, offset in offsets.items():
            key = item.shape_key_add(name=name, from_mix=False)
            key.data.foreach_set("co", (flat + offset).astype(np.float32).ravel())
            key.value = 1.0
        mesh[MADE_OF] = note
    keys = mesh.shape_keys
    for name, value in _values(layer, maker).items():
        if keys is not None and name in keys.key_blocks:  # not where the user removed it
            path = f'key_blocks["{name}"].value'
            drive(keys, path, value, {"z": (control, ZOOM_LEVEL_PATH)})


def _made_of(layer: Layer, maker: ReliefMaker | None) -> str:
    """A sum of all that a bent mesh is made of: where it is the same, the mesh is."""
    parts: list[object] = [maker, layer.mask, layer.aspect, layer.image.orientation]
    for each in layer.bends:
        join = each.join
        parts += [each.is_outer, join.centre, join.vector, join.aspect, join.mask]
        parts.append(join.glide.field.tobytes())
    return hashlib.sha256(repr(parts).encode()).hexdigest()


@lru_cache(maxsize=8)  # layers of one shape have the same, whatever their depth; a megabyte each
def _fine(mask: Mask, bends: tuple[Bend, ...]) -> MaskMesh:
    """A layer's mesh with faces as fine as a relief needs it."""
    return bendable(mask, bends).finer(FINEST)


def _shape(
    layer: Layer, maker: ReliefMaker | None
) -> tuple[MaskMesh, dict[str, NDArray[np.float64]]]:
    """The flat mesh, and by what each key moves its corners, shape (n, 3), in image widths."""
    mesh = bendable(layer.mask, layer.bends) if maker is None else _fine(layer.mask, layer.bends)
    offsets = {}
    if maker is not None:
        relief = maker.make()
        offsets[RELIEF] = relief.offsets(relief.after, mesh.points)
        if relief.before is not None:
            more = relief.before - relief.after
            offsets[RELIEF_BEFORE] = relief.offsets(more, mesh.points)
    for each in layer.bends:
        shifts = np.pad(each.shifts(mesh.points), ((0, 0), (0, 1)))
        offsets[GLIDE_OUT if each.is_outer else GLIDE_IN] = shifts
    return mesh, offsets


def _values(layer: Layer, maker: ReliefMaker | None) -> dict[str, str]:
    """Expressions for how far each key bends at zoom level z; those not named do so all the way."""
    values = {}
    if maker is not None:
        values[RELIEF_BEFORE] = f"1 - smoothstep({maker.goes_over!r}, {maker.level!r}, z)"
    for each in layer.bends:
        gone = f"smoothstep({each.join.begins!r}, {each.join.ends!r}, z)"
        values[GLIDE_OUT if each.is_outer else GLIDE_IN] = gone if each.is_outer else f"1 - {gone}"
    return values
