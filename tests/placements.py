"""Where images and the view lie in the outermost image, by similarities of the complex plane.

A similarity (a, b) takes x to a + b * x. Coordinates of an image: its centre is 0, its width 1,
x to the right and y up. Nothing here uses the code under test but for where a plan's view is.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ai_ever_zoom_addon.core.plan.plan import Plan
from ai_ever_zoom_addon.core.series import Step
from tests.pictures import Array, waves

Complex = NDArray[np.complex128]
Similarity = tuple[complex, complex]


def world(points: Complex) -> Array:
    """What all images of a test may be views of: coarse waves all over, and finer ones."""
    coarse = waves(1, cycles=3.0)(points.real, points.imag)
    return 0.6 * coarse + 0.4 * waves(2, cycles=8.0)(points.real, points.imag)


def into_outermost(steps: Sequence[Step]) -> list[Similarity]:
    """For each image the map from it to the outermost one."""
    maps: list[Similarity] = [(0j, 1 + 0j)]
    for step in steps:
        place, scale = maps[-1]
        turn = cmath.rect(1.0, -math.radians(step.turn)) / step.factor
        maps.append((place + scale * complex(*step.offset), scale * turn))
    return maps


def view_to_outermost(plan: Plan, level: float) -> Similarity:
    """The map from the view (its centre is 0, lengths in spans of the level) to the outermost."""
    outermost = plan.layers[0]
    upright = cmath.rect(1.0, outermost.turn)  # a ring's outermost layer lies turned itself
    unit = plan.zoom_factor**outermost.level / outermost.width
    (centre,), _ = plan.path(np.array([level]))
    end = -complex(*outermost.centre) / outermost.width
    scale = plan.zoom_factor**-level * unit
    angle = float(plan.view.angle(np.array([level]))[0])
    return (end + complex(*centre) * scale) * upright, scale * cmath.rect(1.0, angle) * upright


def through(outer: Similarity, points: Complex) -> Complex:
    return outer[0] + outer[1] * points


def back(outer: Similarity, points: Complex) -> Complex:
    return (points - outer[0]) / outer[1]
