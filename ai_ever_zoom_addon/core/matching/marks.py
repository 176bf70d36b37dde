"""What lies at the same place on every image of a folder: captions, scale bars, logos, frames.

It is no part of what the images show, and must neither be matched nor counted. numpy only, no bpy.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .picture import Picture
from .resampling import Array

LOOKED_AT = 12  # pictures of a size, at most, in which marks are looked for
SAME = 0.016  # of 0..1: pixels that differ by less are the same
EDGE = 0.06  # of 0..1 a pixel, by which a mark stands out of a picture
OUTLINE = 0.6  # part of a mark's rim that stands out
MOST = 0.25  # part of the pixels; where more are the same, the pictures themselves are alike
FEW = 4  # pictures, under which single pixels are the same by chance
LEAST = 6  # pixels of a mark
SHOWN = 0.8  # part of a mark that a picture must show to have it on it

Mask = NDArray[np.bool_]


def without_marks(pictures: Sequence[Picture]) -> list[Picture]:
    """The pictures; where several of one size have a mark at the same place, it is not seen."""
    sizes = defaultdict(list)
    for number, picture in enumerate(pictures):
        sizes[picture.width, picture.height].append(number)
    result = list(pictures)
    for numbers in sizes.values():
        found = _mark([pictures[number] for number in numbers])
        if found is None:
            continue
        mark, look = found
        for number in numbers:
            alike = np.abs(_half(pictures[number]) - look)[mark] < SAME
            if alike.mean() > SHOWN:
                result[number] = pictures[number].without(_whole(_grown(mark), pictures[number]))
    return result


def _half(picture: Picture) -> Array:
    return picture.greys[min(1, len(picture.greys) - 1)].astype(np.float32)


def _mark(pictures: Sequence[Picture]) -> tuple[Mask, Array] | None:
    """Where pictures of one size show the same while they differ around it, and what they show."""
    if len(pictures) < 2:
        return None
    chosen = np.unique(np.linspace(0, len(pictures) - 1, LOOKED_AT).astype(int))
    looks = np.stack([_half(pictures[number]) for number in chosen])
    look = np.median(looks, axis=0)
    share = (np.abs(looks - look) < SAME).mean(axis=0)
    is_few = len(chosen) < FEW
    same = share == 1.0 if is_few else share >= 0.75
    if is_few:
        same = _grown(~_grown(~same))  # what is at least three pixels wide
    if not same.any() or same.mean() > MOST:
        return None
    slopes = np.stack([np.hypot(*np.gradient(picture)) for picture in looks])
    stands_out = np.quantile(slopes, 0.0 if is_few else 0.25, axis=0) > EDGE
    if np.count_nonzero(same & stands_out) < LEAST:
        return None
    mark = _outlined(same, look, stands_out)
    return (mark, look) if np.count_nonzero(mark) >= LEAST else None


def _outlined(same: Mask, look: Array, stands_out: Mask) -> Mask:
    """The even areas of `same` that stand out of every picture all around: not a sky."""
    links = [
        same[1:] & same[:-1] & (np.abs(np.diff(look, axis=0)) < EDGE),
        same[:, 1:] & same[:, :-1] & (np.abs(np.diff(look, axis=1)) < EDGE),
    ]
    area = np.where(same, np.arange(same.size).reshape(same.shape), -1)
    for _ in range(sum(same.shape)):
        before = area.copy()
        for link, one, other in (
            (links[0], area[1:], area[:-1]),
            (links[1], area[:, 1:], area[:, :-1]),
        ):
            highest = np.where(link, np.maximum(one, other), -1)
            np.maximum(one, highest, out=one)
            np.maximum(other, highest, out=other)
        if (before == area).all():
            break
    is_rim = np.zeros(same.shape, bool)
    is_rim[1:] |= ~links[0]
    is_rim[:-1] |= ~links[0]
    is_rim[:, 1:] |= ~links[1]
    is_rim[:, :-1] |= ~links[1]
    rim = area[same & is_rim]
    outline = np.bincount(rim, stands_out[same & is_rim], same.size)
    is_mark = outline > OUTLINE * np.maximum(np.bincount(rim, minlength=same.size), 1)
    return same & is_mark[area]


def _grown(mask: Mask) -> Mask:
    """A mask and the pixels beside it."""
    grown = mask.copy()
    for axis in (0, 1):
        wide = grown.copy()
        ahead, behind = [slice(None)] * 2, [slice(None)] * 2
        ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
        wide[tuple(ahead)] |= grown[tuple(behind)]
        wide[tuple(behind)] |= grown[tuple(ahead)]
        grown = wide
    return grown


def _whole(mark: Mask, picture: Picture) -> Mask:
    """A mark of half the size, or of the same, at the size of the picture's largest grey."""
    shape = picture.greys[0].shape
    rows, columns = (
        np.minimum(np.arange(full) * part // max(full // 2 * 2, part), part - 1)
        for full, part in zip(shape, mark.shape, strict=True)
    )
    return mark[np.ix_(rows, columns)]
