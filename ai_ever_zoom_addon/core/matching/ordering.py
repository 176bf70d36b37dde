"""From the places of images in each other to the order of a series. No bpy, no pictures.

Every pair that was recognised says how far, in the logarithm of the zoom factor, one image lies
inside another, and where. So an image has a position on one axis (0 is an outermost image) and a
place in one plane, upright or turned, whichever of its pairs were seen: an image that is only
recognised two steps further out falls into its place all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .placement import CENTRED, Placement


class Components:
    """Images joined by pairs that were recognised.

    position: of each image on the axis of its component. _places: of each image in its component's
    first image.
    """

    def __init__(self, count: int) -> None:
        self._members = [[k] for k in range(count)]
        self.position = [0.0] * count
        self._places = [CENTRED] * count

    def joined(self, one: int, other: int) -> bool:
        """Whether two images are in the same component."""
        return self._members[one] is self._members[other]

    def join(self, outer: int, inner: int, depth: float, placement: Placement) -> None:
        """Joins two components: `inner` lies in `outer`, shrunk by exp(depth), at `placement`."""
        if self.joined(outer, inner):
            return
        kept, moved = self._members[outer], self._members[inner]
        shift = self.position[outer] + depth - self.position[inner]
        there = self._places[outer] @ placement @ self._places[inner].inverse()
        for member in moved:
            self.position[member] += shift
            self._places[member] = there @ self._places[member]
            self._members[member] = kept
        kept.extend(moved)

    def between(self, outer: int, inner: int) -> Placement:
        """Where one image lies in another one of its component."""
        return self._places[outer].inverse() @ self._places[inner]

    def all(self) -> list[list[int]]:
        """The components, largest first (equal ones by their first image), members by position."""
        unique = {id(members): members for members in self._members}
        ordered = [sorted(m, key=lambda k: (self.position[k], k)) for m in unique.values()]
        return sorted(ordered, key=lambda members: (-len(members), min(members)))


def groups(members: Iterable[int], is_same: Callable[[int, int], bool]) -> list[list[int]]:
    """Members (sorted by position) put together where they are the same step as the first."""
    found: list[list[int]] = []
    for member in members:
        if found and is_same(found[-1][0], member):
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
