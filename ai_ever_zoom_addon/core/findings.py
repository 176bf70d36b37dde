"""What was found that the user should know: kinds with figures, not sentences. Never touches bpy.

The window and the command line put them into their own words (see wording.py); in a file and for
scripts they stay data.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ..errors import EverZoomError
from ..texts import Text, joined


class FindingKind(StrEnum):
    """What there is to know; behind each kind, the names of its values.

    Images are named by their files; factors, and how many times larger something is shown, are > 1.
    """

    # The analysis
    UNRELATED = "unrelated"  # count; nothing was built
    ONE_IMAGE = "one-image"  # folder, image; nothing was built
    SEPARATE_SERIES = "separate-series"  # count, number: the chosen one, files: those left out
    CONTRADICTED_ORDER = "contradicted-order"  # chosen, shown, agreeing, pairs
    SHUFFLED_FILES = "shuffled-files"  # against, pairs
    SORTED_BY_PICTURES = "sorted-by-pictures"  # against, pairs
    LOOP_BY_COPY = "loop-by-copy"  # copy, image
    ALL_IN_MIDDLE = "all-in-middle"  # count, factor
    NOT_FOUND = "not-found"  # count, pairs, factor, inner, outer: of the first
    PLACED_AS_OTHERS = "placed-as-others"  # count, pairs, factor, inner, outer: of the worst
    PAINTED_AGAIN = "painted-again"  # count, pairs, inner, outer, score: of the worst
    MISSING_IMAGES = "missing-images"  # count; outer, inner, steps, factor, usual: of the first
    VARYING_FACTOR = "varying-factor"  # least, most
    OTHER_FACTOR = "other-factor"  # given, shown

    # The plan
    NO_RING = "no-ring"
    GLIDING = "gliding"  # count, pairs
    ROUNDED_ROLL = "rounded-roll"  # roll, wanted
    ENLARGED_AT_BORDER = "enlarged-at-border"  # times
    ENLARGED_BY_ROLL = "enlarged-by-roll"  # times
    MOVED_AT_BORDER = "moved-at-border"  # files, part: of the width, at most
    NEARER_TARGET = "nearer-target"  # target, wanted
    OUTSIDE_OF_FRAMES = "outside-of-frames"  # part, resolution
    IDLE_ENDS = "idle-ends"
    IDLE_OVERLAY = "idle-overlay"
    IDLE_GLIDE = "idle-glide"  # count, pairs
    IDLE_OPTIONS = "idle-options"  # options: flags of the command line, where
    IDLE_DEPTH = "idle-depth"
    DEPTH_UNREAD = "depth-unread"  # files: the depth maps, flaw: of these, in words
    DEPTH_UNUSED = "depth-unused"  # files: in folders for depth maps
    ENLARGED_IN_FRAMES = "enlarged-in-frames"  # times, resolution, sharp: the largest sharp one
    ENLARGED_IMAGES = "enlarged-images"  # files, times: at most, resolution, sharp

    # The scene
    OTHER_PROFILE = "other-profile"  # profiles, files, effect: of the first, in a word
    CURVE_REPLACED = "curve-replaced"
    STANDING_STILL = "standing-still"  # files
    IDLE_THINGS = "idle-things"  # engine, in a word; things: what hangs on images
    OTHER_FRAMES = "other-frames"  # frames, wanted: the first and the last
    OTHER_COLOURS = "other-colours"  # view: the transform that comes nearest
    CHANGED_COLOURS = "changed-colours"  # view: the transform, plain: one that leaves colours
    HALF_PRECISION = "half-precision"  # engine


@dataclass(frozen=True)
class Finding:
    """Something the user should know.

    Attributes:
        kind: What it is.
        values: Names, figures, and lists of them, as plain JSON values.
    """

    kind: FindingKind
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def about(self) -> str:
        """The kind, the names and how many they are: what stays the same where figures change."""
        named = {
            name: value for name, value in self.values.items() if name == "count" or is_named(value)
        }
        return json.dumps([self.kind.value, named], sort_keys=True)

    @property
    def image(self) -> str:
        """Name of the image where it is seen, of several the first; "" where it is seen in none."""
        files = self.values.get("files") or [""]
        return str(self.values.get("inner") or self.values.get("copy") or files[0])

    def to_json(self) -> dict[str, Any]:
        """Kind and values as plain JSON values."""
        return {"kind": self.kind.value, "values": dict(self.values)}


class FoundError(EverZoomError):
    """What was found stands in the way, and what to do about it depends on where the user is."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(f"{finding.kind.value}: {dict(finding.values)}")
        self.finding = finding


def findings_from_json(items: Iterable[Mapping[str, Any]]) -> tuple[Finding, ...]:
    """Findings from `Finding.to_json`; kinds that only another version knows are passed over.

    Raises:
        ValueError: They are not of that form.
    """
    kinds = {kind.value for kind in FindingKind}
    try:
        return tuple(
            Finding(FindingKind(item["kind"]), dict(item["values"]))
            for item in items
            if item["kind"] in kinds
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"these are no findings: {error}") from None


# Good to know, and nothing to be warned of.
NEWS = frozenset({FindingKind.GLIDING})


def without_repeats(of_pictures: Iterable[Finding], of_plan: Iterable[Finding]) -> list[Finding]:
    """What was found in the pictures, but for what the plan's findings say better.

    That is that images were painted again, where of all of them it is said whether they glide.
    """
    glides = {FindingKind.GLIDING, FindingKind.IDLE_GLIDE}
    count = max((_count(one) for one in of_plan if one.kind in glides), default=0)
    return [
        one
        for one in of_pictures
        if one.kind is not FindingKind.PAINTED_AGAIN or _count(one) > count
    ]


def _count(finding: Finding) -> int:
    """How many it is about; 0 where a file that was tampered with says no number."""
    count = finding.values.get("count")
    return count if isinstance(count, int) else 0


def is_named(value: object) -> bool:
    """Whether a value of a finding is a name or a list of names, and no figure."""
    parts = value if isinstance(value, list) else [value]
    return all(isinstance(part, str) for part in parts)


def listed(names: Sequence[str], most: int = 5) -> Text:
    """Some names in one line; those that are a `Text` are words, which are translated."""
    shown = joined(names[:most])
    if len(names) <= most:
        return shown
    return Text("{names} and {count} more", names=shown, count=len(names) - most)
