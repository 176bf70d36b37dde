"""What a folder of images is, as it was found."""

from __future__ import annotations

from dataclasses import asdict, dataclass

UNCHANGED = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Pair:
    """An image and the next smaller one.

    Attributes:
        outer, inner: File names.
        factor: Width of the outer image over the width that the inner one takes up in it, > 1.
        offset_px: Centre of the inner image relative to the centre of the outer one, in pixels of
            the outer image, x to the right, y down.
        score: Correlation of the outer image's inside with the shrunk inner image, -1 to 1: 1 is
            the same picture, below 0.9 it was painted again; a pair that does not match has 0.
        gain: Red, green, blue: the INNER image's encoded values times this are the OUTER's.
        linear_gain: The same for linear light.
    """

    outer: str
    inner: str
    factor: float
    offset_px: tuple[float, float]
    score: float
    gain: tuple[float, float, float]
    linear_gain: tuple[float, float, float]

    def to_json(self) -> dict[str, object]:
        """The pair as plain JSON values, without linear_gain."""
        return {
            "outer": self.outer,
            "inner": self.inner,
            "factor": self.factor,
            "offset_px": list(self.offset_px),
            "score": self.score,
            "gain": list(self.gain),
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
        warnings: Sentences for the user.
    """

    order: tuple[str, ...]
    file_order: str
    zoom_factor: float
    loops: bool
    pairs: tuple[Pair, ...]
    left_out: tuple[LeftOut, ...]
    warnings: tuple[str, ...]
    closing: Pair | None = None

    def to_json(self) -> dict[str, object]:
        """The report as plain JSON values: the attributes, without linear_gain."""
        return {
            "order": list(self.order),
            "file_order": self.file_order,
            "zoom_factor": self.zoom_factor,
            "loops": self.loops,
            "pairs": [pair.to_json() for pair in self.pairs],
            "closing": self.closing and self.closing.to_json(),
            "left_out": [asdict(item) for item in self.left_out],
            "warnings": list(self.warnings),
        }


def missing_pair(outer: str, inner: str, factor: float) -> Pair:
    """The stand-in for a pair of which the one image was not found in the other."""
    return Pair(outer, inner, factor, (0.0, 0.0), 0.0, UNCHANGED, UNCHANGED)
