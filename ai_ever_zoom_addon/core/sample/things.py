"""What the scenes of the sample series are made of: woods, houses, fish. Never touches bpy."""

from __future__ import annotations

import math

import numpy as np

from .paper import Canvas, Path, Points, Random, disc, leaf, placed, rectangle, star, stroke


def starry(canvas: Canvas, random: Random, nearest: float, code: str) -> None:
    """Small round stars, and some that twinkle, outside a radius."""
    radius = np.sqrt(random.uniform(nearest**2, 1.2, 900))
    angle = random.uniform(0, 2 * math.pi, 900)
    x, y = radius * np.cos(angle), radius * np.sin(angle)
    size = 0.0014 + 0.0028 * random.uniform(0, 1, 900) ** 3
    canvas.fill([disc(size[n], x[n], y[n], 12) for n in range(900)], code, 0.85)
    canvas.fill([star(x[n], y[n], 0.009 + 0.006 * (n % 4)) for n in range(70)], code)


def _heights(random: Random, x: Points, roughness: int) -> Points:
    """Jagged heights from -1 to 1."""
    height = np.zeros_like(x)
    for octave in range(4):
        knots = np.linspace(-1.3, 1.3, (roughness + 1) * 2**octave + 2)
        height += 0.5**octave * np.interp(x, knots, random.uniform(-1, 1, len(knots)))
    return height / np.abs(height).max()


def ridge(random: Random, height: float, relief: float, roughness: int) -> Path:
    """Mountains from edge to edge, lower in the middle."""
    x = np.linspace(-1.25, 1.25, 400)
    high = relief * (0.3 + np.minimum(1.0, 2.0 * np.abs(x)))
    y = height + high * _heights(random, x, roughness) + 0.16 * x**2
    return [np.concatenate([np.stack([x, y], axis=1), [(1.25, -1.3), (-1.25, -1.3)]])[::-1]]


def height_of(ground: Path, x: float) -> float:
    """Of a ridge at a place."""
    return float(np.interp(x, *ground[0][:1:-1].T))


def wood(
    canvas: Canvas, random: Random, height: float, tall: float, count: int, code: str, rim: str
) -> None:
    """Pines on a ridge."""
    ground = ridge(random, height, 0.05, 3)
    places = np.linspace(-1.1, 1.1, count) + random.uniform(-0.4, 0.4, count) * 2.2 / count
    pines = [
        placed(pine(), x, height_of(ground, x) - 0.1 * tall, tall * random.uniform(0.6, 1.2))
        for x in places
    ]
    canvas.lay(pines, code, 0.02, rim)
    canvas.fill(ground, code)


def pine() -> Points:
    """Of height 1, its trunk reaching into the ground."""
    tier = np.arange(12)
    half = np.linspace(0.0, 0.30, 12) * np.where(tier % 2, 1.0, 0.55)
    left = np.stack([-half, np.repeat(np.linspace(1.0, 0.12, 6), 2) - 0.06 * (tier % 2)], axis=1)
    trunk = [(-0.05, 0.1), (-0.05, -0.4), (0.05, -0.4), (0.05, 0.1)]
    return np.concatenate([left, trunk, (left * (-1, 1))[:0:-1]])


def cloud(random: Random, side: int, height: float, length: float) -> Path:
    """A bank of cloud that reaches in from one side, flat below."""
    part = np.linspace(0.0, 1.0, 9) + random.uniform(-0.04, 0.04, 9)
    x = side * (1.1 - 0.97 * part * (0.1 + length))
    size = random.uniform(0.01, 0.075, 9) * np.sin(math.pi * np.clip(part, 0.03, 0.97)) ** 0.6
    puffs = [disc(size[n] + 0.03, x[n], height + size[n] + 0.03, 96) for n in range(9)]
    bar = np.array([(0.0, 0.03), (0.1 + length, 0.03)]) * (-side, 1) + (side * 1.1, height)
    return [*puffs, stroke(bar, 0.06, 0.06), disc(0.03, bar[1, 0], bar[1, 1], 96)]


def waves(random: Random, level: float) -> Path:
    """The water's surface seen from below: everything above it."""
    x = np.linspace(-1.25, 1.25, 500)
    y = level + 0.022 * np.abs(np.sin(14 * x + random.uniform(0, 6)))
    return [np.concatenate([np.stack([x, y], axis=1), [(1.25, 1.4), (-1.25, 1.4)]])]


def house(
    canvas: Canvas, random: Random, x: float, y: float, size: float, turn: float = 0.0
) -> None:
    """With lit windows, its foot below the point where it stands."""
    tall = random.uniform(0.6, 1.3)
    roof = np.array([(-0.66, tall - 0.06), (0.66, tall - 0.06), (0.0, tall + 0.75)])
    chimney = rectangle(0.24, tall, 0.42, tall + 0.72)
    face = ("4b3a94", "5d4199", "3d3f95", "6c4a98")[int(random.integers(4))]
    top = ("c2557e", "2b2366", "8c3f86", "d9766e")[int(random.integers(4))]
    lit = "ffcf5e" if random.uniform() < 0.75 else "ff9f55"
    middles = [(-0.25, tall - 0.3), (0.25, tall - 0.3)]
    if tall > 0.95:
        middles += [(-0.3, tall - 0.72), (0.3, tall - 0.72)]
    panes = [rectangle(u - 0.12, v - 0.15, u + 0.12, v + 0.15) for u, v in middles]
    panes.append(disc(0.11, 0, tall + 0.22, 24))
    bars = []
    for u, v in [*middles, (0.0, tall + 0.22)]:
        bars.append(rectangle(u - 0.015, v - 0.15, u + 0.015, v + 0.15))
        bars.append(rectangle(u - 0.12, v - 0.015, u + 0.12, v + 0.015))
    at = (x, y, size, turn)
    canvas.lay([placed(rectangle(-0.5, -0.6, 0.5, tall), *at)], face, 0.012, "8d78d0")
    canvas.lay([placed(chimney, *at), placed(roof, *at)], top, 0.01, "ffb8b0")
    canvas.fill([placed(rectangle(-0.11, -0.5, 0.11, 0.36), *at)], "2a1c5c")
    canvas.fill([placed(p, *at) for p in panes], lit)
    canvas.fill([placed(p, *at) for p in bars], face)


def balloon(canvas: Canvas, x: float, y: float, radius: float) -> None:
    """A hot-air balloon in one of six pairs of colours."""
    pairs = (
        ("e8483f", "fff0d2"), ("2b8c9e", "fbe6b4"), ("f2a233", "fff4d6"), ("7b3fa0", "ffd1a1"),
        ("d43d78", "ffe0c8"), ("2f6fb5", "fff0d2"),
    )  # fmt: skip
    code, other = pairs[round(1000 * radius) % len(pairs)]
    t = np.linspace(-1.25, 1.0, 60)
    taper = 0.995 - 0.68 * (np.abs(0.1 + t) / 1.15) ** 1.25
    half = np.where(t > -0.1, np.sqrt(np.clip(1 - t**2, 0, 1)), taper)
    edge = np.stack([half, t], axis=1)

    def gore(start: float, stop: float) -> Points:
        return placed(np.concatenate([edge * (stop, 1), (edge * (start, 1))[::-1]]), x, y, radius)

    basket = np.array([(-0.17, -1.85), (0.17, -1.85), (0.22, -1.55), (-0.22, -1.55)])
    ropes = [stroke([(s * 0.28, -1.25), (s * 0.2, -1.56)], 0.03, 0.03) for s in (-1, 1)]
    canvas.fill([placed(p, x, y, radius) for p in ropes], "5a2a3a")
    canvas.lay([placed(basket, x, y, radius)], "7a4526", 0.01, "d09a5c")
    canvas.lay([gore(-1, 1)], code, 0.02, "fff8e6")
    bounds = np.sin(np.linspace(-0.5, 0.5, 10) * math.pi)
    stripes = [gore(bounds[n], bounds[n + 1]) for n in range(1, 9, 2)]
    canvas.fill(stripes, other)
    canvas.fill([gore(0.35, 1.0)], "3a1038", 0.16)


def shoal(
    canvas: Canvas, random: Random, orbit: float, count: int, size: float, codes: tuple[str, ...]
) -> None:
    """Fish on their way around the centre."""
    t = np.linspace(0, 1, 61)
    half = 0.27 * np.sin(math.pi * t**0.75) + 0.03 * (1 - t)
    above, below = (np.stack([t - 0.45, side * half], axis=1) for side in (1, -1))
    body = np.concatenate([below, above[::-1]])
    tail = np.array([(-0.40, 0.0), (-0.78, 0.26), (-0.66, 0.0), (-0.78, -0.26)])
    fin = np.array([(0.12, 0.22), (-0.12, 0.42), (-0.2, 0.2)])
    bands = [np.concatenate([below[a:b], above[a:b][::-1]]) for a, b in ((19, 28), (35, 41))]
    eye = disc(0.035, 0.38, 0.05, 24)
    places = []
    for number in range(count):
        angle = 2 * math.pi * (number + random.uniform(-0.2, 0.2)) / count
        radius, length = orbit * random.uniform(0.95, 1.05), size * random.uniform(0.8, 1.15)
        x, y = radius * math.cos(angle), radius * math.sin(angle)
        if y < 0.55:
            places.append((x, y, length, angle + math.pi / 2))
    canvas.lay([placed(p, *at) for at in places for p in (body, tail, fin)], codes[0], 0.012)
    canvas.fill([placed(p, *at) for at in places for p in bands], codes[1])
    canvas.fill([placed(tail, *at) for at in places], codes[2])
    canvas.fill([placed(eye, *at) for at in places], "1b1030")


def weed(canvas: Canvas, random: Random, x: float, length: float) -> None:
    """Seaweed that sways."""
    y = np.linspace(0, 1, 50)
    phase = random.uniform(0, 6)
    sway = x + 0.03 * np.sin(9 * y + phase) * y
    stem = np.stack([sway, -0.85 + length * y], axis=1)
    code = ("17806a", "2aa876", "0f6a66")[int(random.integers(3))]
    leaves = [stroke(stem, 0.014, 0.002)]
    for n in range(4, 48, 2):
        side = 1 if n % 4 else -1
        blade = leaf(0.075 * (1.1 - y[n]), 0.026, 0.4, 12)
        leaves.append(placed(blade, stem[n, 0], stem[n, 1], turn=side * -0.9))
    canvas.lay(leaves, code, 0.012, "6fe0a8")


def coral(random: Random, x: float, y: float, length: float, angle: float, depth: int) -> Path:
    """A branching coral."""
    end = (x + length * math.cos(angle), y + length * math.sin(angle))
    thick = 0.006 * depth
    path = [stroke([(x, y), end], thick, 0.8 * thick), disc(0.42 * thick, end[0], end[1], 16)]
    if depth > 1:
        for turn in (-0.42, 0.42):
            turned = angle + turn + random.uniform(-0.2, 0.2)
            path += coral(random, *end, length * random.uniform(0.65, 0.9), turned, depth - 1)
    return path
