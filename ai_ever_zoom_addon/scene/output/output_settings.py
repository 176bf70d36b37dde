"""Blender's own output settings for a zoom: one table says what the recipe wants of them.

What a build writes into a scene is remembered with the scene. A later change of the zoom writes
only what the recipe now wants otherwise, so what the user has set by hand stays; it is said to
differ, and a button takes the recipe again.
"""

from __future__ import annotations

import json
import math
import tempfile
import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import bpy

from ... import plain
from ...core.files.folder import check_name
from ...core.files.moving import choose_moving
from ...core.files.output import (
    FRAME_NAME,
    KINDS,
    OWN_VIDEO,
    VIDEO_SUFFIX,
    VIDEO_SUFFIXES,
    check_frame_size,
    format_of,
    free_video,
    video_of,
)
from ...core.findings import Finding, FindingKind
from ...core.plan.plan import Plan
from ...errors import EverZoomError
from ...names import ending_of, last_part
from ...settings import TABLE, Engine, FileFormat, FrameSize, ZoomSettings
from ...texts import Text
from .. import colours, compat, tags
from ..paths import absolute
from ..planes import objects
from ..strips.strips import has_strips
from .sound import AUDIO_CODEC, strips_heard

ENGINE_IDS = {
    Engine.EEVEE: compat.EEVEE,
    Engine.CYCLES: "CYCLES",
    Engine.WORKBENCH: "BLENDER_WORKBENCH",
}

# Blender keeps what they render as half floats, whatever precision the images have.
_HALF_PRECISION = (Engine.EEVEE, Engine.WORKBENCH)

# Things that can be seen through, effects and the user's, for which Cycles has room before the
# layers.
_CLEAR_THINGS = 16

Value = bool | int | float | str

# Data paths from the scene, and what the recipe wants there.
Table = dict[str, Value]

# More than the recipe wants is as good.
LARGEST_VALUE = 1e12  # of what is written into a scene
_AT_LEAST = {"cycles.transparent_max_bounces", "cycles.min_transparent_bounces"}

# What means something only together is written together.
_TOGETHER = (
    {
        "render.resolution_x",
        "render.resolution_y",
        "render.pixel_aspect_x",
        "render.pixel_aspect_y",
    },
    {"render.fps", "render.fps_base"},
)
# So is what belongs to a format: choosing that, Blender forgets how it was to be encoded.
_FORMAT = {"render.image_settings.file_format", "render.ffmpeg.format", "render.ffmpeg.codec"}
_OF_FORMAT = ("render.image_settings.", "render.ffmpeg.")

# In a file of frames they say when, where and on what it was made. Cycles adds how long it took as
# soon as there is any.
_METADATA = (
    *("camera", "date", "filename", "frame", "frame_range", "hostname", "lens", "marker"),
    *("memory", "note", "render_time", "scene", "sequencer_strip", "time"),
)


# --- What the recipe wants ------------------------------------------------------------------------


def wanted(scene: bpy.types.Scene, plan: Plan) -> Table:
    """What the recipe wants of a scene's settings.

    The order is that in which they have to be set: what a setting offers may depend on others.
    """
    engine = plan.settings.engine
    is_fast = has_strips(scene) if engine is Engine.KEEP else engine is Engine.SEQUENCER
    in_format: Table = {}
    if plan.settings.file_format is not FileFormat.AUTO:
        in_format = _wanted_format(plan.settings.file_format, in_sequencer=is_fast)
    container = str(in_format.get("render.ffmpeg.format", ""))
    heard = strips_heard(scene, is_seen=is_fast, container=container)
    if engine is Engine.KEEP:
        codec = {path: value for path, value in heard.items() if container and path == AUDIO_CODEC}
        return _wanted_size(plan) | in_format | codec
    return {
        "frame_start": plan.first_frame,
        "frame_end": plan.last_frame,
        **_wanted_rate(plan.settings.frames_per_second),
        **_wanted_size(plan),
        **({"render.resolution_percentage": 100} if _wanted_size(plan) else {}),
        **_wanted_colours(engine),
        **_wanted_engine(plan),
        # Also of a format that is left as it is: with another engine another speed is right.
        "render.ffmpeg.ffmpeg_preset": _encoding_speed(in_sequencer=is_fast),
        **in_format,
        **heard,
        **{f"render.use_stamp_{name}": False for name in _METADATA},
    }


def _wanted_rate(rate: float) -> Table:
    fps, base = _frame_rate(rate)
    return {
        "render.fps": fps,
        "render.fps_base": base,
        "render.frame_map_old": 100,
        "render.frame_map_new": 100,
    }


def _frame_rate(rate: float) -> tuple[int, float]:
    """A whole number and what to divide it by for a rate.

    The divisor is a whole number, too, or 1.001 for the rates of American television: of others
    Blender's writer of videos cuts digits off, and the video runs at another speed.
    """
    for television in (24, 30, 48, 60, 120):
        if abs(rate - television / 1.001) < 0.005:
            return television, 1.001
    fraction = Fraction(rate).limit_denominator(min(1000, int(32767 / rate)))
    return fraction.numerator, float(fraction.denominator)


def _wanted_size(plan: Plan) -> Table:
    """Nothing where the plan was made for the scene's own frames."""
    if plan.settings.resolution_from is FrameSize.SCENE:
        return {}
    width, height = plan.resolution
    return {
        "render.resolution_x": width,
        "render.resolution_y": height,
        "render.pixel_aspect_x": 1.0,
        "render.pixel_aspect_y": 1.0,
    }


# By format: the container, the codec, and the bits of a value.
_VIDEOS = {
    FileFormat.H264: ("MPEG4", "H264", "8"),
    FileFormat.H265: ("MPEG4", "H265", "8"),
    FileFormat.AV1: ("MPEG4", "AV1", "8"),
    FileFormat.WEBM: ("WEBM", "WEBM", "8"),
    FileFormat.PRORES: ("QUICKTIME", "PRORES", "10"),
}
# By format: what Blender calls it, the bits of a value, and how they are packed.
_PICTURES: dict[FileFormat, tuple[str, str, Table]] = {
    FileFormat.PNG: ("PNG", "8", {"compression": 15}),
    FileFormat.PNG_16: ("PNG", "16", {"compression": 15}),
    FileFormat.EXR: ("OPEN_EXR", "16", {"exr_codec": "ZIP"}),
    FileFormat.JPEG: ("JPEG", "8", {"quality": 95}),
    FileFormat.WEBP: ("WEBP", "8", {"quality": 90}),  # put together when all are there
}


def _wanted_format(file_format: FileFormat, *, in_sequencer: bool) -> Table:
    """How frames are written in a format, which is not AUTO."""
    image = "render.image_settings"
    table: Table = {**compat.media_type(video=file_format in _VIDEOS)}
    if file_format in _PICTURES:
        name, depth, packed = _PICTURES[file_format]
        return table | {
            f"{image}.file_format": name,
            f"{image}.color_mode": "RGB",
            f"{image}.color_depth": depth,
            **{f"{image}.{key}": value for key, value in packed.items()},
        }
    container, codec, depth = _VIDEOS[file_format]
    table |= {
        f"{image}.file_format": "FFMPEG",
        f"{image}.color_mode": "RGB",  # so that H.264 is written as yuv420p, which plays everywhere
        "render.ffmpeg.format": container,
        "render.ffmpeg.codec": codec,
        f"{image}.color_depth": depth,
    }
    if file_format is FileFormat.PRORES:
        return table | {"render.ffmpeg.ffmpeg_prores_profile": "422_HQ"}
    return table | {
        "render.ffmpeg.constant_rate_factor": "PERC_LOSSLESS",
        "render.ffmpeg.ffmpeg_preset": _encoding_speed(in_sequencer=in_sequencer),
        # A frame that is coded anew is a little sharper than the one before it: more often, and a
        # steady zoom is seen to pulse.
        "render.ffmpeg.gopsize": 60,
        "render.ffmpeg.use_max_b_frames": False,
    }


def _encoding_speed(*, in_sequencer: bool) -> str:
    """Beside the sequencer the encoder would take most of the time."""
    return "REALTIME" if in_sequencer else "GOOD"


VIEW_TRANSFORM = "view_settings.view_transform"


def _wanted_colours(engine: Engine) -> Table:
    """A view under which an image comes back as it is."""
    display = colours.plain_display()
    table: Table = {
        "display_settings.display_device": display.device,
        VIEW_TRANSFORM: display.view,
        "view_settings.look": "None",
        "view_settings.exposure": 0.0,
        "view_settings.gamma": 1.0,
        "view_settings.use_curve_mapping": False,
        "render.dither_intensity": 0.0,
    }
    if engine is Engine.SEQUENCER:  # as the images are: nothing is converted
        table["sequencer_colorspace_settings.name"] = colours.picture_space()
    return table


def _wanted_engine(plan: Plan) -> Table:
    """The recipe of an engine for sharp frames without noise.

    The planes are flat pictures: one sample at the centre of each pixel is exact, and every filter
    over more samples is only softer. So it is in the 3D View, too, where EEVEE draws the Material
    Preview whatever engine renders.
    """
    engine, samples = plan.settings.engine, plan.settings.samples or 1
    if engine is Engine.SEQUENCER:
        return {}
    table: Table = {
        "render.engine": ENGINE_IDS[engine],
        "render.use_persistent_data": True,  # images stay loaded from frame to frame
    }
    by_eevee: Table = {
        "eevee.taa_samples": samples,
        # Without a filter all samples of a pixel are taken at its centre. This one smooths edges,
        # and softens the pictures less than one that covers the whole pixel.
        "render.filter_size": 0.0 if samples == 1 else 0.7,
    }
    if engine is Engine.CYCLES:
        return table | {
            **by_eevee,
            "cycles.samples": samples,
            "cycles.preview_samples": samples,
            "cycles.use_adaptive_sampling": False,
            "cycles.use_denoising": False,
            "cycles.pixel_filter_type": "BOX",
            "cycles.filter_width": 1.0,
            "cycles.max_bounces": 4,
            "cycles.transparent_max_bounces": plan.most_visible + _CLEAR_THINGS,
            # Before that many Cycles ends rays by chance, which a single sample shows as specks.
            "cycles.min_transparent_bounces": plan.most_visible + _CLEAR_THINGS,
            "cycles.use_auto_tile": False,
        }
    if engine is Engine.EEVEE:
        return table | {
            **by_eevee,
            "eevee.taa_render_samples": samples,
            "eevee.use_shadows": False,
            "eevee.use_raytracing": False,
            **{f"eevee.{name}": False for name in compat.FAST_GI},
        }
    shading: Table = {
        "light": "FLAT",
        "color_type": "TEXTURE",
        **dict.fromkeys(("show_cavity", "show_shadows", "show_object_outline"), False),
        **dict.fromkeys(("show_xray", "show_specular_highlight"), False),
    }
    smoothing = "OFF" if samples == 1 else "8"
    return table | {
        **{f"display.shading.{name}": value for name, value in shading.items()},
        **dict.fromkeys(("display.render_aa", "display.viewport_aa"), smoothing),
    }


def has_engine(engine: Engine) -> bool:
    """Whether this Blender has an engine: Cycles is an add-on, which can be switched off.

    Panels ask it, too: nothing is written for it.
    """
    return engine is not Engine.CYCLES or hasattr(bpy.types.Scene, "cycles")


def check_engine(engine: Engine) -> None:
    """Make sure that this Blender has an engine.

    Raises:
        EverZoomError: It has not.
    """
    if not has_engine(engine):
        raise EverZoomError(
            "The engine {engine} is switched off: switch it on in Edit > Preferences > "
            "Add-ons, or choose another engine.",
            engine=engine.value.capitalize(),
        )


@lru_cache(maxsize=16)
def check_format(file_format: FileFormat) -> None:
    """Make sure that this Blender writes a format.

    Raises:
        EverZoomError: It does not.
    """
    if file_format is FileFormat.AUTO:
        return
    scene = bpy.data.scenes.new("Format")
    try:
        for path, value in _wanted_format(file_format, in_sequencer=False).items():
            _write(scene, path, value)
    except (AttributeError, TypeError):
        title = TABLE["file_format"].items[file_format][0]
        raise EverZoomError(
            "Blender {version} does not write {title}: choose another format, or take a newer "
            "Blender.",
            version=bpy.app.version_string,
            title=title,
        ) from None
    finally:
        bpy.data.scenes.remove(scene)


def check(scene: bpy.types.Scene, plan: Plan) -> list[Finding]:
    """Find out, before anything is made, whether this Blender has what the recipe wants.

    Returns:
        What is not as one would expect it.

    Raises:
        EverZoomError: The engine or the format is not there.
    """
    engine = plan.settings.engine
    check_format(plan.settings.file_format)
    if engine is Engine.KEEP:
        first, last = scene.frame_start, scene.frame_end
        findings = changed_colours(scene)
        if first > plan.first_frame or last < plan.last_frame:
            values = {"frames": [first, last], "wanted": [plan.first_frame, plan.last_frame]}
            findings.append(Finding(FindingKind.OTHER_FRAMES, values))
        return findings
    check_engine(engine)
    findings = []
    display = colours.plain_display()
    if not display.is_exact:
        findings.append(Finding(FindingKind.OTHER_COLOURS, {"view": display.view}))
    if engine in _HALF_PRECISION and plan.settings.file_format is FileFormat.PNG_16:
        name = TABLE["engine"].items[engine][0]
        findings.append(Finding(FindingKind.HALF_PRECISION, {"engine": name}))
    return findings


def changed_colours(scene: bpy.types.Scene) -> list[Finding]:
    """That a scene's view transform is none that leaves pictures as they are; nothing if it is."""
    view, plain_view = scene.view_settings.view_transform, colours.plain_display().view
    if view == plain_view:
        return []
    return [Finding(FindingKind.CHANGED_COLOURS, {"view": view, "plain": plain_view})]


# --- What of it is written ------------------------------------------------------------------------


def fill(scene: bpy.types.Scene, control: bpy.types.Object, plan: Plan, *, anew: bool) -> None:
    """Write into a scene what the recipe wants otherwise than when it was written last.

    Args:
        scene: A scene that the zoom was only linked to stays as it is.
        control: The zoom.
        plan: What it is now.
        anew: Write everything: the zoom is built into the scene, or the user wants it.
    """
    if not scene.is_editable:
        return
    is_copy = _is_copy(scene, control)
    if is_copy and not anew:
        return
    if is_copy or control.get(tags.IDENTITY) is None:
        control[tags.IDENTITY] = uuid.uuid4().hex[:8]
        anew = True
    written = _written(scene)
    key = str(control[tags.IDENTITY])
    before = {} if anew else written.get(key)
    if before is None:
        return
    table = wanted(scene, plan)
    changed = {path for path, value in table.items() if before.get(path) != value}
    in_format = {path for path in table if path.startswith(_OF_FORMAT)}
    for paths in (*_TOGETHER, in_format if changed & _FORMAT else set()):
        if not changed.isdisjoint(paths):
            changed |= paths & table.keys()
    for path, value in table.items():
        if path in changed:
            _write(scene, path, value)
    if changed & _FORMAT:
        _follow_format(scene, plan.settings.file_format)
    if "render.engine" in changed and table["render.engine"] == compat.EEVEE:
        _darken(scene)
    scene[tags.OUTPUT] = json.dumps(written | {key: table})


def is_set_up(scene: bpy.types.Scene, control: bpy.types.Object) -> bool:
    """Whether a scene has the settings of a zoom.

    One from another file leaves them alone, and so does the copy of one that is there.
    """
    identity = control.get(tags.IDENTITY)
    return identity is None or (str(identity) in _written(scene) and not _is_copy(scene, control))


def _is_copy(scene: bpy.types.Scene, control: bpy.types.Object) -> bool:
    """Whether a zoom was copied from another one of the scene: from the one that is rendered."""
    identity = control.get(tags.IDENTITY)
    alike = [
        item
        for item in objects.controls(scene)
        if item.get(tags.IDENTITY) == identity and objects.original_of(item) is None
    ]
    shown = [item for item in alike if scene.camera in item.children_recursive]
    return control in alike and control != [*shown, *alike][0]


def frames_rendered(scene: Any) -> range:
    """The frames of a scene that are rendered, as its settings are now."""
    return range(scene.frame_start, scene.frame_end + 1, scene.frame_step)


def own_range(scene: bpy.types.Scene, control: bpy.types.Object) -> tuple[int, int] | None:
    """The frames that the user wants rendered of a zoom, where these are not all of it."""
    table = taken(scene, control)
    ends = scene.frame_start, scene.frame_end
    all_of_it = table.get("frame_start"), table.get("frame_end")
    return None if all_of_it in (ends, (None, None)) else ends


def is_untouched(scene: bpy.types.Scene, plan: Plan) -> bool:
    """Whether nobody has used a scene for anything that a zoom in it would change."""
    editor = scene.sequence_editor
    has_strips_of_any_kind = editor is not None and len(compat.strips(editor)) > 0
    if scene.objects or has_strips_of_any_kind or compat.compositing_tree(scene) is not None:
        return False
    fresh = bpy.data.scenes.new("Untouched")
    try:
        return all(
            _value(scene, path) in (value, _value(fresh, path), compat.AS_STARTED.get(path))
            for path, value in wanted(scene, plan).items()
        )
    finally:
        bpy.data.scenes.remove(fresh)


def changed_by_build(scene: bpy.types.Scene, settings: ZoomSettings) -> list[Text]:
    """What of a scene a build into it sets anew: what it is called, and what it is now."""
    render, view = scene.render, scene.view_settings
    camera = [Text("Camera: {camera}", camera=scene.camera.name)] if scene.camera else []
    across, up = render.resolution_x, render.resolution_y
    size = Text("Resolution: {width} x {height}", width=across, height=up)
    image = render.image_settings
    written = Text(
        "File format: {format}, with its settings",
        format=_shown(image, "file_format", image.file_format),
    )
    in_format = [] if settings.file_format is FileFormat.AUTO else [written]
    if settings.engine is Engine.KEEP:
        return [size, *in_format, *camera]
    return [
        Text(
            "Render engine: {engine}, with samples and filter",
            engine=_shown(render, "engine", render.engine),
        ),
        Text(
            "Resolution: {width} x {height}, {percentage} %",
            width=across,
            height=up,
            percentage=render.resolution_percentage,
        ),
        Text("Frame range: {first} to {last}", first=scene.frame_start, last=scene.frame_end),
        Text("Frame rate: {rate:g}", rate=render.fps / render.fps_base),
        Text(
            "View transform: {view}, with look, exposure and gamma",
            view=view.view_transform,
        ),
        Text("Metadata in the frames"),
        *in_format,
        *camera,
    ]


def _darken(scene: bpy.types.Scene) -> None:
    """Give a scene without a world the black one that it is rendered with, but a small one.

    For each frame EEVEE makes light of the world anew. Of the one that stands in for none it takes
    1024 pixels: 2.8 of the 3.2 seconds that a small frame takes of the processor in software
    OpenGL. A world of the user's stays as it is.
    """
    if scene.world is None:
        scene.world = bpy.data.worlds.new("Black")
        compat.darken(scene.world)
        scene.world.probe_resolution = "128"


def _written(scene: bpy.types.Scene) -> dict[str, Table]:
    """What was written into a scene last, by the zooms' identities."""
    try:
        found = plain.read_json(scene.get(tags.OUTPUT, "{}"))
        return {
            plain.text(key): {
                plain.text(path): _checked(value) for path, value in plain.record(table).items()
            }
            for key, table in plain.record(found).items()
        }
    except (TypeError, ValueError):  # the user has changed the note
        return {}


def _checked(value: Any) -> Value:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return plain.text(value)
    plain.number(value, -LARGEST_VALUE, LARGEST_VALUE)
    return value  # a whole number stays one


def _owner(scene: bpy.types.Scene, path: str) -> tuple[Any, str]:
    place, _, name = path.rpartition(".")
    return (scene.path_resolve(place) if place else scene), name


def _value(scene: bpy.types.Scene, path: str) -> Value:
    owner, name = _owner(scene, path)
    value: Value = getattr(owner, name)
    return value


def _write(scene: bpy.types.Scene, path: str, value: Value) -> None:
    owner, name = _owner(scene, path)
    if path in _AT_LEAST:
        value = max(value, getattr(owner, name))
    setattr(owner, name, value)


# --- What the user has set by hand ----------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """A setting that is not as the recipe wants it.

    Attributes:
        path: Its data path from the scene.
        name: What Blender calls it.
        value: What it is.
        wanted: What the recipe wants.
    """

    path: str
    name: str
    value: str
    wanted: str

    @property
    def text(self) -> Text:
        """What is said of it."""
        return Text(
            "{setting}: {value}, in the recipe {wanted}",
            setting=self.name,
            value=self.value,
            wanted=self.wanted,
        )


def differences(scene: bpy.types.Scene, control: bpy.types.Object) -> list[Difference]:
    """What in a scene is not as a zoom's recipe wants it: quick enough for a panel."""
    return list(_differences(scene, taken(scene, control)))


def taken(scene: bpy.types.Scene, control: bpy.types.Object) -> Table:
    """What a scene was given last for a zoom: values by their data paths."""
    return _written(scene).get(str(control.get(tags.IDENTITY)), {})


def _differences(scene: bpy.types.Scene, table: Table) -> Iterator[Difference]:
    for path, value in table.items():
        try:
            owner, name = _owner(scene, path)
            now = getattr(owner, name)
            known = owner.bl_rna.properties[name]
        except (AttributeError, LookupError, ValueError):  # of an engine that is switched off
            continue
        if isinstance(now, str) != isinstance(value, str):  # the user has changed the note
            continue
        is_good = now >= value if path in _AT_LEAST else _is_same(now, value)
        if not is_good:
            title = bpy.app.translations.pgettext_iface(known.name, known.translation_context)
            yield Difference(path, title, _shown(owner, name, now), _shown(owner, name, value))


def _is_same(now: Value, value: Value) -> bool:
    if isinstance(value, float):  # which Blender keeps in single precision
        return math.isclose(float(now), value, rel_tol=1e-6, abs_tol=1e-9)
    return now == value


def _shown(owner: Any, name: str, value: Value) -> str:
    """A value as Blender shows it."""
    if isinstance(value, bool):
        return Text("on") if value else Text("off")
    if isinstance(value, str):
        return bpy.types.UILayout.enum_item_name(owner, name, value) or value
    return f"{value:g}" if isinstance(value, float) else str(value)


# --- What is taken from the scene -----------------------------------------------------------------


def settings_from_scene(
    settings: ZoomSettings, scene: bpy.types.Scene, chosen: Collection[str]
) -> ZoomSettings:
    """The settings of a new zoom, with what the scene says where the user has chosen nothing.

    Args:
        settings: What is chosen, and defaults.
        scene: Its frame rate is taken; where its settings are kept also when it begins.
        chosen: Names of the settings that the user has chosen.
    """
    is_kept = settings.engine is Engine.KEEP
    # The scene's is in single precision: rounded to what was meant.
    rate = float(f"{scene.render.fps / scene.render.fps_base:.7g}")
    slowest, fastest = TABLE["frames_per_second"].limits or (rate, rate)
    if (is_kept or "frames_per_second" not in chosen) and slowest <= rate <= fastest:
        settings = replace(settings, frames_per_second=rate)
    if is_kept and "start_frame" not in chosen:
        settings = replace(settings, start_frame=scene.frame_start)
    return settings


def scene_resolution(scene: bpy.types.Scene) -> tuple[int, int]:
    """The size of the frames that a scene renders, in pixels."""
    render = scene.render
    return (
        max(1, int(render.resolution_x * render.resolution_percentage / 100)),
        max(1, int(render.resolution_y * render.resolution_percentage / 100)),
    )


# --- Where the frames go --------------------------------------------------------------------------


def check_range(scene: bpy.types.Scene) -> None:
    """Make sure that a scene has frames to render.

    Raises:
        EverZoomError: It has none.
    """
    if scene.frame_end < scene.frame_start:
        raise EverZoomError(
            "The last frame, {frame_end}, comes before the first, {frame_start}: set the "
            "frame range in Blender's Output properties.",
            frame_end=scene.frame_end,
            frame_start=scene.frame_start,
        )


def check_size(scene: bpy.types.Scene) -> None:
    """Make sure that the encoder that a scene has chosen takes frames of its size.

    Raises:
        EverZoomError: It does not.
    """
    options = scene.render
    if options.is_movie_format:
        codecs = {codec: video for video, (_, codec, _) in _VIDEOS.items()}
        video = codecs.get(options.ffmpeg.codec, FileFormat.WEBM)  # as most, it takes any size
        check_frame_size(video, *scene_resolution(scene))


def check_frames(folder: Path) -> None:
    """Make sure that Blender can name the frames in a folder.

    Raises:
        EverZoomError: Their names are no text, or too long.
    """
    check_name(Path(compat.literal_path(str(folder))), room=len(f"/{FRAME_NAME}.png") + 5)


def set_output(
    scene: bpy.types.Scene, output: Path | str, file_format: FileFormat = FileFormat.AUTO
) -> None:
    """Let a scene render to a video file or to a folder of frames.

    Args:
        scene: Its render settings are changed.
        output: A path with a video's ending, or a folder; "//" starts a path relative to the file.
        file_format: How it is written; AUTO: as the name says.

    Raises:
        EverZoomError: The ending is that of another kind of file, or of another format.
    """
    in_sequencer = has_strips(scene)
    written = format_of(absolute(str(output)), file_format)
    table = _wanted_format(written, in_sequencer=in_sequencer)
    for path, value in table.items():
        _write(scene, path, value)
    scene.render.filepath = _output_path(str(output), written)
    scene.render.use_file_extension = True
    scene.render.use_overwrite = True
    for name, value in strips_heard(scene, is_seen=in_sequencer).items():
        _write(scene, name, value)


def _output_path(output: str, file_format: FileFormat) -> str:
    """The output as Blender has it: that of a loop is the folder of its pictures."""
    path = compat.literal_path(output)
    if file_format in _VIDEOS:
        return path
    ending = KINDS[file_format].ending
    folder = path[: -len(ending)] if ending and path.casefold().endswith(ending) else path
    if folder.strip("/\\"):  # not "//", which is the file's own
        folder = folder.rstrip("/\\") + "/"
    return folder + FRAME_NAME


def _follow_format(scene: bpy.types.Scene, file_format: FileFormat) -> None:
    """Give the output the ending of another format: a folder of frames becomes a video, or back.

    A path that is neither as we make them is the user's.
    """
    path = scene.render.filepath
    if path.endswith(f"/{FRAME_NAME}") and path != f"//{FRAME_NAME}":  # a folder with a name
        stem = path.removesuffix(f"/{FRAME_NAME}")
    elif ending_of(path).casefold() in VIDEO_SUFFIXES:
        stem = path.removesuffix(ending_of(path))
    else:
        return
    is_one_file = file_format in _VIDEOS
    scene.render.filepath = stem + (KINDS[file_format].ending if is_one_file else f"/{FRAME_NAME}")


def set_first_output(
    scene: bpy.types.Scene,
    images: Sequence[Path],
    before: Path | None = None,
    pattern: str = OWN_VIDEO,
    file_format: FileFormat = FileFormat.AUTO,
) -> None:
    """Say where the video goes, unless the user has said so already.

    Args:
        scene: Gets a name after the images' folder, which no other scene has.
        images: The files of the zoom.
        before: The folder of the zoom's images until now, if it was there.
        pattern: What the video is called, as from `video_pattern`, unless it would look like one
            of the images.
        file_format: What it is; AUTO: the usual one.
    """
    path = scene.render.filepath
    temporary = f"{Path(tempfile.gettempdir()).as_posix()}/"
    is_first = path.replace("\\", "/") in ("", "/tmp/", "//", temporary)
    written = FileFormat.H264 if file_format is FileFormat.AUTO else file_format
    ending = KINDS[written].ending
    ours = [
        f"{name}{each}"
        for text in (OWN_VIDEO, pattern)
        if before
        for name in _stems(before, text)
        for each in (ending, VIDEO_SUFFIX)
    ]
    if not (is_first or path in [_output_path(name, written) for name in ours]):
        return
    taken = _outputs_of_others(scene)
    for each in (pattern, OWN_VIDEO):
        beside_file, beside_images = _stems(images[0].parent, each)
        place = free_video(
            f"{beside_file if bpy.data.filepath else beside_images}{ending}",
            lambda name: absolute(_output_path(name, written)) in taken,
            ending,
        )
        # The next build would take it for an image.
        if not choose_moving([Path(last_part(place))], images):
            break
    if is_first:
        set_output(scene, place, written)
    else:  # how it is written may be the user's own choice by now
        scene.render.filepath = _output_path(place, written)


def set_name_of_copy(scene: bpy.types.Scene, images: Sequence[Path]) -> None:
    """Let a copied scene write what it renders beside what the first one writes, not over it.

    Args:
        scene: The copy. Its output keeps folder and ending, and gets a name after the images'
            folder, which no other scene has, unless it had none.
        images: The files of the zoom in it.
    """
    path = scene.render.filepath
    folder = path.removesuffix(last_part(path))
    if path == folder:
        return
    ending = ending_of(path)
    name = video_of(images[0].parent).removesuffix(VIDEO_SUFFIX)
    taken = _outputs_of_others(scene)
    scene.render.filepath = free_video(
        f"{folder}{compat.literal_path(name)}{ending}",
        lambda place: absolute(place) in taken,
        ending,
    )


def _outputs_of_others(scene: bpy.types.Scene) -> set[str]:
    return {absolute(item.render.filepath) for item in bpy.data.scenes if item != scene}


def _stems(folder: Path, pattern: str) -> tuple[str, str]:
    """Where a zoom goes at first: beside the file, or beside the images, without an ending."""
    name = video_of(folder, pattern).removesuffix(VIDEO_SUFFIX)
    return f"//{name}", str(folder / name)
