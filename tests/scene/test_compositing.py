"""The compositing filters: what each does to a picture, and to what is there. Touches bpy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from numpy.typing import NDArray

from ai_ever_zoom_addon.core.series import ListedImage, Listing, Series, SeriesImage, Step
from ai_ever_zoom_addon.errors import EverZoomError
from ai_ever_zoom_addon.scene import compat, compositing, loading, recipe, tags, zooms
from ai_ever_zoom_addon.scene.output import rendering
from ai_ever_zoom_addon.scene.planes import objects
from ai_ever_zoom_addon.settings import FrameSize, ZoomSettings

SIDE = 96
SETTINGS = ZoomSettings(
    zoom_steps=2,
    start_frame=0,
    feather=0.0,
    resolution_from=FrameSize.PIXELS,
    resolution=(SIDE, SIDE),
    align=False,
)
Picture = NDArray[np.float32]


def build_zoom(folder: Path, *pictures: Picture) -> Any:
    """A zoom through pictures, outermost first."""
    found = []
    for number, picture in enumerate(pictures):
        file = folder / f"picture_{number}.png"
        loading.write_png(file, picture)
        found.append(SeriesImage(file, picture.shape[1], picture.shape[0]))
    series = Series(tuple(found), (Step(2.0),) * (len(found) - 1))
    return zooms.build_zoom(bpy.context.scene, series, SETTINGS)


def flat(value: float) -> Picture:
    return np.full((128, 128, 3), value, np.float32)


def render(folder: Path, frame: int = 0) -> Picture:
    scene = bpy.context.scene
    rendering.render_animation(scene, f"{folder}/", frame, frame, sharp=False)
    return loading.read_pixels(folder / f"frame_{frame:05}.png")


def only(*names: str) -> None:
    """Switch all other filters off."""
    for node in compositing.filters(bpy.context.scene):
        node.mute = node.name not in names
        node.inputs["Amount"].default_value = 1.0


@pytest.fixture
def noise() -> Picture:
    return np.random.default_rng(1).uniform(0.2, 0.8, (128, 128, 3)).astype(np.float32)


def test_colours_are_exact_while_filters_are_off(
    tmp_path: Path, picture_folder: Path, noise: Picture
) -> None:
    build_zoom(tmp_path, noise, noise[::-1])
    scene = bpy.context.scene
    assert compat.compositing_tree(scene) is None
    before = render(picture_folder / "before", 1)
    compositing.add(scene)
    assert not np.array_equal(render(picture_folder / "on", 1), before)
    only()
    assert np.array_equal(render(picture_folder / "muted", 1), before)
    compositing.remove(scene)
    assert compat.compositing_tree(scene) is None
    assert np.array_equal(render(picture_folder / "removed", 1), before)


def test_sharpen_adds_what_a_pixel_differs_from_its_neighbours(
    tmp_path: Path, picture_folder: Path
) -> None:
    picture = flat(0.5)
    picture[:, 64:] = 0.6
    build_zoom(tmp_path, picture, flat(0.5))
    plain = render(picture_folder / "plain")
    compositing.add(bpy.context.scene)
    only("Sharpen")
    sharp = render(picture_folder / "sharp")
    line, change = plain[40, :, 0], (sharp - plain)[40, :, 0]
    edge = int(np.abs(np.diff(line)).argmax())
    assert change[edge] < -0.02 and change[edge + 1] > 0.02
    away = np.ones(SIDE, bool)
    away[edge - 2 : edge + 4] = False
    away[[0, -1]] = False  # beyond the frame there is nothing to compare with
    assert np.abs(change[away]).max() <= 1 / 255


def test_glow_is_light_around_what_is_bright(tmp_path: Path, picture_folder: Path) -> None:
    picture = flat(0.1)
    picture[34:44, 34:44] = 1.0
    build_zoom(tmp_path, picture, flat(0.1))
    plain = render(picture_folder / "plain")
    compositing.add(bpy.context.scene)
    only("Glow")
    more = (render(picture_folder / "glow") - plain).mean(axis=2)
    assert more.min() > -1 / 255
    y, x = (int(at.mean()) for at in np.nonzero(plain.mean(axis=2) > 0.9))
    assert more[y + 8, x] > 4 / 255
    assert more[y + 8, x] > 3 * more[-5, -5]


def test_glow_leaves_a_dark_picture_alone(tmp_path: Path, picture_folder: Path) -> None:
    build_zoom(tmp_path, flat(0.3), flat(0.3))
    compositing.add(bpy.context.scene)
    only("Glow")
    assert np.abs(render(picture_folder) - 0.3).max() <= 1.5 / 255


def test_a_vignette_darkens_the_corners_evenly(tmp_path: Path, picture_folder: Path) -> None:
    build_zoom(tmp_path, flat(0.6), flat(0.6))
    compositing.add(bpy.context.scene)
    only("Vignette")
    seen = render(picture_folder).mean(axis=2)
    assert seen[SIDE // 2, SIDE // 2] > 0.55
    corners = seen[[1, 1, -2, -2], [1, -2, 1, -2]]
    assert corners.max() < 0.4
    assert np.ptp(corners) < 0.03
    along = seen[SIDE // 2 :, SIDE // 2]
    assert (np.diff(along) <= 1 / 255).all()


def test_grain_is_new_in_each_frame_and_the_same_wherever_it_is_rendered(
    tmp_path: Path, picture_folder: Path
) -> None:
    build_zoom(tmp_path, flat(0.5), flat(0.5))
    compositing.add(bpy.context.scene)
    only("Film Grain")
    first = render(picture_folder / "first", 0)
    second = render(picture_folder / "second", 1)
    again = render(picture_folder / "again", 0)
    assert np.array_equal(first, again)
    assert np.abs(first - second).mean() > 0.02
    for frame in (first, second):
        assert frame.std() > 0.02
        assert abs(frame.mean() - 0.5) < 0.05
        grey = frame[:, :, 0] - frame[:, :, 0].mean()
        assert abs((grey[:, 1:] * grey[:, :-1]).mean() / (grey**2).mean()) < 0.35


def test_a_tree_of_the_users_is_left_alone(tmp_path: Path) -> None:
    build_zoom(tmp_path, flat(0.5), flat(0.5))
    scene = bpy.context.scene
    tree, picture, result = compat.new_compositing_tree(scene)
    tree.links.new(picture, result)
    nodes = [node.name for node in tree.nodes]
    with pytest.raises(EverZoomError, match="left alone"):
        compositing.add(scene)
    with pytest.raises(EverZoomError, match="no compositing to remove"):
        compositing.remove(scene)
    assert [node.name for node in compat.compositing_tree(scene).nodes] == nodes
    assert len(tree.links) == 1
    assert {"Ever Zoom Glow", "Ever Zoom Vignette"} <= set(bpy.data.node_groups.keys())


def test_filters_that_the_user_built_upon_are_not_removed(tmp_path: Path) -> None:
    build_zoom(tmp_path, flat(0.5), flat(0.5))
    scene = bpy.context.scene
    compositing.add(scene)
    compat.compositing_tree(scene).nodes.new("CompositorNodeBlur")
    with pytest.raises(EverZoomError, match="nodes of yours"):
        compositing.remove(scene)
    assert len(list(compositing.filters(scene))) == len(compositing.FILTERS)
    # Also where as many nodes were taken away.
    tree = compat.compositing_tree(scene)
    tree.nodes.remove(next(compositing.filters(scene)))
    with pytest.raises(EverZoomError, match="nodes of yours"):
        compositing.remove(scene)


def test_masks_go_with_their_images_and_with_the_filters(tmp_path: Path) -> None:
    control = build_zoom(tmp_path, flat(0.5), flat(0.7), flat(0.6))
    scene = bpy.context.scene
    inner = objects.numbered(control, "layer")[2]
    compositing.add(scene)
    mask = compositing.add_image_mask(scene, inner)
    before = inner.name
    assert mask.matte_id == before
    series = recipe.stored_series(control)
    shorter = Series(series.images[1:], series.steps[1:])
    rows = tuple(ListedImage(i.file, layer=n) for n, i in enumerate(series.images) if n)
    zooms.build_zoom(scene, shorter, SETTINGS, control, None, Listing(rows))
    assert inner.name != before
    assert mask.matte_id == inner.name
    compositing.remove(scene)
    assert compat.compositing_tree(scene) is None


@pytest.mark.newest
def test_filters_of_the_first_version_are_found(tmp_path: Path) -> None:
    build_zoom(tmp_path, flat(0.2), flat(0.2))
    scene = bpy.context.scene
    compositing.add(scene)
    for node in compositing.filters(scene):
        node["ever_zoom_role"] = "effect"  # as 0.1.0 wrote it
    assert len(list(compositing.filters(scene))) == 4
    compositing.remove(scene)
    assert not list(compositing.filters(scene))


def test_filters_are_set_up_once(tmp_path: Path) -> None:
    build_zoom(tmp_path, flat(0.5), flat(0.5))
    scene = bpy.context.scene
    compositing.add(scene)
    with pytest.raises(EverZoomError):
        compositing.add(scene)
    assert len(list(compositing.filters(scene))) == len(compositing.FILTERS)


@pytest.mark.parametrize("is_other", [False, True])
def test_a_mask_finds_its_picture_in_any_tree(tmp_path: Path, is_other: bool) -> None:
    """Also where the user shows something else, or another scene."""
    control = build_zoom(tmp_path, flat(0.5), flat(0.7), flat(0.6))
    scene = bpy.context.scene
    tree, picture, result = compat.new_compositing_tree(scene)
    if is_other:
        picture.node.scene = bpy.data.scenes.new("Other")
    else:
        tree.nodes.remove(picture.node)
    before = list(tree.nodes)
    mask = compositing.add_image_mask(scene, objects.numbered(control, "layer")[1])
    (link,) = mask.inputs["Image"].links
    assert link.from_node.bl_idname == "CompositorNodeRLayers" and link.from_node.scene == scene
    again = compositing.add_image_mask(scene, objects.numbered(control, "layer")[2])
    assert again.inputs["Image"].links[0].from_node == link.from_node
    assert set(tree.nodes) == {*before, mask, again, link.from_node}
    assert not result.links


def test_a_mask_cuts_out_one_image(tmp_path: Path, picture_folder: Path) -> None:
    control = build_zoom(tmp_path, flat(0.5), flat(0.7), flat(0.6))
    scene = bpy.context.scene
    inner = next(item for item in objects.parts(control, "layer") if item[tags.NUMBER] == 1)
    with pytest.raises(EverZoomError, match="Add Compositing first"):
        compositing.add_image_mask(scene, inner)
    compositing.add(scene)
    mask = compositing.add_image_mask(scene, inner)
    tree = compat.compositing_tree(scene)
    results = ("NodeGroupOutput", "CompositorNodeComposite")
    result = next(node for node in tree.nodes if node.bl_idname in results)
    tree.links.new(mask.outputs["Matte"], result.inputs["Image"])
    seen = render(picture_folder, 1).mean(axis=2)
    # Half a step in, the inner image's cropped part is 2**-0.5 of the frame wide.
    away = np.abs(np.arange(SIDE) + 0.5 - SIDE / 2)
    half = SIDE * 2**-0.5 / 2
    inside, outside = away < half - 1, away > half + 1
    # In its middle, a quarter as wide as the frame, the next image may be faded in already.
    middle = away < SIDE * 2**-1.5 / 2 + 1
    ring = np.outer(inside, inside) & ~np.outer(middle, middle)
    assert seen[ring].min() > 0.98
    assert seen[~np.outer(~outside, ~outside)].max() < 0.02
