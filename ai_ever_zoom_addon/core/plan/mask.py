"""The trimmed shape of a layer and its soft edge, as a flat mesh. Never touches bpy.

The mask is a number at each corner of the mesh (1 inside, 0 at the trimmed edge) that engines
interpolate. Compared with a mask computed in the shader, the crop is there in every engine, also in
Workbench, which knows no shader nodes, and the middle of a layer costs nothing extra.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...settings import MaskShape
from ..smoothstep import smoothstep

ELLIPSE_CORNERS = 128

# A ray that meets the shared edge of two faces may hit both, and a half transparent layer is then
# seen twice there: a speck. On frames of even size symmetric edges would run through the very
# centres of pixels, diagonals of squares through whole rows of them. So nothing here is quite
# symmetric: by so much of the feather a soft edge is higher, and its mitres miss the diagonals,
_SHIFT = 3e-3
# by so much of half the size the point at which the faces of the inside meet is off the centre,
_FAN_CENTRE = (0.0317, 0.0173)
# by so much of the way to the next one the corners of an ellipse are moved on,
_TURN = 0.37
# and by this part a side is cut, as seen from the corner that was there first.
_CUT = 0.4883


@dataclass(frozen=True)
class MaskMesh:
    """A flat mesh in the plane of an image, around the image's centre.

    Attributes:
        points: Corners, shape (n, 2), in image widths, x right, y up.
        mask: Opacity at the corners before it is smoothed, shape (n,), 0 to 1.
        faces: Corner numbers of each triangle, counter-clockwise, shape (triangles, 3).
    """

    points: NDArray[np.float64]
    mask: NDArray[np.float64]
    faces: NDArray[np.int64]

    @property
    def rim(self) -> NDArray[np.int64]:
        """The faces of the soft edge."""
        rim: NDArray[np.int64] = self.faces[self.mask[self.faces].min(axis=1) < 1.0]
        return rim

    def finer(self, longest: float, around: tuple[complex, float] | None = None) -> MaskMesh:
        """The same shape and mask, of faces that are small enough to be bent.

        Each side that is too long is cut in two, for both faces that share it, until none is left:
        so no corner lies on another face's side, where a bent mesh would tear open.

        Args:
            longest: Length that no side exceeds, in image widths, > 0.
            around: Only sides are cut that reach into a circle: its centre and its radius.

        Returns:
            A mesh whose first corners are those of this one.
        """
        points, mask, faces = self.points, self.mask, self.faces
        while True:
            after = np.roll(faces, -1, axis=1)  # sides are a-b, b-c, c-a
            # As one number each: rows are much slower to sort.
            sides = np.minimum(faces, after) * len(points) + np.maximum(faces, after)
            numbers, place = np.unique(sides, return_inverse=True)
            edges = np.stack(np.divmod(numbers, len(points)), axis=1)
            ways = points[edges[:, 1]] - points[edges[:, 0]]
            lengths = np.hypot(ways[:, 0], ways[:, 1])
            is_long = lengths > longest
            if around is not None:
                middles = points[edges].mean(axis=1) @ np.array([1.0, 1.0j]) - around[0]
                is_long &= np.abs(middles) < around[1] + lengths / 2.0
            if not is_long.any():
                return MaskMesh(points, mask, faces)
            number = np.where(is_long, len(points) + np.cumsum(is_long) - 1, -1)
            here, there = edges[is_long].T
            points = np.concatenate([points, points[here] + _CUT * ways[is_long]])
            mask = np.concatenate([mask, mask[here] + _CUT * (mask[there] - mask[here])])
            faces = _cut(points, faces, number[place.reshape(-1)].reshape(-1, 3))

    def texture_coordinates(self, aspect: float) -> NDArray[np.float64]:
        """Where the corners lie in the image, shape (n, 2), 0 to 1 from its lower left corner.

        Args:
            aspect: Height of the image in image widths.
        """
        coordinates: NDArray[np.float64] = self.points / np.array([1.0, aspect]) + 0.5
        return coordinates


@dataclass(frozen=True)
class Mask:
    """What is left of an inner image.

    Attributes:
        shape: Outline.
        half_size: Half the width and height of the trimmed image, in image widths.
        feather: Width of the soft edge, inside that, in image widths, >= 0.
    """

    shape: MaskShape
    half_size: tuple[float, float]
    feather: float

    @property
    def opaque_half_size(self) -> tuple[float, float]:
        """Half the width and height of the part that is fully opaque, in image widths."""
        return self.half_size[0] - self.feather, self.half_size[1] - self.feather

    @property
    def opaque_rectangle(self) -> tuple[float, float]:
        """Half the width and height of a rectangle that is fully opaque, in image widths."""
        part = 0.7 if self.shape is MaskShape.ELLIPSE else 1.0
        return self.opaque_half_size[0] * part, self.opaque_half_size[1] * part

    def covers(
        self,
        x: NDArray[np.float64],
        y: NDArray[np.float64],
        half_width: NDArray[np.float64],
        half_height: NDArray[np.float64],
    ) -> NDArray[np.bool_]:
        """Whether the opaque part hides rectangles around (x, y); all in image widths."""
        opaque_x, opaque_y = self.opaque_half_size
        corner_x, corner_y = np.abs(x) + half_width, np.abs(y) + half_height
        if self.shape is MaskShape.ELLIPSE:
            # The corners of the polygon lie on the ellipse, its edges a little inside.
            shrink = np.cos(np.pi / ELLIPSE_CORNERS)
            return np.hypot(corner_x / opaque_x, corner_y / opaque_y) <= shrink
        return (corner_x <= opaque_x) & (corner_y <= opaque_y)

    def inside(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        """What engines get by interpolating the mesh: 1 inside, 0 at the trimmed edge and beyond.

        Args:
            x: Places from the image's centre, in image widths; any shape.
            y: The same, of a shape that fits.
        """
        x, y = np.abs(x), np.abs(y)
        outer_x, outer_y = self.half_size
        if self.shape is MaskShape.RECTANGLE:
            depth = np.minimum(outer_x - x, outer_y - y)
            if self.feather == 0.0:
                return (depth >= 0.0).astype(np.float64)
            return np.clip(depth / self.feather, 0.0, 1.0)
        if self.feather == 0.0:
            return (np.hypot(x / outer_x, y / outer_y) <= 1.0).astype(np.float64)
        # The ellipse through each place whose axes are both shorter by the same length: bisection.
        low = np.zeros(np.broadcast_shapes(x.shape, y.shape))
        high = np.full_like(low, self.feather)
        for _ in range(12):
            middle = (low + high) / 2.0
            is_within = np.hypot(x / (outer_x - middle), y / (outer_y - middle)) <= 1.0
            low, high = np.where(is_within, middle, low), np.where(is_within, high, middle)
        return np.where(high == self.feather, 1.0, low / self.feather) * (
            np.hypot(x / outer_x, y / outer_y) <= 1.0
        )

    def opacity(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        """What materials make of `inside`: without a bend at either end; arguments as there."""
        return smoothstep(self.inside(x, y))

    def depth(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far places are inside the opaque part at least; 0 or less: they are not in it.

        Below 0 they are not even in the soft edge, and at least so far outside of it. Nowhere
        steeper than 1. Arguments as of `inside`.
        """
        inner_x, inner_y = self.opaque_half_size
        outer_x, outer_y = self.half_size
        if self.shape is MaskShape.ELLIPSE:
            inside = (1.0 - np.hypot(x / inner_x, y / inner_y)) * min(inner_x, inner_y)
            outside = (1.0 - np.hypot(x / outer_x, y / outer_y)) * min(outer_x, outer_y)
            return np.where(inside > 0.0, inside, np.minimum(outside, 0.0))
        inside = np.minimum(inner_x - np.abs(x), inner_y - np.abs(y))
        out_x, out_y = (np.maximum(np.abs(v) - o, 0.0) for v, o in ((x, outer_x), (y, outer_y)))
        return np.where(inside > 0.0, inside, -np.hypot(out_x, out_y))

    def mesh(self) -> MaskMesh:
        """The trimmed image with its soft edge."""
        half_size = np.array(self.half_size) + np.array([0.0, _SHIFT * self.feather])
        outer = self._outline(*half_size)
        corners = len(outer)
        middle = half_size[None] * _FAN_CENTRE
        fan = [(here, (here + 1) % corners, corners) for here in range(corners)]
        if self.feather == 0.0:
            return MaskMesh(np.concatenate([outer, middle]), np.ones(corners + 1), np.array(fan))
        inner = self._outline(*(half_size - self.feather))
        middle = (half_size[None] - self.feather) * _FAN_CENTRE
        # Each side of the rim is two triangles whose shared side runs from an inner to an outer
        # corner: so the mask at a mitred corner is the distance to the nearer side.
        rim: list[tuple[int, int, int]] = []
        first = corners + 1
        for here in range(corners):
            after = (here + 1) % corners
            rim.append((here, first + here, first + after))
            rim.append((here, first + after, after))
        return MaskMesh(
            np.concatenate([inner, middle, outer]),
            np.concatenate([np.ones(corners + 1), np.zeros(corners)]),
            np.array([*fan, *rim]),
        )

    def _outline(self, half_width: float, half_height: float) -> NDArray[np.float64]:
        if self.shape is MaskShape.ELLIPSE:
            angle = (np.arange(ELLIPSE_CORNERS) + _TURN) * (2.0 * np.pi / ELLIPSE_CORNERS)
            unit = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        else:
            unit = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
        outline: NDArray[np.float64] = unit * np.array([half_width, half_height])
        return outline


def _cut(
    points: NDArray[np.float64], faces: NDArray[np.int64], cuts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Triangles cut where their sides are.

    Args:
        points: Corners, shape (n, 2).
        faces: Corner numbers a, b, c, shape (triangles, 3).
        cuts: The corner on each of the sides a-b, b-c and c-a, -1 where there is none; same shape.

    Returns:
        All that are left or come of it, shape (triangles, 3).
    """
    found = [faces[(cuts < 0).all(axis=1)]]
    # Each kind is turned until its cuts are those written here.
    for is_cut in ((True, False, False), (True, True, False), (True, True, True)):
        for turn in range(1 if all(is_cut) else 3):
            a_to_c, on = np.roll(faces, -turn, axis=1), np.roll(cuts, -turn, axis=1)
            chosen = ((on >= 0) == is_cut).all(axis=1)
            (a, b, c), (ab, bc, ca) = a_to_c[chosen].T, on[chosen].T
            if sum(is_cut) == 1:
                pieces = [(a, ab, c), (ab, b, c)]
            elif sum(is_cut) == 3:
                pieces = [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)]
            else:  # the rest is a quadrangle, halved by the shorter of its diagonals
                across = np.linalg.norm(points[a] - points[bc], axis=1)
                is_first = across < np.linalg.norm(points[ab] - points[c], axis=1)
                pieces = [
                    (ab, b, bc),
                    (a, ab, np.where(is_first, bc, c)),
                    (np.where(is_first, a, ab), bc, c),
                ]
            found += [np.stack(piece, axis=1) for piece in pieces]
    return np.concatenate(found)


def whole(aspect: float, more: float = 0.0) -> Mask:
    """All of an image, with a hard edge.

    Args:
        aspect: Its height in image widths.
        more: Goes on so far beyond its edge, as it ends; in image widths.
    """
    return Mask(MaskShape.RECTANGLE, (0.5 + more, aspect / 2.0 + more), 0.0)
