"""Series with a known truth, and the zoom resampled by hand. Never touches bpy.

Everything is resampled by matrices, one for the rows and one for the columns: a zoom has no
rotation. Pixel i covers [i, i + 1). Pictures are (height, width, 3) arrays of sRGB-encoded values
0 to 1, top row first, float64 where precision matters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ai_ever_zoom_addon.core.plan.plan import Plan, make_plan
from ai_ever_zoom_addon.core.series import Series, SeriesImage, uniform_steps
from ai_ever_zoom_addon.settings import ZoomSettings

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Kernel:
    """An interpolation kernel; `antialias`: it is widened where a picture is shrunk."""

    name: str
    radius: float
    weight: Callable[[Array], Array]
    antialias: bool


def _lanczos(x: Array) -> Array:
    return np.where(np.abs(x) < 3.0, np.sinc(x) * np.sinc(x / 3.0), 0.0)


def _linear(x: Array) -> Array:
    return np.maximum(0.0, 1.0 - np.abs(x))


LANCZOS = Kernel("Lanczos by hand", 3.0, _lanczos, antialias=True)
BILINEAR = Kernel("bilinear by hand", 1.0, _linear, antialias=False)


def matrix(kernel: Kernel, length: int, start: float, step: float, count: int) -> Array:
    """Resamples a line of `length` pixels: row r is its value at start + (r + 0.5) * step.

    Beyond the ends the line goes on as it ends.
    """
    positions = start + (np.arange(count) + 0.5) * step - 0.5
    spread = max(1.0, step) if kernel.antialias else 1.0
    reach = math.ceil(kernel.radius * spread)
    taps = np.floor(positions)[:, None].astype(np.int64) + np.arange(-reach, reach + 1)
    weights = kernel.weight((taps - positions[:, None]) / spread)
    weights /= weights.sum(axis=1, keepdims=True)
    result = np.zeros((count, length))
    np.add.at(result, (np.arange(count)[:, None], np.clip(taps, 0, length - 1)), weights)
    return result


def resample(picture: Array, rows: Array, columns: Array) -> Array:
    """rows @ channel @ columns.T for each channel."""
    return np.stack([rows @ picture[:, :, c] @ columns.T for c in range(3)], axis=2)


@dataclass(frozen=True)
class Truth:
    """A large picture; `centre` and `width`: what the outermost image shows, in its pixels."""

    picture: Array
    centre: tuple[float, float]
    width: float

    def view(self, width: float, size: tuple[int, int]) -> Array:
        """The picture around the centre, `width` of its pixels wide, at another size."""
        columns, rows = size
        step = width / columns
        x, y = self.centre[0] - width / 2, self.centre[1] - step * rows / 2
        # Only the part that is used, so that the matrices stay small.
        margin = math.ceil(3 * step) + 1
        left, top = max(0, int(x) - margin), max(0, int(y) - margin)
        part = self.picture[top : int(y + step * rows) + margin, left : int(x + width) + margin]
        return resample(
            part,
            matrix(LANCZOS, part.shape[0], y - top, step, rows),
            matrix(LANCZOS, part.shape[1], x - left, step, columns),
        )


def earth(shared: Path) -> Truth:
    """A photograph of the Earth, around a place with much detail."""
    file = shared / "truth" / "earth_8192x4096.jpg"
    picture = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if picture is None:
        raise FileNotFoundError(f"{file}: the benchmark cuts its series from this picture.")
    return Truth(picture[:, :, ::-1] / 255.0, (4323.0, 1150.0), 3450.0)


def cut(truth: Truth, folder: Path, factor: float, count: int, size: tuple[int, int]) -> list[Path]:
    """Write a series of nested views, outermost first."""
    files = []
    for number in range(count):
        file = folder / f"{number}.png"
        write(file, truth.view(truth.width / factor**number, size))
        files.append(file)
    return files


def write(file: Path, picture: Array) -> None:
    """Write a picture with 8 bits."""
    values = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    if not cv2.imwrite(str(file), values[:, :, ::-1]):
        raise OSError(f"{file} could not be written.")


def read(file: Path) -> Array:
    """Read a picture."""
    picture = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if picture is None:
        raise FileNotFoundError(f"{file} is missing or no picture.")
    values: Array = picture[:, :, ::-1] / 255.0
    return values


def plan_of(files: Sequence[Path], factor: float, settings: ZoomSettings) -> Plan:
    """The plan of images that are exactly concentric, outermost first."""
    height, width = read(files[0]).shape[:2]
    images = tuple(SeriesImage(file, width, height) for file in files)
    series = Series(images, uniform_steps(len(images), factor))
    return make_plan(series, replace(settings, zoom_factor=factor))


def by_hand(
    plan: Plan, images: Sequence[Array], level: float, kernel: Kernel, *, fades: bool = False
) -> Array:
    """A frame of a concentric zoom with rectangular masks, resampled with a kernel.

    Without `fades` every layer is shown from where its predecessor fills the view: a good filter
    shrinks it without a loss, so that this is the best that can be had.
    """
    width, height = plan.resolution
    frame = np.zeros((height, width, 3))
    for layer, image in zip(plan.layers, images, strict=True):
        if not layer.visible_from <= level <= layer.visible_until or layer.visible_from == level:
            continue
        rows_of_image, columns_of_image = image.shape[:2]
        scale = plan.zoom_factor ** (layer.level - level)  # of the view, in widths of the layer
        step = plan.view_size[0] * scale / width * columns_of_image
        edges = []
        resampling = []
        for length, count, axis in ((rows_of_image, height, 1), (columns_of_image, width, 0)):
            start = length / 2 - step * count / 2
            resampling.append(matrix(kernel, length, start, step, count))
            place = np.abs(start + (np.arange(count) + 0.5) * step - length / 2) / columns_of_image
            edges.append(plan.mask.half_size[axis] - place)
        picture = resample(image, *resampling)
        if layer.index == 0:
            frame = picture
            continue
        distance = np.minimum(edges[0][:, None], edges[1])
        inside = np.clip(distance / plan.mask.feather, 0, 1) if plan.mask.feather else distance > 0
        opacity = smoothstep(inside)
        if fades:
            ramp = (level - layer.visible_from) / (layer.opaque_from - layer.visible_from)
            opacity = opacity * smoothstep(np.clip(ramp, 0, 1))
        frame = frame + (picture - frame) * opacity[:, :, None]
    return np.clip(frame, 0, 1)


def smoothstep(x: NDArray[np.float64]) -> Array:
    """0 to 1 with a smooth start and end."""
    result: Array = x * x * (3.0 - 2.0 * x)
    return result


def psnr(one: Array, other: Array) -> float:
    """Peak signal to noise ratio in decibels."""
    error = float(np.mean(np.square(one - other)))
    return math.inf if error == 0 else -10.0 * math.log10(error)
