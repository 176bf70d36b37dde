"""A sound is set with the zoom, fits its length, and is in the video. Touches bpy."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import bpy
import numpy as np
import pytest

import ai_ever_zoom_addon
from ai_ever_zoom_addon import cli
from ai_ever_zoom_addon.errors import EverZoomError
from ai_ever_zoom_addon.scene import compat, tags
from ai_ever_zoom_addon.scene.output import sound
from ai_ever_zoom_addon.scene.planes import objects
from tests.scene.nested import write_series

SECONDS, RATE, PITCH = 1.6, 48000, 440.0

operators: Any = bpy.ops


@pytest.fixture(autouse=True)
def _needs_sound() -> None:
    options: Any = bpy.app.build_options
    if not options.audaspace:
        pytest.skip("does not apply: this bpy was built without sound")


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    file = tmp_path / "sound" / "a tone.wav"
    file.parent.mkdir()
    times = np.arange(round(SECONDS * RATE)) / RATE
    values = (12000 * np.sin(2 * np.pi * PITCH * times)).astype("<i2")
    with wave.open(str(file), "wb") as output:
        output.setnchannels(1)
        output.setsampwidth(2)
        output.setframerate(RATE)
        output.writeframes(values.tobytes())
    return file


def own_strips() -> list[Any]:
    editor = bpy.context.scene.sequence_editor
    return [strip for strip in compat.strips(editor) if tags.SOUND in strip] if editor else []


def test_its_length_is_measured(tone: Path) -> None:
    before = len(bpy.data.scenes), len(bpy.data.sounds)
    assert sound.sound_seconds(str(tone)) == pytest.approx(SECONDS, abs=0.0015)
    assert (len(bpy.data.scenes), len(bpy.data.sounds)) == before


@pytest.mark.parametrize("engine", ["sequencer", "workbench"])
def test_the_video_has_the_sound_and_its_length(
    engine: str, tone: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write_series(tmp_path / "images", 3)
    video = tmp_path / "zoom.mp4"
    options = ["-i", str(tmp_path / "images"), "-o", str(video), "--sound", str(tone)]
    assert cli.main([*options, "-fps", "25", "--no-align", "--engine", engine]) == 0, (
        capfd.readouterr().out
    )
    with av.open(str(video)) as container:
        (heard,) = container.streams.audio
        (seen,) = container.streams.video
        assert heard.codec_context.name == "aac"
        assert seen.frames == round(SECONDS * 25)
        blocks = [block.to_ndarray()[0] for block in container.decode(audio=0)]
        rate = heard.rate
    samples = np.concatenate(blocks)
    middle = samples[len(samples) // 4 : len(samples) * 3 // 4]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.sqrt((middle**2).mean()) > 0.1
    assert spectrum.argmax() * rate / len(middle) == pytest.approx(PITCH, abs=3)


def test_a_given_length_goes_before_that_of_the_sound(tone: Path, tmp_path: Path) -> None:
    write_series(tmp_path / "images", 3)
    blend = tmp_path / "zoom.blend"
    options = ["-i", str(tmp_path / "images"), "--sound", str(tone), "--length", "1", "--no-align"]
    assert (
        cli.main([*options, "--engine", "cycles", "--no-render", "--save-blend", str(blend)]) == 0
    )
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    scene = bpy.context.scene
    assert scene.frame_end - scene.frame_start + 1 == 30
    (strip,) = own_strips()
    assert strip.sound.filepath == "//sound/a tone.wav"


def test_missing_and_broken_sounds_are_named(tmp_path: Path) -> None:
    with pytest.raises(EverZoomError, match="not there"):
        sound.sound_seconds(str(tmp_path / "none.wav"))
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound")
    scene = bpy.context.scene
    with pytest.raises(EverZoomError, match=r"broken\.wav"):
        sound.set_sound(scene, str(broken), 1)
    assert not own_strips() and not bpy.data.sounds


@pytest.fixture
def group(tmp_path: Path) -> Iterator[Any]:
    """The settings of a zoom that was built by the button."""
    ai_ever_zoom_addon.register()
    write_series(tmp_path / "images", 3)
    scene: Any = bpy.context.scene
    scene.ever_zoom.folder = str(tmp_path / "images")
    operators.ever_zoom.build()
    yield objects.controls(scene)[0].ever_zoom
    ai_ever_zoom_addon.unregister()


def test_the_panel_sets_fits_and_takes_away(group: Any, tone: Path) -> None:
    scene: Any = bpy.context.scene
    group.sound = str(tone)
    group.length_by = "sound"
    assert scene.frame_end - scene.frame_start + 1 == round(SECONDS * scene.render.fps)
    assert scene.render.ffmpeg.audio_codec == "AAC"
    (strip,) = own_strips()
    group.crop = 0.6  # other changes leave it
    assert own_strips() == [strip]
    group.sound = ""
    assert own_strips() == []
    assert not bpy.data.sounds
    assert scene.render.ffmpeg.audio_codec == "NONE"


def test_strips_of_the_users_do_not_hide_the_zoom(group: Any, tone: Path) -> None:
    scene: Any = bpy.context.scene
    theirs = compat.strips(scene.sequence_editor_create())
    text = theirs.new_image("theirs", str(tone), channel=1, frame_start=1)
    group.sound = str(tone)
    assert not scene.render.use_sequencer
    group.sound = ""
    assert list(theirs) == [text]
