"""The sound of a zoom: a strip in the scene's sequencer, as Blender has it. Touches bpy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from ...errors import EverZoomError, reason_of
from .. import compat
from ..paths import absolute
from ..strips.strips import free_channel
from ..tags import ROLE, SOUND

# Frames per second of a scene in which lengths are measured: the finest that Blender has.
_MEASURING_RATE = 1000


def sound_seconds(file: str) -> float:
    """How long a sound file lasts, to a thousandth of a second; as in `set_sound`.

    Raises:
        EverZoomError: It cannot be read.
    """
    scene: Any = bpy.data.scenes.new("Sound")
    try:
        scene.render.fps, scene.render.fps_base = _MEASURING_RATE, 1.0
        strip = _new_strip(scene, file, 1)
        sound, frames = strip.sound, compat.duration(strip)
    finally:
        bpy.data.scenes.remove(scene)
    if not sound.users:
        bpy.data.sounds.remove(sound)
    return frames / _MEASURING_RATE


def check(file: str) -> None:
    """Make sure that a sound file is there.

    Raises:
        EverZoomError: It is not.
    """
    path = Path(absolute(file))
    if not path.is_file():
        raise EverZoomError("The sound {path} is not there: choose another file.", path=path)


def set_sound(scene: Any, file: str | None, first_frame: int) -> None:
    """Let a scene play a sound from a frame on, in place of the one that was set before.

    Args:
        scene: Its other strips stay.
        file: May begin with "//", which is the .blend file's folder; None takes the sound away.
        first_frame: Where it starts.

    Raises:
        EverZoomError: It cannot be read.
    """
    wanted = f"{first_frame} {file}" if file else None
    strips = compat.strips(scene.sequence_editor) if scene.sequence_editor is not None else ()
    former = [strip for strip in strips if SOUND in strip]
    if [strip[SOUND] for strip in former] == ([wanted] if wanted else []):
        return
    if file:
        _new_strip(scene, file, first_frame)[SOUND] = wanted
    for strip in former:
        sound = strip.sound
        compat.strips(scene.sequence_editor).remove(strip)
        if sound is not None and not sound.users:
            bpy.data.sounds.remove(sound)


AUDIO_CODEC = "render.ffmpeg.audio_codec"
# What a video's sound is coded in, by the container; in all others it is AAC.
_CODECS = {"WEBM": "OPUS", "QUICKTIME": "PCM"}


def strips_heard(
    scene: Any, *, is_seen: bool, container: str = ""
) -> dict[str, bool | int | float | str]:
    """The settings with which a render has the sound of the scene's sequencer, by data paths.

    Blender gives a video the sound only where it would take the picture, too; it takes that from
    the 3D scene where there are sound strips only.

    Args:
        scene: What it has besides a zoom's picture is asked.
        is_seen: The picture is the sequencer's, too.
        container: The kind of video that is going to be set; "": the one that is.
    """
    codec = _CODECS.get(container or scene.render.ffmpeg.format, "AAC")
    editor = scene.sequence_editor
    strips = compat.strips(editor) if editor is not None else ()
    kinds = {strip.type for strip in strips if ROLE not in strip}
    is_used = is_seen or kinds == {"SOUND"}
    return {
        "render.use_sequencer": is_used,
        AUDIO_CODEC: codec if is_used and "SOUND" in kinds else "NONE",
    }


def _new_strip(scene: Any, file: str, first_frame: int) -> Any:
    check(file)
    path = Path(absolute(file))
    if scene.sequence_editor is None:
        scene.sequence_editor_create()
    strips = compat.strips(scene.sequence_editor)
    channel = free_channel(scene.sequence_editor)
    try:
        strip = strips.new_sound(path.stem, file, channel=channel, frame_start=first_frame)
    except RuntimeError as error:
        raise EverZoomError(
            "The sound {path} cannot be used: {reason}.", path=path.name, reason=reason_of(error)
        ) from error
    if not strip.sound.samplerate:
        sound = strip.sound
        strips.remove(strip)
        bpy.data.sounds.remove(sound)
        raise EverZoomError(
            "{path} is no sound that Blender reads: choose another file.", path=path.name
        )
    return strip
