"""The scenes of the sample series. Never touches bpy.

Each is painted in units in which it fills the disc of radius 1. It paints what lies behind its
portal, yields the portal's path, and paints what stands before it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from .paper import Canvas, Path, Points, Random, around, disc, leaf, placed, ring, star, stroke
from .things import (
    balloon,
    cloud,
    coral,
    height_of,
    house,
    pine,
    ridge,
    shoal,
    starry,
    waves,
    weed,
    wood,
)

OVERHANG = 0.25  # of a portal's radius, at most, is covered by what stands before it

Scene = Callable[[Canvas, float, Random], Iterator[Path]]


def _night(canvas: Canvas, hole: float, random: Random) -> Iterator[Path]:
    """A village below a starry sky; the portal is the moon."""
    sky = {-0.6: "e08a9a", -0.35: "8a55b0", 0.0: "36348c", 0.45: "171c58", 1.0: "0a0f33"}
    canvas.pixels[:] = canvas.gradient(canvas.y, sky)
    for away, code in ((0.62, "3d3f95"), (0.36, "5357ad"), (0.15, "7d7cc6")):
        canvas.lay([disc(hole * (1 + away))], code, 0.02)
    starry(canvas, random, 1.2 * hole, "fff3c4")
    canvas.glow(hole, 0.06, "fff0c8", 0.5)
    canvas.fill([ring(hole, hole * 1.045)], "fff3d0")
    yield [disc(hole)]
    for side, height, code, rim in (
        (-1, 0.27, "453f93", "8078cc"),
        (1, 0.10, "534a9f", "9a8ad8"),
        (-1, -0.13, "7857a6", "c295dc"),
        (1, -0.22, "a066a8", "eaaed6"),
    ):
        paint = canvas.gradient(canvas.y, {height: rim, height + 0.13: code})
        canvas.lay(cloud(random, side, height, 1.02 - hole), paint, 0.025, rim)
    base = -0.80 * hole
    canvas.lay(ridge(random, base - 0.07, 0.05, 4), "5a3f96", 0.03, "a277cf")
    wood(canvas, random, base - 0.11, 0.06, 130, "4b3890", "6a52b0")
    hill = ridge(random, base - 0.16, 0.03, 2)
    places = np.linspace(-0.95, 0.95, 22) + random.uniform(-0.025, 0.025, 22)
    for n in random.permutation(22):
        ground = height_of(hill, places[n])
        house(canvas, random, places[n], ground - 0.005, random.uniform(0.055, 0.08))
    canvas.lay(hill, "352778", 0.02, "7a5cc4")
    wood(canvas, random, base - 0.25, 0.075, 80, "2c2169", "43358f")
    wood(canvas, random, base - 0.31, 0.11, 46, "201755", "34287c")
    wood(canvas, random, base - 0.39, 0.17, 26, "130d3c", "261c62")
    flies = random.uniform((-0.9, -0.75), (0.9, base - 0.2), (70, 2))
    canvas.fill([disc(0.009, x, y, 32) for x, y in flies], "ffd75e", 0.22)
    canvas.fill([disc(0.003, x, y, 24) for x, y in flies], "fff2a8")


def _balloons(canvas: Canvas, hole: float, random: Random) -> Iterator[Path]:
    """Balloons above the mountains at sunrise; the portal is the sun."""
    sky = {hole: "fff1c9", hole * 1.5: "ffcf8f", 0.7: "f58f6c", 0.9: "c9587a", 1.1: "7a3b78"}
    canvas.pixels[:] = canvas.gradient(canvas.radius, sky)
    rays = around(np.array([(0.0, 0.0), (0.085, 1.3), (-0.085, 1.3)]), 24, 0.0)
    canvas.fill(rays, "fff6d8", 0.16)
    canvas.fill([disc(hole * 1.26)], "fff3cf", 0.5)
    for part, length in ((0.0, 0.15), (0.5, 0.09)):
        flame = np.array([(-0.022, 0.0), (0.022, 0.0), (0.0, length)]) * hole / 0.38
        canvas.lay(around(flame, 36, 1.06 * hole, part), "ffb44a", 0.01, "fff6d6")
    canvas.lay([disc(hole * 1.09)], "fff3c8", 0.01)
    canvas.fill([ring(1.045 * hole, 1.06 * hole)], "f5a83c")
    yield [disc(hole)]
    for side, height, code, rim in (
        (1, 0.52, "f7a98a", "ffe3c2"),
        (-1, 0.40, "fbb894", "fff0d0"),
        (1, 0.06, "fcc79e", "fff4d8"),
        (-1, -0.08, "fdd2a8", "fff8e0"),
    ):
        canvas.lay(cloud(random, side, height, 0.92 - hole), code, 0.025, rim)
    layers = ("e58a7d", "bf5f7a", "8c4575", "5a3168", "361f52")
    for number, code in enumerate(layers):
        height = -0.88 * hole - 0.07 * number
        mist = canvas.gradient(canvas.y, {height - 0.2: "ffb79a", height + 0.04: code})
        slope = ridge(random, height, 0.15 - 0.015 * number, 5 + number)
        canvas.lay(slope, mist if number < 3 else code, 0.03, "ffd2a0")
    wood(canvas, random, -0.80 * hole - 0.33, 0.10, 80, "43235c", "6a3f78")
    wood(canvas, random, -0.80 * hole - 0.42, 0.15, 50, "22123c", "45275a")
    birds = [
        placed(stroke([(-1, 0.5), (-0.5, 0.62), (0, 0), (0.5, 0.62), (1, 0.5)], 0.06, 0.2), *at)
        for at in ((0.3, 0.47, 0.022), (0.36, 0.5, 0.017), (0.25, 0.52, 0.015), (0.41, 0.46, 0.012))
    ]
    canvas.fill(birds, "6a2f5e")
    for x, y, radius in (
        (-0.50, 0.24, 0.105), (0.53, 0.30, 0.085), (-0.22, 0.53, 0.070), (0.16, 0.60, 0.052),
        (-0.56, -0.10, 0.060), (0.57, -0.02, 0.068), (-0.58, 0.56, 0.045), (0.47, 0.60, 0.036),
        (0.44, -0.18, 0.034), (-0.40, -0.20, 0.030), (-0.85, 0.10, 0.07), (0.86, 0.2, 0.08),
    ):  # fmt: skip
        balloon(canvas, x, y, radius)


def _sea(canvas: Canvas, hole: float, random: Random) -> Iterator[Path]:
    """Shoals around a bubble above a coral reef; the portal is the bubble."""
    water = {-0.8: "04203f", -0.3: "06446b", 0.2: "0f7f9e", 0.6: "37b9bd", 0.9: "a5ead2"}
    canvas.pixels[:] = canvas.gradient(canvas.y, water)
    for x in np.linspace(-0.9, 0.9, 9) + random.uniform(-0.06, 0.06, 9):
        width = random.uniform(0.03, 0.1)
        shaft = np.array([(x, 1.2), (1.9 * x - width, -1.2), (1.9 * x + width, -1.2)])
        canvas.fill([shaft], "d9fff0", random.uniform(0.06, 0.13))
    for level, code in ((0.57, "3fb9bd"), (0.66, "68cfc6"), (0.75, "9ae4d2"), (0.85, "d2f7e6")):
        canvas.lay(waves(random, level), code, 0.03, "f0fff8")
    for number, code in enumerate(("0b6488", "094e75", "07395d")):
        canvas.lay(ridge(random, -0.50 - 0.06 * number, 0.10, 3), code, 0.03, "2490ab")
    canvas.glow(hole, 0.05, "c8fff0", 0.45)
    yield [disc(hole)]
    canvas.fill([ring(hole * 0.985, hole * 1.03)], "e9fffa")
    for start, stop, width in ((1.75, 2.75, 0.028), (2.85, 3.0, 0.022), (5.1, 5.6, 0.014)):
        angle = np.linspace(start, stop, 40)
        arc = 0.90 * hole * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        canvas.fill([stroke(arc, hole * width, hole * width)], "ffffff", 0.75)
    for away, count, size, codes in (
        (0.22, 18, 0.062, ("ffb03b", "fff0cf", "d9572b")),
        (0.50, 19, 0.078, ("ff7d5c", "ffe9c4", "b8324f")),
        (0.78, 24, 0.066, ("ffd95e", "fffbe6", "e0852c")),
    ):
        shoal(canvas, random, hole ** (1 - away), count, size, codes)
    for x in (-0.78, -0.68, -0.60, -0.53, -0.47, 0.46, 0.51, 0.58, 0.66, 0.76):
        weed(canvas, random, x, random.uniform(0.42, 0.80))
    for x, code, rim in (
        (-0.40, "e84a6f", "ff9bb0"), (0.36, "ff8a4c", "ffc59a"), (-0.16, "b45be0", "dfa8ff"),
        (0.12, "f2557c", "ffa3b9"), (-0.62, "ff9f4a", "ffd29c"), (0.62, "c04fd0", "e9a4f5"),
    ):  # fmt: skip
        canvas.lay(coral(random, x, -0.80, 0.13, math.pi / 2, 6), code, 0.015, rim)
    sand = ridge(random, -0.68, 0.05, 3)
    canvas.lay(sand, "e9cf9a", 0.03, "fff0c8")
    for n, x in enumerate(np.linspace(-0.8, 0.8, 15) + random.uniform(-0.04, 0.04, 15)):
        place = (x, height_of(sand, x) - random.uniform(0.02, 0.07))
        if n % 3:
            canvas.lay([disc(random.uniform(0.008, 0.018), *place, 7)], "c9a574", 0.01, "fff0c8")
        else:
            canvas.lay([star(*place, 0.026, 5, 0.45)], "e8644a", 0.01, "ffb59a")
    places = random.uniform((-0.95, -0.55, 0.004), (0.95, 0.55, 0.014), (70, 3))
    bubbles = [ring(0.8 * r, r, x, y) for x, y, r in places if math.hypot(x, y) > 1.1 * hole]
    canvas.fill(bubbles, "e9fffa", 0.9)


def _flower(canvas: Canvas, hole: float, random: Random) -> Iterator[Path]:
    """A dahlia; the portal is its heart."""
    canvas.pixels[:] = canvas.gradient(canvas.radius, {0.5: "0f4a3c", 1.1: "062620"})
    for number, code in enumerate(("0c5a45", "14745a", "1f8f6c")):
        leaves = around(leaf(0.5, 0.2), 13, 0.72 - 0.03 * number, 0.4 * number)
        canvas.lay(leaves, code, 0.03, "49c598")
    rings = (
        ("7a0f4a", "b8286f"), ("93155a", "d1408a"), ("b01f66", "ea5c97"), ("cb3270", "fa7fa8"),
        ("e04d78", "ff9fb4"), ("ee6c7c", "ffbdba"), ("f78f80", "ffd6c2"), ("fdb283", "ffe9c8"),
        ("ffd08a", "fff6d6"),
    )  # fmt: skip
    count = 21
    for number, (code, rim) in enumerate(rings):
        away = 0.86 - 0.78 * number / len(rings)
        start, end = hole ** (1.12 - away), hole ** (0.78 - away)
        width = 2.0 * math.pi * (0.35 * start + 0.65 * end) / count
        petal = leaf(end - start, 1.08 * width, 0.62, 40)
        vein = stroke([(0, 0), (0, 0.5), (0, 0.95)], 0.014, 0.006) * (end - start)
        for half in (0.0, 0.5):
            turn, veins = 0.5 * number + half, list[Points]()
            canvas.lay(around(petal, count, start, turn), code, 0.05 * end, rim)
            for lean in (-0.15, -0.075, 0.0, 0.075, 0.15):
                veins += around(placed(vein, 0, 0, 1 - 1.5 * abs(lean), lean), count, start, turn)
            canvas.fill(veins, rim, 0.75)
    canvas.lay([disc(1.25 * hole)], "7a3310", 0.05, "ffb84d")
    for number, code in enumerate(("b8601a", "d9822a", "f2a93c", "ffcb5c", "ffe495")):
        bead, away = disc(0.046 * hole, corners=48), 1.21 - 0.045 * number
        canvas.lay(around(bead, 72, away * hole, 0.5 * number), code, 0.012, "fff3b0")
    yield [disc(hole)]
    canvas.fill([ring(hole, 1.03 * hole)], "7a3a10")
    canvas.fill(around(disc(0.010 * hole, corners=32), 120, 1.015 * hole), "ffe08a")


def _window(canvas: Canvas, hole: float, random: Random) -> Iterator[Path]:
    """A cathedral's rose window; the portal is its eye."""
    count, lead = 24, 0.004
    blue, red = ("1b3aa8", "2d5fe0", "162a80"), ("a81236", "e03a58", "7e0c2c")
    green, gold = ("0f7a68", "2bb894", "0b5a50"), ("e0901c", "ffcc55", "c26c12")
    violet = ("5424a0", "8a4ce0", "3c1c7c")
    canvas.pixels[:] = canvas.colour("120e1c")
    r0, r1, r2, r3, r4 = (float(hole ** (1.0 - away)) for away in (0.05, 0.24, 0.64, 0.86, 1.08))

    def pane(radii: Points, halves: Points | float) -> Points:
        """Between two radii, upwards, with half of its width at each as a share of a sector."""
        angle = math.pi / count * halves - lead / radii
        side = np.stack([radii * np.sin(angle), radii * np.cos(angle)], axis=1)
        return np.concatenate([side, (side * (-1, 1))[::-1]])

    def pointed(radii: Points) -> Points:
        """A Gothic arch's width along the lancets between r1 and r2."""
        return 1.0 - np.clip(2.0 * (radii - r1) / (r2 - r1) - 1.0, 0.0, 1.0) ** 1.8

    def cell(inner: float, outer: float, half: float = 1.0) -> Points:
        return pane(np.linspace(inner + lead, outer - lead, 9), half)

    def glass(panes: Path, *tones: tuple[str, str, str]) -> None:
        """Panes in turn of each colour, of uneven tones, lighter in the middle."""
        chosen = [tones[n % len(tones)][int(random.integers(3))] for n in range(len(panes))]
        for code in dict.fromkeys(chosen):
            canvas.fill([p for p, own in zip(panes, chosen, strict=True) if own == code], code)
        middles = [polygon.mean(axis=0) for polygon in panes]
        small = [m + 0.6 * (p - m) for p, m in zip(panes, middles, strict=True)]
        canvas.fill(small, "ffffff", 0.12)

    def roundels(radius: float, at: float, start: float, *tones: tuple[str, str, str]) -> None:
        canvas.fill(around(disc(radius, corners=72), count, at, start), "120e1c")
        canvas.fill(around(disc(0.92 * radius, corners=72), count, at, start), "e9bd62")
        canvas.fill(around(disc(0.84 * radius, corners=72), count, at, start), "120e1c")
        for n in range(6):
            x, y = math.sin(n * math.pi / 3) / 2, math.cos(n * math.pi / 3) / 2
            glass(around(disc(0.23, x, y, 32) * radius, count, at, start), *tones)
        canvas.fill(around(disc(0.22 * radius, corners=32), count, at, start), "ffe7a0")

    glass(around(cell(r0, r1), count, 0.0), blue, violet)
    roundels(0.38 * (r1 - r0), (r0 + r1) / 2, 0.0, red)
    glass(around(cell(r1, r2), count, 0.0, 0.5), blue)
    for half, code in ((0.97, "e9bd62"), (0.90, "120e1c")):
        radii = np.linspace(r1, r2 - (0.97 - half) * 0.12, 60)
        canvas.fill(around(pane(radii, half * pointed(radii)), count, 0.0), code)
    bounds = r1 + (r2 - r1) * np.array([0.02, 0.16, 0.34, 0.40, 0.60, 0.66, 0.82, 0.95])
    bands = ((gold,), (red, green), (gold,), (violet, red), (gold,), (green, blue), (red, violet))
    for number, tones in enumerate(bands):
        radii = np.linspace(bounds[number] + lead / 2, bounds[number + 1] - lead / 2, 20)
        for side in (-1, 1):
            light = pane(radii, 0.82 * pointed(radii))
            light[:, 0] = np.maximum(light[:, 0] * side, lead / 3) * side
            glass(around(light, count, 0.0), *tones)
    roundels(0.030, r1 + 0.5 * (r2 - r1), 0.0, blue, red)
    canvas.fill(around(disc(0.014, corners=40), count, r2 - 0.024, 0.5), "ffcf5e")
    glass(around(cell(r2, r3), count, 0.0, 0.5), red, blue)
    roundels(0.40 * (r3 - r2), (r2 + r3) / 2, 0.5, green, gold)
    glass(around(cell(r3, r4, 0.5), 2 * count, 0.0), blue, violet)
    glass(around(leaf(r4 - r3, 0.11, 0.5, 30), count, r3, 0.5), gold, red)
    canvas.glow(hole, 0.16, "fff0c0", 0.14)
    spokes = around(stroke([(0, r1), (0, r2)], 0.010, 0.014), count, 0.0, 0.5)
    for path in (spokes, *([ring(r - 0.008, r + 0.008)] for r in (r0, r1, r2, r3))):
        canvas.lay(path, "5b5270", 0.015, "d8cce6")
    yield [disc(hole)]
    canvas.lay([ring(hole, r0)], "5b5270", 0.015, "d8cce6")
    canvas.fill(around(disc(0.25 * (r0 - hole), corners=32), 4 * count, (hole + r0) / 2), "f3cf7a")


def _home(canvas: Canvas, hole: float, random: Random) -> Iterator[Path]:
    """The end of the journey: a small planet with woods, houses and a warm heart."""
    sky = {0.45: "4b3fa0", 0.75: "2a2270", 1.0: "141040"}
    canvas.pixels[:] = canvas.gradient(canvas.radius, sky)
    starry(canvas, random, 0.45, "fff6d8")
    for radius, code in (
        (0.62, "5b4bb0"), (0.55, "8a5fc0"), (0.49, "c573b8"), (0.44, "f08fa0"), (0.40, "ffb98f"),
        (0.365, "ffdf9f"), (0.335, "fff4cf"),
    ):  # fmt: skip
        canvas.lay([disc(radius)], code, 0.03)
    ground = 0.235
    for code in ("1c6b62", "2f9a72", "176058"):
        trees = []
        for angle in 2 * math.pi * (np.arange(30) + random.uniform(-0.4, 0.4, 30)) / 30:
            at = (ground * math.cos(angle), ground * math.sin(angle))
            trees.append(placed(pine(), *at, random.uniform(0.035, 0.085), angle - math.pi / 2))
        canvas.lay(trees, code, 0.008, "8fe0a8")
    for number in range(9):
        angle = 2 * math.pi * (number + random.uniform(-0.25, 0.25)) / 9 + 0.1
        at = (ground * math.cos(angle), ground * math.sin(angle))
        house(canvas, random, *at, random.uniform(0.032, 0.044), angle - math.pi / 2)
    wobble = np.arange(720) * (2 * math.pi / 720)
    for radius, code, rim in (
        (0.240, "3fa37a", "b6f0b4"), (0.212, "2c8270", "7fd8a8"), (0.184, "7a4a44", "c98d6a"),
        (0.156, "a8603f", "eaa56c"), (0.128, "d9813f", "ffc27a"), (0.100, "f7ac4c", "ffdd94"),
        (0.072, "ffd777", "fff3c0"),
    ):  # fmt: skip
        waves = np.sin(np.outer(wobble, (3, 4, 5)) + random.uniform(0, 6, 3)).sum(axis=1)
        edge = disc(radius) * (1 + 0.004 / math.sqrt(radius) * waves)[:, None]
        canvas.lay([edge], code, 0.018, rim)
    t = np.arange(240) * (2 * math.pi / 240)
    height = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t) + 1.5
    heart = np.stack([16 * np.sin(t) ** 3, height], axis=1)
    canvas.lay([heart[::-1] * 0.0026], "e0334f", 0.012, "ff9aa0")
    for x, y, radius in (
        (-0.47, 0.34, 0.060), (0.50, 0.22, 0.050), (0.30, 0.50, 0.036), (-0.52, -0.26, 0.044),
        (0.44, -0.38, 0.056), (-0.16, 0.56, 0.030), (0.10, -0.55, 0.034), (-0.80, 0.1, 0.05),
    ):  # fmt: skip
        balloon(canvas, x, y, radius)
    yield from ()


SCENES: tuple[Scene, ...] = (_night, _balloons, _sea, _flower, _window)
LAST_SCENE: Scene = _home
