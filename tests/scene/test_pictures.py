"""Rendered frames are the pictures that a zoom must show: place, size, mask, colour. Touches bpy.

The pictures are calculated from patterns in tests/pictures.py, without the code under test.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from PIL import Image

from ai_ever_zoom_addon.core.series import Series, SeriesImage, Step
from ai_ever_zoom_addon.scene import loading, measuring, recipe, zooms
from ai_ever_zoom_addon.scene.output import rendering
from ai_ever_zoom_addon.scene.planes import objects
from ai_ever_zoom_addon.settings import (
    Engine,
    FrameSize,
    ImageSettings,
    MaskShape,
    Order,
    ZoomSettings,
)
from tests.pictures import (
    Array,
    Nest,
    Pattern,
    error,
    flat,
    grid,
    levels,
    misplacement,
    paint,
    read,
    save,
    to_linear,
    to_srgb,
    waves,
)

PLAIN = ZoomSettings(
    zoom_factor=2.0, zoom_steps=4, align=False, match_colour=False, start_frame=0, feather=0.05
)
PATTERNS: list[Pattern] = [waves(seed) for seed in range(3)]


@pytest.fixture
def scene() -> Any:
    return bpy.context.scene


def render(scene: Any, folder: Path, first: int, last: int | None = None) -> list[Array]:
    last = first if last is None else last
    rendering.render_animation(scene, f"{folder}/", first, last)
    return [read(folder / f"frame_{number:05}.png") for number in range(first, last + 1)]


def build_files(scene: Any, files: Iterable[Path], settings: ZoomSettings) -> Any:
    series, _ = measuring.find_series(list(files), settings)
    return zooms.build_zoom(scene, series, settings)


def build_nest(scene: Any, nest: Nest, folder: Path, settings: ZoomSettings) -> Any:
    """Build a series whose steps are known."""
    files = reversed(nest.files(folder))
    series_images = tuple(SeriesImage(file, *nest.size) for file in files)
    offsets = nest.offsets or [(0.0, 0.0)] * len(nest.steps)
    steps = tuple(Step(f, o) for f, o in zip(nest.steps, offsets, strict=True))
    shape = MaskShape.ELLIPSE if nest.ellipse else MaskShape.RECTANGLE
    # Where the images lie is known, and is to be used.
    settings = replace(settings, align=True, crop=nest.crop, feather=nest.feather, mask_shape=shape)
    of_images = tuple(
        ImageSettings(
            series_images[index].file.name,
            crop=own.get("crop"),
            feather=own.get("feather"),
            mask=MaskShape.ELLIPSE if own.get("ellipse") else None,
        )
        for index, own in nest.own.items()
    )
    settings = replace(settings, of_images=of_images)
    return zooms.build_zoom(scene, Series(series_images, steps), settings)


NESTS = {
    "square": Nest(PATTERNS),
    "landscape": Nest(PATTERNS, (120, 80), feather=0.1),
    "portrait, odd": Nest(PATTERNS, (71, 113), crop=0.6),
    "factor 1.333": Nest(PATTERNS, (100, 80), factors=1.333),
    "large factor": Nest(PATTERNS, (100, 80), factors=3.7),
    "uneven factors": Nest(PATTERNS, (100, 80), factors=[1.6, 2.5]),
    "ellipse": Nest(PATTERNS, (100, 100), ellipse=True, feather=0.1),
    "wide ellipse": Nest(PATTERNS, (120, 80), ellipse=True, feather=0.15),
    "wide feather": Nest(PATTERNS, (100, 80), feather=0.25),
    "small crop": Nest(PATTERNS, (200, 160), crop=0.3),
    "large crop": Nest(PATTERNS, (100, 80), crop=0.94),
    "masks of their own": Nest(
        PATTERNS,
        (100, 80),
        own={1: {"crop": 0.5, "ellipse": True}, 2: {"crop": 0.9, "feather": 0.2}},
    ),
}


@pytest.mark.parametrize("nest", NESTS.values(), ids=NESTS.keys())
def test_every_frame_is_right_in_cycles(
    nest: Nest, scene: Any, tmp_path: Path, picture_folder: Path
) -> None:
    # 7 frames a step: levels that are no fractions of whole pixels.
    build_nest(scene, nest, tmp_path, replace(PLAIN, zoom_steps=7))
    for frame, picture in enumerate(render(scene, picture_folder, 0, 14)):
        deviation, worst = error(picture, nest.view(frame / 7))
        # Twice rounding to 8 bits, and what interpolating between pixels costs: no more.
        assert deviation < 0.5, frame
        assert worst < 2.0, frame


ENGINES = [Engine.CYCLES, Engine.EEVEE, Engine.WORKBENCH]


def seen_by(engine: Engine, nest: Nest, level: float) -> Array:
    """Workbench knows neither soft edges nor half transparent layers."""
    has_opacity = engine is not Engine.WORKBENCH
    return nest.view(level, soft=has_opacity, fade=has_opacity)


COLOURS = [
    [(18, 52, 86), (200, 199, 3), (255, 0, 0)],
    [(0, 0, 0), (255, 255, 255), (3, 1, 254)],
    [(128, 127, 129), (7, 7, 7), (64, 240, 11)],
]


@pytest.mark.parametrize(
    ("engine", "colours"),
    [
        *[(engine, colours) for engine in (Engine.CYCLES, Engine.WORKBENCH) for colours in COLOURS],
        (Engine.EEVEE, COLOURS[0]),  # without a GPU it takes seconds a frame
    ],
)
def test_flat_colours_come_back(
    engine: Engine,
    colours: list[tuple[int, int, int]],
    scene: Any,
    tmp_path: Path,
    picture_folder: Path,
) -> None:
    nest = Nest([flat((r / 255, g / 255, b / 255)) for r, g, b in colours], (60, 40), feather=0.2)
    build_nest(scene, nest, tmp_path, replace(PLAIN, zoom_steps=2, engine=engine))
    for frame, picture in enumerate(render(scene, picture_folder, 0, 2)):
        truth = 255 * seen_by(engine, nest, frame / 2)
        away = np.abs(255 * picture - truth).max(axis=2)
        for colour in colours:
            is_flat = np.abs(truth - colour).max(axis=2) < 1e-6
            assert away[is_flat].max(initial=0.0) <= 1.0, frame
            assert is_flat.any() or frame != 2 * colours.index(colour)
        assert away.max() < 2.0, frame  # soft edges


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_shows_the_same_place(
    engine: Engine, scene: Any, tmp_path: Path, picture_folder: Path
) -> None:
    nest = Nest(PATTERNS, (102, 76), factors=1.7, feather=0.1)
    build_nest(scene, nest, tmp_path, replace(PLAIN, zoom_steps=3, engine=engine))
    (picture,) = render(scene, picture_folder, 2)
    truth = seen_by(engine, nest, 2 / 3)
    # Where layers end hard, the middle of a pixel may lie on either side.
    is_near = np.abs(255 * (picture - truth)).max(axis=2) < 2.0
    assert is_near.mean() > (0.99 if engine is Engine.WORKBENCH else 0.9999)
    dx, dy, growth, _ = misplacement(picture, truth)
    assert max(abs(dx), abs(dy)) < 0.02
    assert abs(growth) < 1e-3


OFFSETS = [(0.05, -0.03), (-0.08, 0.06)]


@pytest.mark.parametrize("factors", [2.0, [1.5, 2.5]])
def test_images_lie_where_they_belong(
    factors: list[float] | float, scene: Any, tmp_path: Path, picture_folder: Path
) -> None:
    nest = Nest(PATTERNS, (100, 80), factors=factors, offsets=OFFSETS, crop=0.7)
    control = build_nest(scene, nest, tmp_path, replace(PLAIN, zoom_steps=5))
    pictures = render(scene, picture_folder, 0, 10)
    camera = next(objects.parts(control, "camera"))
    outermost = next(objects.parts(control, "layer"))
    for frame, picture in enumerate(pictures):
        scene.frame_set(frame)
        # The view takes its own way from image to image; over each of them it is centred.
        x, _, y = (camera.matrix_world.translation - outermost.matrix_world.translation)[:]
        centre = np.array([x, y]) / outermost.scale[0]
        deviation, worst = error(picture, nest.view(frame / 5, centre=centre))
        assert (deviation < 0.5, worst < 2.0) == (True, True), frame
        for image, level in enumerate(nest.levels):
            if abs(level - frame / 5) < 1e-9:
                assert centre == pytest.approx(nest.centres[image], abs=1e-5)


def test_colours_glide_from_image_to_image(
    scene: Any, tmp_path: Path, picture_folder: Path
) -> None:
    """Each image has its own colours where it fills the view, and no seam shows in between."""
    gains = [np.array([0.8, 1.0, 1.2]), np.array([1.1, 0.9, 1.0])]
    # What linear light each image has, by the same thing's in the outermost image.
    own = [np.ones(3), 1 / gains[0], 1 / gains[0] / gains[1]]

    def gain(index: int, level: float) -> Array:
        before = min(int(level), 1)
        return (own[before] + (level - before) * (own[before + 1] - own[before])) / own[index]

    nest = Nest(PATTERNS, (100, 80), gains=gain)
    files = list(reversed(nest.files(tmp_path)))
    series_images = tuple(SeriesImage(file, *nest.size) for file in files)
    steps = tuple(Step(2.0, gain=tuple(values)) for values in gains)
    settings = replace(PLAIN, zoom_steps=5, match_colour=True)
    zooms.build_zoom(scene, Series(series_images, steps), settings)
    for frame, picture in enumerate(render(scene, picture_folder, 0, 10)):
        deviation, worst = error(picture, nest.view(frame / 5))
        assert (deviation < 0.5, worst < 2.0) == (True, True), frame


@pytest.mark.parametrize("resolution", [(64, 64), (40, 90), (200, 100)])
def test_other_frame_sizes_are_filled(
    resolution: tuple[int, int], scene: Any, tmp_path: Path, picture_folder: Path
) -> None:
    nest = Nest(PATTERNS, (100, 80))
    build_nest(
        scene,
        nest,
        tmp_path,
        replace(PLAIN, resolution_from=FrameSize.PIXELS, resolution=resolution),
    )
    for frame, picture in zip((2, 4), render(scene, picture_folder, 2, 4)[::2], strict=True):
        assert picture.shape == (resolution[1], resolution[0], 3)
        deviation, worst = error(picture, nest.view(frame / 4, resolution=resolution))
        assert (deviation < 0.5, worst < 2.0) == (True, True), frame


def test_the_scenes_own_frame_size_is_filled(
    scene: Any, tmp_path: Path, picture_folder: Path
) -> None:
    nest = Nest(PATTERNS, (100, 80))
    scene.render.resolution_x, scene.render.resolution_y = 160, 120
    scene.render.resolution_percentage = 50
    build_nest(scene, nest, tmp_path, replace(PLAIN, resolution_from=FrameSize.SCENE))
    (picture,) = render(scene, picture_folder, 3)
    assert error(picture, nest.view(0.75, resolution=(80, 60)))[1] < 2.0


def test_reverse_is_the_same_frames_backwards(
    scene: Any, tmp_path: Path, picture_folder: Path
) -> None:
    nest = Nest(PATTERNS, (60, 40))
    control = build_nest(scene, nest, tmp_path, PLAIN)
    forwards = render(scene, picture_folder, 0, 8)
    settings = recipe.stored_settings(control)
    zooms.change_zoom(scene, control, replace(settings, reverse=True))
    backwards = render(scene, picture_folder, 0, 8)
    for one, other in zip(forwards, reversed(backwards), strict=True):
        assert (one == other).all()
    assert error(forwards[0], backwards[0])[1] > 30.0


def test_the_first_and_the_last_frame_are_held(
    scene: Any, tmp_path: Path, picture_folder: Path
) -> None:
    nest = Nest(PATTERNS, (60, 40))
    control = build_nest(scene, nest, tmp_path, PLAIN)
    plain = render(scene, picture_folder, 0, 8)
    settings = recipe.stored_settings(control)
    zooms.change_zoom(scene, control, replace(settings, delay=0.5, frames_per_second=6.0))
    assert (scene.frame_start, scene.frame_end) == (0, 14)
    held = render(scene, picture_folder, 0, 14)
    for one, other in zip([plain[0]] * 3 + plain + [plain[8]] * 3, held, strict=True):
        assert (one == other).all()


@pytest.mark.parametrize("engine", [Engine.CYCLES, Engine.WORKBENCH])
@pytest.mark.parametrize("ellipse", [False, True], ids=["rectangle", "ellipse"])
def test_a_hard_edge_is_where_the_crop_ends(
    ellipse: bool, engine: Engine, scene: Any, tmp_path: Path, picture_folder: Path
) -> None:
    black, white = flat((0.0, 0.0, 0.0)), flat((1.0, 1.0, 1.0))
    nest = Nest([black, white], (150, 100), feather=0.0, ellipse=ellipse)
    build_nest(scene, nest, tmp_path, replace(PLAIN, zoom_steps=5, engine=engine))
    for frame, picture in zip((2, 3, 4), render(scene, picture_folder, 2, 4), strict=True):
        assert set(np.unique(picture)) <= {0.0, 1.0}
        x, y = grid((120, 80), (2.0, 2.0))
        grown = 2 ** (1 - frame / 5)  # the frame's size in that of the crop
        reach = np.hypot(x, y) if ellipse else np.maximum(np.abs(x), np.abs(y))
        reach = (reach * grown - 1.0) * 40.0 / grown  # beyond the edge, in pixels or less
        assert (picture[reach < -0.2] == 1.0).all(), frame
        assert (picture[reach > 0.2] == 0.0).all(), frame


def test_a_second_render_shows_its_own_images(
    scene: Any, tmp_path: Path, picture_folder: Path
) -> None:
    """Engines keep images for the next frame; they must not for the next render."""
    nest = NESTS["square"]
    build_nest(scene, nest, tmp_path, replace(PLAIN, zoom_steps=4))
    for _ in range(3):
        for frame in (1, 6, 3, 8):
            (picture,) = render(scene, picture_folder, frame)
            assert error(picture, nest.view(frame / 4))[1] < 2.0


def write_exr(picture: Array, file: Path) -> None:
    """A linear floating point picture, as other programs write it: Pillow cannot."""
    height, width = picture.shape[:2]
    image: Any = bpy.data.images.new("exr", width, height, float_buffer=True)
    image.file_format = "OPEN_EXR"
    image.colorspace_settings.name = "Linear Rec.709"
    pixels = np.ones((height, width, 4), np.float32)
    pixels[..., :3] = to_linear(picture[::-1])
    image.pixels.foreach_set(pixels.ravel())
    image.filepath_raw = str(file)
    image.save()
    bpy.data.images.remove(image)


def write_16_bit_png(picture: Array, file: Path) -> None:
    """By hand, as Pillow writes 16 bits only in grey."""
    height, width = picture.shape[:2]
    values = np.round(picture * 65535).astype(">u2").reshape(height, -1)
    rows = b"".join(b"\0" + row.tobytes() for row in values)

    def chunk(name: bytes, data: bytes) -> bytes:
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + data)


def write_kind(kind: str, picture: Array, name: Path) -> tuple[Path, Array]:
    """A file of some kind, and the picture that is in it."""
    image = Image.fromarray(levels(picture))
    if kind == "exr":
        write_exr(picture, name.with_suffix(".exr"))
        return name.with_suffix(".exr"), picture
    if kind == "16 bit png":
        write_16_bit_png(picture, name.with_suffix(".png"))
        return name.with_suffix(".png"), picture
    modes = {"palette png": "P", "grey png": "L", "grey jpeg": "L", "opaque alpha png": "RGBA"}
    if kind in modes:
        image = image.convert(modes[kind])
    ending = {"jpeg": "jpg", "grey jpeg": "jpg", "tiff": "TIF"}.get(kind, kind.split()[-1])
    file = name.with_suffix(f".{ending}")
    options: dict[str, Any] = {
        "jpeg": {"quality": 100, "subsampling": 0},
        "webp": {"lossless": True},
        "jp2": {"irreversible": False},
    }
    image.save(file, **options.get(kind, {}))
    return file, read(file)


KINDS = [
    "png",
    "palette png",
    "grey png",
    "opaque alpha png",
    "16 bit png",
    "jpeg",
    "grey jpeg",
    "webp",
    "tiff",
    "exr",
    "bmp",
    "tga",
    "jp2",
]


@pytest.mark.parametrize("sharp", [True, False], ids=["sharp", "plain"])
def test_every_kind_of_file_shows_its_colours(
    sharp: bool, scene: Any, tmp_path: Path, picture_folder: Path
) -> None:
    """One series of them all: where an image fills the view, the frame is the image."""
    files, pictures = [], []
    for number, kind in enumerate(KINDS):
        name = tmp_path / f"{number:02} {kind}"
        file, picture = write_kind(kind, paint(waves(number), (50, 40)), name)
        files.append(file)
        pictures.append(picture)
    settings = replace(
        PLAIN, order=Order.OUTERMOST_FIRST, zoom_steps=1, feather=0.0, zoom_factor=1.5
    )
    build_files(scene, files, settings)
    rendering.render_animation(scene, f"{picture_folder}/", 0, len(KINDS) - 1, sharp=sharp)
    for number, (kind, picture) in enumerate(zip(KINDS, pictures, strict=True)):
        frame = read(picture_folder / f"frame_{number:05}.png")
        away = 255 * np.abs(frame - picture[4:36, 5:45])
        # Decoders of JPEG may differ by one.
        assert away.max() <= (2.01 if "jpeg" in kind else 1.0), kind


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_is_read_for_the_analysis(kind: str, tmp_path: Path) -> None:
    file, picture = write_kind(kind, paint(waves(1), (50, 40)), tmp_path / "image")
    away = 255 * np.abs(loading.read_pixels(file) - picture)
    assert away.max() <= (2.01 if "jpeg" in kind else 0.1)


def test_transparent_images_let_the_outer_ones_show(
    scene: Any, tmp_path: Path, picture_folder: Path
) -> None:
    size = (50, 40)
    inner, outer = paint(waves(1), size), paint(waves(2), size)
    alpha = grid(size)[0] + 0.5
    save(outer, tmp_path / "b.png")
    rgba = np.concatenate([levels(inner), levels(alpha[..., None])], axis=2)
    Image.fromarray(rgba, "RGBA").save(tmp_path / "a.png")
    files = [tmp_path / "a.png", tmp_path / "b.png"]
    build_files(scene, files, replace(PLAIN, feather=0.0, zoom_steps=1))
    (frame,) = render(scene, picture_folder, 1)
    x, y = grid((40, 32), (0.8, 0.64))
    behind = to_linear(waves(2)(x / 2, y / 2))
    truth = to_srgb(behind + (x + 0.5)[..., None] * (to_linear(waves(1)(x, y)) - behind))
    assert error(frame, truth)[1] < 2.0


@pytest.mark.parametrize("engine", [Engine.CYCLES, Engine.WORKBENCH])
def test_the_debug_overlay_is_one_switch(
    engine: Engine, scene: Any, tmp_path: Path, picture_folder: Path
) -> None:
    nest = Nest(PATTERNS, (240, 200))
    control = build_nest(scene, nest, tmp_path, replace(PLAIN, engine=engine))
    plain = render(scene, picture_folder / "without", 0, 8)
    settings = recipe.stored_settings(control)
    zooms.change_zoom(scene, control, replace(settings, debug_overlay=True))
    marked = render(scene, picture_folder / "with", 0, 8)
    marks = [np.abs(a - b).max(axis=2) > 0.1 for a, b in zip(plain, marked, strict=True)]
    for mark in marks:
        assert mark[79:81, 95:97].any()  # the frame's centre
        assert mark[-16:, 10:90].any(axis=0).mean() > 0.4  # the figures
        assert mark.mean() < 0.15
    # The next image lies in the middle and is 2 ** 0.5 times smaller than the frame.
    left, right = round(96 * (1 - 0.5**0.5)), round(96 * (1 + 0.5**0.5))
    assert marks[2][40:120, left - 1 : left + 2].any(axis=1).all()
    assert marks[2][40:120, right - 2 : right + 1].any(axis=1).all()
    assert not marks[2][40:72, left + 5 : right - 4].any()
    for edge in (marks[4][0], marks[4][-1], marks[4][:, 0], marks[4][:, -1]):
        assert edge.all()
    zooms.change_zoom(scene, control, settings)
    again = render(scene, picture_folder / "again", 0, 8)
    for one, other in zip(plain, again, strict=True):
        assert (one == other).all()
