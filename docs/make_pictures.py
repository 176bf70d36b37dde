"""Makes the pictures of the README and the guide, all from the built-in sample series.

Run it with the Python of an environment that build.py made:

    .env/bpy-5.2/bin/python docs/make_pictures.py [sheet] [movie] [camera] [overlay] [kinds]
        [joins] [glide] [depth] [page] [window]

`page` needs a Chromium, named by EVER_ZOOM_BROWSER, and `window` a complete Blender, named as
tests/window/driver.py says.
"""

from __future__ import annotations

import math
import os
import sys
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
sys.path.insert(0, str(ROOT))

Pixels = NDArray[np.uint8]


def eight_bit(picture: NDArray[np.float32]) -> Pixels:
    """A picture of 0 to 1 as bytes."""
    rounded: Pixels = (picture * 255.0 + 0.5).astype(np.uint8)
    return rounded


def save_photo(name: str, picture: Pixels) -> None:
    """Write a picture of the guide, which the extension brings: it is to take little room."""
    image = Image.fromarray(picture)
    image.save(PICTURES / f"{name}.jpg", quality=75, optimize=True, progressive=True)


def make_sheet() -> None:
    """Six moments of the journey, side by side."""
    from ai_ever_zoom_addon.core.sample import sample_view

    side = 420
    views = [eight_bit(sample_view(level, size=(side, side))) for level in (0, 1, 2.1, 3, 5, 7)]
    rows = [np.concatenate(views[start : start + 3], axis=1) for start in (0, 3)]
    save_photo("sample", np.concatenate(rows))


def rendered(*options: str) -> list[Pixels]:
    """Frames as the command line renders them."""
    from ai_ever_zoom_addon.cli import main

    with tempfile.TemporaryDirectory() as folder:
        status = main(["-o", folder, *options])
        if status:
            raise SystemExit(status)
        frames: list[Any] = []
        for file in sorted(Path(folder).glob("*.png")):
            with av.open(str(file)) as container:
                frames.append(next(container.decode(video=0)).to_ndarray(format="rgb24"))
    return frames


def make_movie() -> None:
    """The zoom as the command line renders it, small."""
    frames = rendered("-zs", "16", "--resolution", "320x320")
    with av.open(str(PICTURES / "zoom.webp"), "w") as container:
        options = {"quality": "60", "loop": "0"}
        stream: Any = container.add_stream("libwebp_anim", rate=20, options=options)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for number, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 20)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def make_camera() -> None:
    """The same five moments as they are, rolled, and wide, one below the other."""
    moments = ["-zs", "3", "--frames", "0-4"]
    size = ["--resolution", "200x200"]
    rows = [
        np.concatenate(rendered(*moments, *options), axis=1)
        for options in (size, [*size, "--roll", "0.25"], ["--resolution", "200x112"])
    ]
    save_photo("camera", np.concatenate(rows))


def make_overlay() -> None:
    """The debug overlay, half-way from the first picture to the next."""
    moment = ["-zs", "60", "--frames", "30", "--resolution", "600x600"]
    (frame,) = rendered(*moment, "-dbg", "--samples", "16")
    save_photo("overlay", frame)


def turned(degrees: float, level: float) -> Image.Image:
    """The sample at a zoom level, turned clockwise."""
    from ai_ever_zoom_addon.core.sample import sample_view

    whole = Image.fromarray(eight_bit(sample_view(level, size=(1450, 1450))))
    return whole.rotate(-degrees, Image.Resampling.BICUBIC).crop((213, 213, 1237, 1237))


def off_centre(level: float) -> Image.Image:
    """The sample at a zoom level, with its middle to the upper right."""
    from ai_ever_zoom_addon.core.sample import sample_view

    whole = Image.fromarray(eight_bit(sample_view(level, size=(1024, 1024))))
    return whole.crop((0, 250, 774, 1024))


def world(seed: int) -> Image.Image:
    """One of the sample's worlds, its portal to the upper right."""
    from ai_ever_zoom_addon.core.sample import sample_view

    whole = Image.fromarray(eight_bit(sample_view(0.15, size=(1024, 1024), seed=seed)))
    return whole.crop((0, 150, 874, 1024))


def without_its_portal(image: Image.Image) -> Image.Image:
    """A world that is see-through where its portal is."""
    rows, columns = np.ogrid[:874, :874]
    outside = np.hypot(columns - 512, rows - 362) - 300  # the portal's middle and radius
    image.putalpha(Image.fromarray(eight_bit(np.clip(outside, 0.0, 1.0).astype(np.float32))))
    return image


def landscape(seed: int) -> Image.Image:
    """A corner of one of the sample's worlds, where nothing of another one is seen."""
    from ai_ever_zoom_addon.core.sample import sample_view

    whole = Image.fromarray(eight_bit(sample_view(0.15, size=(2048, 2048), seed=seed)))
    return whole.crop((40, 1448, 600, 2008))


def make_kinds() -> None:
    """Series of four kinds: three of its files, and five moments of the zoom."""
    kinds: dict[str, tuple[list[Image.Image], list[str]]] = {
        "portal": ([landscape(seed) for seed in (1, 2, 4)], ["-zf", "4"]),
        "hole": (
            [without_its_portal(world(3)), without_its_portal(world(1)), landscape(2)],
            ["-zf", "auto"],
        ),
        "turned": ([turned(25.0 * level, 1.0 + level) for level in range(3)], ["-zf", "auto"]),
        "off-centre": ([off_centre(1.0 + level) for level in range(3)], ["-zf", "auto"]),
    }
    for name, (images, options) in kinds.items():
        with tempfile.TemporaryDirectory() as folder:
            for number, image in enumerate(images):
                image.save(Path(folder) / f"{name}-{number}.png")
            # Of three images the moments are 0, a half, 1, one and a half and 2.
            order = ["--order", "outermost-first", "-zs", "2", "--resolution", "190x190"]
            frames = rendered("-i", folder, *order, *options)
        files = []
        for image in images:
            paper = Image.new("RGBA", (190, 190), "white")
            paper.alpha_composite(image.convert("RGBA").resize((182, 182)), (4, 4))
            files.append(np.asarray(paper.convert("RGB")))
        gap = np.full((190, 30, 3), 255, np.uint8)
        row = np.concatenate([*files, gap, *frames], axis=1)
        save_photo(name, row)


def make_joins() -> None:
    """The contact sheet of the sample: its first joins."""
    from ai_ever_zoom_addon.cli import main

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "joins.png"
        if main(["--check", str(file)]):
            raise SystemExit(1)
        with Image.open(file) as sheet:
            part = sheet.convert("RGB").crop((0, 0, sheet.width // 2, sheet.height // 2))
            small = part.resize((1000, round(part.height * 1000 / part.width)))
    save_photo("joins", np.asarray(small))


def painted_again(image: Image.Image) -> Image.Image:
    """An image with all its shapes a little elsewhere, in smooth waves."""
    cell, far = 16, 0.016 * image.width
    columns, rows = image.width // cell, image.height // cell

    def gone(column: int, row: int) -> tuple[float, float]:
        across, down = column / columns, row / rows
        x = far * math.sin(6.0 * down + 2.0 * across + 0.4)
        y = far * math.sin(5.0 * across - 2.5 * down + 2.0)
        return column * cell + x, row * cell + y

    mesh: list[Any] = []
    for row in range(rows):
        for column in range(columns):
            corners = ((0, 0), (0, 1), (1, 1), (1, 0))
            source = [part for x, y in corners for part in gone(column + x, row + y)]
            box = tuple(cell * part for part in (column, row, column + 1, row + 1))
            mesh.append((box, tuple(source)))
    return image.transform(image.size, Image.Transform.MESH, mesh, Image.Resampling.BICUBIC)


def make_glide() -> None:
    """The same moment without and with it, where the inner picture is half faded in."""
    from ai_ever_zoom_addon.core.sample import sample_view

    frames = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(2):
            view = eight_bit(sample_view(4.0 + number, size=(1024, 1024)))
            image = Image.fromarray(view)
            (painted_again(image) if number else image).save(Path(folder) / f"{number}.png")
        order = ["-i", folder, "--order", "outermost-first", "-zf", "auto", "-zs", "40"]
        moment = ["--engine", "cycles", "--frames", "8", "--resolution", "900x900"]
        for choice in ("--no-glide", "--glide"):
            (frame,) = rendered(*order, *moment, choice)
            frames.append(frame[250:450, 210:470])
    gap = np.full((200, 12, 3), 255, np.uint8)
    save_photo("glide", np.concatenate([frames[0], gap, frames[1]], axis=1))


def how_near(size: tuple[int, int], level: float, factor: float) -> NDArray[np.float32]:
    """How near the sheets of paper are of which the sample's balloons are made, 0 to 1.

    Args:
        size: Width and height in pixels.
        level: Zoom level of the view, in a series of two images with `seed` 1.
        factor: Its zoom factor.
    """
    from ai_ever_zoom_addon.core.sample.paper import Canvas
    from ai_ever_zoom_addon.core.sample.scenes import SCENES

    # In the order in which they are laid: the sun, clouds, mountains, woods, and twelve balloons.
    clouds, mountains, woods = (0.1, 0.2, 0.3, 0.4), (0.35, 0.45, 0.55, 0.65, 0.75), (0.85, 0.95)
    sheets = iter((*[0.0] * 3, *clouds, *mountains, *woods, *[1.0] * 24))

    class Depth(Canvas):
        """Sheets come out as bright as they are near, and nothing else."""

        def gradient(self, along: Any, stops: Any) -> NDArray[np.float32]:
            return np.zeros((3, 1, 1), np.float32)

        def fill(self, path: Any, paint: Any, opacity: float = 1.0) -> None:
            pass

        def glow(self, radius: float, reach: float, code: str, opacity: float) -> None:
            pass

        def lay(self, path: Any, paint: Any, softness: float, rim: str = "") -> None:
            super().fill(path, np.full_like(self.pixels, next(sheets)))

    width, height = size
    scale = math.hypot(width, height) / 2 * factor**level
    pixels = np.zeros((3, height, width), np.float32)
    canvas = Depth(pixels, scale, (width / 2, height / 2), np.eye(3, dtype=np.float32))
    for _ in SCENES[1](canvas, 1.0 / factor, np.random.Generator(np.random.PCG64([1, 0]))):
        pass
    return pixels[0]


def make_depth() -> None:
    """A part of a picture as it fills the view, and a moment later: flat, and with depth."""
    from ai_ever_zoom_addon.core.sample import sample_view

    size, factor, first = (1600, 900), 4.0, -0.2
    with tempfile.TemporaryDirectory() as folder:
        for number in range(2):
            view = sample_view(first + number, count=2, size=size, zoom_factor=factor, seed=1)
            Image.fromarray(eight_bit(view)).save(Path(folder) / f"{2 - number}.png")
        depth = Image.fromarray(eight_bit(how_near(size, first, factor)))
        depth.save(Path(folder) / "2_depth.png")
        order = ["-i", folder, "-zf", f"{factor}", "-zs", "100", "--no-align"]
        look = ["--engine", "cycles", "--resolution", "960x540"]
        frames = []
        for frame, strength in (("0", "0"), ("25", "0"), ("25", "0.15")):
            frames += rendered(*order, *look, "--frames", frame, "--depth-strength", strength)
    gap = np.full((460, 12, 3), 255, np.uint8)
    before, flat, deep = frames
    parts = [before[80:, 20:340], gap, flat[:460, :320], gap, deep[:460, :320]]
    save_photo("depth", np.concatenate(parts, axis=1))


def make_page() -> None:
    """The sample as a page, in a browser."""
    from ai_ever_zoom_addon.cli import main
    from tests.browser.driver import Browser

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "zoom.html"
        if main(["-o", str(file), "--resolution", "16:9"]):
            raise SystemExit(1)
        browser = Browser(os.environ["EVER_ZOOM_BROWSER"], Path(folder))
        try:
            browser.open(file, (960, 540))
            browser.ask("go(2.2, true)")
            browser.wait("!isDue && [...textures.values()].every(Boolean)")
            shown = browser.shot()
        finally:
            browser.close()
    save_photo("page", shown)


def make_window() -> None:
    """The real window, and every state of the panel."""
    from docs import window_pictures

    window_pictures.make_all()


def make_listing() -> None:
    """What the extensions platform shows."""
    from docs import listing_pictures

    listing_pictures.make_all()


if __name__ == "__main__":
    makers = {
        "sheet": make_sheet,
        "movie": make_movie,
        "camera": make_camera,
        "overlay": make_overlay,
        "kinds": make_kinds,
        "joins": make_joins,
        "glide": make_glide,
        "depth": make_depth,
        "page": make_page,
        "window": make_window,
        "listing": make_listing,
    }
    PICTURES.mkdir(exist_ok=True)
    os.chdir(ROOT)
    for name in sys.argv[1:] or makers:
        makers[name]()
