"""Makes nested image series whose order, factors, offsets and gains are known. No bpy.

Two ways: `cut` takes nested crops out of one large picture; `outpaint` does what a generator does,
a new picture around each shrunk one, to any depth. The shrinking is Pillow's Lanczos filter, which
the code under test does not use. The large picture is a photograph of the Earth from the folder
`shared` beside the checkout or, without it, a drawn one.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[np.float32]
Size = tuple[int, int]  # width, height
Triple = tuple[float, float, float]


def shared_folder() -> Path:
    """The folder of real series and photographs beside (or in) the checkout; it may be absent."""
    root = Path(__file__).resolve().parent.parent
    return next(
        (f for f in (root.parent / "shared", root / "shared") if f.is_dir()), root / "shared"
    )


@dataclass(frozen=True)
class Truth:
    """A series, outermost first. Between images k and k + 1: factors[k], offsets[k] (pixels of the
    outer image, x right, y down), gains[k] (times the inner image's encoded values, the outer's).
    foreign: images of the same kind that belong to nothing.
    """

    images: list[Array]
    factors: list[float]
    offsets: list[tuple[float, float]]
    gains: list[Triple]
    foreign: list[Array] = field(default_factory=list)


@lru_cache(maxsize=1)
def earth() -> NDArray[np.uint8]:
    """The large picture, (height, width, 3)."""
    file = shared_folder() / "truth" / "earth_8192x4096.jpg"
    if not file.exists():
        quarters = [drawn((4096, 2048), seed) for seed in range(5, 9)]
        return np.vstack([np.hstack(quarters[:2]), np.hstack(quarters[2:])])
    Image.MAX_IMAGE_PIXELS = None
    with Image.open(file) as picture:
        return np.asarray(picture.convert("RGB"))


def drawn(size: Size, seed: int = 5) -> NDArray[np.uint8]:
    """A picture with detail at all sizes: fractal noise with discs and bars on it."""
    generator = np.random.default_rng(seed)
    picture = 0.5 + 0.18 * fractal(size, generator, channels=3)
    down, across = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
    for _ in range(size[0] * size[1] // 12000):
        x, y = generator.uniform(0, size[0]), generator.uniform(0, size[1])
        radius = float(generator.pareto(1.5) * 6 + 4)
        box = np.s_[
            max(0, int(y - radius)) : int(y + radius) + 1,
            max(0, int(x - radius)) : int(x + radius) + 1,
        ]
        inside = np.hypot(across[box] - x, (down[box] - y) * generator.uniform(1, 3)) < radius
        picture[box][inside] = 0.5 * picture[box][inside] + 0.5 * generator.uniform(0, 1, 3)
    return to_bytes(picture)


def fractal(
    size: Size, generator: np.random.Generator, channels: int = 1, power: float = 1.2
) -> Array:
    """Noise whose amplitude falls with frequency to the `power`; mean 0, deviation 1."""
    width, height = size
    down, across = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)
    frequency = np.maximum(np.hypot(down, across), 1 / max(size))
    layers = []
    for _ in range(channels):
        phase = generator.normal(size=frequency.shape) + 1j * generator.normal(size=frequency.shape)
        layer = np.fft.irfft2(phase / frequency**power, (height, width))
        layers.append((layer - layer.mean()) / layer.std())
    return np.stack(layers, axis=2).astype(np.float32)


def to_bytes(image: Array) -> NDArray[np.uint8]:
    """0..1 to 0..255."""
    return np.clip(np.rint(image * 255), 0, 255).astype(np.uint8)


def resize(image: Array, box: tuple[float, float, float, float], size: Size) -> Array:
    """The part `box` (left, top, right, bottom) of an image at another size, by Lanczos' filter."""
    channels = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(image[:, :, c], np.float32)).resize(
                size, Image.Resampling.LANCZOS, box
            )
        )
        for c in range(image.shape[2])
    ]
    return np.stack(channels, axis=2)


def scenes(size: Size, generator: np.random.Generator, count: int) -> Iterator[Array]:
    """`count` parts of the large picture with detail all over, none of which overlap.

    Where they do not suffice, mirrored ones follow.
    """
    world = earth()
    turns = (np.s_[:], np.s_[:, ::-1], np.s_[::-1], np.s_[::-1, ::-1])
    pixels = min(2.0, world.shape[1] / size[0] / 3, world.shape[0] / size[1] / 2)
    while True:
        wide, high = int(size[0] * pixels), int(size[1] * pixels)
        tiles = [
            world[y : y + high, x : x + wide]
            for y in range(0, world.shape[0] - high + 1, high)
            for x in range(0, world.shape[1] - wide + 1, wide)
        ]
        tiles.sort(key=_detail, reverse=True)
        tiles = tiles[: max(2, len(tiles) // 2)]  # without oceans and ice
        if len(tiles) * len(turns) >= count:
            break
        pixels *= 0.8
    for turn in turns:
        for number in generator.permutation(len(tiles)):
            part = tiles[number].astype(np.float32) / 255
            yield np.clip(0.12 + 0.8 * resize(part, (0, 0, wide, high), size)[turn], 0, 1)


def view(middle: complex, pixels: float, turn: float, size: tuple[int, int]) -> Array:
    """The large picture around a point, turned clockwise by `turn`, by Pillow's transformation.

    pixels: of the large picture for each of the view's.
    """
    shrunk = max(1, int(pixels))
    world = _world(shrunk)
    vector = pixels / shrunk * complex(math.cos(math.radians(turn)), math.sin(math.radians(turn)))
    start = middle / shrunk - vector * complex(*size) / 2
    data = (vector.real, -vector.imag, start.real, vector.imag, vector.real, start.imag)
    seen = world.transform(size, Image.Transform.AFFINE, data, Image.Resampling.BICUBIC)
    return np.asarray(seen, np.float32) / np.float32(255)


@lru_cache(maxsize=4)
def _world(shrunk: int) -> Image.Image:
    return Image.fromarray(earth()).reduce(shrunk)


def _detail(tile: NDArray[np.uint8]) -> float:
    """The contrast within a sixth of a tile's height and width that three quarters exceed."""
    grey = tile[::4, ::4, 1].astype(np.float32)
    parts = [part for row in np.array_split(grey, 6) for part in np.array_split(row, 6, axis=1)]
    return float(np.quantile([part.std() for part in parts], 0.25))


def skies(size: Size, generator: np.random.Generator, count: int) -> Iterator[Array]:
    """`count` skies."""
    for _ in range(count):
        yield sky(size, generator)


def sky(size: Size, generator: np.random.Generator, contrast: float = 0.012) -> Array:
    """A pale gradient with faint clouds: `contrast` is their deviation, of 0..1."""
    height = np.linspace(0, 1, size[1], dtype=np.float32)[:, None, None]
    top = np.array([0.35, 0.55, 0.85], np.float32) + generator.uniform(-0.05, 0.05)
    bottom = np.array([0.8, 0.85, 0.9], np.float32) + generator.uniform(-0.05, 0.05)
    colour = top + (bottom - top) * height
    return colour + contrast * fractal(size, generator, power=1.6)


def cut(
    count: int, factor: float, size: Size, centre: tuple[float, float] = (4323.0, 1001.0)
) -> Truth:
    """Nested crops of the large picture, the smallest at one of its pixels per pixel or more."""
    world = earth().astype(np.float32) / np.float32(255)
    images = []
    outermost = min(world.shape[1] / size[0], world.shape[0] / size[1]) * 0.45
    for k in range(count):
        half_x = size[0] * outermost * factor**-k / 2
        half_y = size[1] * outermost * factor**-k / 2
        x = float(
            np.clip(centre[0], size[0] * outermost / 2, world.shape[1] - size[0] * outermost / 2)
        )
        y = float(
            np.clip(centre[1], size[1] * outermost / 2, world.shape[0] - size[1] * outermost / 2)
        )
        box = (x - half_x, y - half_y, x + half_x, y + half_y)
        images.append(np.clip(resize(world, box, size), 0, 1))
    steps = count - 1
    return Truth(images, [factor] * steps, [(0.0, 0.0)] * steps, [(1.0, 1.0, 1.0)] * steps)


def outpaint(
    factors: Sequence[float],
    size: Size,
    *,
    seed: int = 1,
    largest_offset: float = 0.0,
    largest_gain: float = 1.0,
    redrawn_rim: float = 0.0,
    noise: float = 0.0,
    likeness: float = 1.0,
    grey: bool = False,
    empty: bool = False,
    seamless: bool = True,
    foreign: int = 0,
) -> Truth:
    """A series as generators make it: len(factors) + 1 images, outermost first.

    largest_offset: of the image's sides; also limited so that the inner image stays inside.
    largest_gain: of each pair and channel; the smallest is 1 / largest_gain.
    redrawn_rim: of the inner image's sides, drawn anew in the next larger one. noise: deviation, of
    0..1. likeness: correlation of the inner area, painted anew, with the image it shows. empty:
    skies. seamless: the new part fades into the old one.
    """
    generator = np.random.default_rng(seed)
    source = (skies if empty else scenes)(size, generator, 2 * len(factors) + 1 + foreign)
    pure = [next(source)]
    offsets: list[tuple[float, float]] = []
    for factor in reversed(factors):
        inner = pure[0]
        outer = next(source)
        room = 0.98 * (1 - 1 / factor) / 2
        reach = min(largest_offset, room)
        offset = tuple(float(generator.uniform(-reach, reach) * side) for side in size)
        shrunk, place, share = _shrunk(inner, factor, (offset[0], offset[1]), size)
        if likeness < 1.0:
            other = next(source)
            paint = resize(other, (0, 0, *size), (shrunk.shape[1], shrunk.shape[0]))
            shrunk = _painted_again(shrunk, paint, likeness)
        edge = np.minimum(share, 1 - share).min(axis=2)
        if redrawn_rim:
            softness = 0.01
            blend = np.clip((edge - redrawn_rim) / softness, 0, 1)
        else:
            blend = np.clip(edge / 0.02, 0, 1) if seamless else np.ones_like(edge)
        blend = blend[:, :, None].astype(np.float32)
        outer[place] = blend * shrunk + (1 - blend) * outer[place]
        pure.insert(0, outer)
        offsets.insert(0, (offset[0], offset[1]))

    # Each image's own colours, around 1 so that little is clipped; their ratios are the gains.
    spread = math.log(largest_gain) / 2
    own = generator.uniform(-spread, spread, size=(len(pure), 1 if grey else 3)) * np.ones((1, 3))
    gains = [_triple(np.exp(own[k] - own[k + 1])) for k in range(len(factors))]
    pure += [next(source) for _ in range(foreign)]
    own = np.concatenate([own, np.zeros((foreign, 3))])
    images = []
    for image, colour in zip(pure, own, strict=True):
        coloured = image * np.exp(colour).astype(np.float32)
        if grey:
            coloured = np.repeat(coloured.mean(axis=2, keepdims=True), 3, axis=2)
        if noise:
            coloured = coloured + generator.normal(0, noise, coloured.shape)
        images.append(np.clip(coloured, 0, 1).astype(np.float32))
    count = len(factors) + 1
    return Truth(images[:count], list(factors), offsets, gains, images[count:])


def _triple(values: NDArray[np.float64]) -> Triple:
    red, green, blue = (float(value) for value in values)
    return red, green, blue


def _shrunk(
    inner: Array, factor: float, offset: tuple[float, float], size: Size
) -> tuple[Array, tuple[slice, slice], NDArray[np.float64]]:
    """The inner image on the outer one's pixels: (pixels, their place, where in the inner 0..1)."""
    boxes, places, shares = [], [], []
    for axis in (0, 1):
        middle = size[axis] / 2 + offset[axis]
        half = size[axis] / factor / 2
        first, last = math.ceil(middle - half), math.floor(middle + half)
        first, last = max(first, 0), min(last, size[axis])
        scale = inner.shape[1 - axis] / (2 * half)
        boxes.append(((first - middle + half) * scale, (last - middle + half) * scale))
        places.append(slice(first, last))
        shares.append((np.arange(first, last) + 0.5 - (middle - half)) / (2 * half))
    (left, right), (top, bottom) = boxes
    wide, high = places[0].stop - places[0].start, places[1].stop - places[1].start
    share = np.stack(np.meshgrid(shares[0], shares[1]), axis=2)
    return resize(inner, (left, top, right, bottom), (wide, high)), (places[1], places[0]), share


def _painted_again(image: Array, paint: Array, likeness: float) -> Array:
    """A mixture with other content, of the same mean and deviation, that correlates by `likeness`.

    The other content has the image's own spectrum, as what a generator paints again is as rough or
    as smooth as the original: so the likeness is the same for large forms and small ones.
    """
    grey, other = image.mean(axis=2), paint.mean(axis=2)
    grey, other = grey - grey.mean(), other - other.mean()
    phase = np.angle(np.fft.fft2(other))
    other = np.fft.ifft2(np.abs(np.fft.fft2(grey)) * np.exp(1j * phase)).real
    other -= grey * float((grey * other).sum() / (grey * grey).sum())
    other *= grey.std() / other.std()
    mixed = likeness * grey + math.sqrt(1 - likeness**2) * other
    mixture: Array = (image + (mixed - grey)[:, :, None]).astype(np.float32)
    return mixture


def jpeg(image: Array, quality: int) -> Array:
    """The image after a JPEG file."""
    memory = io.BytesIO()
    Image.fromarray(to_bytes(image)).save(memory, "JPEG", quality=quality)
    return np.asarray(Image.open(memory).convert("RGB"), np.float32) / np.float32(255)


class Memory:
    """Images under file names, without files: `load` is the analysis' loader."""

    def __init__(self, images: dict[str, Array]) -> None:
        self._images = {name: to_bytes(image) for name, image in images.items()}
        self.loaded: list[str] = []

    @property
    def files(self) -> list[Path]:
        return [Path(name) for name in self._images]

    def load(self, file: Path) -> Array:
        self.loaded.append(file.name)
        return self._images[file.name].astype(np.float32) / np.float32(255)


def waved(size: Size, far: float, seed: int, waves: float = 2.0) -> NDArray[np.float64]:
    """Smooth displacements: x right and y down at each pixel, in widths, shape (2, height, width).

    far: the largest; waves: that fit along a side, at most.
    """
    generator = np.random.default_rng(seed)
    across = (np.arange(size[0]) + 0.5) / size[0]
    down = ((np.arange(size[1]) + 0.5) / size[1])[:, None]
    field = np.zeros((2, size[1], size[0]))
    for part in field:
        for _ in range(4):
            x, y = generator.uniform(0, waves, 2)
            phase = generator.uniform(0, math.tau)
            part += generator.normal() * np.cos(math.tau * (x * across + y * down) + phase)
    return field * (far / max(float(np.hypot(*field).max()), 1e-9))


def repainted(image: Array, shift: NDArray[np.float64]) -> Array:
    """An image that shows at each pixel what was so far from there, in widths; by bilinear means.

    What is beyond the edge is as the edge. Pillow's mesh of small quadrangles does it.
    """
    height, width = image.shape[:2]
    cell = 4
    corners_x, corners_y = (np.arange(0, side + 1, cell) for side in (width, height))
    rows, columns = np.minimum(corners_y, height - 1), np.minimum(corners_x, width - 1)
    x = corners_x[None, :] + width * shift[0][np.ix_(rows, columns)]
    y = corners_y[:, None] + width * shift[1][np.ix_(rows, columns)]
    pad = math.ceil(width * float(np.abs(shift).max())) + cell
    padded = np.pad(image, ((pad, pad), (pad, pad), (0, 0)), mode="edge")
    x, y = x + pad, y + pad
    mesh = []
    for row in range(len(corners_y) - 1):
        for column in range(len(corners_x) - 1):
            box = tuple(cell * part for part in (column, row, column + 1, row + 1))
            around = [(row, column), (row + 1, column), (row + 1, column + 1), (row, column + 1)]
            mesh.append((box, tuple(float(part[at]) for at in around for part in (x, y))))
    channels = [
        Image.fromarray(np.ascontiguousarray(padded[:, :, c], np.float32)).transform(
            (width, height), Image.Transform.MESH, mesh, Image.Resampling.BICUBIC
        )
        for c in range(image.shape[2])
    ]
    return np.stack([np.asarray(channel) for channel in channels], axis=2)
