"""Colour profiles in files are obeyed, by every engine alike, or there is a warning. Touches bpy.

What colours look like is said by Little CMS.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from ai_ever_zoom_addon.core.findings import FindingKind
from ai_ever_zoom_addon.scene import loading, measuring, recipe, zooms
from ai_ever_zoom_addon.scene.output import rendering
from ai_ever_zoom_addon.settings import Engine, ZoomSettings
from ai_ever_zoom_addon.wording import Way, sentence
from tests.pictures import Array, paint, read, waves
from tests.profiles import (
    ADOBE_RGB,
    DISPLAY_P3,
    PROPHOTO,
    SRGB,
    SRGB_CURVE,
    make_icc,
    save,
    seen,
)

PLAIN = ZoomSettings(
    zoom_factor=2.0, zoom_steps=1, align=False, match_colour=False, start_frame=0, feather=0.0
)
SIZE = (60, 40)
ENGINES = [Engine.CYCLES, Engine.WORKBENCH, Engine.EEVEE, Engine.SEQUENCER]
# Within what sRGB can show.
COLOURS = [(0.7, 0.4, 0.3), (0.3, 0.5, 0.45), (0.2, 0.25, 0.5)]

P3 = make_icc("Display P3", DISPLAY_P3, SRGB_CURVE)
ADOBE = make_icc("Adobe RGB (1998)", ADOBE_RGB, 563 / 256)
HAS_ADOBE = bpy.app.version >= (5, 0, 0)


def flat(colour: Sequence[float]) -> Array:
    return np.broadcast_to(np.rint(np.array(colour) * 255) / 255, (SIZE[1], SIZE[0], 3))


def write_series(folder: Path, *profiles: bytes, ending: str = "png") -> list[Path]:
    """Three flat pictures, outermost first."""
    return [
        save(flat(colour), folder / f"{number}.{ending}", profiles[number % len(profiles)])
        for number, colour in enumerate(COLOURS)
    ]


def build(files: Sequence[Path], engine: Engine = Engine.CYCLES) -> Any:
    settings = replace(PLAIN, engine=engine)
    series, _ = measuring.find_series(list(reversed(files)), settings)
    return zooms.build_zoom(bpy.context.scene, series, settings)


def check_colours(folder: Path, truths: Sequence[Array]) -> None:
    """Each picture fills the frame in its turn."""
    rendering.render_animation(bpy.context.scene, f"{folder}/", 0, 2)
    for frame, truth in enumerate(truths):
        picture = read(folder / f"frame_{frame:05}.png")
        corner = picture[2, 2]  # where the next picture is not
        assert np.abs(corner - truth[0, 0]).max() * 255 < 1.6, frame


def findings(control: Any) -> list[Any]:
    found = recipe.stored_findings(control)
    return [finding for finding in found if finding.kind is FindingKind.OTHER_PROFILE]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("profiles", [(P3,), (P3, b"", P3)], ids=["all", "some"])
def test_every_engine_shows_what_a_profile_means(
    engine: Engine, profiles: tuple[bytes, ...], tmp_path: Path, picture_folder: Path
) -> None:
    control = build(write_series(tmp_path, *profiles), engine)
    truths = [
        seen(flat(colour), profile)
        if (profile := profiles[number % len(profiles)])
        else flat(colour)
        for number, colour in enumerate(COLOURS)
    ]
    assert np.abs(truths[0] - flat(COLOURS[0])).max() * 255 > 8  # it makes a difference
    check_colours(picture_folder, truths)
    assert not findings(control)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_profile_that_only_newer_versions_know(
    engine: Engine, tmp_path: Path, picture_folder: Path
) -> None:
    files = write_series(tmp_path, ADOBE)
    control = build(files, engine)
    if HAS_ADOBE:
        check_colours(picture_folder, [seen(flat(colour), ADOBE) for colour in COLOURS])
        assert not findings(control)
    else:
        check_colours(picture_folder, [flat(colour) for colour in COLOURS])
        (finding,) = findings(control)
        assert finding.values["files"] == [file.name for file in files]


@pytest.mark.parametrize("ending", ["png", "jpg", "tif", "webp"])
def test_pixels_for_the_analysis_are_as_they_are_seen(ending: str, tmp_path: Path) -> None:
    picture = paint(waves(4), SIZE)
    options = {"webp": {"lossless": True}, "jpg": {"quality": 100, "subsampling": 0}}
    file = save(picture, tmp_path / f"a.{ending}", P3, **options.get(ending, {}))
    truth = seen(picture, P3)
    assert np.abs(truth - picture).max() * 255 > 8
    away = np.abs(loading.read_pixels(file) - truth) * 255
    assert away.mean() < 1.0
    assert away.max() < 1.6 or ending == "jpg"


def test_one_warning_names_what_is_not_known_and_what_it_does(tmp_path: Path) -> None:
    prophoto = make_icc("ProPhoto RGB", PROPHOTO, 1.8)
    control = build(write_series(tmp_path, prophoto, b"", prophoto))
    (finding,) = findings(control)
    assert finding.values == {
        "profiles": ["ProPhoto RGB"],
        "files": ["0.png", "2.png"],
        "effect": "paler",
    }
    for way in Way:
        assert sentence(finding, way) == (
            "This Blender has no colour space for the profile ProPhoto RGB of 0.png, 2.png: it "
            "takes the colours for sRGB, and they come out paler; convert the images to sRGB."
        )


def test_srgb_is_not_worth_a_word(tmp_path: Path, picture_folder: Path) -> None:
    icc = make_icc("c2", SRGB, SRGB_CURVE, table=True, is_new=False)
    control = build(write_series(tmp_path, icc))
    assert not findings(control)
    check_colours(picture_folder, [flat(colour) for colour in COLOURS])


def test_a_colour_space_that_the_user_chose_stays(tmp_path: Path, picture_folder: Path) -> None:
    files = write_series(tmp_path, P3)
    build(files)
    image = bpy.data.images["1.png"]
    assert image.colorspace_settings.name == "Display P3"
    image.colorspace_settings.name = "sRGB"
    (control,) = (item for item in bpy.data.objects if item.name == "Ever Zoom")
    zooms.change_zoom(bpy.context.scene, control, recipe.stored_settings(control))
    assert image.colorspace_settings.name == "sRGB"
    truths = [seen(flat(COLOURS[0]), P3), flat(COLOURS[1]), seen(flat(COLOURS[2]), P3)]
    check_colours(picture_folder, truths)


def test_a_picture_that_was_converted_meanwhile(tmp_path: Path, picture_folder: Path) -> None:
    control = build(write_series(tmp_path, P3))
    save(seen(flat(COLOURS[1]), P3), tmp_path / "1.png", b"")
    bpy.data.images["1.png"].reload()
    zooms.change_zoom(bpy.context.scene, control, recipe.stored_settings(control))
    assert bpy.data.images["1.png"].colorspace_settings.name == "sRGB"
    check_colours(picture_folder, [seen(flat(colour), P3) for colour in COLOURS])
