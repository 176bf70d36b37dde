"""Times and memory, as ratios within one run. Touches bpy."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import bpy
import cv2
import numpy as np

from ai_ever_zoom_addon.core.machine import CORES_EACH, cores_here
from ai_ever_zoom_addon.core.series import Series, SeriesImage, uniform_steps
from ai_ever_zoom_addon.scene import measuring, tags, zooms
from ai_ever_zoom_addon.scene.output import rendering
from ai_ever_zoom_addon.scene.planes import objects
from ai_ever_zoom_addon.scene.strips.strips import picture_strips
from ai_ever_zoom_addon.settings import Engine, FrameSize, ZoomSettings
from tests.bench import analysis, pictures, program
from tests.bench.exactness import fresh_scene
from tests.bench.table import Row

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = ZoomSettings(zoom_steps=12, start_frame=0, align=False, match_colour=False)
# A frame of the zoom over a frame of an empty scene.
AT_MOST_EMPTY = {Engine.EEVEE: 1.15, Engine.WORKBENCH: 1.6, Engine.CYCLES: 2.0}
AT_MOST_ALONE = {Engine.CYCLES: 1.1, Engine.WORKBENCH: 1.05}


def images(folder: Path, count: int, side: int, different: int = 8) -> list[Path]:
    """Files with detail; more than `different` are further names of the same ones."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(1)
    files: list[Path] = []
    for number in range(count):
        file = folder / f"{number:04}.png"
        if number < different:
            coarse = generator.uniform(0.1, 0.9, (side // 16, side // 16, 3))
            picture = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
            pictures.write(file, picture + generator.normal(0, 0.02, (side, side, 1)))
        else:
            os.link(files[number % different], file)
        files.append(file)
    return files


def series_of(files: list[Path], side: int) -> Series:
    """Concentric, at factor 2."""
    found = tuple(SeriesImage(file, side, side) for file in files)
    return Series(found, uniform_steps(len(files), 2.0))


def frame_seconds(scene: Any, output: str, first: int, last: int) -> float:
    """Median time from one written frame to the next."""
    times: list[float] = []
    rendering.render_animation(
        scene, output, first, last, lambda *_: times.append(time.perf_counter())
    )
    return statistics.median(np.diff(times))


def interleaved(measures: list[Callable[[], float]], rounds: int) -> list[float]:
    """The least of several measurements each, taken in turns."""
    return [
        min(values)
        for values in zip(*[[m() for m in measures] for _ in range(rounds)], strict=True)
    ]


def frames(folder: Path, *, quick: bool) -> Iterator[Row]:
    """Time of a frame against an empty scene's, and of a deep zoom's against a shallow one's."""
    side = 512 if quick else 1024
    files = images(folder / "frames", 200, side)
    last = 10 if quick else 20
    rounds = 2 if quick else 3
    for engine in (Engine.EEVEE, Engine.WORKBENCH, Engine.CYCLES, Engine.SEQUENCER):

        def of_zoom(count: int, engine: Engine = engine) -> float:
            scene = fresh_scene()
            series = series_of(files[:count], side)
            start = 12 * (count // 2)
            seen = range(start, start + last + 1)
            zooms.build_zoom(scene, series, replace(SETTINGS, engine=engine), frames=seen)
            return frame_seconds(scene, f"{folder}/{engine.value}/", start, start + last)

        def of_layers(kept: tuple[int, ...], engine: Engine = engine) -> float:
            scene = fresh_scene()
            series = series_of(files[:8], side)
            control = zooms.build_zoom(scene, series, replace(SETTINGS, engine=engine))
            for item in [*objects.parts(control, "layer")]:
                if item[tags.NUMBER] not in kept:
                    bpy.data.objects.remove(item)
            return frame_seconds(scene, f"{folder}/{engine.value}/", 48, 48 + last)

        measures = [lambda: of_zoom(8), lambda: of_zoom(200)]
        if engine in AT_MOST_EMPTY:
            # Image 4 fills the view where this begins.
            measures += [lambda: of_layers(()), lambda: of_layers((4,))]
        shallow, deep, *others = interleaved(measures, rounds)
        if others:
            empty, alone = others
            yield Row(
                f"frame / frame of an empty scene, {engine.value}",
                shallow / empty,
                "x",
                at_most=AT_MOST_EMPTY[engine],
                note="The engine's own cost of showing a picture: with a single image as large as "
                f"the frame it is {alone / empty:.3g} x.",
            )
            yield Row(
                f"frame / frame with one image as large, {engine.value}",
                shallow / alone,
                "x",
                at_most=AT_MOST_ALONE.get(engine),
                note=f"{1000 * shallow:.3g} ms against {1000 * alone:.3g}.",
            )
        yield Row(
            f"frame at 8 images / at 200, {engine.value}",
            shallow / deep,
            "x",
            at_least=0.95,
            note=f"A frame takes {1000 * (deep - shallow):.2g} ms more, of {1000 * deep:.3g} ms.",
        )


def building(folder: Path) -> Iterator[Row]:
    """Scene evaluation with 200 layers, building 200, building and rendering 1,000."""
    files = images(folder / "building", 1000, 1024)
    start = time.perf_counter()
    found = measuring.measure_images(files[:200])
    series = Series(tuple(found), uniform_steps(200, 2.0))
    scene = fresh_scene()
    zooms.build_zoom(scene, series, SETTINGS)
    yield Row(
        "Build Infinite Zoom, 200 images of 1024x1024",
        time.perf_counter() - start,
        "s",
        at_most=2.0,
    )
    times = []
    for frame in range(600, 800):
        start = time.perf_counter()
        scene.frame_set(frame)
        times.append(time.perf_counter() - start)
    yield Row("frame change, 200 layers", 1000 * statistics.median(times), "ms", at_most=1.0)
    start = time.perf_counter()
    scene = fresh_scene()
    settings = replace(SETTINGS, resolution_from=FrameSize.PIXELS, resolution=(64, 64))
    zooms.build_zoom(scene, series_of(files, 1024), settings)
    rendering.render_animation(scene, f"{folder}/thousand/", 12 * 990, 12 * 990 + 1)
    yield Row("1,000 images: built, and two frames rendered", time.perf_counter() - start, "s")


def sequencer(folder: Path, *, quick: bool) -> Iterator[Row]:
    """The sequencer's video against a plain program's."""
    side = 1024
    files = images(folder / "sequencer", 8, side)
    last = 60 if quick else 150

    def of_sequencer(interpolation: str = "BILINEAR") -> float:
        scene = fresh_scene()
        settings = replace(SETTINGS, zoom_steps=30, engine=Engine.SEQUENCER)
        zooms.build_zoom(scene, series_of(files, side), settings, frames=range(last + 1))
        for strip in picture_strips(scene):
            strip.transform.filter = interpolation
        return frame_seconds(scene, str(folder / "strips.mp4"), 0, last)

    def of_program() -> float:
        size = render_size(files, side)
        times = list(program.zoom(files, folder / "program.mp4", 30, last + 1, size))
        return statistics.median(np.diff(times))

    measures = [of_sequencer, lambda: of_sequencer("NEAREST"), of_program]
    ours, nearest, theirs = interleaved(measures, 2 if quick else 4)
    yield Row(
        "frame of a plain OpenCV program / of the sequencer",
        theirs / ours,
        "x",
        at_least=1.2,
        note=f"{1000 * theirs:.3g} ms against {1000 * ours:.3g}; Blender interpolates without "
        f"vector instructions: without any interpolation it takes {1000 * nearest:.3g} ms.",
    )


def whole_job(shared: Path, folder: Path, *, quick: bool) -> Iterator[Row]:
    """The seed's job, start included: 8 images of 1024x1024 to a video, with all defaults."""
    folder.mkdir(parents=True)
    files = []
    for file in sorted((shared / "series" / "mj_cats_2x").glob("*.webp"), reverse=True):
        files.append(folder / f"{file.stem}.png")
        pictures.write(files[-1], pictures.read(file))
    steps = 20 if quick else 100
    width, height = render_size(files, 1024)

    def ours(*options: str) -> float:
        return process(["-i", str(folder), "-zs", str(steps), "--engine", "sequencer", *options])[0]

    def of_program() -> float:
        numbers = map(str, (steps, width, height))
        command = [sys.executable, "-m", "tests.bench.program", str(folder / "program.mp4")]
        begin = time.perf_counter()
        subprocess.run([*command, *numbers, *map(str, files)], cwd=ROOT, check=True)
        return time.perf_counter() - begin

    video = ("-o", str(folder / "ours.mp4"))
    plain, whole, without, built, told = interleaved(
        [
            of_program,
            lambda: ours(*video),
            lambda: ours(*video, "--no-align", "--no-match-colour"),
            lambda: ours(*video, "--no-render"),
            lambda: process(["--help"])[0],
        ],
        2 if quick else 3,
    )
    frames = 7 * steps + 1
    yield Row(
        f"8 images, {frames} frames: ours / plain OpenCV program",
        whole / plain,
        "x",
        at_most=2.2,
        note=f"{whole:.3g} s against {plain:.3g}, of which Blender's start takes {told:.3g}, the "
        f"images' analysis {built - told:.3g} and the rest {whole - built:.3g}.",
    )
    yield Row(
        "the same, alignment and colour match off / on",
        without / whole,
        "x",
        at_least=0.9,
        note=f"{without:.3g} s against {whole:.3g}; the images' analysis takes {built - told:.3g}.",
    )
    yield Row("command to built scene, 8 images, beyond --help", built - told, "s", at_most=1.0)


def render_size(files: list[Path], side: int) -> tuple[int, int]:
    """Of the frames of a zoom."""
    width, height = pictures.plan_of(files[:2], 2.0, SETTINGS).resolution
    assert side >= width
    return width, height


def processes(folder: Path, *, quick: bool) -> Iterator[Row]:
    """Whole processes: memory against the number of images, and time to the first frame."""
    side, many, few = (1024, 40, 4) if quick else (4096, 100, 10)
    files = images(folder / "memory", many, side, different=2)
    short = folder / "few"
    short.mkdir()
    for file in files[:few]:
        os.link(file, short / file.name)
    options = ["-zs", "1", "--no-align", "--no-match-colour", "--resolution", "64x64"]
    peaks = []
    for source in (folder / "memory", short):
        out = folder / f"out_{source.name}"
        peaks.append(
            process(["-i", str(source), "-o", f"{out}/", "--engine", "cycles", *options])[1]
        )
    yield Row(
        f"peak memory, {many} images of {side}x{side} / {few}",
        peaks[0] / peaks[1],
        "x",
        at_most=1.3,
    )
    start = folder / "start"
    images(start, 8, 1024)
    ours = min(
        process(
            [
                "-i",
                str(start),
                "-o",
                f"{folder}/first_{n}/",
                "--frames",
                "0-0",
                "--engine",
                "cycles",
                *options,
            ]
        )[0]
        for n in range(3)
    )
    bare = min(process([])[0] for _ in range(3))
    decode = _decode_seconds(start / "0000.png")
    yield Row(
        "start to first frame, beyond Blender's and the images'",
        ours - bare - 2 * decode,
        "s",
        at_most=1.0,
    )


def process(arguments: list[str]) -> tuple[float, float]:
    """Seconds and peak bytes of the command line's process; without arguments of bare Blender."""
    lines = ["import bpy, json, sys", "from tests.bench.memory import peak_bytes"]
    if arguments:
        lines += [
            "from ai_ever_zoom_addon.cli import main",
            f"status = main({[*arguments, '--overwrite']!r})",
        ]
    else:
        lines += [
            "status = 0",
            "bpy.ops.wm.read_factory_settings(use_empty=True)",
            "scene = bpy.context.scene",
            "scene.render.engine = 'CYCLES'",
            "scene.cycles.samples = 1",
            "scene.render.resolution_x = scene.render.resolution_y = 64",
            "camera = bpy.data.objects.new('c', bpy.data.cameras.new('c'))",
            "scene.collection.objects.link(camera)",
            "scene.camera = camera",
            "bpy.ops.render.render()",
        ]
    lines.append("print('\\nPEAK', json.dumps([status, peak_bytes()]), flush=True)")
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    seconds = time.perf_counter() - begin
    status, peak = json.loads(done.stdout.rsplit("PEAK", 1)[1].splitlines()[0])
    if status:
        raise RuntimeError(done.stdout)
    return seconds, float(peak)


def _decode_seconds(file: Path) -> float:
    begin = time.perf_counter()
    image = bpy.data.images.load(str(file))
    assert image.size[0] > 0  # type: ignore[index]  # asking for the size decodes the file
    seconds = time.perf_counter() - begin
    bpy.data.images.remove(image)
    return seconds


def jobs(folder: Path, *, quick: bool) -> Iterator[Row]:
    """Several processes at once, two at least, against one; starts and all included."""
    images(folder, 4, 512 if quick else 1024)
    many = max(2, int(cores_here() / CORES_EACH))
    for engine, steps in (("cycles", 8 if quick else 20), ("sequencer", 40 if quick else 200)):
        for what, name in (("frames", "frames"), ("a video", "video.mp4")):
            options = ["-i", str(folder), "-o", str(folder.with_name(name)), "-zs", str(steps)]
            options += ["--no-align", "--no-match-colour", "--engine", engine, "--jobs"]
            times = [partial(_seconds, [*options, str(count)]) for count in (1, many)]
            one, all_ = interleaved(times, 1 if quick else 2)
            yield Row(f"{engine}, {what}: by {many} processes / by one", all_ / one, "x")


def _seconds(arguments: list[str]) -> float:
    return process(arguments)[0]


def analysing() -> Iterator[Row]:
    """The analysis of 32 images in no order."""
    _, seconds, peak, is_right = analysis.measure(32, 1024, 2.0)
    if not is_right:
        raise RuntimeError("The analysis put the images into a wrong order.")
    yield Row("analysis of 32 images of 1024x1024, beyond decoding", seconds, "s", at_most=3.0)
    yield Row("its memory beyond one image", peak / 2**20, "MiB", at_most=200.0)
