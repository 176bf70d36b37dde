"""Layers that are bent, as engines render them. Touches bpy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from ai_ever_zoom_addon.core.plan.mask import MaskMesh
from ai_ever_zoom_addon.scene.planes import objects
from ai_ever_zoom_addon.scene.planes.layers import MASK_ATTRIBUTE, fill_mesh
from ai_ever_zoom_addon.settings import Engine

from . import room

ENGINES = [Engine.CYCLES, Engine.EEVEE, Engine.WORKBENCH]


def shape_of(mesh: Any) -> MaskMesh:
    """What a layer's mesh was made of."""
    points = np.empty(3 * len(mesh.vertices))
    mesh.vertices.foreach_get("co", points)
    mask = np.empty(len(mesh.vertices))
    mesh.attributes[MASK_ATTRIBUTE].data.foreach_get("value", mask)
    faces = np.array([list(face.vertices) for face in mesh.polygons])
    return MaskMesh(points.reshape(-1, 3)[:, :2], mask, faces)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_finer_mesh_renders_as_the_coarse_one(engine: Engine, tmp_path: Path) -> None:
    scene: Any = bpy.context.scene
    control = room.make_zoom(tmp_path / "images", scene, engine=engine)
    frames = 1, 2, 7  # of two layers each, one of them fading in
    coarse = [room.take(scene, tmp_path / "coarse", frame) for frame in frames]
    for mesh in {item.data for item in objects.parts(control, "layer")}:
        fill_mesh(mesh, shape_of(mesh).finer(0.03), 0.75, 1)
        assert len(mesh.polygons) > 1000
    for frame, expected in zip(frames, coarse, strict=True):
        difference = np.abs(room.take(scene, tmp_path / "fine", frame) - expected)
        # The last place of single precision decides where a texture is read: a step of 8 bits.
        assert difference.max() < 2.5 / 255
        assert difference.mean() < 0.05 / 255
