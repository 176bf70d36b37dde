"""The one way from settings to a zoom in a scene, for the panel and the command line alike."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import bpy

from ..core.analysis.placing import GivenPlacement
from ..core.files.moving import is_moving
from ..core.files.output import OWN_VIDEO
from ..core.findings import Finding, FindingKind
from ..core.plan.moment import same_moment
from ..core.plan.plan import Plan, make_plan
from ..core.plan.timing import LevelKey, frames_between
from ..core.series import Listing, Series
from ..core.steps import Steps, run
from ..errors import EverZoomError
from ..settings import Engine, ZoomSettings
from ..texts import Text
from ..wording import counted
from . import compat, compositing, effects, loading, measuring, recipe, zoom_level
from .output import output_settings, sound
from .planes import anchors, objects, rig
from .strips import strips
from .strips.pictures import Picture
from .strips.waiting import Waiting, at_hand, put_off
from .tags import CAMERA


def build_zoom(
    scene: bpy.types.Scene,
    series: Series,
    settings: ZoomSettings,
    control: bpy.types.Object | None = None,
    report: dict[str, Any] | None = None,
    listing: Listing | None = None,
    placements: Sequence[GivenPlacement] | None = None,
    *,
    frames: range | None = None,
    built: Any = None,
    may_wait: bool = False,
) -> Any:
    """Build a zoom into a scene, or build an existing one again.

    Only what an earlier build of the same zoom made is replaced; what the user added, also below
    the zoom's own objects, stays.

    Args:
        scene: Becomes ready to render, unless the zoom was brought there from another file and
            nobody has set the scene up for it.
        series: The images.
        settings: The user's choices.
        control: Control object of the zoom to build again; None makes a new one.
        report: What the analysis found (`Analysis.to_json`), kept with the zoom.
        listing: The list of images, of which the series has the used ones; None: there are no
            others. It tells which of the zoom's layers go on showing which image.
        placements: What the user has given, which the series follows already; None: what the zoom
            has.
        frames: Those that anybody is going to see, if it is not kept; None: all. What is in none
            of them is not prepared for the sequencer, as that takes long.
        built: As for `recipe.save`.
        may_wait: Let the strips stay as they are if pictures have to be made for them: see
            `picture_steps`.

    Returns:
        The control object.

    Raises:
        EverZoomError: An image cannot be opened, or the settings leave nothing to see.
    """
    plan = _checked(scene, series, settings, control)
    pictures = _pictures(plan, frames, may_wait=may_wait)
    is_new = control is None
    is_guest = control is not None and not output_settings.is_set_up(scene, control)
    if not is_guest:
        sound.set_sound(scene, settings.sound or None, plan.first_frame)
    before = _settings_before(control)
    old_keys = recipe.stored_keys(control) if control is not None else ()
    is_same_timing = old_keys == plan.keys
    is_edited = bool(old_keys) and zoom_level.is_edited(control, old_keys)
    is_moved = is_edited and not is_same_timing and _is_same_shape(before, old_keys, plan)
    findings = _findings(scene, plan)
    if is_edited and not (is_same_timing or is_moved):
        findings.append(Finding(FindingKind.CURVE_REPLACED))
    kept = [row.layer for row in listing.used] if listing else None
    control = rig.build_rig(
        scene, plan, control, retime=not (is_same_timing or is_moved), kept_layers=kept
    )
    if is_moved:
        zoom_level.move(control, old_keys, plan.keys)
    anchors.update(control, plan)
    effects.renew(control, plan)
    compositing.update_masks(scene)
    levels = [layer.level for layer in plan.layers if 0 <= layer.number < len(series.images)]
    recipe.save(
        control, series, settings, report, listing, plan.keys, levels, findings, placements, built
    )
    if any(map(anchors.is_image_marker, scene.timeline_markers)):
        anchors.mark_images(scene, control)
    ends = output_settings.own_range(scene, control)
    output_settings.fill(scene, control, plan, anew=is_new)
    if is_guest:
        return control
    if old_keys and not is_same_timing:
        _keep_moment(scene, plan, old_keys, ends, is_moved=is_moved)
    if pictures is None:
        put_off(scene, before or settings, settings)
    elif settings.engine is not Engine.SEQUENCER:
        if settings.engine is not Engine.KEEP:
            strips.remove_strips(scene)
    elif frames is None or frames:
        strips.build_strips(scene, control, plan, pictures, frames)
        compat.show_in_sequencers(scene)
    return control


def _keep_moment(
    scene: bpy.types.Scene,
    plan: Plan,
    before: Sequence[LevelKey],
    ends: tuple[int, int] | None,
    *,
    is_moved: bool,
) -> None:
    """Let a scene show what it did, and render of the zoom what it did, in another timing.

    Args:
        scene: Where the zoom is.
        plan: Of the zoom, as it is now.
        before: The keys that its curve was given before.
        ends: The first and the last frame of the user's own choice, if that was not all.
        is_moved: The user's own curve has been moved with the keys.
    """

    def new_frame(frame: int) -> int:
        if is_moved:
            return round(zoom_level.moved(frame, before, plan.keys))
        return same_moment(frame, before, plan.keys, plan.frames)

    if ends is not None and plan.settings.engine is not Engine.KEEP:
        scene.frame_start, scene.frame_end = sorted(map(new_frame, ends))
    scene.frame_current = new_frame(scene.frame_current)


def check_zoom(
    scene: bpy.types.Scene,
    series: Series,
    settings: ZoomSettings,
    control: bpy.types.Object | None = None,
    *,
    frames: range | None = None,
) -> Plan:
    """Find out, before anything is changed, whether `build_zoom` can be done.

    Args:
        scene: Where it is to be built, or one with frames of the same size.
        series: As for `build_zoom`.
        settings: As for `build_zoom`.
        control: As for `build_zoom`.
        frames: As for `build_zoom`.

    Returns:
        The plan of the zoom.

    Raises:
        EverZoomError: It cannot.
    """
    plan = _checked(scene, series, settings, control)
    _pictures(plan, frames)
    return plan


def _checked(
    scene: bpy.types.Scene,
    series: Series,
    settings: ZoomSettings,
    control: bpy.types.Object | None,
) -> Plan:
    """`check_zoom` but for the sequencer's pictures."""
    plan = check_choices(scene, series, settings, control)
    loading.check_images(image.file for image in series.images)
    if settings.engine is Engine.SEQUENCER:
        strips.check_strips(scene)
    return plan


def _pictures(
    plan: Plan, frames: range | None, *, may_wait: bool = False
) -> Mapping[int, Picture] | None:
    """The sequencer's pictures by the indices of their layers, none for another engine.

    None where they may wait, and there are not all of them yet.
    """
    if plan.settings.engine is not Engine.SEQUENCER:
        return {}
    steps = strips.prepare_steps(plan, frames)
    return at_hand(steps) if may_wait else run(steps)


def prepare_steps(
    scene: bpy.types.Scene, series: Series, settings: ZoomSettings, frames: range | None = None
) -> Steps[None]:
    """What takes long in `check_zoom` and `build_zoom`, in short steps; done once, it is done.

    Raises:
        EverZoomError: As `check_zoom`.
    """
    if settings.engine is Engine.SEQUENCER:
        strips.check_strips(scene)
        plan = make_plan(series, settings, output_settings.scene_resolution(scene))
        yield from strips.prepare_steps(plan, frames)


def check_choices(
    scene: bpy.types.Scene,
    series: Series,
    settings: ZoomSettings,
    control: bpy.types.Object | None = None,
) -> Plan:
    """`check_zoom` as far as it needs no picture: there may be none yet."""
    if control is not None:
        objects.check_editable(control)
    plan = make_plan(series, settings, output_settings.scene_resolution(scene))
    output_settings.check(scene, plan)
    before = _settings_before(control)
    if settings.sound and (before is None or before.sound != settings.sound):
        sound.check(settings.sound)
    return plan


def _findings(scene: bpy.types.Scene, plan: Plan) -> list[Finding]:
    """What the choices cost, as far as it is known before anything is made."""
    findings = [*plan.findings, *output_settings.check(scene, plan)]
    if plan.settings.engine is Engine.WORKBENCH and not compat.WORKBENCH_PLAYS:
        moving = [image.file.name for image in plan.series.images if is_moving(image.file)]
        if moving:
            findings.append(Finding(FindingKind.STANDING_STILL, {"files": moving}))
    files = dict.fromkeys(image.file for image in plan.series.images)
    lost = {file.name: profile for file in files if (profile := loading.lost_profile(file))}
    if lost:
        profiles = list(dict.fromkeys(profile.name for profile in lost.values()))
        effect = next(iter(lost.values())).effect
        values = {"profiles": profiles, "files": list(lost), "effect": effect}
        findings.append(Finding(FindingKind.OTHER_PROFILE, values))
    return findings


def _settings_before(control: bpy.types.Object | None) -> ZoomSettings | None:
    try:
        return recipe.stored_settings(control) if control is not None else None
    except EverZoomError:
        return None


def _is_same_shape(before: ZoomSettings | None, keys: Sequence[LevelKey], plan: Plan) -> bool:
    """Whether only the pace has changed, so that each key has its successor."""
    return (
        before is not None
        and _shape(keys) == _shape(plan.keys)
        and all(
            getattr(before, name) == getattr(plan.settings, name)
            for name in ("travel", "reverse", "eased_seconds", "arrivals")
        )
    )


def _shape(keys: Sequence[LevelKey]) -> list[tuple[bool, bool]]:
    """For each key but the last whether the curve is straight there, and whether it is held."""
    return [
        (here.slope is None, here.level == after.level) for here, after in itertools.pairwise(keys)
    ]


def change_zoom(scene: Any, control: Any, settings: ZoomSettings, *, may_wait: bool = False) -> Any:
    """Give an existing zoom other settings; the images are not read again.

    Args:
        scene: As for `build_zoom`.
        control: The zoom.
        settings: The user's choices.
        may_wait: As for `build_zoom`.

    Raises:
        EverZoomError: The zoom has lost the note of what it was made from, or as `build_zoom`.
    """
    series, report = recipe.stored_series(control), recipe.stored_report(control)
    built = recipe.stored(control).get("built")
    listing = recipe.stored_listing(control, series)
    return build_zoom(
        scene, series, settings, control, report, listing, built=built, may_wait=may_wait
    )


def picture_steps(waiting: Waiting) -> Steps[None]:
    """Make the pictures that strips wait for; nothing is changed, and `end_waiting` shows them.

    Raises:
        EverZoomError: An image cannot be read, or the pictures cannot be written.
    """
    yield from strips.prepare_steps(plan_of(waiting.scene, waiting.control))


def end_waiting(waiting: Waiting) -> None:
    """Let strips show what they have been waiting for; makes the pictures that are not there.

    Raises:
        EverZoomError: As `picture_steps`; nothing has been changed then.
    """
    scene, control = waiting.scene, waiting.control
    plan = plan_of(scene, control)
    strips.build_strips(scene, control, plan, run(strips.prepare_steps(plan)))


def stop_waiting(waiting: Waiting) -> None:
    """Give a zoom the settings again that its strips show.

    Raises:
        EverZoomError: As `change_zoom`.
    """
    change_zoom(waiting.scene, waiting.control, waiting.shown)


def place(
    scene: bpy.types.Scene,
    control: bpy.types.Object,
    outer: str,
    inner: str,
    given: GivenPlacement | None,
) -> None:
    """Give one image another place in the next larger one; everything else stays.

    Args:
        scene: Where the zoom is.
        control: The zoom, built.
        outer, inner: The images' file names.
        given: The place; None: what was given is given up, and it is measured again.

    Raises:
        EverZoomError: An image cannot be read, or as `build_zoom`.
    """
    prepare_place(scene, control, outer, inner, given)(scene, control)


def prepare_place(
    scene: bpy.types.Scene,
    control: bpy.types.Object,
    outer: str,
    inner: str,
    given: GivenPlacement | None,
) -> Callable[[bpy.types.Scene, bpy.types.Object], None]:
    """Find out, before anything is changed, whether `place` can be done, and how.

    Returns:
        What is left to do, with the scene and the control as they are then.
    """
    listing, settings = recipe.stored_listing(control), recipe.stored_settings(control)
    before = recipe.stored_placements(control)
    kept = tuple(item for item in before if not item.is_of(outer, inner))
    placements = (*kept, given) if given else kept
    work = measuring.relist_steps(control, listing, settings, placements=placements)
    series, report = run(work)
    check_zoom(scene, series, settings, control)

    def finish(scene: bpy.types.Scene, control: bpy.types.Object) -> None:
        built = recipe.stored(control).get("built")
        build_zoom(scene, series, settings, control, report, listing, placements, built=built)

    return finish


def take_recipe(scene: bpy.types.Scene, control: bpy.types.Object, video: str = OWN_VIDEO) -> None:
    """Write what the recipe wants into a scene's settings, whatever the user has set by hand.

    A scene that is not set up for the zoom gets all that belongs to it.

    Args:
        scene: Is changed.
        control: The zoom.
        video: What its video is called at first, as from `video_pattern`.

    Raises:
        EverZoomError: The engine is not there, or the zoom has lost its note.
    """
    plan = plan_of(scene, control)
    output_settings.check(scene, plan)
    if output_settings.is_set_up(scene, control):
        output_settings.fill(scene, control, plan, anew=True)
        return
    settings = plan.settings
    plan = _checked(scene, plan.series, settings, None)
    pictures = _pictures(plan, None)
    scene.camera = next(objects.parts(control, CAMERA), scene.camera)
    sound.set_sound(scene, settings.sound or None, plan.first_frame)
    files = [image.file for image in plan.series.images]
    output_settings.set_first_output(scene, files, pattern=video, file_format=settings.file_format)
    output_settings.fill(scene, control, plan, anew=True)
    if pictures:
        strips.build_strips(scene, control, plan, pictures)


def plan_of(scene: bpy.types.Scene, control: bpy.types.Object) -> Plan:
    """The plan by which a zoom was built.

    Raises:
        EverZoomError: The note is missing or unreadable.
    """
    settings = recipe.stored_settings(control)
    return make_plan(
        recipe.stored_series(control), settings, output_settings.scene_resolution(scene)
    )


def told_frames(scene: bpy.types.Scene, control: bpy.types.Object) -> Text:
    """How many frames are rendered, in words; of how many, where that is not all of the zoom."""
    count = len(output_settings.frames_rendered(scene))
    keys, settings = recipe.stored_keys(control), _settings_before(control)
    if not keys or settings is None:
        return counted(count, "frame")
    total = frames_between(keys, settings)
    if count < total:
        return Text("{count} of {frames}", count=count, frames=counted(total, "frame"))
    return counted(count, "frame")


def problems(control: Any) -> list[Text]:
    """What is wrong with the objects of a zoom, each in one line that says what to do."""
    try:
        objects.check_editable(control)
    except EverZoomError as error:
        return [error.text]
    found = []
    if objects.level_now(control) is None:
        found.append(Text("The property Zoom Level is gone: press Build Again."))
    if next(objects.parts(control, "camera"), None) is None:
        found.append(Text("The zoom's camera is gone: press Build Again."))
    try:
        recipe.stored(control)
        recipe.stored_settings(control)
    except EverZoomError as error:
        return [*found, error.text]
    count = len(recipe.stored_levels(control))
    layers = objects.numbered(control, "layer")
    missing = sum(number not in layers for number in range(count))
    if missing:
        found.append(
            Text(
                "{missing} of {count} layers are gone: press Build Again.",
                missing=missing,
                count=count,
            )
        )
    empty = [item.name for item in layers.values() if objects.is_empty(item)]
    if empty:
        found.append(
            Text(
                "{layer} and {count} more have lost the image: press Build Again."
                if len(empty) > 1
                else "{layer} has lost the image: press Build Again.",
                layer=empty[0],
                count=len(empty) - 1,
            )
        )
    return found
