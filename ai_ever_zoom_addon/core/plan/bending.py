"""How layers are bent where a picture was painted again: two versions of one thing meet. No bpy.

While the view goes from one image to the next, the outer one's shapes go from where it shows them
to where the inner one does, and the inner one's begin where the outer one shows them and come home:
by the same share, so that both show the same shapes in the same places at any moment, and each is
itself when it fills the view. (G. Wolberg, "Image morphing: a survey", The Visual Computer 14,
1998: both pictures are warped, and one dissolves into the other.)
"""

from __future__ import annotations

import cmath
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..matching.gliding import UNIT, Glide
from ..matching.resampling import linear_at
from ..smoothstep import smoothstep
from .mask import Mask, MaskMesh

Points = NDArray[np.float64]
"""Places in the plane of an image, shape (n, 2), in its widths from its centre, x right, y up."""

# Beyond the inner picture what is known of its rim counts less and less, and from the edge of the
# outer layer's opaque part on, where nothing moves so that what lies around it fits as before, more
# and more: each over so many times the farthest displacement. Then nothing folds.
_RAMP = 4.0
# Longest sides of faces, in cells of a glide's grid: a quarter of a degree of freedom is lost.
_FINE = 1.25
_INVERSIONS = 12  # each makes the error half or less, as displacements are no steeper


@dataclass(frozen=True)
class Join:
    """Two neighbours of which the inner one was painted again.

    Attributes:
        glide: Where the things have gone.
        begins, ends: Zoom levels at which the outer and the inner image fill the view.
        centre: The inner image's, in widths of the outer one from its centre, y up.
        vector: From a place in the inner image to one in the outer one, both in widths: its width
            and turn, as a complex number.
        aspect: Height of the inner image in its widths.
        mask: What is seen of the outer image.
    """

    glide: Glide
    begins: float
    ends: float
    centre: complex
    vector: complex
    aspect: float
    mask: Mask

    @property
    def ramp(self) -> float:
        """Over which length a displacement comes to its end, in widths of the inner image."""
        return _RAMP * max(UNIT, float(np.hypot(*self.glide.field).max()))

    def displaced(self, places: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """How far from there the inner image shows what the outer one shows at some places.

        Args:
            places: In widths of the inner image from its centre, y up, shape (n,).
        """
        x, y = places.real, places.imag
        half = self.aspect / 2.0
        beyond = np.hypot(np.maximum(np.abs(x) - 0.5, 0.0), np.maximum(np.abs(y) - half, 0.0))
        outer = places * self.vector + self.centre
        depth = self.mask.depth(outer.real, outer.imag) / abs(self.vector)
        near, deep = (np.clip(p, 0.0, 1.0) for p in (1.0 - beyond / self.ramp, depth / self.ramp))
        share = smoothstep(near) * smoothstep(deep)
        field = self.glide.field
        across = (x + 0.5) * (field.shape[2] - 1) + 0.5
        down = (half - y) / self.aspect * (field.shape[1] - 1) + 0.5
        right, below = (linear_at(part, across, down) for part in field)
        return share * right - 1j * (share * below)


@dataclass(frozen=True)
class Bend:
    """What a layer does at one of its joins.

    Attributes:
        join: The join.
        is_outer: The layer is the outer one of the two: it goes over to the inner one. Otherwise
            it comes from the outer one.
    """

    join: Join
    is_outer: bool

    def shares(self, level: float) -> float:
        """How much of its shifts the layer has at a zoom level, 0 to 1."""
        join = self.join
        part = min(1.0, max(0.0, (level - join.begins) / (join.ends - join.begins)))
        gone = smoothstep(part)
        return gone if self.is_outer else 1.0 - gone

    @property
    def farthest(self) -> float:
        """No place of the layer goes farther, in its widths."""
        far = self.join.ramp / _RAMP
        return far * abs(self.join.vector) if self.is_outer else far

    def sources(self, places: NDArray[np.complex128], level: float) -> NDArray[np.complex128]:
        """Which places of the layer have come to some places at a zoom level; in its widths."""
        join = self.join
        gone = self.shares(level) if self.is_outer else 1.0 - self.shares(level)
        wanted = (places - join.centre) / join.vector if self.is_outer else places
        # In the inner image, where the outer one shows a thing.
        things = wanted
        for _ in range(_INVERSIONS):
            things = wanted - gone * join.displaced(things)
        if self.is_outer:
            return things * join.vector + join.centre
        return things + join.displaced(things)

    def shifts(self, points: Points) -> Points:
        """How far places of the layer go, in its widths."""
        places = points[:, 0] + 1j * points[:, 1]
        join = self.join
        if self.is_outer:
            moved = join.vector * join.displaced((places - join.centre) / join.vector)
        else:
            source = places
            for _ in range(_INVERSIONS):
                source = places - join.displaced(source)
            moved = source - places
        return np.stack([moved.real, moved.imag], axis=1)


def bends_of(outer: Join | None, inner: Join | None) -> tuple[Bend, ...]:
    """What a layer does at the join with the image around it, and at that with the one in it."""
    return (
        *([Bend(outer, is_outer=False)] if outer else []),
        *([Bend(inner, is_outer=True)] if inner else []),
    )


@lru_cache(maxsize=64)  # asked for twice, and again with every change of something else
def bendable(mask: Mask, bends: tuple[Bend, ...]) -> MaskMesh:
    """A layer's mesh with faces as fine as its bends need it, where they do."""
    mesh = mask.mesh()
    for bend in bends:
        join = bend.join
        longest = _FINE / max(side - 1 for side in join.glide.field.shape[1:])
        longest *= max(1.0, join.aspect)
        if bend.is_outer:
            width = abs(join.vector)
            reach = width * (abs(complex(1.0, join.aspect)) / 2.0 + join.ramp)
            mesh = mesh.finer(longest * width, (join.centre, reach))
        else:
            mesh = mesh.finer(longest)
    return mesh


def place(width: float, turn: float) -> complex:
    """The vector of an image so many widths wide, turned clockwise by so many radians."""
    return cmath.rect(width, -turn)
