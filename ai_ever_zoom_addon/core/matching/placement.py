"""How one image lies in another: a similarity of the plane. Pure Python, never touches bpy.

In pixels with y down, as complex numbers: outer = offset + scale * exp(i * turn) * inner, both from
the centre of their image.
"""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Placement:
    """Where the inner image lies in the outer one.

    scale: full-size pixels of the outer image per pixel of the inner one.
    offset: (x, y) of the inner image's centre from the outer one's, outer pixels, y down.
    turn: by how many degrees, clockwise, the inner image is turned; -180 < turn <= 180.
    """

    scale: float
    offset: tuple[float, float]
    turn: float = 0.0

    def __matmul__(self, inner: Placement) -> Placement:
        """The place of C in A, from that of B in A (this one) and that of C in B."""
        x, y = self.offset
        there = self.vector * complex(*inner.offset)
        return Placement(
            self.scale * inner.scale,
            (x + there.real, y + there.imag),
            upright(self.turn + inner.turn),
        )

    def inverse(self) -> Placement:
        """The place of the outer image in the inner one."""
        offset = -complex(*self.offset) / self.vector
        return Placement(1 / self.scale, (offset.real, offset.imag), upright(-self.turn))

    @property
    def vector(self) -> complex:
        """Scale and turn as one complex number: outer pixels for one pixel to the right."""
        # Not by way of a cosine where nothing is turned: it stays exact.
        turn = math.radians(self.turn)
        return cmath.rect(self.scale, turn) if turn else complex(self.scale)


CENTRED = Placement(1.0, (0.0, 0.0))


def upright(degrees: float) -> float:
    """The same turn, more than -180 and at most 180 degrees."""
    return 180.0 - (180.0 - degrees) % 360.0
