"""Finds out what a folder of images is: order, direction, zoom factor, alignment, colour.

numpy only. Whoever calls brings a function that decodes an image; each image is decoded once, and
only a small picture of it is kept (see picture.py). Images may have any sizes and shapes: a factor
is the ratio of widths, an offset is in pixels of the outer image.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import EverZoomError, UnusableError
from ...names import composed
from ...texts import Text
from ..findings import Finding, FindingKind, FoundError
from ..matching.matcher import SAME_FACTOR, Matcher
from ..matching.picture import grey_side, shrink
from ..matching.placement import Placement
from ..steps import Progress, Steps, run
from .arranging import AUTO, OUTERMOST_FIRST, Arrangement, arrange
from .choosing import series_in
from .holes import fill_holes
from .pairing import Pairing, Places
from .placing import GivenPlacement, placement_in
from .report import Analysis, LeftOut, Pair, Source
from .verdict import judge

SAME_PLACE = 0.02  # how far off its centre, as a part of its width, an image shows the same

Loader = Callable[[Path], NDArray[np.float32]]
"""Decodes a file: (height, width, 3) sRGB-encoded 0..1, or 4 with opacity, top row first."""


def analyse(
    files: Sequence[Path],
    load: Loader,
    *,
    order: str = AUTO,
    auto_sort: bool = False,
    zoom_factor: float | None = None,
    series: int = 1,
    given: Sequence[GivenPlacement] = (),
    progress: Progress = lambda *_: None,
) -> Analysis:
    """`analysis_steps` in one go; `progress` is called with (fraction done, text)."""
    steps = analysis_steps(
        files,
        load,
        order=order,
        auto_sort=auto_sort,
        zoom_factor=zoom_factor,
        series=series,
        given=given,
    )
    return run(steps, progress)


def analysis_steps(
    files: Sequence[Path],
    load: Loader,
    *,
    order: str = AUTO,
    auto_sort: bool = False,
    zoom_factor: float | None = None,
    series: int = 1,
    given: Sequence[GivenPlacement] = (),
) -> Steps[Analysis]:
    """Finds out what the images are, in short steps, so that a window stays alive.

    Args:
        files: Images in natural file order. One alone repeats in itself: in the place that is
            given, in its hole, or in its middle by `zoom_factor`.
        load: Decodes one of them.
        order: "innermost-first" or "outermost-first": what the first file is, whatever the pictures
            say against it; "auto": the files' order, where the pictures agree with it. With
            `auto_sort` it has no effect.
        auto_sort: Find the order in the pictures, never mind the names.
        zoom_factor: What the user says the factor is; None: not known. It is never believed, only
            compared, and taken where no picture lies in another one.
        series: Which of several series in the folder, 1 the longest.
        given: Placements that are not to be measured; those of other files are passed over.

    Yields:
        (fraction done 0..1, one line of text).

    Returns:
        The Analysis. Images that are unusable, as `load` finds, are left out if two others remain.

    Raises:
        EverZoomError: No images; no image lies in another and no factor is given; there are fewer
            series; `load` failed otherwise, or for too many.
    """
    if not files:
        raise EverZoomError("An infinite zoom needs at least two images: choose more.")
    pictures = []
    unusable: dict[str, UnusableError] = {}
    for number, file in enumerate(files):
        yield 0.5 * number / len(files), Text("Reading {file}", file=file.name)
        try:
            pictures.append(shrink(file.name, load(file), grey_side(len(files))))
        except UnusableError as error:
            unusable[file.name] = error
    check_enough(len(pictures), unusable.values())
    matcher = Matcher(pictures)
    places = _given_places(matcher, given)
    if len(files) == 1:
        return _alone(matcher, files[0], places, zoom_factor)
    if len(matcher.components.all()) > 1:
        for done, text in matcher.relate(neighbours=not auto_sort):
            yield 0.5 + 0.35 * done, text
    places |= fill_holes(matcher, order)
    members, left_out, findings = _choose(
        matcher, zoom_factor, series, order=order, auto_sort=auto_sort
    )
    arrangement = arrange(matcher, members, order, places, auto_sort=auto_sort)
    pairing = Pairing(
        matcher, arrangement.sequence, zoom_factor, places, is_ring=arrangement.is_ring
    )
    for done, text in pairing.steps():
        yield 0.85 + 0.15 * done, text
    arrangement.left_out |= left_out
    arrangement.findings = [*findings, *arrangement.findings]
    found = _analysis(matcher, arrangement, pairing, zoom_factor)
    more = tuple(LeftOut.unusable(*item) for item in unusable.items())
    return replace(found, left_out=(*more, *found.left_out))


def check_enough(count: int, unusable: Iterable[UnusableError]) -> None:
    """Let images pass that are enough for a zoom without those that are unusable.

    Args:
        count: How many are left.
        unusable: What is wrong with the others.

    Raises:
        UnusableError: They are not.
    """
    first = next(iter(unusable), None)
    if first is not None and count < 2:
        raise first


def _given_places(matcher: Matcher, given: Sequence[GivenPlacement]) -> Places:
    """What is given for the images that there are, which are so related."""
    numbers = {composed(picture.name): number for number, picture in enumerate(matcher.pictures)}
    places: Places = {}
    for item in given:
        outer, inner = (numbers.get(composed(name)) for name in item.names)
        if outer is not None and inner is not None:
            placement = placement_in(item, matcher.pictures[outer], matcher.pictures[inner])
            places[outer, inner] = placement, Source.GIVEN
            matcher.components.join(outer, inner, math.log(item.factor), placement)
            matcher.tell_apart(outer, inner)
    return places


def _alone(matcher: Matcher, file: Path, places: Places, zoom_factor: float | None) -> Analysis:
    """What an image is that repeats in itself.

    Raises:
        FoundError: Nothing says where.
    """
    (picture,) = matcher.pictures
    if not places:
        hole = picture.filled_by(picture)
        if hole is not None:
            places = {(0, 0): (hole, Source.HOLE)}
        elif zoom_factor is not None:
            places = {(0, 0): (Placement(1.0 / zoom_factor, (0.0, 0.0)), Source.USUAL)}
        else:
            values = {"folder": str(file.parent), "image": file.name}
            raise FoundError(Finding(FindingKind.ONE_IMAGE, values))
    pairing = Pairing(matcher, [0], zoom_factor, places, is_ring=True)
    run(pairing.steps())
    assert pairing.closing is not None
    return Analysis(
        order=(picture.name,),
        file_order=OUTERMOST_FIRST,
        zoom_factor=pairing.closing.factor,
        loops=True,
        pairs=(),
        left_out=(),
        findings=(),
        closing=pairing.closing,
    )


def _choose(
    matcher: Matcher, zoom_factor: float | None, series: int, *, order: str, auto_sort: bool
) -> tuple[list[int], dict[int, str], list[Finding]]:
    """The images to be used, why others are not, and what is to be said of it."""
    names = [picture.name for picture in matcher.pictures]
    everyone = list(range(len(names)))
    found = series_in(matcher, are_names_kept=not auto_sort, is_order_given=order != AUTO)
    related = {number for one in found for number in one}
    if not found:
        _check_apart(matcher)
    # Where only a few lie in each other, the others are no leftovers.
    if zoom_factor is not None and 2 * len(related) < len(names) and not (found and auto_sort):
        return everyone, {}, []
    if not found:
        raise FoundError(Finding(FindingKind.UNRELATED, {"count": len(names)}))
    if series > len(found):
        raise EverZoomError(
            "There is no series number {series}: the folder has {count}, 1 is the longest.",
            series=series,
            count=len(found),
        )
    chosen = found[series - 1]
    alone: str = Text("related to no other image")
    left_out = {number: alone for number in everyone if number not in related}
    for place, one in enumerate(found, 1):
        if one is not chosen:
            left_out |= dict.fromkeys(
                one, Text("of another series (number {number})", number=place)
            )
    if len(found) == 1:
        return chosen, left_out, []
    values = {
        "count": len(found),
        "number": series,
        "files": [names[number] for one in found if one is not chosen for number in one],
    }
    return chosen, left_out, [Finding(FindingKind.SEPARATE_SERIES, values)]


def _check_apart(matcher: Matcher) -> None:
    """Let images pass that are not all of the same step.

    Raises:
        EverZoomError: They are.
    """
    largest = matcher.components.all()[0]
    count = len(matcher.pictures)
    if len(largest) < count:
        return
    outer = largest[0]
    moved = max(
        abs(part) for inner in largest[1:] for part in matcher.predicted(outer, inner).offset
    )
    is_same = moved < SAME_PLACE * matcher.pictures[outer].width
    raise EverZoomError(
        "The {count} images show the same: an infinite zoom needs images that lie within each "
        "other; choose others."
        if is_same
        else "The {count} images show places beside each other, in the same size: an infinite zoom "
        "needs images that lie within each other; choose others.",
        count=count,
    )


def _analysis(
    matcher: Matcher, arrangement: Arrangement, pairing: Pairing, zoom_factor: float | None
) -> Analysis:
    pictures = matcher.pictures
    found = judge(pairing.pairs, zoom_factor)
    left_out = sorted(arrangement.left_out.items())
    return replace(
        found,
        order=tuple(pictures[k].name for k in arrangement.sequence),
        file_order=arrangement.file_order,
        loops=arrangement.is_ring,
        left_out=tuple(LeftOut(pictures[k].name, why) for k, why in left_out),
        findings=(*arrangement.findings, *found.findings),
        closing=pairing.closing,
    )


def pair_steps(
    outer: Path,
    inner: Path,
    load: Loader,
    given: GivenPlacement | None = None,
    others: Sequence[Pair] = (),
) -> Steps[Pair | None]:
    """Finds where one image lies in another one, in short steps.

    Args:
        outer, inner: Their files.
        load: Decodes one of them.
        given: What the user says of it: then only likeness and colours are measured.
        others: Known pairs of the series: where they agree, a pair that fits worse is tried.

    Yields:
        (fraction done 0..1, one line of text).

    Returns:
        None where it does not, or where both show the same step.

    Raises:
        EverZoomError: `load` failed.
    """
    matcher = Matcher([shrink(file.name, load(file), grey_side(2)) for file in (outer, inner)])
    places = _given_places(matcher, [given] if given else [])
    if not given:
        yield from matcher.relate(neighbours=True)
        places |= fill_holes(matcher, OUTERMOST_FIRST)
    pairing = Pairing(matcher, [0, 1], None, places, others=others)
    yield from pairing.steps()
    (pair,) = pairing.pairs
    is_found = pair.source is not Source.USUAL and math.log(pair.factor) > SAME_FACTOR
    return pair if is_found or given else None
