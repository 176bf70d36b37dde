"""When each layer is seen. Never touches bpy.

A layer fades in during the step that leads to it, and is hidden once the opaque part of another one
before it covers the view. Where images hardly differ in size that takes long: with soft edges,
ellipses or a turned view many images would be seen at a time, at a factor of 1.06 some fifty. So
there only every n-th layer stays until it is covered. The others are there while their image is the
news, and fade out again, over those that stay, while the second one after them fades in.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..smoothstep import smoothstep
from .nesting import AROUND_OCTAVES, HOLE_OCTAVES, Nesting
from .path import Path
from .view import View

# A layer is faded in over this first part of the step that leads to it. Earlier, it would be shown
# at less than half its size, where engines that take one sample a pixel err more than by enlarging
# the layer around it a little. No layer ever pops in, and where an image fills the view, the frame
# is that image and no other.
FADE_IN = 0.35

# Levels for which it is looked whether a layer comes to cover the view: at least so many, and for
# so many doublings; and parts of a level that are looked at, as a rule.
_COVER_SEARCH_LEVELS = 16
_COVER_SEARCH_OCTAVES = AROUND_OCTAVES
_COVER_SEARCH_STEPS = 32
_COVER_SEARCH_PLACES = 1400

# A layer with a hole is gone this part of a step before the next one fills the view: engines that
# know no fading, and numbers that Blender rounds, leave nothing of it either.
_GONE_BEFORE = 1e-3

# If more layers than this are seen at a time, fewer of them stay;
FEW_LAYERS = 6
# but those that stay are enlarged no more than so many times when the next one comes.
_WIDEST_STRIDE = 3.0


@dataclass(frozen=True)
class Sight:
    """When a layer is seen.

    Attributes:
        visible_from: Zoom level from which it can be seen, -inf for the outermost.
        opaque_from: Zoom level from which it is fully faded in.
        fades_from: Zoom level from which it fades out, until `visible_until`; inf if it never does.
        visible_until: Zoom level from which it is not seen any more, inf for the innermost.
    """

    visible_from: float
    opaque_from: float
    fades_from: float
    visible_until: float

    def opacity_at(self, level: float) -> float:
        """How much is seen of it at a zoom level, 0 to 1."""
        if not self.visible_from < level <= self.visible_until:
            return 0.0
        opacity = _gone(self.visible_from, self.opaque_from, level)
        if math.isfinite(self.fades_from):
            opacity *= 1.0 - _gone(self.fades_from, self.visible_until, level)
        return opacity


def _gone(start: float, end: float, value: float) -> float:
    """How much of a fade is over."""
    if value >= end:
        return 1.0
    part = max(0.0, (value - start) / (end - start))
    return smoothstep(part)


def appears(nesting: Nesting, index: int) -> tuple[float, float]:
    """Zoom levels from which a layer can be seen, and is fully faded in; -inf for the outermost.

    What is seen through a hole comes with the image that has it, or as a speck.
    """
    if not index:
        return -math.inf, -math.inf
    before, here = nesting.levels[index - 1 : index + 1]
    if not nesting.series.steps[index - 1].is_hole:
        return before, before + FADE_IN * (here - before)
    with_outer = appears(nesting, index - 1)
    octave = 1.0 / math.log2(nesting.zoom_factor)
    speck = here - HOLE_OCTAVES * octave
    return with_outer if with_outer[0] >= speck else (speck, speck + FADE_IN * octave)


def find_sights(
    nesting: Nesting, view: View, path: Path, *, is_each_needed: bool = False
) -> tuple[tuple[Sight, ...], int]:
    """When each layer is seen, and how many layers are seen at a time at most.

    Args:
        nesting: The images.
        view: What a frame shows.
        path: Where the view is.
        is_each_needed: Every layer stays until it is covered, as it may show what no other does.
    """
    covered = _covered_from(nesting, view, path)
    best: tuple[tuple[Sight, ...], int] | None = None
    gone = {
        index: _gives_way(nesting, view, path, index, covered[index + 1])
        for index, step in enumerate(nesting.series.steps)
        if step.is_hole
    }
    for stride in (1,) if is_each_needed or gone else _strides(nesting):
        sights = _sights(nesting, covered, gone, stride)
        most = _most_visible(nesting, sights)
        if best is None or most < best[1]:
            best = sights, most
        if most <= FEW_LAYERS:
            break
    assert best is not None  # a stride of 1 is always there
    return best


def layers_around(nesting: Nesting, sights: Sequence[Sight]) -> int:
    """How many layers a ring needs around its outermost image to end as it begins.

    They are those that are still seen there, and one more, as the last one is not trimmed.
    """
    seen = [
        number
        for number in range(1, nesting.around)
        if sights[nesting.around - number].visible_until > 0.0
    ]
    return max(seen, default=0) + 1 if nesting.round_levels else 0


def _strides(nesting: Nesting) -> Iterator[int]:
    """After how many layers the next one stays, from all of them to few."""
    stride = 1
    while stride == 1 or (
        nesting.zoom_factor**stride <= _WIDEST_STRIDE and stride < len(nesting.levels)
    ):
        yield stride
        stride += max(1, stride // 4)


def _sights(
    nesting: Nesting,
    covered: Sequence[float],
    gone: Mapping[int, tuple[float, float]],
    stride: int,
) -> tuple[Sight, ...]:
    """When each layer is seen if every so many-th stays until the next of them covers the view.

    Args:
        nesting: The images.
        covered: For each layer the zoom level from which it hides what is behind it.
        gone: For each layer with a hole the levels between which it fades out.
        stride: The innermost layer, and in a ring the same ones in every round, stay as well.
    """
    levels = nesting.levels
    last = len(levels) - 1
    sights = []
    until = math.inf
    for index in range(last, -1, -1):
        visible_from, opaque_from = appears(nesting, index)
        place = (index - nesting.around) % nesting.round_levels if nesting.round_levels else index
        if index in gone:
            sights.append(Sight(visible_from, opaque_from, *gone[index]))
            until = covered[index]
        elif place % stride == 0 or index in (0, last):
            sights.append(Sight(visible_from, opaque_from, math.inf, until))
            if place % stride == 0 or not nesting.round_levels:
                until = covered[index]
        else:
            fades_from = levels[index + 1]
            step = levels[min(index + 2, last)] - levels[min(index + 1, last - 1)]
            sights.append(Sight(visible_from, opaque_from, fades_from, fades_from + step))
    return tuple(sights[::-1])


def _most_visible(nesting: Nesting, sights: Sequence[Sight]) -> int:
    """How many layers are seen at a time at most, while the zoom goes from end to end."""
    starts = np.array([sight.visible_from for sight in sights])
    ends = np.array([sight.visible_until for sight in sights])
    # There are most where another one has just come.
    shown = nesting.shown_levels
    at = np.array(shown[:-1])[:, None]
    return int(((starts <= at) & (at < ends)).sum(axis=1).max())


def _covered_from(nesting: Nesting, view: View, path: Path) -> list[float]:
    """From which level on each layer's opaque part hides what is behind it, in every view.

    inf where it never does.
    """
    octaves = math.log2(nesting.zoom_factor)
    window = max(_COVER_SEARCH_LEVELS, math.ceil(_COVER_SEARCH_OCTAVES / octaves))
    parts = min(
        _COVER_SEARCH_STEPS,
        max(math.ceil(_COVER_SEARCH_PLACES / window), 4, math.ceil(8.0 * view.fastest)),
    )
    levels, count = nesting.levels, nesting.round_levels
    is_centred = all(centre == (0.0, 0.0) for centre in path.centres)
    if is_centred and nesting.is_alike and view.is_upright:
        after = np.arange(window * parts) / parts
        last = len(levels) - 1
        bare = ~_covers(nesting, view, last, after, np.zeros((len(after), 2)), after, parts)
        until = _for_good(after, bare)
        return [level + until for level in levels]
    first, last = (nesting.around, nesting.around + count) if count else (0, len(levels))
    lowest = math.floor(levels[first])
    places = lowest + np.arange(parts * (math.ceil(levels[last - 1]) - lowest + window)) / parts
    centres, _ = path(places)
    found = []
    for index in range(first, last):
        level, centre = levels[index], path.centres[index]
        start = math.ceil((level - lowest) * parts)
        part = slice(start, start + window * parts)
        scale = nesting.zoom_factor ** (level - places[part])
        off = centres[part] * scale[:, None] - centre
        bare = ~_covers(nesting, view, index, places[part] - level, off, places[part], parts)
        found.append(_for_good(places[part], bare))
    if not count:
        return found
    rounds = [divmod(index - nesting.around, count) for index in range(len(levels))]
    return [found[place] + number * count for number, place in rounds]


def _gives_way(
    nesting: Nesting, view: View, path: Path, index: int, covered: float
) -> tuple[float, float]:
    """Zoom levels between which a layer with a hole fades out, before what is seen through it.

    Where that fills the view, it is all that is seen; before, no gap between the two opens.

    Args:
        nesting: The images.
        view: What a frame shows.
        path: Where the view is.
        index: Of the layer.
        covered: Zoom level from which the next layer hides what is behind it, beyond its own level.
    """
    start, end = nesting.levels[index : index + 2]
    places = np.linspace(start, end, _COVER_SEARCH_STEPS + 1)
    scale = nesting.zoom_factor ** (end - places)
    off = path(places)[0] * scale[:, None] - path.centres[index + 1]
    parts = max(1, round(_COVER_SEARCH_STEPS / (end - start)))
    bare = np.flatnonzero(~_covers(nesting, view, index + 1, places - end, off, places, parts))
    first = int(bare[-1]) + 1 if len(bare) else 0
    if first > _COVER_SEARCH_STEPS:
        return covered, covered + FADE_IN * (end - start)
    first = min(first, _COVER_SEARCH_STEPS - 1)
    gone = end - _GONE_BEFORE * (end - start)
    return max(float(places[first]), gone - FADE_IN * (end - start)), gone


def _covers(
    nesting: Nesting,
    view: View,
    index: int,
    after: NDArray[np.float64],
    off: NDArray[np.float64],
    levels: NDArray[np.float64],
    parts: int,
) -> NDArray[np.bool_]:
    """Whether a layer's opaque part covers the view at some levels, and near them.

    Args:
        nesting: The images.
        view: What a frame shows.
        index: Of the layer.
        after: The levels from that of the layer on, shape (n,).
        off: The view's centre from the layer's, in spans of the layer, shape (n, 2).
        levels: The levels, shape (n,).
        parts: Such parts of a level lie between two of them.
    """
    angle, width = nesting.angles[index], nesting.widths[index]
    scale = nesting.zoom_factor**-after / width
    half_width, half_height = view.half_extent(levels, 0.5 / parts, angle)
    x, y = off.T / width
    if angle:
        x, y = (
            x * math.cos(angle) - y * math.sin(angle),
            x * math.sin(angle) + y * math.cos(angle),
        )
    return nesting.masks[index].covers(x, y, half_width * scale, half_height * scale)


def _for_good(levels: NDArray[np.float64], bare: NDArray[np.bool_]) -> float:
    """The level after the last that is bare, inf where there is none.

    The view may leave a layer again, on its way to an image far off the centre.
    """
    found = np.flatnonzero(bare)
    last = int(found[-1]) if len(found) else -1
    # One more step forgives rounding. What is never covered stays to the end.
    return float(levels[last + 2]) if last + 2 < len(levels) else math.inf
