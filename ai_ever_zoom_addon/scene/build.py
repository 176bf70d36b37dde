"""The one way from settings to a zoom in a scene, for the panel and the command line alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import bpy

from ..core.plan import Plan, make_plan, uniform_steps
from ..core.sample import sample_image
from ..core.series import Series, SeriesImage, Step, measure_images
from ..errors import EverZoomError
from ..settings import Order, ZoomSettings
from . import images, render, rig

RECIPE_VERSION = 1
SAMPLE_COUNT = 8

Progress = Callable[[float, str], None]


def read_series(
    files: Sequence[Path], settings: ZoomSettings, skipped: Sequence[str] = ()
) -> Series:
    """A series in file order, nested around one point by the settings' zoom factor.

    Raises:
        EverZoomError: See `measure_images`.
    """
    found = measure_images(files, images.read_size)
    if settings.order is not Order.OUTERMOST_FIRST:
        found.reverse()
    steps = uniform_steps(len(found), settings.zoom_factor or 2.0)
    return Series(tuple(found), steps, tuple(skipped))


def build_zoom(scene: Any, series: Series, settings: ZoomSettings, control: Any = None) -> Any:
    """Build a zoom into a scene, or build an existing one again.

    Only what an earlier build of the same zoom made is replaced; what the user added, also below the
    zoom's own objects, stays.

    Args:
        scene: Becomes ready to render.
        series: The images.
        settings: The user's choices.
        control: Control object of the zoom to build again; None makes a new one.

    Returns:
        The control object.

    Raises:
        EverZoomError: An image cannot be opened, or the settings leave nothing to see.
    """
    plan = make_plan(series, settings, render.scene_resolution(scene))
    control = rig.build_rig(scene, plan, control)
    rig.save_recipe(control, _recipe(series, settings))
    prepare_render(scene, plan)
    return control


def prepare_render(scene: Any, plan: Plan) -> None:
    """Fill in Blender's output settings, except where the output goes."""
    render.fill_timing(scene, plan)
    render.fill_size(scene, plan)
    render.fill_engine(scene, plan)
    render.fill_colours(scene)


def change_zoom(scene: Any, control: Any, settings: ZoomSettings) -> Any:
    """Give an existing zoom other settings; the images are not read again.

    Raises:
        EverZoomError: The zoom has lost the note of what it was made from, or as `build_zoom`.
    """
    return build_zoom(scene, stored_series(control), settings, control)


def write_sample(
    folder: Path, size: tuple[int, int] = (1024, 1024), progress: Progress = lambda *_: None
) -> None:
    """Write the built-in sample series as PNG files, the first one the innermost."""
    for number in range(SAMPLE_COUNT):
        progress(number / SAMPLE_COUNT, f"sample image {number + 1} of {SAMPLE_COUNT}")
        pixels = sample_image(SAMPLE_COUNT - 1 - number, count=SAMPLE_COUNT, size=size)
        images.write_png(folder / f"sample_{number + 1:02}.png", pixels)


def _recipe(series: Series, settings: ZoomSettings) -> dict[str, Any]:
    return {
        "version": RECIPE_VERSION,
        "settings": settings.to_dict(),
        "images": [[str(image.file), image.width, image.height] for image in series.images],
        "steps": [[step.factor, step.offset, step.gain] for step in series.steps],
    }


def stored_settings(control: Any) -> ZoomSettings:
    """The settings with which a zoom was built.

    Raises:
        EverZoomError: The note is missing or unreadable.
    """
    return ZoomSettings.from_dict(_stored(control)["settings"])


def stored_series(control: Any) -> Series:
    """The series from which a zoom was built; paths as the layers' images have them now.

    Raises:
        EverZoomError: The note is missing or unreadable.
    """
    recipe = _stored(control)
    try:
        files = [Path(file) for file, _, _ in recipe["images"]]
        for layer in rig.parts(control, "layer"):
            image = rig.layer_image(layer)
            if image is not None and layer[rig.NUMBER] < len(files):
                # The user may have replaced it, or the file moved together with its images.
                files[layer[rig.NUMBER]] = Path(bpy.path.abspath(image.filepath))
        return Series(
            tuple(
                SeriesImage(file, width, height)
                for file, (_, width, height) in zip(files, recipe["images"], strict=True)
            ),
            tuple(
                Step(factor, (offset[0], offset[1]), (gain[0], gain[1], gain[2]))
                for factor, offset, gain in recipe["steps"]
            ),
        )
    except (KeyError, TypeError, ValueError, IndexError):
        raise _unreadable() from None


def _stored(control: Any) -> dict[str, Any]:
    recipe = rig.load_recipe(control)
    if recipe is None or recipe.get("version") != RECIPE_VERSION:
        raise _unreadable()
    return recipe


def _unreadable() -> EverZoomError:
    return EverZoomError(
        "This zoom was made by another version of the add-on, or its note was removed: "
        "choose the images again and build it anew."
    )
