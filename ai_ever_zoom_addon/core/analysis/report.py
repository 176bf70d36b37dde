"""What a folder of images is, as it was found, and the one form in which that is written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from ..findings import Finding, findings_from_json

UNCHANGED = (1.0, 1.0, 1.0)


class Source(StrEnum):
    """Who says how an image lies in the next larger one."""

    MEASURED = "measured"  # the pictures
    GIVEN = "given"  # the user
    HOLE = "hole"  # a see-through part of the larger image
    USUAL = "usual"  # nobody: it is centred, with the usual factor


@dataclass(frozen=True)
class Place:
    """How one image lies in another one, as reports and files of placements say it.

    Attributes:
        outer, inner: File names.
        factor: Width of the outer image over the width that the inner one takes up in it when it is
            turned upright, > 1.
        offset_px: Centre of the inner image relative to the centre of the outer one, in pixels of
            the outer image, x to the right, y down.
        outer_size_px: Width and height in pixels that the outer image has for `offset_px`; None:
            those that it has.
        turn_deg: By how many degrees, clockwise, the inner image is turned.
    """

    outer: str
    inner: str
    factor: float
    offset_px: tuple[float, float]
    outer_size_px: tuple[int, int] | None
    turn_deg: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """The attributes as plain JSON values."""
        return {
            "outer": self.outer,
            "inner": self.inner,
            "factor": self.factor,
            "offset_px": list(self.offset_px),
            "turn_deg": self.turn_deg,
            "outer_size_px": self.outer_size_px and list(self.outer_size_px),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """What `to_json` has written; other keys are passed over.

        Raises:
            ValueError: It is not of that form.
        """
        try:
            return cls(**cls._read(values))
        except KeyError as error:
            raise ValueError(f"a pair has no {error}") from None
        except (AttributeError, TypeError) as error:
            raise ValueError(f"this is no pair of images: {error}") from None

    @classmethod
    def _read(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """The attributes but `outer_size_px`; TypeError, ValueError and KeyError: not the form."""
        x, y = values["offset_px"]
        return {
            "outer": str(values["outer"]),
            "inner": str(values["inner"]),
            "factor": float(values["factor"]),
            "offset_px": (float(x), float(y)),
            "turn_deg": float(values["turn_deg"]),
        }


@dataclass(frozen=True, kw_only=True)
class Pair(Place):
    """An image and the next smaller one.

    Attributes:
        source: Who says how they lie.
        score: Correlation of the outer image's inside with the shrunk inner image, -1 to 1: 1 is
            the same picture, below 0.9 it was painted again; a pair that does not match has 0.
        gain: Red, green, blue: the INNER image's encoded values times this are the OUTER's.
        linear_gain: The same for linear light.
    """

    source: Source
    score: float
    gain: tuple[float, float, float]
    linear_gain: tuple[float, float, float]

    def to_json(self) -> dict[str, Any]:
        """The attributes as plain JSON values."""
        return {
            **super().to_json(),
            "source": self.source.value,
            "score": self.score,
            "gain": list(self.gain),
            "linear_gain": list(self.linear_gain),
        }

    @classmethod
    def _read(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        return {
            **super()._read(values),
            "outer_size_px": size_in_pixels(values["outer_size_px"]),
            "source": Source(values["source"]),
            "score": float(values["score"]),
            "gain": _rgb(values["gain"]),
            "linear_gain": _rgb(values["linear_gain"]),
        }


@dataclass(frozen=True)
class LeftOut:
    """A file that is not part of the zoom, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class Analysis:
    """What a folder of images is.

    Attributes:
        order: File names, outermost first.
        file_order: "innermost-first", "outermost-first" or "shuffled": what the pictures say about
            the order of the files.
        zoom_factor: Geometric mean of the pairs' factors.
        loops: The innermost image contains the outermost one.
        pairs: One for each two neighbours in `order`.
        closing: The outermost image in the innermost one, where the series loops.
        left_out: Files that are not in `order`.
        findings: What the user should know.
    """

    order: tuple[str, ...]
    file_order: str
    zoom_factor: float
    loops: bool
    pairs: tuple[Pair, ...]
    left_out: tuple[LeftOut, ...]
    findings: tuple[Finding, ...]
    closing: Pair | None = None

    def to_json(self) -> dict[str, Any]:
        """The attributes as plain JSON values: for scripts, and for what a file keeps."""
        return {
            "order": list(self.order),
            "file_order": self.file_order,
            "zoom_factor": self.zoom_factor,
            "loops": self.loops,
            "pairs": [pair.to_json() for pair in self.pairs],
            "closing": self.closing and self.closing.to_json(),
            "left_out": [{"file": item.file, "reason": item.reason} for item in self.left_out],
            "findings": [finding.to_json() for finding in self.findings],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Analysis:
        """The analysis from `to_json`; other keys are passed over.

        Raises:
            ValueError: It is not of that form.
        """
        try:
            return cls(
                order=tuple(map(str, values["order"])),
                file_order=str(values["file_order"]),
                zoom_factor=float(values["zoom_factor"]),
                loops=bool(values["loops"]),
                pairs=tuple(map(Pair.from_json, values["pairs"])),
                closing=Pair.from_json(values["closing"]) if values["closing"] else None,
                left_out=tuple(
                    LeftOut(str(item["file"]), str(item["reason"])) for item in values["left_out"]
                ),
                findings=findings_from_json(values["findings"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"this is no analysis: {error}") from None


def missing_pair(outer: str, inner: str, outer_size_px: tuple[int, int], factor: float) -> Pair:
    """The stand-in for a pair of which the one image was not found in the other."""
    return Pair(
        *(outer, inner, factor, (0.0, 0.0), outer_size_px),
        source=Source.USUAL,
        score=0.0,
        gain=UNCHANGED,
        linear_gain=UNCHANGED,
    )


def size_in_pixels(values: Any) -> tuple[int, int]:
    """Width and height as JSON has them; a TypeError or ValueError tells what is wrong."""
    width, height = values
    return int(width), int(height)


def _rgb(values: Any) -> tuple[float, float, float]:
    red, green, blue = values
    return float(red), float(green), float(blue)
