"""A scene whose depth is known: balls before a wall, as a pinhole camera sees them. No bpy.

The wall has detail at all sizes, and the balls come again at every scale: so a series of pictures,
each taken from nearer, is nested like an outpainted one, and what a camera between two of them
would see is known as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[np.float64]

LENS = 50.0 / 36.0  # distance of the camera in widths of the view, as in a zoom
CROP = 0.8


@dataclass(frozen=True)
class Ball:
    """Where it is when it is as large as at zoom level 0: in widths of the picture there.

    Attributes:
        x, y: Right and up of the camera's axis.
        height: Of its centre before the wall.
        radius: Its own.
        colour: Of its lit side.
    """

    x: float
    y: float
    height: float
    radius: float
    colour: tuple[float, float, float]


@dataclass(frozen=True)
class World:
    """What there is before the wall, and how much smaller it comes again."""

    factor: float
    balls: tuple[Ball, ...]

    def distance_at(self, level: float) -> float:
        """How far the camera is from the wall, in widths of the outermost picture."""
        return LENS * CROP * self.factor**-level

    @property
    def nearest(self) -> float:
        """How far the nearest comes forward, in parts of the camera's distance."""
        return max(ball.height + ball.radius for ball in self.balls) / self.distance_at(0.0)


WORLD = World(
    2.0,
    (
        Ball(0.30, 0.03, 0.08, 0.045, (0.95, 0.65, 0.2)),
        Ball(-0.28, -0.06, 0.09, 0.05, (0.3, 0.75, 0.95)),
        Ball(-0.25, 0.12, 0.05, 0.03, (0.9, 0.35, 0.45)),
        Ball(0.07, -0.16, 0.05, 0.035, (0.55, 0.85, 0.4)),
    ),
)

# By these no constant was chosen. The nearest comes forward by a new zoom's strength.
AT_SEAMS = World(
    2.5,
    (
        Ball(0.33, -0.10, 0.11, 0.0567, (0.3, 0.75, 0.95)),
        Ball(-0.36, -0.02, 0.10, 0.06, (0.95, 0.65, 0.2)),
        Ball(-0.22, 0.15, 0.06, 0.04, (0.55, 0.85, 0.4)),
        Ball(0.12, 0.20, 0.05, 0.03, (0.9, 0.35, 0.45)),
    ),
)
BESIDE_SEAMS = World(
    2.5,
    (
        Ball(0.27, -0.05, 0.11, 0.0567, (0.3, 0.75, 0.95)),
        Ball(-0.26, 0.06, 0.09, 0.05, (0.95, 0.65, 0.2)),
        Ball(0.02, 0.15, 0.05, 0.03, (0.55, 0.85, 0.4)),
    ),
)


def look(
    level: float, size: tuple[int, int], part: float = 1.0, world: World = WORLD
) -> tuple[Array, Array]:
    """What is seen at a zoom level.

    Args:
        level: Of the camera.
        size: Width and height in pixels.
        part: How much is seen, in widths of that level's picture.
        world: What there is.

    Returns:
        The picture, 0 to 1, shape (height, width, 3), and how near it is, 0 at the wall and 1 at
        the nearest, in proportion to 1 / distance; shape (height, width). Top first.
    """
    fine = 2  # rays for a pixel, either way
    width, height = size[0] * fine, size[1] * fine
    pixel = part * world.factor**-level / width
    x, y = np.meshgrid(
        (np.arange(width) + 0.5 - width / 2) * pixel, (height / 2 - np.arange(height) - 0.5) * pixel
    )
    distance = world.distance_at(level)
    wall = _wall(_smaller(x, fine), _smaller(y, fine), pixel * fine)  # which is smooth
    colour = wall.repeat(fine, axis=0).repeat(fine, axis=1)
    depth = np.full(x.shape, distance)
    for scale in world.factor ** -np.arange(np.floor(level) - 2.0, level + 7.0):
        for ball in world.balls:
            _add(colour, depth, x, y, distance, ball, float(scale))
    near = (distance / depth - 1.0) / (1.0 / (1.0 - world.nearest) - 1.0)
    return _smaller(colour, fine), _smaller(near, fine)


def write_series(
    folder: Path, count: int, size: tuple[int, int], world: World = WORLD
) -> list[Path]:
    """Write pictures, outermost first, with their depth maps of 16 bits: NAME_depth.png."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for level in range(count):
        picture, near = look(float(level), size, world=world)
        file = folder / f"{count - level}.png"
        Image.fromarray(np.rint(picture * 255.0).astype(np.uint8)).save(file)
        deep = np.rint(np.clip(near, 0.0, 1.0) * 65535.0).astype(np.uint16)
        Image.fromarray(deep).save(folder / f"{file.stem}_depth.png")
        files.append(file)
    return files


def _add(
    colour: Array, depth: Array, x: Array, y: Array, distance: float, ball: Ball, scale: float
) -> None:
    """Put a ball into a picture, where it is in front of what is there."""
    centre = np.array([ball.x, ball.y, ball.height]) * scale
    radius = ball.radius * scale
    eye = np.array([0.0, 0.0, distance])
    if centre[2] + radius >= distance:  # beside the camera or behind it
        return
    # Where its shadow from the eye lies on the wall, at most.
    spread = distance / (distance - centre[2] - radius)
    reach = 1.5 * radius * spread
    is_near = (np.abs(x - centre[0] * distance / (distance - centre[2])) < reach) & (
        np.abs(y - centre[1] * distance / (distance - centre[2])) < reach
    )
    rows, columns = (np.flatnonzero(is_near.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    x, y, colour, depth = (values[part] for values in (x, y, colour, depth))
    # A ray goes from the eye through a point of the wall: eye + t * (x, y, -distance).
    way = np.stack([x, y, np.full(x.shape, -distance)], axis=-1)
    from_centre = eye - centre
    a, b = (way**2).sum(axis=-1), way @ from_centre
    root = b * b - a * (from_centre @ from_centre - radius**2)
    t = np.where(root > 0.0, (-b - np.sqrt(np.maximum(root, 0.0))) / a, np.inf)
    found = t * distance < depth
    normal = (eye + t[found][:, None] * way[found] - centre) / radius
    light = 0.35 + 0.65 * np.clip(normal @ (np.array([-0.4, 0.6, 0.7]) / 1.005), 0.0, 1.0)
    stripes = 0.85 + 0.15 * np.sign(np.sin(14.0 * normal[:, 0]) * np.sin(14.0 * normal[:, 1]))
    colour[found] = (light * stripes)[:, None] * np.array(ball.colour)
    depth[found] = t[found] * distance


def _wall(x: Array, y: Array, pixel: float) -> Array:
    """The wall's colours: noise of all sizes that pixels can show."""
    colour = np.full((*x.shape, 3), 0.42)
    for octave in range(-1, 24):
        size = 2.0**-octave
        if size < 3.0 * pixel:
            break
        table = np.random.default_rng(octave + 1).uniform(-1.0, 1.0, (64, 64, 3))
        grey = np.random.default_rng(octave + 99).uniform(-1.0, 1.0, (64, 64, 1))
        seen = min(1.0, size / pixel / 3.0 - 1.0)  # comes in smoothly
        colour += seen * 0.07 * _noise(table * 0.4 + grey, x / size, y / size)
    return np.clip(colour, 0.0, 1.0)


def _noise(table: Array, x: Array, y: Array) -> Array:
    left, below = np.floor(x).astype(int), np.floor(y).astype(int)
    across, up = ((p - q) for p, q in ((x, left), (y, below)))
    across, up = ((p * p * (3.0 - 2.0 * p))[..., None] for p in (across, up))
    side = len(table)
    low = (
        table[below % side, left % side] * (1 - across)
        + table[below % side, (left + 1) % side] * across
    )
    high = (
        table[(below + 1) % side, left % side] * (1 - across)
        + table[(below + 1) % side, (left + 1) % side] * across
    )
    result: Array = low * (1 - up) + high * up
    return result


def _smaller(values: Array, times: int) -> Array:
    height, width = values.shape[:2]
    blocks = values.reshape(height // times, times, width // times, times, *values.shape[2:])
    result: Array = blocks.mean(axis=(1, 3))
    return result
