"""Makes the pictures of the listing: icon, featured image, and screenshots of the real window.

docs/make_pictures.py calls it. docs/listing/README.md says which sizes are asked for, and why the
window's top bar, where Blender's logo is, is cut off.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

import build
from ai_ever_zoom_addon.core.sample import sample_view
from docs.window_pictures import (
    SIDEBAR,
    Studio,
    build_folder,
    studio,
    write_odd_series,
    write_series,
)

Pixels = NDArray[np.uint8]

LISTING = build.DOCS / "listing"
SCREEN = (1920, 1080)
TOP_BAR = 26  # pixels
FRAME = (2, 25)  # what the window manager draws around the window
ICON = 256
FINER = 4  # times the pixels, for smooth outlines


def eight_bit(picture: NDArray[np.float32]) -> Image.Image:
    """A picture of 0 to 1 as bytes."""
    return Image.fromarray((picture * 255.0 + 0.5).astype(np.uint8))


def outlined(picture: Image.Image, count: int, width: float) -> Image.Image:
    """The picture with outlines of the pictures that lie in it, each half as large."""
    large = picture.resize([FINER * side for side in picture.size], Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(large)
    for number in range(1, count + 1):
        half = [side / 2 ** (number + 1) for side in large.size]
        box = [large.width / 2 - half[0], large.height / 2 - half[1]]
        box += [large.width / 2 + half[0], large.height / 2 + half[1]]
        line = max(1, round(FINER * width / 1.5 ** (number - 1)))
        draw.rounded_rectangle(box, radius=half[1] / 8, outline=(255, 255, 255), width=line)
    return large.resize(picture.size, Image.Resampling.LANCZOS)


def make_icon() -> None:
    """The sample as pictures in pictures, with round corners."""
    view = eight_bit(sample_view(0, size=(ICON, ICON)))
    picture = outlined(view, 4, 7)
    mask = Image.new("L", (FINER * ICON, FINER * ICON), 0)
    box = (0, 0, FINER * ICON - 1, FINER * ICON - 1)
    ImageDraw.Draw(mask).rounded_rectangle(box, radius=FINER * ICON / 8, fill=255)
    picture.putalpha(mask.resize(picture.size, Image.Resampling.LANCZOS))
    picture.save(LISTING / "icon.png", optimize=True)


def make_featured() -> None:
    """A moment of the zoom, and where its pictures lie in each other."""
    view = eight_bit(sample_view(0, size=SCREEN))
    outlined(view, 5, 12).save(LISTING / "featured.jpg", quality=90, optimize=True)


def take(at: Studio, number: int, name: str) -> None:
    """A screenshot of all below the top bar."""
    seen = at.still(at.window.pixels)[TOP_BAR:]
    if seen.shape[1::-1] != SCREEN:
        raise ValueError(f"{seen.shape[1::-1]}: the window manager's frames differ from FRAME")
    Image.fromarray(seen).save(LISTING / f"{number}-{name}.jpg", quality=90, optimize=True)


def operate(at: Studio, code: str) -> None:
    """Call operators as if by a button in the 3D View."""
    lines = ["window, area, region = find_region('VIEW_3D', 'WINDOW')"]
    lines += ["with bpy.context.temp_override(window=window, area=area, region=region):"]
    at.window.ask("\n".join([*lines, *(f"    {line}" for line in code.splitlines())]))


def make_screenshots() -> None:
    """What there is to see, in the order of the listing."""
    size = (SCREEN[0] + FRAME[0], SCREEN[1] + TOP_BAR + FRAME[1])
    with studio(size) as at:
        window = at.window
        write_series(at.folder / "balloons")
        build_folder(at, "//balloons")
        window.ask("bpy.context.scene.frame_set(40)")
        at.view_is(39 / 60)
        at.away()
        take(at, 1, "built")

        window.ask("bpy.context.scene.frame_set(281)")
        window.hover(window.find("ever_zoom.render("), "click", "--repeat", "30", "5")
        at.away()
        take(at, 2, "settings")
        window.hover(window.middle(*SIDEBAR), "click", "--repeat", "60", "4")

        window.ask("bpy.context.scene.frame_set(130)")
        operate(at, "bpy.ops.ever_zoom.seam_check('INVOKE_DEFAULT')")
        running = "sys.modules['bl_ext.user_default.ai_ever_zoom.ui.seams'].Check.running"
        window.wait_until(f"{running} is not None")
        at.away()
        take(at, 3, "seams")
        window.hover(window.middle(), "key", "Escape")
        window.wait_until(f"{running} is None")

        operate(
            at,
            "bpy.ops.ever_zoom.place_by_hand('INVOKE_DEFAULT', row=1)\n"
            "inner = window.scene.objects['balloons_7.png']\n"
            "inner.location[:2] = 150.0, 90.0\n"
            "inner.rotation_euler[2] = -0.2",
        )
        left, bottom, _, _ = window.region()
        window.hover((left + 20, bottom + 20))  # in the middle a gizmo would explain itself
        take(at, 4, "by-hand")
    with studio(size) as at:
        write_odd_series(at.folder / "download")
        build_folder(at, "//download")
        at.view_is(0)
        at.away()
        take(at, 5, "found")


def make_effects() -> None:
    """What hangs on images at a click, in the view."""
    with studio((SCREEN[0] + FRAME[0], SCREEN[1] + TOP_BAR + FRAME[1])) as at:
        write_series(at.folder / "balloons")
        build_folder(at, "//balloons")
        at.window.ask("bpy.context.scene.frame_set(61)")
        at.view_is(1)
        operate(
            at,
            "bpy.ops.ever_zoom.add_fireflies()\n"
            "bpy.ops.ever_zoom.add_fade_in_title(text='Around the World')",
        )
        at.away()
        take(at, 6, "effects")


def make_all() -> None:
    """All of them."""
    LISTING.mkdir(exist_ok=True)
    make_icon()
    make_featured()
    make_screenshots()
    make_effects()
