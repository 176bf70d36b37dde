"""Images that nothing else places, put into the holes of the next larger ones. No bpy."""

from __future__ import annotations

from itertools import pairwise

from ..matching.matcher import Matcher
from .arranging import AUTO, INNERMOST_FIRST, OUTERMOST_FIRST
from .choosing import way_of
from .pairing import Places
from .report import Source


def fill_holes(matcher: Matcher, order: str) -> Places:
    """Relates images that follow each other by name and are not related, where there is a hole.

    Args:
        matcher: Knows what lies in what; by the holes it then knows more.
        order: As for `arrange`; with "auto", the pictures' way round, or that which the holes say:
            only the innermost image needs none.

    Returns:
        The placements, by the numbers of the outer and the inner image.
    """
    pictures = matcher.pictures
    if not any(picture.hole for picture in pictures):
        return {}
    files = range(len(pictures))
    if _order(matcher, order) == INNERMOST_FIRST:
        files = files[::-1]
    places = {}
    for outer, inner in pairwise(files):
        placement = pictures[outer].filled_by(pictures[inner])
        if placement is None or matcher.components.joined(outer, inner):
            continue
        places[outer, inner] = placement, Source.HOLE
        depth = matcher.depth(outer, inner, placement)
        matcher.components.join(outer, inner, depth, placement)
    return places


def _order(matcher: Matcher, order: str) -> str:
    if order != AUTO:
        return order
    pairs = list(pairwise(range(len(matcher.pictures))))
    inwards = sum(way_of(matcher, *pair) for pair in pairs)
    if inwards == 0:
        for first, second in pairs:
            holes = [matcher.pictures[number].hole is not None for number in (first, second)]
            inwards += holes[0] - holes[1]
    return OUTERMOST_FIRST if inwards > 0 else INNERMOST_FIRST
