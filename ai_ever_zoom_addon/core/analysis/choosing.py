"""Which of a folder's images are built: the series that there are, and what belongs to none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain, pairwise

from ..matching.matcher import Matcher
from ..matching.ordering import groups


def series_in(matcher: Matcher, *, are_names_kept: bool, is_order_given: bool) -> list[list[int]]:
    """The series of a folder, the longest first, each as the numbers of its images.

    Images that lie in no other, nor hold one, are in none of them. Parts whose files are called
    alike are one series with a gap, if they follow each other the same way round, or if the user
    says the order.

    Args:
        matcher: Knows which images are related.
        are_names_kept: The order of the files counts.
        is_order_given: It is the user who says so.
    """
    parts = [members for members in matcher.components.all() if steps_in(matcher, members) > 1]
    series: list[list[list[int]]] = []
    for members in sorted(parts, key=min):
        before = list(chain.from_iterable(series[-1])) if series else []
        ways = {_way(matcher, before), _way(matcher, members)} - {0}
        follows = (
            bool(before) and max(before) < min(members) and len(ways - {None}) == len(ways) < 2
        )
        if (
            are_names_kept
            and before
            and _are_called_alike(matcher, [*before, *members])
            and (follows or is_order_given)
        ):
            series[-1].append(members)
        else:
            series.append([members])
    lengths = {id(one): sum(steps_in(matcher, part) for part in one) for one in series}
    series.sort(key=lambda one: (-lengths[id(one)], min(map(min, one))))
    return [list(chain.from_iterable(one)) for one in series]


def steps_in(matcher: Matcher, members: Sequence[int]) -> int:
    """How many steps of the zoom the images of a component show."""
    return len(groups(members, matcher.is_same_step))


def way_of(matcher: Matcher, first: int, second: int) -> int:
    """1: the second file lies in the first; -1: the other way round; 0: neither is known."""
    depth = matcher.components.position[second] - matcher.components.position[first]
    if not matcher.components.joined(first, second) or matcher.is_same_step(first, second):
        return 0
    return 1 if depth > 0 else -1


def _way(matcher: Matcher, members: Sequence[int]) -> int | None:
    """Which way round files lie in each other, 0 if that is not known; None: they are shuffled."""
    ordered = sorted(members)
    ways = {way_of(matcher, *pair) for pair in pairwise(ordered)} - {0}
    return None if len(ways) > 1 else next(iter(ways), 0)


def _are_called_alike(matcher: Matcher, members: Sequence[int]) -> bool:
    """Whether the files' names are the same but for the numbers in them."""
    names = [matcher.pictures[number].name for number in members]
    return len({re.sub(r"\d+", "0", name.rpartition(".")[0] or name) for name in names}) == 1
