"""Photographs the real window, and every state of the panel, for the guide.

docs/make_pictures.py calls it. Everything is shown as a user sees it: the buttons are pressed by a
real mouse, and the folder of the pictures lies beside the saved file, where the panel names it
shortly.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import build
from ai_ever_zoom_addon.core.sample import sample_view
from tests.series_maker import drawn
from tests.window.driver import (
    CONTROLS,
    WORK,
    WORKING,
    Place,
    Window,
    blender_of_the_environment,
    has_area,
)
from tests.window.nested import likeness

Pixels = NDArray[np.uint8]

PICTURES = Path(__file__).resolve().parent / "pictures"
WIDE = (1600, 900)
TALL = (1200, 1600)  # the whole panel fits in
CROP = 0.8  # a new zoom's
COUNT = 8  # images of the sample

# Of Blender's default theme: the outline of panels and the ground of opened sub-panels.
OUTLINE, SUB_PANEL_GROUND = (0x4A,) * 3, (0x36,) * 3
EDGE = 3  # pixels from the panel's edges, where nothing but its ground is
ABOVE_LIST = 27  # pixels from its first row to the row of its headings
HEADER = 26.5  # pixels from one closed sub-panel to the next
LIST = 245  # from above the list's headings to the middle of the title below it
SUB_PANELS = (
    *("timing", "camera", "mask", "depth", "alignment", "output", "debug", "seams"),
    *("effects", "compositing", "mixing"),
)
SIDEBAR = ("VIEW_3D", "UI")
PACKAGE = "bl_ext.user_default.ai_ever_zoom"
RENDERED = f"sys.modules['{PACKAGE}.ui.rendered']"


class Studio:
    """A window, and what is photographed of it."""

    def __init__(self, window: Window, folder: Path) -> None:
        """The pictures of the series are written into `folder`, where the file is saved, too."""
        self.window = window
        self.folder = folder
        file = str(folder / "zoom.blend")
        window.ask(f"bpy.ops.wm.save_as_mainfile(filepath={file!r})")
        window.open_sidebar("Ever Zoom")

    def still(self, take: Callable[[], Pixels]) -> Pixels:
        """What is seen as soon as nothing moves any more."""
        before = take()
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            time.sleep(0.4)
            now = take()
            if np.array_equal(before, now):
                return now
            before = now
        raise TimeoutError("the window does not come to rest")

    def view_is(self, level: float, crop: float = CROP) -> None:
        """Wait until the 3D View shows the sample at that level: until shaders are compiled.

        The view takes one sample a pixel: at level 0.65 the likeness to the drawn scene is 0.89,
        and 1 % of zoom away from it 0.82.
        """
        size = (96, 96)
        wanted = sample_view(level - math.log2(crop), count=COUNT, size=size)
        expected = (wanted * 255.0 + 0.5).astype(np.uint8)
        deadline = time.monotonic() + 240
        while likeness(self.window.pixels(self.window.camera_frame()), expected) < 0.85:
            if time.monotonic() > deadline:
                self.window.picture("not-the-view")
                raise TimeoutError(f"the view does not show level {level}")
            time.sleep(0.5)

    def away(self) -> None:
        """Take the mouse from the buttons, so that none is lit up or explains itself."""
        self.window.hover(self.window.middle())

    def look(self) -> Pixels:
        """The whole panel, to its outline."""
        left, top, right, bottom = self.outline()
        return self.window.pixels()[top : bottom + 1, left : right + 1]

    def outline(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of the panel in the window's picture, from the top."""
        seen = self.window.pixels()
        left, bottom, width, height = self.window.region(*SIDEBAR)
        first = len(seen) - bottom - height
        part = seen[first : len(seen) - bottom, left - 8 : left + width]
        is_outline = (part == OUTLINE).all(axis=2)
        columns = np.flatnonzero(is_outline.sum(axis=0) > 100)
        rows = np.flatnonzero(is_outline.sum(axis=1) > 100)
        left, top = left - 8, first
        return left + columns[0], top + rows[0], left + columns[-1], top + rows[-1]

    def panel(self, name: str) -> None:
        """A picture of the panel."""
        self.away()
        save(name, self.still(self.look))

    def main(self, name: str) -> None:
        """A picture of the panel without its sub-panels, which are all closed for that."""
        self.close_all()
        self.away()
        seen = self.still(self.look)
        save(name, seen[: round(len(seen) - HEADER * len(SUB_PANELS))])

    def remarks(self, name: str) -> None:
        """A picture of what the last line before the sub-panels opens."""
        self.close_all()
        self.away()
        below = round(HEADER * len(SUB_PANELS))
        top = round(len(self.still(self.look)) - below - HEADER)
        self._click_row(round(top + HEADER / 2))
        self.away()
        seen = self.still(self.look)
        save(name, seen[top : len(seen) - below])
        self._click_row(round(top + HEADER / 2))

    def of_image(self, name: str) -> None:
        """A picture of the list, and of what the chosen picture has of its own below it."""
        self.close_all()
        self.away()
        end = len(self.still(self.look))
        title = round(end - HEADER * (len(SUB_PANELS) + 0.5))
        self._click_row(title)
        self.away()
        seen = self.still(self.look)
        last = title + len(seen) - end + HEADER / 2
        save(name, seen[title - LIST : round(last)])
        self._click_row(title)

    def part(self, name: str, places: Iterable[Place], above: int, below: int) -> None:
        """A picture of that part of the panel where places are, as it is in this moment."""
        left, _, right, _ = self.outline()
        seen = self.window.pixels()
        rows = [len(seen) - y for _, y in places]
        save(name, seen[min(rows) - above : max(rows) + below, left : right + 1])

    def close_all(self) -> None:
        """Close all sub-panels."""
        self.away()
        while opened := _opened(self.still(self.look)):
            self._click_row(round(opened[-1][0] - HEADER / 2))
            self.away()

    def open_only(self, name: str) -> None:
        """Open one sub-panel and close the others."""
        self.close_all()
        end = len(self.still(self.look))
        number = len(SUB_PANELS) - SUB_PANELS.index(name)
        self._click_row(round(end - (number - 0.5) * HEADER))
        self.away()
        if len(_opened(self.still(self.look))) != 1:
            raise LookupError(f"the sub-panel {name} did not open")

    def sub_panel(self, name: str) -> None:
        """A picture of the sub-panel that is open."""
        self.away()
        seen = self.still(self.look)
        ((first, last),) = _opened(seen)
        save(name, seen[round(first - HEADER) : last + 1])

    def _click_row(self, row: int) -> None:
        left, top, _, _ = self.outline()
        height = len(self.window.pixels())
        self.window.click((left + 60, height - top - row))


def _opened(panel: Pixels) -> list[tuple[int, int]]:
    """The rows (first, after the last) of the grounds of the opened sub-panels."""
    is_ground = (panel[:, [EDGE, -1 - EDGE]] == SUB_PANEL_GROUND).all(axis=(1, 2))
    edges = np.flatnonzero(np.diff(is_ground, prepend=False, append=False))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2) if b - a > 8]


def save(name: str, picture: Pixels) -> None:
    """Write a picture of buttons: few colours, so it takes little room."""
    few = Image.fromarray(picture).quantize(192, dither=Image.Dither.NONE)
    few.save(PICTURES / f"{name}.png", optimize=True)


def save_photo(name: str, picture: Pixels) -> None:
    """Write a picture with a view in it."""
    Image.fromarray(picture).save(PICTURES / f"{name}.webp", quality=75, method=6)


@contextmanager
def studio(size: tuple[int, int]) -> Iterator[Studio]:
    """A fresh window with the add-on, and an empty folder for a series."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        blender = blender_of_the_environment(folder / "blender")
        if blender is None:
            raise SystemExit("No complete Blender is named: see tests/window/driver.py.")
        blender.size = size
        blender.install(build.build_zip(folder / "dist"))
        window = Window(blender, folder)
        try:
            window.press("Escape")
            yield Studio(window, folder)
        except Exception:
            last = window.picture("last")
            last.replace(Path(tempfile.gettempdir()) / "last-picture.png")
            raise
        finally:
            window.blender.stop()


def write_series(folder: Path, size: int = 1024) -> None:
    """The sample's images, `balloons_1.png` the innermost."""
    folder.mkdir()
    for number in range(COUNT):
        view = sample_view(COUNT - 1 - number, count=COUNT, size=(size, size))
        picture = Image.fromarray((view * 255.0 + 0.5).astype(np.uint8))
        picture.save(folder / f"balloons_{number + 1}.png")


def write_odd_series(folder: Path) -> None:
    """The sample's images with one beside its place, one too near, one that is none of them, and
    a file that is no image.
    """
    size = 512
    write_series(folder, size)
    for name, level, right, down in (
        ("balloons_6", COUNT - 6, 24, -10),
        ("balloons_4", COUNT - 4 + 0.35, 0, 0),
    ):
        large = sample_view(level - 1, count=COUNT, size=(2 * size, 2 * size))
        left, top = size // 2 + right, size // 2 + down
        part = large[top : top + size, left : left + size]
        Image.fromarray((part * 255.0 + 0.5).astype(np.uint8)).save(folder / f"{name}.png")
    Image.fromarray(drawn((size, size), seed=77)).save(folder / "stranger.png")
    (folder / "prompts.txt").write_text("balloons over the sea", encoding="utf-8")


def build_folder(at: Studio, folder: str) -> None:
    """Choose a folder and build."""
    window = at.window
    window.enter(window.find("folder"), folder)
    window.click(window.find("ever_zoom.build("))
    window.wait_until(f"{CONTROLS} and not {WORKING}", 200)


def make_window() -> None:
    """The whole window before and after the build."""
    with studio(WIDE) as at:
        write_series(at.folder / "balloons")
        at.away()
        save_photo("window-start", at.still(at.window.pixels))
        build_folder(at, "//balloons")
        at.window.ask("bpy.context.scene.frame_set(40)")
        at.view_is(39 / 60)
        at.away()
        save_photo("window-built", at.still(at.window.pixels))


def make_panel() -> None:
    """The panel of a series in which everything fits."""
    with studio(TALL) as at:
        window = at.window
        write_series(at.folder / "balloons")
        at.panel("panel-start")
        window.enter(window.find("folder"), "//balloons")
        at.main("panel-folder")
        _photograph_work(at)
        at.view_is(0)
        at.panel("panel-built")
        at.close_all()
        _photograph_presets(at)
        _photograph_list(at)
        _photograph_playing(at)
        _photograph_rendered(at)
        names = ("timing", "camera", "mask", "alignment", "output")
        _photograph_sub_panels(at, (*names, "effects", "compositing", "mixing"))
        _photograph_last_panels(at)
        _photograph_mishaps(at)


def _photograph_work(at: Studio) -> None:
    window = at.window
    button = window.find("ever_zoom.build(")
    window.click(button)
    window.wait_until(f"{WORKING} and {WORK}.fraction > 0.3")
    left, top, right, _ = at.outline()
    seen = window.pixels()
    save("panel-working", seen[top : len(seen) - button[1] + 24, left : right + 1])
    save("status-bar", seen[-23:, :400])
    window.wait_until(f"{CONTROLS} and not {WORKING}", 200)


def _photograph_presets(at: Studio) -> None:
    window = at.window
    left, top, right, _ = at.outline()
    height = len(window.pixels())
    window.click((right - 35, height - top - 13))
    time.sleep(1.0)
    save("panel-presets", window.pixels()[top : top + 260, left : right + 120])
    window.press("Escape")


def _photograph_list(at: Studio) -> None:
    window = at.window
    window.ask("bpy.context.active_object.ever_zoom.active_image = 2")
    at.main("panel-pair")
    chosen = "bpy.context.active_object.ever_zoom.images[2]"
    for name, value in (("hold", 2.0), ("crop", 0.6)):
        window.ask(f"setattr({chosen}, {name!r}, {value})")
    at.of_image("panel-of-image")
    window.ask("setattr(bpy.context.active_object.ever_zoom, 'of_images', '[]')")
    window.ask("bpy.context.active_object.ever_zoom.active_image = 0")
    row = window.find("use_image(index=0")[1] + ABOVE_LIST
    window.click((at.outline()[2] - 17, row))  # the plus, beside the headings
    time.sleep(1.0)
    left, _, right, _ = at.outline()
    seen = window.pixels()
    save("panel-add", seen[len(seen) - row - 20 :, left : right + 80][:160])
    window.press("Escape")


def _photograph_playing(at: Studio) -> None:
    window = at.window
    play, last = window.find("ever_zoom.preview("), window.find("ever_zoom.render(")
    window.click(play)
    window.wait_until("bpy.context.scene.frame_current > 3", 120)
    at.away()
    at.part("panel-playing", (play, last), 44, 17)
    window.click(play)
    window.wait_until("not bpy.context.screen.is_animation_playing")
    window.ask("bpy.context.scene.frame_set(1)")


def photograph_seams(at: Studio) -> None:
    """The check of a seam: its buttons, and its keys in the status bar."""
    window = at.window
    at.open_only("seams")
    window.click(window.find("ever_zoom.seam_check("))
    running = "sys.modules['bl_ext.user_default.ai_ever_zoom.ui.seams'].Check.running is not None"
    window.wait_until(running)
    at.sub_panel("panel-seams")
    window.hover(window.middle())
    save("status-bar-seams", at.still(window.pixels)[-23:, :420])
    window.hover(window.middle(), "key", "Escape")
    window.wait_until(f"not ({running})")


def _photograph_rendered(at: Studio) -> None:
    """After a render of few frames, from which the panel tells what all of them take."""
    window = at.window
    window.ask("bpy.context.scene.frame_step = 40")
    window.click(window.find("ever_zoom.render_background("))
    saved = f"{RENDERED}.saved(bpy.context.scene)"
    window.wait_until(f"{saved} is not None", 200)
    window.ask("bpy.context.scene.frame_step = 1")
    places = window.find("filepath"), window.find("ever_zoom.open_folder(")
    at.away()
    at.part("panel-rendered", places, 16, 16)


def _photograph_sub_panels(at: Studio, names: Iterable[str]) -> None:
    window = at.window
    for name in names:
        at.open_only(name)
        at.sub_panel(f"panel-{name}")
        if name == "effects":
            _photograph_effects(at)
        if name == "compositing":
            groups = window.ask("len(bpy.data.node_groups)")
            window.click(window.find("ever_zoom.add_compositing("))
            window.wait_until(f"len(bpy.data.node_groups) > {groups}")
            at.sub_panel("panel-compositing-added")
            window.click(window.find("ever_zoom.remove_compositing("))


def _photograph_last_panels(at: Studio) -> None:
    window = at.window
    photograph_seams(at)
    at.open_only("debug")
    window.click(window.find("debug_overlay"))
    at.sub_panel("panel-debug")
    window.click(window.find("debug_overlay"))


def _photograph_effects(at: Studio) -> None:
    """Two effects on an image, and their list; the settings of a third."""
    window = at.window
    made = ("fade_in_title", "fireflies", "planet")
    for name in made:
        if name == made[-1]:
            at.sub_panel("panel-effects-added")
        before = window.ask("len(bpy.data.objects)")
        window.click(window.find(f"ever_zoom.add_{name}("))
        window.wait_until(f"len(bpy.data.objects) > {before}")
    window.click(window.middle("VIEW_3D", "HUD"))  # it is closed at first
    window.wait_until("find_region('VIEW_3D', 'HUD')[2].height > 60")
    at.away()
    left, bottom, width, height = window.region("VIEW_3D", "HUD")
    part = (left, bottom, left + width, bottom + height)
    save("redo-planet", at.still(lambda: window.pixels(part)))
    for name in ("Fade-In Title", "Fireflies", "Planet"):
        window.ask(f"bpy.ops.ever_zoom.remove_effect(name={name!r})")


def make_effects() -> None:
    """The sub-panels Effects and Compositing, and the settings of an effect."""
    with studio(TALL) as at:
        write_series(at.folder / "balloons")
        at.window.enter(at.window.find("folder"), "//balloons")
        build_folder(at, "//balloons")
        _photograph_sub_panels(at, ("effects", "compositing"))


def make_depth() -> None:
    """The sub-panel Depth of a series with depth maps."""
    with studio(TALL) as at:
        folder = at.folder / "balloons"
        write_series(folder)
        for file in sorted(folder.iterdir()):
            with Image.open(file) as picture:
                picture.convert("L").save(file.with_name(f"{file.stem}_depth.png"))
        build_folder(at, "//balloons")
        at.open_only("depth")
        at.sub_panel("panel-depth")


def _photograph_mishaps(at: Studio) -> None:
    """What the panel says when things are gone, or do not go together."""
    window = at.window
    control = f"bpy.data.objects[{CONTROLS}[0]]"
    group = f"{control}.ever_zoom"
    window.ask(f"{group}.crop = 0.2; {group}.feather = 0.25")
    at.main("panel-problem")
    at.open_only("mask")
    at.sub_panel("panel-refused")
    window.ask(f"{group}.feather = 0.05; {group}.crop = 0.8")
    window.ask("bpy.data.objects.remove(bpy.context.scene.camera)")
    at.main("panel-no-camera")
    window.ask(f"bpy.data.objects.remove({control})")
    at.main("panel-no-control")


def make_odd() -> None:
    """The panel of a series in which not everything fits."""
    with studio(TALL) as at:
        window = at.window
        write_odd_series(at.folder / "balloons")
        build_folder(at, "//balloons")
        group = "bpy.context.active_object.ever_zoom"
        window.ask(f"{group}.active_image = len({group}.images) - 1")
        at.main("panel-odd")
        at.remarks("panel-remarks")
        window.ask(f"{group}.active_image = 2")
        window.ask(
            "window, area, region = find_region('VIEW_3D', 'WINDOW')\n"
            "with bpy.context.temp_override(window=window, area=area, region=region):\n"
            "    bpy.ops.ever_zoom.move_image('INVOKE_DEFAULT', direction='outwards')"
        )
        window.wait_until(f"{group}.is_own_order and not {WORKING}", 200)
        at.main("panel-own-order")


def make_importer() -> None:
    """The file browser of the importer."""
    browser = "FILE_BROWSER"
    with studio(WIDE) as at:
        window = at.window
        write_series(at.folder / "balloons")
        window.hover(window.middle(), "key", "69")  # F3; a key code for xdotool
        window.write("Image Series")
        window.press("Return")
        window.open_folder(at.folder / "balloons")
        left, bottom, _, height = window.region(browser)
        window.click((left + 80, bottom + height - 36), browser)  # the first file: its name is told
        window.hover(window.middle(browser), "key", "a", area=browser)
        time.sleep(1.0)
        right = sum(window.region(browser, "TOOL_PROPS")[::2])
        floor = window.region(browser, "EXECUTE")[1]
        part = (left, floor, right, bottom + height)
        save("importer", at.still(lambda: window.pixels(part, browser)))


def make_placing() -> None:
    """An image that is placed by hand, not quite there yet."""
    with studio(WIDE) as at:
        window = at.window
        write_series(at.folder / "balloons")
        build_folder(at, "//balloons")
        at.view_is(0)
        window.ask(
            "window, area, region = find_region('VIEW_3D', 'WINDOW')\n"
            "with bpy.context.temp_override(window=window, area=area, region=region):\n"
            "    bpy.ops.ever_zoom.place_by_hand('INVOKE_DEFAULT', row=1)\n"
            "inner = window.scene.objects['balloons_7.png']\n"
            "inner.location[:2] = 150.0, 90.0\n"
            "inner.rotation_euler[2] = -0.2"
        )
        left, bottom, _, _ = window.region()
        window.hover((left + 20, bottom + 20))  # in the middle a gizmo would explain itself
        save_photo("window-placing", at.still(at.window.pixels))


def make_preferences() -> None:
    """The add-on's preferences in Blender's list."""
    with studio(WIDE) as at:
        window = at.window
        window.ask(f"bpy.ops.preferences.addon_show(module={PACKAGE!r})")
        window.wait_until(has_area("PREFERENCES"))
        seen = at.still(lambda: window.pixels(area="PREFERENCES"))
        save("preferences", seen[-325:-45, 175:-5])


def make_languages() -> None:
    """The panel of a built zoom in other languages."""
    for code, locale in (("de", "de_DE"), ("ja", "ja_JP")):
        with studio(TALL) as at:
            at.window.ask(
                "view = bpy.context.preferences.view\n"
                f"view.language = {locale!r}\n"
                "view.use_translate_interface = view.use_translate_tooltips = True"
            )
            write_series(at.folder / "balloons")
            build_folder(at, "//balloons")
            at.view_is(0)
            at.panel(f"panel-{code}")


def make_all() -> None:
    """All of them."""
    make_window()
    make_panel()
    make_depth()
    make_odd()
    make_importer()
    make_placing()
    make_preferences()
    make_languages()
