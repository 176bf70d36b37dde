"""Which crop hides a seam: how much both images differ along the edge of each. No bpy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..settings import MaskShape
from .drawing import Drawing, Pixels
from .joins import FINER, Join, alone, widths_needed
from .plan.plan import Plan
from .products import window_sums

# Levels of 255 by which two images differ on average along a seam that is not seen. Tried with
# real series: where a generator has kept a picture, it is 0.5 to 0.9, from the middle to its rim;
# in a rim that was painted again 5.3 to 21. Copies of shapes with hard edges are 0.1 to 0.9 apart,
# as JPEG files 1.0 to 2.3; thin black lines on white, each pixel a mean, 1.4 to 2.2.
UNSEEN = 3.0

# Crops that are looked at. Smaller ones leave little of an image.
CROPS = np.round(np.arange(0.3, 0.951, 0.01), 2)

_COMPARED = 256  # pixels in which an inner image is compared with the outer one, side by side
# Pixels differ where the means around them do, too, over so many; of fewer pixels at least over the
# second: copies differ at hard edges, by the filter that has shrunk one of them. Tried with 1
# (above: 1.6 to 3.2 against 9 to 30, and 14 to 20 for the lines), 3, 5 and 7.
_BLUR, _LEAST_BLUR = 5, 3
_LEAST_BAND = 0.02  # least width of what is compared, in image widths: a hard edge has none


@dataclass(frozen=True)
class SeamDifference:
    """How much both images differ along the seams that crops would make.

    Attributes:
        levels: For each of `CROPS` the mean difference along the soft edge, of 255.
        crop: The one in use.
    """

    levels: NDArray[np.float64]
    crop: float

    @property
    def now(self) -> float:
        """The difference along the seam as it is, in levels of 255."""
        return float(np.interp(self.crop, CROPS, self.levels))

    @property
    def suggested(self) -> float | None:
        """The largest crop with which the seam is not seen; None: there is no such."""
        unseen = CROPS[self.levels <= UNSEEN]
        return float(unseen[-1]) if len(unseen) else None


def widths_compared(plan: Plan, join: Join) -> dict[Path, float]:
    """How wide the two images have to be, in pixels, for `seam_difference`."""
    drawing = _drawing(plan, join)
    return {
        layer.image.file: FINER / (drawing.pixel * drawing.span_in(layer))
        for layer in (join.outer, join.inner)
    }


def widths_to_look(plan: Plan, join: Join, width: int) -> dict[Path, float]:
    """How wide the images of a join have to be, in pixels, to draw and to compare them.

    Args:
        plan: The zoom.
        join: One of its joins.
        width: Of the pictures that are drawn.
    """
    needed = widths_needed(plan, join, width)
    for file, pixels in widths_compared(plan, join).items():
        needed[file] = max(needed[file], pixels)
    return needed


def seam_difference(
    plan: Plan, join: Join, sources: Mapping[Path, Pixels]
) -> SeamDifference | None:
    """Compare both images of a join in all of the inner one.

    Args:
        plan: The zoom.
        join: One of its joins.
        sources: The pixels of both images, by their files, as `source_of` makes them.

    Returns:
        None where the inner image is seen through a hole: there is nothing to compare.
    """
    if join.outer.has_hole:
        return None
    drawing = _drawing(plan, join)
    one, other = (
        alone(plan, drawing, layer, sources[layer.image.file]).astype(np.float64)
        for layer in (join.outer, join.inner)
    )
    # What the outer image does not show, nobody can compare.
    weights = np.minimum(one[..., 3:], other[..., 3:]) / 255.0
    width, height = drawing.size
    side = max(_LEAST_BLUR, 2 * round((_BLUR * width / _COMPARED - 1.0) / 2.0) + 1)
    change = one[..., :3] - other[..., :3]
    around = _mean_around(change * weights, side) / np.maximum(_mean_around(weights, side), 1e-9)
    difference = np.minimum(np.abs(change).mean(axis=2), np.abs(around).mean(axis=2))
    weights = weights[..., 0]
    x = np.abs((np.arange(width) + 0.5) / width * 2.0 - 1.0)[None, :]
    y = np.abs((np.arange(height) + 0.5) / height * 2.0 - 1.0)[:, None]
    # The crop whose edge runs through each pixel.
    is_ellipse = join.inner.mask.shape is MaskShape.ELLIPSE
    crop = np.hypot(x, y) if is_ellipse else np.maximum(x, y)
    band = 2.0 * max(join.inner.mask.feather, _LEAST_BAND)
    levels = []
    for edge in CROPS:
        share = weights * ((crop <= edge) & (crop > edge - band))
        levels.append(float((difference * share).sum() / max(share.sum(), 1e-9)))
    crop = plan.settings.own_or_common(join.inner.image.file.name, "crop")
    return SeamDifference(np.array(levels), crop)


def _mean_around(values: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """Means over squares of an odd side around each place; nothing is beyond the rim."""
    beyond = side // 2
    padded = np.pad(values, ((beyond, beyond), (beyond, beyond), (0, 0)))
    return window_sums(padded, (side, side)) / side**2


def _drawing(plan: Plan, join: Join) -> Drawing:
    """All of the inner image, as it lies: no finer than the outer one shows it.

    Otherwise they would differ by their sharpness, wherever the seam is.
    """
    inner, outer = join.inner, join.outer
    ratio = plan.zoom_factor ** (outer.level - inner.level) * inner.width / outer.width
    width = max(8, min(_COMPARED, inner.image.width, round(outer.image.width * ratio)))
    return Drawing(
        zoom_factor=plan.zoom_factor,
        level=inner.level,
        layers=(),
        gains=(),
        opacities=(),
        centre=inner.centre,
        pixel=inner.width / width,
        size=(width, max(8, round(width * inner.aspect))),
        angle=-inner.turn,
        goes_on=False,
        bent_at=inner.level,
    )
