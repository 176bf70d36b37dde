"""The one way from settings to a zoom in a scene, for the panel and the command line alike."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..core.analysis.making import analysis_steps
from ..core.analysis.report import Analysis
from ..core.files.image_file import read_size
from ..core.files.moving import is_moving
from ..core.plan.plan import Plan, make_plan
from ..core.plan.timing import LevelKey
from ..core.sample import sample_image
from ..core.series import (
    ListedImage,
    Listing,
    Series,
    SeriesImage,
    Step,
    check_sizes,
    closing_step,
    measured_steps,
    uniform_steps,
)
from ..core.steps import Progress, Steps, run
from ..errors import EverZoomError
from ..settings import Engine, Order, ZoomSettings
from . import compat, compositing, loading, zoom_level
from .output import output_settings, sound
from .planes import anchors, rig
from .strips import sequencer

RECIPE_VERSION = 1
SAMPLE_COUNT = 8


def series_steps(
    files: Sequence[Path],
    settings: ZoomSettings,
    skipped: Sequence[str] = (),
    known: Analysis | None = None,
) -> Steps[tuple[Series, Analysis | None]]:
    """Find out what a list of files is, in steps short enough for a window to stay alive.

    Args:
        files: Images in natural order.
        settings: What of it is known, and what has to be found in the pictures.
        skipped: Names of other files, kept for reports.
        known: The analysis of these very files with the same order, sorting and factor, if it has
            been made before.

    Yields:
        (fraction done, 0 to 1, what is being done).

    Returns:
        The series, and the analysis where the settings needed one.

    Raises:
        EverZoomError: See `measure_images` and `analysis_steps`.
    """
    yield 0.0, "Reading sizes"
    found = {file.name: image for file, image in zip(files, measure_images(files), strict=True)}
    if not settings.auto_sort:  # which sorts out what does not belong
        check_sizes(list(found.values()))
    if not settings.needs_analysis:
        ordered = [found[file.name] for file in files]
        if settings.order is Order.INNERMOST_FIRST:
            ordered.reverse()
        steps = uniform_steps(len(ordered), settings.zoom_factor or 2.0)
        return Series(tuple(ordered), steps, tuple(skipped)), None
    analysis = known
    if analysis is None:
        analysis = yield from analysis_steps(
            files,
            loading.read_pixels,
            order=settings.order.value,
            auto_sort=settings.auto_sort,
            zoom_factor=settings.zoom_factor,
        )
    kept = [found[name] for name in analysis.order]
    check_sizes(kept)
    series = Series(
        tuple(kept),
        measured_steps(kept, analysis, settings),
        tuple(skipped),
        closing_step(kept, analysis, settings),
    )
    return series, analysis


def find_series(
    files: Sequence[Path],
    settings: ZoomSettings,
    skipped: Sequence[str] = (),
    progress: Progress = lambda *_: None,
) -> tuple[Series, Analysis | None]:
    """`series_steps` in one go."""
    return run(series_steps(files, settings, skipped), progress)


def check_zoom(scene: Any, series: Series, settings: ZoomSettings, control: Any = None) -> None:
    """Find out, before anything is changed, whether `build_zoom` can be done.

    Args:
        scene: Where it is to be built, or one with frames of the same size.
        series: As for `build_zoom`.
        settings: As for `build_zoom`.
        control: As for `build_zoom`.

    Raises:
        EverZoomError: It cannot.
    """
    if control is not None:
        rig.check_editable(control)
    make_plan(series, settings, output_settings.scene_resolution(scene))
    loading.check_images(image.file for image in series.images)
    if settings.sound:
        sound.sound_seconds(settings.sound)


def build_zoom(
    scene: Any,
    series: Series,
    settings: ZoomSettings,
    control: Any = None,
    report: dict[str, Any] | None = None,
    listing: Listing | None = None,
) -> Any:
    """Build a zoom into a scene, or build an existing one again.

    Only what an earlier build of the same zoom made is replaced; what the user added, also below
    the zoom's own objects, stays.

    Args:
        scene: Becomes ready to render.
        series: The images.
        settings: The user's choices.
        control: Control object of the zoom to build again; None makes a new one.
        report: What the analysis found (`Analysis.to_json`), kept with the zoom.
        listing: The list of images, of which the series has the used ones; None: there are no
            others. It tells which of the zoom's layers go on showing which image.

    Returns:
        The control object.

    Raises:
        EverZoomError: An image cannot be opened, or the settings leave nothing to see.
    """
    plan = make_plan(series, settings, output_settings.scene_resolution(scene))
    sound.set_sound(scene, settings.sound, plan.first_frame)
    old_recipe = (rig.load_recipe(control) if control is not None else None) or {}
    old_keys = _keys_of(old_recipe)
    is_same_timing = old_keys == plan.keys
    is_edited = bool(old_keys) and zoom_level.is_edited(control, old_keys)
    is_moved = is_edited and not is_same_timing and _is_same_shape(old_recipe, old_keys, plan)
    warnings = list(plan.warnings)
    if is_edited and not (is_same_timing or is_moved):
        warnings.append(
            "The Zoom Level curve that you edited was replaced, as the timing has another shape "
            "now: Undo brings it back."
        )
    if settings.engine is Engine.WORKBENCH and not compat.WORKBENCH_PLAYS:
        moving = [image.file.name for image in series.images if is_moving(image.file)]
        if moving:
            warnings.append(
                f"Workbench before Blender 4.5 does not play {', '.join(moving)}: choose another "
                "engine."
            )
    kept = [row.layer for row in listing.used] if listing else None
    control = rig.build_rig(
        scene, plan, control, retime=not (is_same_timing or is_moved), kept_layers=kept
    )
    if is_moved:
        zoom_level.move(control, old_keys, plan.keys)
    anchors.update(control, plan)
    compositing.update_masks(scene)
    levels = [layer.level for layer in plan.layers if 0 <= layer.number < len(series.images)]
    recipe = _recipe(series, settings, report)
    recipe |= {"keys": plan.keys, "levels": levels, "warnings": warnings}
    recipe["list"] = listing.to_json() if listing else None
    rig.save_recipe(control, recipe)
    if any(map(anchors.is_image_marker, scene.timeline_markers)):
        anchors.mark_images(scene, control)
    if is_moved:  # the user may have moved the ends, too
        ends = scene.frame_start, scene.frame_end
        scene.frame_start, scene.frame_end = (
            round(zoom_level.moved(frame, old_keys, plan.keys)) for frame in ends
        )
    elif not (is_edited and is_same_timing):
        output_settings.fill_range(scene, plan)
    if settings.engine is Engine.SEQUENCER:
        sequencer.build_strips(scene, control, plan, sequencer.default_folder())
    elif settings.engine is not Engine.KEEP:
        sequencer.remove_strips(scene)
    prepare_render(scene, plan)
    return control


def _keys_of(recipe: dict[str, Any]) -> tuple[LevelKey, ...]:
    """The keys that a zoom's curve was given; none where they are not known."""
    try:
        return tuple(LevelKey(*key) for key in recipe.get("keys", ()))
    except TypeError:
        return ()


def _is_same_shape(recipe: dict[str, Any], keys: Sequence[LevelKey], plan: Plan) -> bool:
    """Whether only the pace has changed, so that each key has its successor."""
    try:
        before = ZoomSettings.from_dict(recipe["settings"])
    except (EverZoomError, KeyError, TypeError):
        return False
    return len(keys) == len(plan.keys) and all(
        getattr(before, name) == getattr(plan.settings, name)
        for name in ("travel", "reverse", "ease", "beats")
    )


def prepare_render(scene: Any, plan: Plan) -> None:
    """Fill in Blender's output settings, except where the output goes."""
    output_settings.fill_timing(scene, plan)
    output_settings.fill_size(scene, plan)
    output_settings.fill_engine(scene, plan)
    if plan.settings.engine is not Engine.KEEP:
        output_settings.fill_colours(scene)
        sound.use_strips(scene)


def change_zoom(scene: Any, control: Any, settings: ZoomSettings) -> Any:
    """Give an existing zoom other settings; the images are not read again.

    Raises:
        EverZoomError: The zoom has lost the note of what it was made from, or as `build_zoom`.
    """
    series, report = stored_series(control), stored_report(control)
    return build_zoom(scene, series, settings, control, report, stored_listing(control))


def measure_images(files: Sequence[Path]) -> list[SeriesImage]:
    """Sizes of image files, from their headers where that is possible.

    Raises:
        EverZoomError: A file is missing, truncated or no image.
    """
    return [SeriesImage(file, *_size(file)) for file in files]


def _size(file: Path) -> tuple[int, int]:
    return (None if is_moving(file) else read_size(file)) or loading.read_size(file)


def write_sample(
    folder: Path, size: tuple[int, int] = (1024, 1024), progress: Progress = lambda *_: None
) -> None:
    """Write the built-in sample series as PNG files, the first one the innermost."""
    run(sample_steps(folder, size), progress)


def sample_steps(folder: Path, size: tuple[int, int] = (1024, 1024)) -> Steps[None]:
    """`write_sample` in short steps."""
    for number in range(SAMPLE_COUNT):
        yield number / SAMPLE_COUNT, f"Painting sample image {number + 1} of {SAMPLE_COUNT}"
        pixels = sample_image(SAMPLE_COUNT - 1 - number, count=SAMPLE_COUNT, size=size)
        loading.write_png(folder / f"sample_{number + 1:02}.png", pixels)


def _recipe(
    series: Series, settings: ZoomSettings, report: dict[str, Any] | None
) -> dict[str, Any]:
    return {
        "version": RECIPE_VERSION,
        "settings": settings.to_dict(),
        "images": [[str(image.file), image.width, image.height] for image in series.images],
        "steps": [[step.factor, step.offset, step.gain] for step in series.steps],
        "closing": [[step.factor, step.offset, step.gain] for step in [series.closing] if step],
        "skipped": list(series.skipped),
        "report": report,
    }


def stored_settings(control: Any) -> ZoomSettings:
    """The settings with which a zoom was built.

    Raises:
        EverZoomError: The note is missing or unreadable.
    """
    settings = _stored(control).get("settings")
    if not isinstance(settings, dict):
        raise _unreadable()
    return ZoomSettings.from_dict(settings)


def stored_plan(scene: Any, control: Any) -> Plan:
    """The plan by which a zoom was built.

    Raises:
        EverZoomError: The note is missing or unreadable.
    """
    settings = stored_settings(control)
    return make_plan(stored_series(control), settings, output_settings.scene_resolution(scene))


def stored_report(control: Any) -> dict[str, Any] | None:
    """What the analysis found when a zoom was built; None where there was none.

    Raises:
        EverZoomError: The note is missing or unreadable.
    """
    report = _stored(control).get("report")
    return report if isinstance(report, dict) else None


def stored_analysis(control: Any) -> Analysis | None:
    """What was measured of a zoom's images when it was built; None where there was nothing to be.

    Raises:
        EverZoomError: The note is missing or unreadable.
    """
    report = stored_report(control)
    try:
        return None if report is None else Analysis.from_json(report)
    except ValueError:
        raise _unreadable() from None


def stored_warnings(control: Any) -> list[str]:
    """What the settings of a zoom cost, in sentences for the user.

    Raises:
        EverZoomError: The note is missing or unreadable.
    """
    return [str(warning) for warning in _stored(control).get("warnings", [])]


def stored_series(control: Any) -> Series:
    """The series from which a zoom was built; paths as the layers' images have them now.

    Raises:
        EverZoomError: The note is missing or unreadable.
    """
    recipe = _stored(control)
    try:
        files = [Path(file) for file, _, _ in recipe["images"]]
        for number, layer in rig.numbered(control, "layer").items():
            image = rig.layer_image(layer)
            if image is not None and 0 <= number < len(files):  # not where a ring repeats it
                # The user may have replaced it, or the file moved together with its images.
                files[number] = loading.entry_of(image)
        steps = [
            Step(
                float(factor),
                (float(offset[0]), float(offset[1])),
                (float(gain[0]), float(gain[1]), float(gain[2])),
            )
            for factor, offset, gain in (*recipe["steps"], *recipe.get("closing", ()))
        ]
        return Series(
            tuple(
                SeriesImage(file, int(width), int(height))
                for file, (_, width, height) in zip(files, recipe["images"], strict=True)
            ),
            tuple(steps[: len(files) - 1]),
            tuple(recipe.get("skipped", ())),
            steps[len(files) - 1] if len(steps) >= len(files) else None,
        )
    except (KeyError, TypeError, ValueError, IndexError):
        raise _unreadable() from None


def stored_listing(control: Any) -> Listing:
    """The list of a zoom's images, with the numbers of the layers that show them.

    Raises:
        EverZoomError: The note is missing or unreadable.
    """
    listing = _stored(control).get("list") or {}
    series = stored_series(control)
    rows = [ListedImage(image.file, layer=number) for number, image in enumerate(series.images)]
    try:
        for place, name in listing.get("unused", ()):
            file = Path(name)
            if not file.exists():  # it may have moved together with the others
                file = series.images[0].file.with_name(file.name)
            rows.insert(int(place), ListedImage(file, is_used=False))
        sources = tuple(Path(name) for name in listing.get("sources", ()))
        return Listing(tuple(rows), bool(listing.get("is_own_order")), sources)
    except (AttributeError, TypeError, ValueError):
        raise _unreadable() from None


def _stored(control: Any) -> dict[str, Any]:
    recipe = rig.load_recipe(control)
    if recipe is None or recipe.get("version") != RECIPE_VERSION:
        raise _unreadable()
    return recipe


def _unreadable() -> EverZoomError:
    return EverZoomError(
        "This zoom was made by another version of the add-on, or its note was removed: "
        "choose the folder of its images and press Build Again."
    )
