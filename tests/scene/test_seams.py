"""What is found in the pictures makes the joins disappear: no jump, no colour step. Touches bpy."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import bpy
import numpy as np
import pytest
from PIL import Image

from ai_ever_zoom_addon.core.files.folder import find_images
from ai_ever_zoom_addon.scene import measuring, zooms
from ai_ever_zoom_addon.scene.output import rendering
from ai_ever_zoom_addon.settings import Centre, Engine, FrameSize, Order, ZoomSettings
from tests import pictures
from tests.pictures import Array
from tests.series_maker import drawn

SETTINGS = ZoomSettings(
    is_factor_measured=True, zoom_steps=16, start_frame=0, engine=Engine.CYCLES, order=Order.SORTED
)


def frames_of(folder: Path, settings: ZoomSettings, output: Path) -> list[Array]:
    """Build a zoom from a folder as a user would, and render all of it."""
    files, skipped = find_images(folder)
    series, _ = measuring.find_series(files, settings, skipped)
    scene = bpy.context.scene
    zooms.build_zoom(scene, series, settings)
    count = rendering.render_animation(scene, f"{output}/", 0, scene.frame_end)
    return [pictures.read(output / f"frame_{frame:05}.png") for frame in range(count)]


def enlarged(picture: Array, ratio: float) -> Array:
    """Around the middle, by cubic interpolation."""
    height, width = picture.shape[:2]
    box = (
        width / 2 * (1 - 1 / ratio),
        height / 2 * (1 - 1 / ratio),
        width / 2 * (1 + 1 / ratio),
        height / 2 * (1 + 1 / ratio),
    )
    values = Image.fromarray(pictures.levels(picture))
    again = values.resize((width, height), Image.Resampling.BICUBIC, box)
    return np.asarray(again, np.float64) / 255


def test_an_off_centre_pair_moves_without_a_jump(shared: Path, picture_folder: Path) -> None:
    settings = replace(
        SETTINGS, resolution_from=FrameSize.PIXELS, resolution=(410, 410), centre=Centre.FIXED_POINT
    )
    frames = frames_of(shared / "series" / "mj_shift_pair_2x", settings, picture_folder)
    assert len(frames) == 17
    ratio = 2 ** (1 / 16)
    shifts = np.array(
        [
            pictures.misplacement(after, enlarged(before, ratio), border=20)[:2]
            for before, after in itertools.pairwise(frames)
        ]
    )
    # The zoom closes in on one point: apart from that nothing moves.
    assert np.abs(np.diff(shifts, axis=0)).max() < 0.1
    assert np.abs(shifts - shifts.mean(axis=0)).max() < 0.1


def write_views(folder: Path, step: float) -> Path:
    """Views of one drawn picture, each so many levels of 255 brighter than the one around it."""
    folder.mkdir()
    world = Image.fromarray(drawn((2048, 2048)))
    for number in range(4):
        side = 2048 / 2**number
        box = (1024 - side / 2, 1024 - side / 2, 1024 + side / 2, 1024 + side / 2)
        view = world.resize((256, 256), Image.Resampling.LANCZOS, box)
        grey = np.asarray(view.convert("L"), np.float64) / 255 * 0.5 + 0.2
        brighter = grey * (1 + number * step / (255 * grey.mean()))
        pictures.save(np.repeat(brighter[..., None], 3, axis=2), folder / f"image_{number}.png")
    return folder


def steps_across(frame: Array) -> Array:
    """How the brightness changes from each column to the next, in levels: a seam stands out."""
    grey = frame.mean(axis=2) * 255
    side = grey.shape[0]
    return np.diff(grey[side // 3 : side * 2 // 3], axis=1).mean(axis=0)


def test_colour_steps_leave_no_trace(tmp_path: Path, picture_folder: Path) -> None:
    settings = replace(SETTINGS, feather=0.0)
    plain = frames_of(write_views(tmp_path / "plain", 0.0), settings, picture_folder / "plain")
    stepped = write_views(tmp_path / "stepped", 8.0)
    seen = {}
    for match in (False, True):
        bpy.ops.wm.read_factory_settings(use_empty=True)
        chosen = replace(settings, match_colour=match)
        seen[match] = frames_of(stepped, chosen, picture_folder / f"{match}")
    # Against the same frames of images without a step, whose content changes as well.
    change = {
        match: np.diff([(a - b).mean() * 255 for a, b in zip(frames, plain, strict=True)])
        for match, frames in seen.items()
    }
    seam = {
        match: max(
            float(np.abs(steps_across(a) - steps_across(b)).max())
            for a, b in zip(frames, plain, strict=True)
        )
        for match, frames in seen.items()
    }
    assert np.abs(change[True]).max() < 1.0
    assert change[True].sum() == pytest.approx(24.0, abs=1.0)
    assert seam[True] < 1.0
    assert seam[False] > 4.0  # where they are left, they are seen
