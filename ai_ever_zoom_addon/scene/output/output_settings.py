"""Blender's own output settings, filled in for a zoom."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from ...core.files.output import FRAME_NAME, is_video
from ...core.plan.plan import Plan
from ...settings import Engine
from .. import compat
from ..strips.sequencer import has_strips
from .sound import use_strips

ENGINE_IDS = {
    Engine.EEVEE: compat.EEVEE,
    Engine.CYCLES: "CYCLES",
    Engine.WORKBENCH: "BLENDER_WORKBENCH",
}

# Things that can be seen through, of the user's, for which Cycles has room before the layers.
_CLEAR_THINGS = 4


def fill_range(scene: Any, plan: Plan) -> None:
    """First and last frame."""
    scene.frame_start = plan.first_frame
    scene.frame_end = plan.last_frame


def fill_timing(scene: Any, plan: Plan) -> None:
    """Frame rate."""
    scene.render.fps, scene.render.fps_base = _frame_rate(plan.settings.frames_per_second)
    scene.render.frame_map_old = scene.render.frame_map_new = 100


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


def fill_size(scene: Any, plan: Plan) -> None:
    """Frame size; the scene's own stays where the plan was made for it."""
    if plan.settings.resolution is None and plan.settings.scene_resolution:
        return
    render = scene.render
    render.resolution_x, render.resolution_y = plan.resolution
    render.resolution_percentage = 100
    render.pixel_aspect_x = render.pixel_aspect_y = 1.0


def scene_resolution(scene: Any) -> tuple[int, int]:
    """The size of the frames that a scene renders, in pixels."""
    render = scene.render
    return (
        max(1, int(render.resolution_x * render.resolution_percentage / 100)),
        max(1, int(render.resolution_y * render.resolution_percentage / 100)),
    )


def fill_colours(scene: Any) -> None:
    """A view transform under which an image comes back as it is."""
    view = scene.view_settings
    view.view_transform = "Standard"
    view.look = "None"
    view.exposure, view.gamma = 0.0, 1.0
    view.use_curve_mapping = False
    scene.display_settings.display_device = "sRGB"
    scene.render.dither_intensity = 0.0


def fill_engine(scene: Any, plan: Plan) -> None:
    """The recipe of an engine for sharp frames without noise.

    The planes are flat pictures: one sample at the centre of each pixel is exact, and every filter
    over more samples is only softer.
    """
    engine = plan.settings.engine
    if engine in (Engine.KEEP, Engine.SEQUENCER):
        return
    scene.render.engine = ENGINE_IDS[engine]
    samples = plan.settings.samples or 1
    scene.render.use_persistent_data = True  # images stay loaded from frame to frame
    if engine is Engine.CYCLES:
        cycles = scene.cycles
        cycles.samples = samples
        cycles.use_adaptive_sampling = False
        cycles.use_denoising = False
        cycles.pixel_filter_type = "BOX"
        cycles.filter_width = 1.0
        cycles.max_bounces = 4
        needed = plan.most_visible + _CLEAR_THINGS
        cycles.transparent_max_bounces = max(needed, cycles.transparent_max_bounces)
        # Before that many Cycles ends rays by chance, which a single sample shows as specks.
        cycles.min_transparent_bounces = needed
        cycles.use_auto_tile = False
    elif engine is Engine.EEVEE:
        eevee = scene.eevee
        eevee.taa_render_samples = samples
        eevee.use_shadows = False
        eevee.use_raytracing = False
        compat.disable_fast_gi(eevee)
        # Without a filter all samples of a pixel are taken at its centre. This one smooths edges,
        # and softens the pictures less than one that covers the whole pixel.
        scene.render.filter_size = 0.0 if samples == 1 else 0.7
    else:
        shading = scene.display.shading
        shading.light = "FLAT"
        shading.color_type = "TEXTURE"
        shading.show_cavity = shading.show_shadows = shading.show_object_outline = False
        shading.show_xray = shading.show_specular_highlight = False
        scene.display.render_aa = "OFF" if samples == 1 else "8"


def set_output(scene: Any, output: Path | str) -> None:
    """Let a scene render to a video file (*.mp4) or to a folder of PNG frames.

    Args:
        scene: Its render settings are changed.
        output: A path with the ending .mp4, or a folder; "//" starts a path relative to the file.

    Raises:
        EverZoomError: The ending is that of another kind of file.
    """
    text = str(output)
    path = compat.literal_path(text)
    in_sequencer = has_strips(scene)
    image = scene.render.image_settings
    if is_video(text):
        compat.set_media_type(scene, video=True)
        image.file_format = "FFMPEG"
        image.color_mode = "RGB"  # so that H.264 is written as yuv420p, which plays everywhere
        video = scene.render.ffmpeg
        video.format = "MPEG4"
        video.codec = "H264"
        video.constant_rate_factor = "PERC_LOSSLESS"
        # Beside the sequencer the encoder would take most of the time.
        video.ffmpeg_preset = "REALTIME" if in_sequencer else "GOOD"
        # A frame that is coded anew is a little sharper than the one before it: more often, and a
        # steady zoom is seen to pulse.
        video.gopsize = 60
        video.use_max_b_frames = False
        scene.render.filepath = path
    else:
        compat.set_media_type(scene, video=False)
        image.file_format = "PNG"
        image.color_mode = "RGB"
        image.color_depth = "8"
        image.compression = 15
        scene.render.filepath = path.rstrip("/\\") + "/" + FRAME_NAME
    scene.render.use_file_extension = True
    scene.render.use_overwrite = True
    use_strips(scene)
