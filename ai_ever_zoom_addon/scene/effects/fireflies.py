"""Lights that drift over an image and blink."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ..drivers import drive
from .base import DISC_ABOVE, Effect, Place, disc_mesh
from .setting import Colour, Setting

SWARMS = 3  # each drifts and blinks in its own way
CORE, HALO = 0.004, 0.022  # radii of a light, in views
WIDTH, HEIGHT = 0.9, 0.5  # of where they are, in views


@dataclass(frozen=True)
class Fireflies(Effect):
    """Let lights drift and blink over the lower half of the image in view, as the zoom goes"""

    label = "Fireflies"
    icon = "OUTLINER_OB_POINTCLOUD"
    has_edges = False

    count: Annotated[int, Setting("Count", "How many there are", 1, 500)] = 36
    colour: Annotated[Colour, Setting("Colour", "Colour of the light")] = (1.0, 0.65, 0.1)
    seed: Annotated[int, Setting("Seed", "Another number puts them elsewhere", 0, 10_000)] = 4

    def make(self, place: Place) -> None:
        random = np.random.default_rng(self.seed)
        points = random.uniform((-0.5, -0.5), (0.5, 0.0), (self.count, 2))
        points *= WIDTH, 2.0 * HEIGHT * place.height * 0.95
        for number in range(min(SWARMS, self.count)):
            swarm = points[number::SWARMS]
            # They blink four times in two steps.
            blink = f"smoothstep(-0.9, -0.4, step) * (0.52 + 0.48 * sin(12 * step + {2 * number}))"
            core = place.light("Firefly", self.colour, 6.0, blink)
            halo = place.light("Firefly Glow", self.colour, 1.5, f"0.6 * {blink}", is_soft=True)
            item = place.add("Fireflies", disc_mesh(swarm, CORE, HALO), [core, halo])
            drive(item, "location", f"0.04 * sin(5 * step + {2 * number})", place.step, 0)
            drive(item, "location", f"0.03 * sin(7 * step + {number})", place.step, 1)
            item.location[2] = DISC_ABOVE * math.ceil(len(points) / SWARMS) * number
