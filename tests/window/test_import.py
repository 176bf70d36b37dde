"""File > Import, and image files dropped on the 3D View."""

from __future__ import annotations

from .driver import CONTROLS, WORKING, Window
from .nested import NestedSeries

BROWSER = "FILE_BROWSER"
# What the panel and the file browser ask about a series.
OPTIONS = ("order", "is_factor_measured")


def test_a_series_is_imported_through_the_menu_and_by_dropping_files(
    window: Window, series: NestedSeries
) -> None:
    names = [f"img{n}.png" for n in range(series.count, 0, -1)]
    window.hover(window.middle(), "key", "69")  # F3 finds menu entries; a key code for xdotool
    window.write("Image Series")
    window.picture("menu")
    window.press("Return")
    window.open_folder(series.folder)
    window.picture("browser")
    for option in OPTIONS:
        window.find(option, BROWSER, "TOOL_PROPS")
    window.hover(window.middle(BROWSER), "key", "a", area=BROWSER)
    window.click(window.find("file.execute(", BROWSER, "EXECUTE"), BROWSER)
    window.wait_until(f"{CONTROLS} and not {WORKING}", 120)
    assert images(window) == names
    window.picture("imported")

    window.hover(window.middle(), "key", "ctrl+z")
    window.wait_until(f"not {CONTROLS}")
    window.ask(
        "with bpy.context.temp_override(**dict(zip(('window', 'area', 'region'),"
        " find_region('VIEW_3D', 'WINDOW')))):\n"
        "    assert bpy.types.EVERZOOM_FH_images.poll_drop(bpy.context)\n"
        f"    bpy.ops.ever_zoom.import_series('INVOKE_DEFAULT', directory={str(series.folder)!r},"
        f" files=[dict(name=name) for name in {names[1:]!r}])"
    )
    window.wait_until(f"{CONTROLS} and not {WORKING}", 120)
    assert images(window) == names[1:]
    window.picture("dropped")


def images(window: Window) -> list[str]:
    """The images of the zoom, outermost first."""
    found = window.ask("[row.name for row in bpy.context.active_object.ever_zoom.images]")
    return list(found)
