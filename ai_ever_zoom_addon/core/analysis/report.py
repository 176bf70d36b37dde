"""What a folder of images is, as it was found, and the one form in which that is written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from ... import plain
from ...errors import UnusableError
from ...texts import Text
from ..findings import Finding, findings_from_json
from ..matching.gliding import Glide

UNCHANGED = (1.0, 1.0, 1.0)

# Beyond these nothing is a place, or a colour.
SMALLEST_FACTOR, LARGEST_FACTOR = 1.0 + 1e-6, 1000.0
LARGEST_OFFSET = LARGEST_SIDE = 1_000_000  # pixels
LARGEST_TURN = 3600.0  # degrees
LARGEST_GAIN = 1e6


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
            raise ValueError(Text("a pair has no {name}", name=error)) from None
        except (AttributeError, TypeError) as error:
            raise ValueError(Text("this is no pair of images: {error}", error=error)) from None

    @classmethod
    def _read(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """The attributes but `outer_size_px`; TypeError, ValueError and KeyError: not the form."""
        factor = plain.number(values["factor"], most=LARGEST_FACTOR)
        if factor < SMALLEST_FACTOR:
            raise ValueError(
                Text("the factor {factor} is not above 1", factor=plain.figure(factor))
            )
        x, y = (
            plain.number(part, -LARGEST_OFFSET, LARGEST_OFFSET)
            for part in plain.row(values["offset_px"], 2)
        )
        return {
            "outer": plain.text(values["outer"]),
            "inner": plain.text(values["inner"]),
            "factor": factor,
            "offset_px": (x, y),
            "turn_deg": plain.number(values["turn_deg"], -LARGEST_TURN, LARGEST_TURN),
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
        as_others: Placed as the other pairs are, against what it shows itself, which fits worse.
        glide: Where the things have gone in the inner image, which was painted again; None: they
            are where they were, or nothing is known of it.
    """

    source: Source
    score: float
    gain: tuple[float, float, float]
    linear_gain: tuple[float, float, float]
    as_others: bool = False
    glide: Glide | None = None

    def to_json(self) -> dict[str, Any]:
        """The attributes as plain JSON values."""
        return {
            **super().to_json(),
            "source": self.source.value,
            "score": self.score,
            "gain": list(self.gain),
            "linear_gain": list(self.linear_gain),
            "as_others": self.as_others,
            "glide": self.glide and self.glide.to_json(),
        }

    @classmethod
    def _read(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        return {
            **super()._read(values),
            "outer_size_px": size_in_pixels(values["outer_size_px"]),
            "source": Source(values["source"]),
            "score": plain.number(values["score"]),
            "gain": gains(values["gain"]),
            "linear_gain": gains(values["linear_gain"]),
            # Older files do not say these.
            "as_others": plain.flag(values.get("as_others", False)),
            "glide": Glide.from_json(values["glide"]) if values.get("glide") is not None else None,
        }


@dataclass(frozen=True)
class LeftOut:
    """A file that is not part of the zoom, and why."""

    file: str
    reason: str  # a `Text`, but for what an older version has kept

    @classmethod
    def unusable(cls, file: str, error: UnusableError) -> LeftOut:
        """One that an error is about, or about a picture of it, where it is a sequence."""
        return cls(file, Text("which {wrong}", wrong=error.wrong))

    def to_json(self) -> dict[str, Any]:
        """The attributes as plain JSON values: the reason in English, and how it was made."""
        return {"file": self.file, "reason": self.reason, "text": Text(self.reason).to_json()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> LeftOut:
        """What `to_json` has written; older files have the reason in English only.

        Raises:
            ValueError: It is not of that form.
        """
        reason = plain.text(values["reason"])
        text = Text.from_json(values.get("text", reason))
        return cls(plain.text(values["file"]), text if text == reason else reason)


@dataclass(frozen=True)
class Analysis:
    """What a folder of images is.

    Attributes:
        order: File names, outermost first.
        file_order: "innermost-first", "outermost-first" or "shuffled": what the pictures say about
            the order of the files.
        zoom_factor: The usual one: the median of the pairs' factors, of two middle ones their
            geometric mean.
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
            "left_out": [item.to_json() for item in self.left_out],
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
                order=tuple(map(plain.text, plain.row(values["order"]))),
                file_order=plain.text(values["file_order"]),
                zoom_factor=plain.number(values["zoom_factor"], 1.0, LARGEST_FACTOR),
                loops=plain.flag(values["loops"]),
                pairs=tuple(map(Pair.from_json, plain.row(values["pairs"]))),
                closing=Pair.from_json(values["closing"]) if values["closing"] else None,
                left_out=tuple(map(LeftOut.from_json, plain.row(values["left_out"]))),
                findings=findings_from_json(values["findings"]),
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"this is no analysis: {error}") from None


def size_in_pixels(values: Any) -> tuple[int, int]:
    """Width and height as JSON has them; a ValueError tells what is wrong."""
    width, height = (plain.whole(part, 1, LARGEST_SIDE) for part in plain.row(values, 2))
    return width, height


def gains(values: Any) -> tuple[float, float, float]:
    """Red, green, blue as JSON has them; a ValueError tells what is wrong."""
    red, green, blue = (plain.number(part, 0.0, LARGEST_GAIN) for part in plain.row(values, 3))
    return red, green, blue
