"""Many images, large images and large frames; and settings that are dragged. Touches bpy."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ai_ever_zoom_addon.core.steps import run
from ai_ever_zoom_addon.scene import zooms
from ai_ever_zoom_addon.scene.strips.pictures import forget_images
from ai_ever_zoom_addon.scene.strips.waiting import all_waiting
from ai_ever_zoom_addon.settings import Engine, FrameSize
from tests.bench import speed
from tests.bench.exactness import fresh_scene
from tests.bench.table import Row

# Values as a slider that is dragged gives them, one after the other.
DRAGGED: dict[str, list[Any]] = {
    "zoom_steps": [13, 14, 15, 16, 17],
    "crop": [0.79, 0.78, 0.77],
    "feather": [0.11, 0.12, 0.13],
}
MOST_BYTES = 3e9


def dragging(folder: Path, *, quick: bool) -> Iterator[Row]:
    """What a change of a setting takes in Fast 2D, while its slider is dragged: processor time.

    And what is then to be done beside the user's work, where it needs other pictures.
    """
    count, side = (30, 512) if quick else (100, 1024)
    settings = replace(speed.SETTINGS, engine=Engine.SEQUENCER)
    scene = fresh_scene()
    series = speed.series_of(speed.images(folder, count, side), side)
    control = zooms.build_zoom(scene, series, settings)
    what = f"sequencer, {count} images of {side}x{side}"
    for name, values in DRAGGED.items():
        times = []
        for value in values:
            settings = replace(settings, **{name: value})
            begin = time.process_time()
            zooms.change_zoom(scene, control, settings, may_wait=True)
            times.append(time.process_time() - begin)
        milliseconds = 1000.0 * statistics.median(times)
        note = "for comparing each layer with what it should be."
        yield Row(f"{name} dragged, {what}", milliseconds, "ms", at_most=50.0, note=note)
        for waiting in all_waiting():
            begin = time.process_time()
            run(zooms.picture_steps(waiting))
            zooms.end_waiting(waiting)
            milliseconds = 1000.0 * (time.process_time() - begin) / count
            yield Row(f"{name}, beside the user's work, an image", milliseconds, "ms")
    forget_images()


def large_frames(folder: Path, *, quick: bool) -> Iterator[Row]:
    """The sequencer's time for a pixel of a large frame of large images, and of a small one."""
    large, width, height = (2048, 1920, 1080) if quick else (4096, 3840, 2160)
    last = 12 if quick else 24

    files = {side: speed.images(folder / str(side), 6, side, different=2) for side in (large, 1024)}

    def per_pixel(side: int, size: tuple[int, int]) -> float:
        scene = fresh_scene()
        settings = replace(
            speed.SETTINGS,
            zoom_steps=30,
            engine=Engine.SEQUENCER,
            resolution_from=FrameSize.PIXELS,
            resolution=size,
        )
        series = speed.series_of(files[side], side)
        zooms.build_zoom(scene, series, settings, frames=range(last + 1))
        seconds = speed.frame_seconds(scene, str(folder / f"{side}.mp4"), 0, last)
        return seconds / (size[0] * size[1])

    ours, small = speed.interleaved(
        [lambda: per_pixel(large, (width, height)), lambda: per_pixel(1024, (820, 820))],
        1 if quick else 2,
    )
    yield Row(
        f"{width}x{height} of 6 images of {large}x{large} / 820x820",
        ours / small,
        "x",
        at_most=1.3,
        note=f"A frame takes {1000 * ours * width * height:.3g} ms and "
        f"{1000 * small * 820**2:.3g} ms.",
    )
    forget_images()


def thousand(folder: Path, *, quick: bool) -> Iterator[Row]:
    """Memory of the command line's process with 1,000 images, in each engine."""
    side = 1024 if quick else 4096
    speed.images(folder, 1000, side, different=2)
    for engine in ("cycles", "workbench", "eevee", "sequencer"):
        out = folder.with_name(engine)
        options = ["-i", str(folder), "-o", f"{out}/", "--engine", engine, "-zs", "1"]
        options += ["--no-align", "--no-match-colour", "--resolution", "256x256"]
        peak = speed.process([*options, "--frames", "500-511"])[1]
        yield Row(
            f"memory, 1,000 images of {side}x{side}, {engine}",
            peak / 1e6,
            "MB",
            at_most=MOST_BYTES / 1e6,
        )
