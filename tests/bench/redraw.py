"""What the panel's redraw costs in Blender's real window. Never touches bpy itself."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from pathlib import Path

import build
from tests.bench.table import Row
from tests.window.driver import Window, blender_of_the_environment

REDRAWS = 20

# Run in Blender: everything of ours that it calls while it draws the sidebar is timed, that is the
# panels' and the list's drawing, and the buttons' polls. What is called from within does not count
# twice. The time from one redraw to the next is one sum.
TIMED = """
import time
sums, state = [], {"depth": 0, "sum": 0.0}

def run(inner, *arguments):
    state["depth"] += 1
    begin = time.perf_counter()
    try:
        return inner(*arguments)
    finally:
        state["depth"] -= 1
        if not state["depth"]:
            state["sum"] += time.perf_counter() - begin

def begun(panel):
    if panel.bl_idname == "EVERZOOM_PT_main":
        sums.append(state["sum"])
        state["sum"] = 0.0

def timed_draw(inner):  # Blender counts a function's parameters
    def draw(self, context):
        begun(self)
        run(inner, self, context)
    return draw

def timed_header(inner):
    return lambda self, context: run(inner, self, context)

def timed_item(inner):
    return lambda self, a, b, c, d, e, f, g, h: run(inner, self, a, b, c, d, e, f, g, h)

def timed_poll(inner):
    return classmethod(lambda cls, context: run(inner, context))

for base, names in (
    (bpy.types.Panel, {"draw": timed_draw, "draw_header_preset": timed_header}),
    (bpy.types.UIList, {"draw_item": timed_item}),
    (bpy.types.Operator, {"poll": timed_poll}),
):
    for kind in base.__subclasses__():
        for name, timed in names.items():
            if kind.__name__.startswith("EVERZOOM_") and name in dir(kind):
                setattr(kind, name, timed(getattr(kind, name)))
bpy.app.driver_namespace["sums"] = sums

bpy.context.preferences.system.use_region_overlap = False  # with it the 3D View is drawn, too

def redraw():
    for area in bpy.context.window_manager.windows[0].screen.areas:
        if area.type == "VIEW_3D":
            for region in area.regions:
                if region.type == "UI":
                    region.tag_redraw()
    return 0.01

bpy.app.timers.register(redraw)
"""


def redraw(files: list[Path], folder: Path) -> Iterator[Row]:
    """Milliseconds of our Python in a redraw of the sidebar, with a zoom of all the images.

    Nothing where the environment names no complete Blender (see tests/window/driver.py).

    Args:
        files: The images, in one folder.
        folder: For Blender's configuration and pictures of the screen.
    """
    blender = blender_of_the_environment(folder / "blender")
    if blender is None:
        return
    blender.install(build.build_zip(folder / "dist"))
    window = Window(blender, folder)
    try:
        window.press("Escape")
        window.open_sidebar("Ever Zoom")
        window.ask(
            "zoom = bpy.context.scene.ever_zoom\n"
            f"zoom.folder = {str(files[0].parent)!r}\n"
            "zoom.is_factor_measured = zoom.align = zoom.match_colour = False\n"
            "zoom.order = 'outermost-first'\n"
            "bpy.ops.ever_zoom.build()"
        )
        window.ask(TIMED)
        sums = "bpy.app.driver_namespace['sums']"
        window.wait_until(f"len({sums}) > {REDRAWS + 5}", 300)
        times = window.ask(sums)[-REDRAWS:]
    finally:
        window.stop()
    yield Row(
        f"redraw of the panel with {len(files)} images",
        1000.0 * statistics.median(times),
        "ms",
        at_most=2.0,
    )
