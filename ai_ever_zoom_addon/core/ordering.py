"""From relations between pairs of images to the order of a series. No bpy, no pictures.

Every relation says how far, in the logarithm of the zoom factor, one image lies inside another. So
an image has a position on one axis (0 is an outermost image), whichever of its relations were seen:
an image that is only recognised two steps further out falls into its place all the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Relation:
    """Image `inner` lies in image `outer` (numbers of images), shrunk by exp(depth)."""

    outer: int
    inner: int
    depth: float


class Components:
    """Images joined by relations, each with its position relative to its component's first image."""

    def __init__(self, count: int) -> None:
        self._members = [[k] for k in range(count)]
        self.position = [0.0] * count

    def joined(self, one: int, other: int) -> bool:
        """Whether two images are in the same component."""
        return self._members[one] is self._members[other]

    def join(self, relation: Relation) -> None:
        """Joins two components; a relation inside one component changes nothing."""
        if self.joined(relation.outer, relation.inner):
            return
        kept, moved = self._members[relation.outer], self._members[relation.inner]
        shift = self.position[relation.outer] + relation.depth - self.position[relation.inner]
        for member in moved:
            self.position[member] += shift
            self._members[member] = kept
        kept.extend(moved)

    def all(self) -> list[list[int]]:
        """The components, largest first (equal ones by their first image), members by position."""
        unique = {id(members): members for members in self._members}
        ordered = [sorted(m, key=lambda k: (self.position[k], k)) for m in unique.values()]
        return sorted(ordered, key=lambda members: (-len(members), min(members)))


def groups(members: Iterable[int], position: list[float], nearest: float) -> list[list[int]]:
    """Members (sorted by position) put together where they lie closer than `nearest`: same steps."""
    found: list[list[int]] = []
    for member in members:
        if found and position[member] - position[found[-1][0]] < nearest:
            found[-1].append(member)
        else:
            found.append([member])
    return found


def direction(sequence: list[int]) -> str:
    """What an order (outermost first, as numbers in file order) says about the files' own order."""
    if sequence == sorted(sequence):
        return "outermost-first"
    if sequence == sorted(sequence, reverse=True):
        return "innermost-first"
    return "shuffled"


def rotate(sequence: list[int]) -> list[int]:
    """Where to cut a ring (outermost first): so that the files' own order is kept if it can be."""
    at = sequence.index(min(sequence))
    outermost_first = sequence[at:] + sequence[:at]
    innermost_first = sequence[at + 1 :] + sequence[: at + 1]
    return innermost_first if direction(innermost_first) == "innermost-first" else outermost_first
