"""What the panel says about images that do not fit, and the list that leads to every image."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.series_maker import drawn

from .driver import Window
from .nested import NestedSeries

ROW_PIXELS = 21
REMARKS = 45  # pixels below the box of the list's last row: the line that opens


@pytest.mark.newest
def test_the_panel_tells_of_odd_images_and_its_list_leads_to_each(
    window: Window, tmp_path: Path
) -> None:
    series = NestedSeries(tmp_path / "series")
    # The innermost image lies 20 pixels to the right of its place, and 10 above it.
    moved = series.view(3, 1.0, 256, right=40 / 256, down=-20 / 256)
    Image.fromarray(moved).save(series.folder / "img1.png")
    Image.fromarray(drawn((256, 256), seed=77)).save(series.folder / "stranger.png")
    (series.folder / "notes.txt").write_text("no image", encoding="utf-8")

    window.build(series.folder)
    window.picture("built")
    offsets = of_images(window, "list(row.offset)")
    assert offsets["img1.png"] == pytest.approx([20, -10], abs=1.0)
    assert offsets["img2.png"] == pytest.approx([0, 0], abs=1.0)
    assert of_images(window, "row.is_used") == {
        **{f"img{n}.png": True for n in range(1, 5)},
        "stranger.png": False,
    }
    told = window.ask("bpy.context.active_object.ever_zoom.warnings").splitlines()
    assert [line for line in told if "stranger.png" in line], told
    assert window.ask("bpy.context.active_object.ever_zoom.skipped") == "notes.txt"

    # A click on a row leads to the image: here on the second row, on the name.
    x, y = window.find("select_image(row=0")
    window.click((x - 90, y - ROW_PIXELS))
    window.wait_until("bpy.context.active_object.ever_zoom.active_image > 0")
    layer = window.ask(
        "[rows[active].layer for group in [bpy.context.active_object.ever_zoom]"
        " for rows, active in [(group.images, group.active_image)]][0]"
    )
    window.wait_until(f"bpy.context.scene.frame_current == {1 + 60 * layer}")
    window.picture("chosen")
    window.click((x - 90, y - ROW_PIXELS * 4))  # one that was left out: nothing is below the list
    window.wait_until("bpy.context.active_object.ever_zoom.active_image == 4")

    goes_to_stranger = "show_image(row=4"
    assert not has_button(window, goes_to_stranger)
    x, y = window.find("use_image(index=4")
    window.click((x + 40, y - REMARKS))
    assert has_button(window, goes_to_stranger)
    window.picture("remarks")


def has_button(window: Window, name: str) -> bool:
    """Whether the panel shows a button, as far as it is in sight."""
    return any(name in identity for identity in window.buttons(name))


def of_images(window: Window, expression: str) -> dict[str, object]:
    """Something of every row of the list, by the image's name."""
    found = window.ask(
        f"[[row.name, {expression}] for row in bpy.context.active_object.ever_zoom.images]"
    )
    return dict(found)
