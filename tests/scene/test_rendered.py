"""What is said of a render before and after it, and what can be done with it. Touches bpy."""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import pytest

from ai_ever_zoom_addon.core.files.video_file import frames_of_video
from ai_ever_zoom_addon.scene.output.output_settings import set_output
from ai_ever_zoom_addon.settings import Engine
from ai_ever_zoom_addon.ui import rendered
from ai_ever_zoom_addon.ui.background import Background, _draw_in_status_bar, _tick
from ai_ever_zoom_addon.ui.rendered import Job, cost, lacking_room, remember, saved
from ai_ever_zoom_addon.wording import told_bytes, told_seconds

from .drawing import Layout, draw_panel
from .room import FRAME, LAST, make_zoom
from .test_formats import kinds_of_boxes

operators: Any = bpy.ops
COUNT = LAST + 1
UNKNOWN = "Time and size"


@pytest.fixture
def scene(addon: None, tmp_path: Path) -> Any:
    scene: Any = bpy.context.scene
    make_zoom(tmp_path / "images", scene, engine=Engine.SEQUENCER)
    set_output(scene, f"{tmp_path}/zoom.mp4")
    return scene


def said() -> str:
    return " ".join(draw_panel("EVERZOOM_PT_main").texts)


@pytest.mark.newest
def test_a_video_of_blenders_own_render_gets_its_index_first(scene: Any, tmp_path: Path) -> None:
    video = tmp_path / "zoom.mp4"
    assert operators.ever_zoom.render() == {"FINISHED"}
    kinds, length = kinds_of_boxes(video), video.stat().st_size
    assert kinds.index(b"moov") > kinds.index(b"mdat")
    rendered.lead_with_index(video)
    kinds = kinds_of_boxes(video)
    assert kinds.index(b"moov") < kinds.index(b"mdat")
    assert frames_of_video(video) == COUNT and video.stat().st_size == length
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["zoom.mp4"]
    rendered.lead_with_index(tmp_path / "none.mp4")  # what is gone by then


@pytest.mark.newest
def test_a_video_that_is_being_written_is_left_to_who_writes_it(tmp_path: Path) -> None:
    video = tmp_path / "zoom.mp4"
    with video.open("wb") as writing:  # as Blender does, whose index comes last
        writing.write(b"\0\0\0\x10ftypisom\0\0\0\0" + b"\0\0\0\x10mdatpictures")
        writing.flush()
        rendered.lead_with_index(video)
        writing.write(b"\0\0\0\x08moov")
    assert video.read_bytes().endswith(b"moov")
    assert [path.name for path in tmp_path.iterdir()] == ["zoom.mp4"]


def known_seconds(scene: Any) -> float:
    """Where the size is not known."""
    seconds, size = cost(scene) or (0.0, None)
    assert size is None
    return seconds


def finish(patience: float = 120.0) -> None:
    """Let what is rendered in the background come to its end."""
    end = time.monotonic() + patience
    while _tick() is not None:
        time.sleep(0.01)
        assert time.monotonic() < end


@pytest.mark.newest
@pytest.mark.parametrize("output", ["zoom.mp4", "frames"])
def test_before_and_after_a_render(scene: Any, tmp_path: Path, output: str) -> None:
    set_output(scene, tmp_path / output)
    assert f"{COUNT} frames, 0.3 s" in said()
    assert UNKNOWN in said() and "Saved to" not in said()
    assert "Not rendered yet" in said()
    assert not operators.ever_zoom.open_folder.poll()
    before = time.monotonic()
    assert operators.ever_zoom.render() == {"FINISHED"}
    took = time.monotonic() - before
    place = tmp_path / output
    files = [place] if place.is_file() else sorted(place.iterdir())
    size = sum(file.stat().st_size for file in files)
    seconds, expected = cost(scene) or (0.0, 0.0)
    assert 0.0 < seconds <= took and expected == pytest.approx(size)
    assert f"About {told_seconds(seconds)}, {told_bytes(size)}, as last time" in said()
    assert f"Saved to {output}" in said()
    for button in ("play_rendered", "open_folder"):
        assert f"ever_zoom.{button}" in draw_panel("EVERZOOM_PT_main").buttons
        assert getattr(operators.ever_zoom, button).poll()

    # Four times as many pixels in a third of the frames.
    scene.render.resolution_percentage, scene.frame_step = 200, 3
    assert (cost(scene) or (0.0, 0.0))[1] == pytest.approx(size * 4 / 3)
    assert "3 of 9 frames, 0.1 s" in said()
    # By another engine it is not known, and somewhere else nothing was saved.
    scene.render.resolution_percentage, scene.frame_step = 100, 1
    scene.ever_zoom.engine = "cycles"
    assert UNKNOWN in said()
    scene.ever_zoom.engine = "sequencer"
    assert cost(scene) is not None and saved(scene) is not None
    set_output(scene, tmp_path / "elsewhere")
    assert "Saved to" not in said()


@pytest.mark.newest
@pytest.mark.parametrize("output", ["zoom.mp4", "frames"])
def test_what_was_rendered_before_the_file_was_opened_is_found(
    scene: Any, tmp_path: Path, output: str
) -> None:
    set_output(scene, tmp_path / output)
    assert operators.ever_zoom.render() == {"FINISHED"}
    blend = str(tmp_path / "zoom.blend")
    bpy.ops.wm.save_as_mainfile(filepath=blend)

    def open_again() -> Any:
        bpy.ops.wm.open_mainfile(filepath=blend)
        return bpy.context.scene

    scene = open_again()
    assert f"{output}, rendered before" in said() and UNKNOWN in said()
    assert operators.ever_zoom.open_folder.poll() and operators.ever_zoom.play_rendered.poll()
    scene.frame_end -= 1  # a video has more frames than that, and of frames all are there
    assert ("rendered before" in said()) == (output == "frames")
    scene.frame_end += 2
    assert "Not rendered yet" in said() and not operators.ever_zoom.open_folder.poll()
    place = tmp_path / output
    place.unlink() if place.is_file() else shutil.rmtree(place)
    open_again()
    assert "Not rendered yet" in said()


@pytest.mark.newest
def test_a_render_in_the_background_tells_the_same(scene: Any, tmp_path: Path) -> None:
    assert operators.ever_zoom.render_background() == {"FINISHED"}
    assert UNKNOWN in said()
    running = Background.running
    assert running is not None and running.left is None
    running.fraction, running.text, running.count = 0.25, "frame 2 of 8", 8
    running.pause(True)
    assert running.left == pytest.approx(3.0 * running.seconds)
    running.first = 1, running.seconds / 2  # which took as long as the next one
    assert running.left == pytest.approx(3.0 * running.seconds)
    running.first, running.count = (0, 0.0), COUNT
    bar = Layout(bpy.context)
    header: Any = SimpleNamespace(layout=bar)
    _draw_in_status_bar(header, bpy.context)
    assert bar.texts == ["Paused at frame 2 of 8"]
    assert bar.buttons == ["ever_zoom.pause_render", "ever_zoom.cancel_render"]
    running.pause(False)
    bar.texts.clear()
    _draw_in_status_bar(header, bpy.context)
    (text,) = bar.texts
    assert text.startswith("frame 2 of 8, ") and text.endswith(" s left")
    finish()
    bar.texts.clear()
    _draw_in_status_bar(header, bpy.context)
    assert not bar.texts
    assert "Saved to zoom.mp4" in said()
    known = cost(scene)
    assert known is not None and known[1] == (tmp_path / "zoom.mp4").stat().st_size


@pytest.mark.newest
@pytest.mark.parametrize(("output", "margin"), [("zoom.mp4", 2.5), ("frames", 1.2)])
def test_a_trial_tells_what_a_render_takes(
    scene: Any, tmp_path: Path, output: str, margin: float
) -> None:
    """Of a video about: what it begins with is a whole picture."""
    set_output(scene, tmp_path / output)

    def settings() -> tuple[object, ...]:
        return scene.frame_start, scene.frame_end, scene.render.filepath, scene.frame_current

    before, files = settings(), sorted(tmp_path.rglob("*"))
    assert "ever_zoom.measure_render" in draw_panel("EVERZOOM_PT_main").buttons
    assert operators.ever_zoom.measure_render() == {"FINISHED"}
    assert settings() == before
    assert not operators.ever_zoom.measure_render.poll()
    assert not operators.ever_zoom.render_background.poll()
    finish()
    assert settings() == before and sorted(tmp_path.rglob("*")) == files
    seconds, size = cost(scene) or (0.0, None)
    assert seconds > 0.0 and size is not None
    assert f"{told_bytes(size)}, by a trial" in said() and "Not rendered yet" in said()
    assert "ever_zoom.measure_render" not in draw_panel("EVERZOOM_PT_main").buttons
    assert operators.ever_zoom.render() == {"FINISHED"}
    place = tmp_path / output
    written = [place] if place.is_file() else place.iterdir()
    truth = sum(file.stat().st_size for file in written)
    assert truth / margin < size < truth * margin


def test_what_comes_before_the_first_frame_comes_once(scene: Any) -> None:
    """30 seconds until the first three frames, and 2 for each of the other six."""
    remember(Job.of(scene), COUNT, 42.0, is_whole=False, first=(3, 30.0))
    assert known_seconds(scene) == pytest.approx(42.0)
    scene.frame_step = 3
    assert known_seconds(scene) == pytest.approx(24.0 + 3 * 2.0)
    scene.render.resolution_percentage = 200
    assert known_seconds(scene) == pytest.approx(24.0 + 3 * 8.0)
    remember(Job.of(scene), 1, 30.0, is_whole=False, first=(1, 29.0))  # of one frame
    assert known_seconds(scene) == pytest.approx(3 * 30.0)


def test_what_was_given_up_tells_the_pace_and_is_not_said_to_be_saved(scene: Any) -> None:
    job = Job.of(scene)
    remember(job, 3, 6.0, is_whole=False)
    assert known_seconds(scene) == pytest.approx(COUNT * 2.0)
    assert "About 18 s, as last time" in said() and "Saved to" not in said()
    remember(job, 0, 1.0, is_whole=False)  # before its first frame
    assert known_seconds(scene) == pytest.approx(COUNT * 2.0)


def test_a_disk_that_is_too_small_is_told_before(scene: Any, tmp_path: Path) -> None:
    assert not lacking_room(scene)
    video = tmp_path / "zoom.mp4"
    with video.open("wb") as stream:  # nothing is on the disk of it
        stream.truncate(1 << 40)
    remember(Job.of(scene), COUNT, 9.0, is_whole=True)
    scene.render.resolution_percentage = 6400
    free = told_bytes(shutil.disk_usage(tmp_path).free)
    assert shutil.disk_usage(tmp_path).free < 4 << 52
    asked = lacking_room(scene)
    assert asked.startswith("About ") and asked.endswith(f" are to be written, and {free} are free")


def test_it_is_played_as_it_was_rendered(scene: Any, tmp_path: Path) -> None:
    """By a player of the user's, which here writes down what it is to play."""
    told = tmp_path / "told.json"
    player = tmp_path / "player"
    code = f"import json, sys; open({str(told)!r}, 'w').write(json.dumps(sys.argv[1:]))"
    player.write_text(f"#!{sys.executable}\n{code}\n", encoding="utf-8")
    player.chmod(0o755)
    paths: Any = bpy.context.preferences.filepaths
    paths.animation_player_preset, paths.animation_player = "CUSTOM", str(player)
    with pytest.raises(RuntimeError, match="Render the zoom first"):
        operators.ever_zoom.play_rendered()
    video = tmp_path / "zoom.mp4"
    remember(Job.of(scene), COUNT, 1.0, is_whole=True)
    for button in (operators.ever_zoom.play_rendered, operators.ever_zoom.open_folder):
        with pytest.raises(RuntimeError, match="not there any more: render it again"):
            button()
    video.touch()
    scene.frame_start = 5
    assert operators.ever_zoom.play_rendered() == {"FINISHED"}
    end = time.monotonic() + 60
    while not (told.exists() and told.read_text(encoding="utf-8")):
        time.sleep(0.01)
        assert time.monotonic() < end
    assert json.loads(told.read_text(encoding="utf-8"))[-1] == str(video)
    assert scene.frame_start == 5


def test_nothing_of_it_is_in_the_file(scene: Any) -> None:
    said()
    before = set(scene.keys())
    remember(Job.of(scene), COUNT, 9.0, is_whole=True)
    assert "Saved to" in said()
    assert set(scene.keys()) == before
    assert Job.of(scene).pixels == FRAME[0] * FRAME[1]
    assert rendered._paces and rendered._saved


def test_figures_are_told_as_they_are_said() -> None:
    assert [told_seconds(s) for s in (0.2, 99.0, 100.0, 3600.0, 9000.0)] == [
        *("1 s", "99 s", "2 min", "60 min", "2.5 h")
    ]
    assert [told_bytes(b) for b in (0.0, 40e3, 999_600.0, 1.5e9, 2e12)] == [
        *("0.0 kB", "40 kB", "1.0 MB", "1.5 GB", "2.0 TB")
    ]
