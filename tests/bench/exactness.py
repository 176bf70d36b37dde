"""How close frames come to the true picture. Touches bpy."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ai_ever_zoom_addon.core.plan.plan import Plan
from ai_ever_zoom_addon.core.series import Series, SeriesImage, uniform_steps
from ai_ever_zoom_addon.scene import zooms
from ai_ever_zoom_addon.scene.output import rendering
from ai_ever_zoom_addon.settings import Engine, ZoomSettings
from tests.bench import pictures
from tests.bench.pictures import BILINEAR, LANCZOS, Array
from tests.bench.table import Row

ENGINES = (Engine.CYCLES, Engine.EEVEE, Engine.WORKBENCH, Engine.SEQUENCER)
# Decibels below Lanczos by hand that are allowed.
BELOW_LANCZOS = {Engine.CYCLES: 2.5, Engine.EEVEE: 3.5, Engine.SEQUENCER: 1.0}
STEPS = 8
# The kernel is as narrow where a picture is shrunk as where it is enlarged.
ONE_SAMPLE = replace(LANCZOS, name="Lanczos by hand, one sample", antialias=False)
KERNELS = (LANCZOS, ONE_SAMPLE, BILINEAR)
SETTINGS = ZoomSettings(zoom_steps=STEPS, start_frame=0, align=False, match_colour=False)


def fresh_scene() -> Any:
    """An empty file."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    return bpy.context.scene


def rendered(plan: Plan, engine: Engine, folder: Path, frames: Sequence[int]) -> list[Array]:
    """Frames as the command line makes them."""
    scene = fresh_scene()
    seen = range(frames[0], frames[-1] + 1)
    zooms.build_zoom(scene, plan.series, replace(plan.settings, engine=engine), frames=seen)
    out = folder / engine.value
    rendering.render_animation(scene, f"{out}/", frames[0], frames[-1])
    return [pictures.read(out / f"frame_{frame:05}.png") for frame in frames]


def exactness(shared: Path, folder: Path, *, quick: bool) -> Iterator[Row]:
    """PSNR, jitter and shimmer against the true views of a photograph."""
    truth = pictures.earth(shared)
    side = 512 if quick else 1024
    psnr: dict[str, list[float]] = {}
    factors: tuple[float, ...] = (2.0,) if quick else (2.0, 1.5, 1.333)
    for factor in factors:
        place = folder / f"{factor:g}"
        place.mkdir(parents=True)
        files = pictures.cut(truth, place, factor, 4, (side, side))
        plan = pictures.plan_of(files, factor, SETTINGS)
        images = [pictures.read(file) for file in files]
        frames = range(STEPS, 2 * STEPS + 1)
        levels = [frame / STEPS for frame in frames]
        views = [
            truth.view(truth.width * plan.view_size[0] * factor**-level, plan.resolution)
            for level in levels
        ]
        made = {
            kernel.name: [
                _rounded(pictures.by_hand(plan, images, level, kernel)) for level in levels
            ]
            for kernel in KERNELS
        }
        for engine in ENGINES:
            made[engine.value] = rendered(plan, engine, place, frames)
        for name, seen in made.items():
            # Where an image fills the view, every way gives that image.
            pairs = list(zip(seen, views, strict=True))[1:-1]
            psnr.setdefault(name, []).append(
                float(np.mean([pictures.psnr(one, other) for one, other in pairs]))
            )
        if factor == 2.0:
            motion = {
                name: _motion(seen, factor ** (1 / STEPS))
                for name, seen in (*made.items(), ("true views", [_rounded(v) for v in views]))
            }
    means = {name: float(np.mean(values)) for name, values in psnr.items()}
    best = means[LANCZOS.name]
    yield Row("PSNR, Lanczos by hand", best, "dB")
    yield Row("PSNR, bilinear by hand", means[BILINEAR.name], "dB")
    values = {engine: means[engine.value] for engine in ENGINES}
    yield Row("PSNR, best engine", max(values.values()), "dB", at_least=best - 0.8)
    for engine in ENGINES:
        limit = best - BELOW_LANCZOS[engine] if engine in BELOW_LANCZOS else None
        both = zip(factors, psnr[engine.value], psnr[BILINEAR.name], strict=True)
        note = ", ".join(f"{factor:g}: {own:.2f} against {hand:.2f}" for factor, own, hand in both)
        yield Row(
            f"PSNR, {engine.value}",
            values[engine],
            "dB",
            at_least=limit,
            note=f"At each factor, against bilinear by hand: {note}.",
        )
    jitter, shimmer = ({name: both[part] for name, both in motion.items()} for part in (0, 1))
    yield Row("jitter of the centre, true views", jitter["true views"], "px")
    for kernel in KERNELS:
        yield Row(f"jitter of the centre, {kernel.name}", jitter[kernel.name], "px")
    for engine in ENGINES:
        yield Row(
            f"jitter of the centre, {engine.value}",
            jitter[engine.value],
            "px",
            at_most=jitter["true views"],
            note=_one_sample(engine, jitter, "px"),
        )
    for kernel in KERNELS:
        yield Row(f"shimmer, {kernel.name}", shimmer[kernel.name], "levels")
    for engine in ENGINES:
        yield Row(
            f"shimmer, {engine.value}",
            shimmer[engine.value],
            "levels",
            at_most=shimmer[LANCZOS.name],
            note=_one_sample(engine, shimmer, "levels"),
        )


def _one_sample(engine: Engine, measured: dict[str, float], unit: str) -> str:
    """What stands in the way: engines take one sample per pixel, also where an image is shrunk."""
    kernel = BILINEAR if engine in (Engine.WORKBENCH, Engine.SEQUENCER) else ONE_SAMPLE
    return (
        "An image fades in when it is half as large as the frame, and engines take one sample a "
        f"pixel of it: {kernel.name}, it is {measured[kernel.name]:.3g} {unit}."
    )


def _rounded(picture: Array) -> Array:
    """What is left of a picture in 8 bits."""
    result: Array = np.rint(np.clip(picture, 0, 1) * 255) / 255
    return result


def _motion(frames: Sequence[Array], ratio: float) -> tuple[float, float]:
    """Jitter of the centre (second difference, rms, in pixels) and shimmer (rms, in levels of 255).

    Each frame is compared with the one before, enlarged around the middle by `ratio`: by how much
    it lies off, by least squares with the frames' own gradients, and what is left then.
    """
    moved, left = [], []
    for before, after in itertools.pairwise(frames):
        height, width = after.shape[:2]
        step = 1 / ratio
        rows = pictures.matrix(LANCZOS, height, height * (1 - step) / 2, step, height)
        columns = pictures.matrix(LANCZOS, width, width * (1 - step) / 2, step, width)
        # Enlarged, a frame is a little softer: both are compared without the finest detail.
        one, other = (
            _smooth(picture.mean(axis=2))
            for picture in (pictures.resample(before, rows, columns), after)
        )
        inner = np.s_[height // 10 : -height // 10, width // 10 : -width // 10]
        slope_y, slope_x = np.gradient(other, axis=0)[inner], np.gradient(other, axis=1)[inner]
        difference = (one - other)[inner]
        slopes = np.stack([slope_x.ravel(), slope_y.ravel()], axis=1)
        shift, *_ = np.linalg.lstsq(slopes, difference.ravel(), rcond=None)
        moved.append(shift)
        left.append(float(np.mean(np.square(difference.ravel() - slopes @ shift))))
    second = np.diff(np.array(moved), axis=0)
    return float(np.sqrt(np.mean(second**2))), 255 * math.sqrt(float(np.mean(left)))


def _smooth(picture: Array) -> Array:
    """Blurred by a binomial filter of five pixels."""
    for axis in (0, 1):
        for _ in range(2):
            picture = (np.roll(picture, 1, axis) + 2 * picture + np.roll(picture, -1, axis)) / 4
    return picture


def depth(folder: Path, *, quick: bool) -> Iterator[Row]:
    """A picture that contains itself, 400 times: all frames where an image fills the view."""
    file = folder / "self_similar.png"
    file.parent.mkdir(parents=True, exist_ok=True)
    y, x = np.mgrid[-31.5:32, -31.5:32]
    octave, turn = 2 * np.pi * np.log2(np.hypot(x, y)), np.arctan2(y, x)
    waves = [np.sin(octave + turn), np.cos(octave - 2 * turn), np.sin(3 * turn)]
    pictures.write(file, 0.5 + 0.4 * np.stack(waves, axis=2))
    image = SeriesImage(file, 64, 64)
    count = 400
    series = Series((image,) * count, uniform_steps(count, 2.0))
    settings = replace(SETTINGS, zoom_steps=1)
    stride = 37 if quick else 7
    for engine in ENGINES:
        scene = fresh_scene()
        zooms.build_zoom(scene, series, replace(settings, engine=engine))
        first: Array | None = None
        worst = 0.0
        # The first images have fewer around them than the others, the last ones fewer within them.
        for frame in range(2, count - 12, stride):
            out = folder / f"depth_{engine.value}"
            rendering.render_animation(scene, f"{out}/", frame, frame)
            seen = pictures.read(out / f"frame_{frame:05}.png")
            first = seen if first is None else first
            worst = max(worst, float(np.abs(seen - first).max()) * 255)
        yield Row(f"depth, 400 images, {engine.value}", worst, "levels", at_most=0.0)
