"""What a GPU does: frames a second, encoding beside it, pictures, start-up, `--jobs`. Touches bpy.

Run as `python -m tests.bench.gpu` from the project's folder, by a Python that has bpy: nothing else
is needed, neither other packages nor test material. It ends within six minutes: what there is no
time left for is told. `--small` tries it with small frames and few images, on software OpenGL, too.
"""

from __future__ import annotations

import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import gpu
import numpy as np
from numpy.typing import NDArray

from ai_ever_zoom_addon.core.machine import CORES_EACH, cores_here
from ai_ever_zoom_addon.core.series import Series, SeriesImage, uniform_steps
from ai_ever_zoom_addon.scene import loading, zooms
from ai_ever_zoom_addon.scene.output import output_settings, rendering
from ai_ever_zoom_addon.settings import Engine, FrameSize, ZoomSettings
from tests.bench.quiet import only_ours
from tests.bench.table import Row

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 330.0  # for all of it
STEPS = 12
DRAWING = (Engine.EEVEE, Engine.WORKBENCH)
SETTINGS = ZoomSettings(zoom_steps=STEPS, start_frame=0, align=False, match_colour=False)
Array = NDArray[np.float32]


class Sizes:
    """How large everything is."""

    def __init__(self, *, small: bool) -> None:
        self.side = 256 if small else 1024
        self.frames = ((320, 180), (640, 360)) if small else ((1920, 1080), (3840, 2160))
        self.counts = (4, 12) if small else (8, 200)
        self.length = 6 if small else 60  # frames that are timed
        self.compared = (256, 192) if small else (1280, 960)


def write_images(folder: Path, count: int, side: int, different: int = 8) -> list[Path]:
    """Files with detail of every size; more than `different` are further names of the same ones."""
    folder.mkdir(parents=True)
    generator = np.random.default_rng(1)
    at = (np.arange(side) + 0.5) / side
    files: list[Path] = []
    for number in range(count):
        file = folder / f"{number:04}.png"
        if number < different:
            picture = np.full((side, side, 3), 0.5)
            for cells in (4, 16, 64):
                grid = generator.uniform(-0.15, 0.15, (cells, cells, 3))
                places = np.clip(at * cells - 0.5, 0, cells - 1)
                share = np.maximum(0.0, 1.0 - np.abs(places[:, None] - np.arange(cells)))
                picture += np.einsum("yr,rck,xc->yxk", share, grid, share, optimize=True)
            picture += generator.normal(0.0, 0.02, (side, side, 1))
            loading.write_png(file, np.clip(picture, 0.0, 1.0).astype(np.float32))
        else:
            os.link(files[number % different], file)
        files.append(file)
    return files


def build(files: list[Path], side: int, engine: Engine, size: tuple[int, int]) -> Any:
    """A new scene with a zoom."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    images = tuple(SeriesImage(file, side, side) for file in files)
    settings = replace(SETTINGS, engine=engine, resolution_from=FrameSize.PIXELS, resolution=size)
    series = Series(images, uniform_steps(len(images), 2.0))
    zooms.build_zoom(scene, series, settings, frames=range(STEPS * len(images)))
    return scene


def speeds(folder: Path, files: list[Path], sizes: Sizes) -> Iterator[Row]:
    """Frames a second, to a video and without one."""
    for size in sizes.frames:
        for engine in DRAWING:
            for count in sizes.counts:
                scene = build(files[:count], sizes.side, engine, size)
                first = STEPS * (count // 2) - sizes.length // 2
                last = first + sizes.length
                name = f"{engine.value}_{size[0]}_{count}"
                scene.frame_start, scene.frame_end = first, last
                output_settings.set_output(scene, f"{folder / name}.mp4")
                encoded = _frame_seconds(scene)
                output_settings.set_output(scene, f"{folder / name}/")
                scene.render.image_settings.file_format = "BMP"  # hardly anything to do for it
                alone = _frame_seconds(scene)
                name = f"{engine.value}, {count} images, {size[0]}x{size[1]}"
                least = 60.0 if size == (1920, 1080) else None
                yield Row(
                    f"frames a second, to a video: {name}",
                    1.0 / encoded,
                    "",
                    at_least=least,
                    note=f"Without encoding it is {1.0 / alone:.3g}.",
                )
                yield Row(f"without encoding: {name}", 1.0 / alone)


def _frame_seconds(scene: Any) -> float:
    """Median time from one frame of the scene's range to the next, to where its settings say."""
    times: list[float] = []
    count = scene.frame_end - scene.frame_start + 1
    written, problem = rendering.render_range(
        scene, count, lambda *_: times.append(time.perf_counter()), sharp=True
    )
    if written < count:
        raise RuntimeError(problem)
    return statistics.median(np.diff(times))


def pictures(folder: Path, files: list[Path], sizes: Sizes) -> Iterator[Row]:
    """How far frames are off those that Cycles makes."""
    wanted = [(Engine.CYCLES, True), (Engine.SEQUENCER, True)]
    wanted += [(engine, sharp) for engine in DRAWING for sharp in (True, False)]
    made: list[list[Array]] = []
    for number, (engine, sharp) in enumerate(wanted):
        out = folder / f"compared_{number}"
        task = [engine.value, sharp, str(out), sizes.side, sizes.compared, list(map(str, files))]
        # OpenGL keeps the filter that it began with.
        _run([sys.executable, "-m", "tests.bench.gpu", "--frames", json.dumps(task)])
        made.append([loading.read_pixels(file) for file in sorted(out.glob("*.png"))])
    for (engine, sharp), frames in [*zip(wanted, made, strict=True)][1:]:
        off = np.stack(frames) - np.stack(made[0])
        filtered = "" if engine is Engine.SEQUENCER or sharp else ", anisotropic filtering on"
        noise = float(np.sqrt(np.mean(np.square(off))))
        yield Row(
            f"PSNR against cycles: {engine.value}{filtered}",
            -20.0 * np.log10(max(noise, 1e-6)),
            "dB",
        )
        yield Row(
            f"pixels off by most: {engine.value}{filtered}", 255.0 * np.abs(off).max(), "levels"
        )


def render_frames(task: str) -> None:
    """Frames of some moments of a zoom: the second process of `pictures`."""
    engine, sharp, out, side, size, names = json.loads(task)
    scene = build(list(map(Path, names)), side, Engine(engine), (size[0], size[1]))
    for frame in range(STEPS, 2 * STEPS, 5):
        rendering.render_animation(scene, f"{out}/", frame, frame, sharp=sharp, resume=True)


def processes(folder: Path, files: list[Path], sizes: Sizes) -> Iterator[Row]:
    """Start-up, and several processes against one."""
    short = folder / "short"
    short.mkdir()
    for file in files[:4]:
        os.link(file, short / file.name)
    width, height = sizes.frames[0]
    always = ["-i", str(short), "--no-align", "--no-match-colour", "-zf", "2"]
    always += ["--resolution", f"{width}x{height}", "-zs", str(5 * sizes.length)]
    bare = _run([sys.executable, "-c", "import bpy"])
    for engine in DRAWING:
        out = f"{folder}/first_{engine.value}/"
        first = _command([*always, "-o", out, "--engine", engine.value, "--frames", "0-0"])
        yield Row(f"start to first frame, beyond Blender's: {engine.value}", first - bare, "s")
    many = max(2, int(cores_here() / CORES_EACH))
    for engine in (Engine.CYCLES, *DRAWING, Engine.SEQUENCER):
        frames = f"0-{3 * sizes.length}"
        times = []
        for jobs in (1, many):
            video = f"{folder}/{engine.value}_{jobs}.mp4"
            job = ["-o", video, "--engine", engine.value, "--jobs", str(jobs), "--frames", frames]
            times.append(_command([*always, *job]))
        yield Row(
            f"a video, {engine.value}: by {many} processes / by one",
            times[1] / times[0],
            "x",
            note=f"{times[1]:.3g} s against {times[0]:.3g}.",
        )


def _command(arguments: list[str]) -> float:
    code = f"import bpy, sys; from ai_ever_zoom_addon.cli import main; sys.exit(main({arguments}))"
    return _run([sys.executable, "-c", code])


def _run(command: list[str]) -> float:
    """Seconds that a process takes."""
    begin = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
    return time.perf_counter() - begin


def card() -> str:
    """The name of what draws."""
    scene = bpy.context.scene
    scene.render.engine = "BLENDER_WORKBENCH"
    scene.render.resolution_x = scene.render.resolution_y = 8
    if hasattr(gpu, "init"):  # since 5.2
        gpu.init()
    return str(gpu.platform.renderer_get())


def main(arguments: list[str]) -> int:
    """Print the table; 1 if a figure misses its limit."""
    if arguments[:1] == ["--frames"]:
        render_frames(arguments[1])
        return 0
    sizes = Sizes(small="--small" in arguments)
    begin = time.perf_counter()
    missed = 0
    with only_ours(), tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        files = write_images(folder / "images", sizes.counts[-1], sizes.side)
        print(
            f"Blender {bpy.app.version_string}, {card()}, {cores_here():g} cores\n",
            flush=True,
        )
        for row in itertools.chain(
            speeds(folder, files, sizes),
            pictures(folder, files[:3], sizes),
            processes(folder, files, sizes),
        ):
            print(row, flush=True)
            missed += not row.is_met
            if time.perf_counter() - begin > SECONDS:
                print("No time is left: the rest is not measured.", flush=True)
                break
        print(f"\n{missed} missed, {time.perf_counter() - begin:.0f} s", flush=True)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
