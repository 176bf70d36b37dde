"""Images as people have them, several troubles at once: found where they lie, and never elsewhere.

How many are tried is EVER_ZOOM_EXAMPLES (without it 20, in some 20 seconds).
"""

from __future__ import annotations

import itertools
import math
import os
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from ai_ever_zoom_addon.core.analysis.making import analyse
from ai_ever_zoom_addon.core.analysis.report import Analysis, Pair, Source
from ai_ever_zoom_addon.core.findings import FindingKind, FoundError
from ai_ever_zoom_addon.core.matching.placement import Placement, upright
from ai_ever_zoom_addon.errors import EverZoomError
from tests.series_maker import Array, Memory, Size, earth, jpeg, scenes, view

EXAMPLES = int(os.environ.get("EVER_ZOOM_EXAMPLES", "20"))
WIDTH = 400  # of the outermost image
SHAPES = ((400, 400), (400, 300), (300, 400), (480, 270), (512, 512))
TURNS = (0.0, 0.0, 0.0, 3.0, -15.0, 90.0, -90.0, 137.0, 180.0)
MIDDLES = ((0.53, 0.36), (0.25, 0.30), (0.75, 0.28), (0.33, 0.62))  # of the large picture
DETAIL = 0.03  # deviation of grey values from their surroundings', of 0..1, that shows enough


def bounded(examples: int) -> settings:
    """Always the same examples, and no time spent on a simpler one that fails."""
    return settings(
        max_examples=examples, derandomize=True, phases=[Phase.explicit, Phase.generate]
    )


@dataclass(frozen=True)
class Family:
    """Images of one world, outermost first, and where each lies in the one before."""

    images: dict[str, Array]
    places: list[Placement]
    is_copied: bool  # nothing was painted again
    is_exact: bool  # and nothing was lost in JPEG files

    @property
    def sizes(self) -> list[Size]:
        return [(image.shape[1], image.shape[0]) for image in self.images.values()]

    def surest_turn(self, number: int) -> float:
        """How exactly a turn has to be measured, in degrees.

        A JPEG file of quality 60 changes each block of 8 x 8 pixels for itself: no turn can be told
        that moves an image's corners by less than a tenth of a pixel of the outer one, which for a
        small image is more than 0.05 degrees.
        """
        inner = self.sizes[number + 1]
        tenth = math.degrees(0.1 / (self.places[number].scale * math.hypot(*inner) / 2.0))
        return 0.05 if self.is_exact else max(0.05, tenth)

    def factor(self, number: int) -> float:
        outer, inner = self.sizes[number : number + 2]
        return outer[0] / (inner[0] * self.places[number].scale)


def detail(image: Array) -> float:
    """The deviation of grey values from the mean of eighths of the image, of 0..1."""
    grey = image.mean(axis=2)
    parts = [part for row in np.array_split(grey, 8) for part in np.array_split(row, 8, axis=1)]
    return float(np.median([part.std() for part in parts]))


def placed_inside(draw: st.DrawFn, outer: Size, inner: Size, turn: float) -> Placement:
    """Anywhere in the outer image, whole."""
    factor = draw(st.floats(1.25, 4.0))
    scale = outer[0] / inner[0] / factor
    cosine, sine = abs(math.cos(math.radians(turn))), abs(math.sin(math.radians(turn)))
    wide = scale * (inner[0] * cosine + inner[1] * sine)
    high = scale * (inner[0] * sine + inner[1] * cosine)
    room = (outer[0] - wide) / 2, (outer[1] - high) / 2
    assume(min(room) > 0)
    far = draw(st.sampled_from([0.0, 0.0, 0.5, 1.0]))
    x, y = (far * side * draw(st.floats(-1, 1)) for side in room)
    return Placement(scale, (x, y), turn)


@st.composite
def families(draw: st.DrawFn) -> Family:
    """Two or three images by factor, offset, turn, shapes, caption, repaint, JPEG and gains."""
    count = draw(st.integers(2, 3))
    shapes = [draw(st.sampled_from(SHAPES)) for _ in range(count)]
    places = [
        placed_inside(draw, *pair, draw(st.sampled_from(TURNS)))
        for pair in itertools.pairwise(shapes)
    ]
    world = earth()
    across, down = draw(st.sampled_from(MIDDLES))
    pixels = min(world.shape[1] / WIDTH / 3, world.shape[0] / WIDTH / 2)
    whole = Placement(pixels, (across * world.shape[1], down * world.shape[0]))
    images = []
    for number, shape in enumerate(shapes):
        if number:
            whole @= places[number - 1]
        images.append(view(complex(*whole.offset), whole.scale, whole.turn, shape))
    assume(min(map(detail, images)) > DETAIL)

    painted = draw(st.sampled_from([0.0, 0.0, 0.0, 0.3]))
    quality = draw(st.sampled_from([None, None, 90, 60]))
    is_captioned = draw(st.booleans())
    generator = np.random.default_rng(draw(st.integers(0, 99)))
    made = {}
    for number, image in enumerate(images):
        height, width = image.shape[:2]
        if painted:
            other = next(scenes((width, height), generator, 1))
            image = (1 - painted) * image + painted * other
        image = image * np.array(
            [draw(st.floats(0.88, 1.0)) for _ in range(3)], np.float32
        ) + np.float32(0.02)
        if is_captioned:
            image = image.copy()
            image[height - 40 : height - 15, width - 150 : width - 10] = 1.0
        image = np.clip(image, 0, 1).astype(np.float32)
        made[f"{number}.png"] = jpeg(image, quality) if quality else image
    return Family(made, places, not painted, not painted and not quality)


def found_of(family: Family, *, auto_sort: bool) -> Analysis | None:
    memory = Memory(family.images)
    try:
        return analyse(memory.files, memory.load, auto_sort=auto_sort)
    except EverZoomError:
        return None


def misplaced(pair: Pair, place: Placement, factor: float) -> tuple[float, float, float]:
    """By which share of the factor, of the outer image's width, and by how many degrees."""
    assert pair.outer_size_px is not None
    x, y = (here - there for here, there in zip(pair.offset_px, place.offset, strict=True))
    return (
        abs(pair.factor / factor - 1),
        math.hypot(x, y) / pair.outer_size_px[0],
        abs(upright(pair.turn_deg - place.turn)),
    )


@bounded(EXAMPLES)
@given(families(), st.booleans())
def test_images_are_found_where_they_lie(family: Family, auto_sort: bool) -> None:
    found = found_of(family, auto_sort=auto_sort)
    if not family.is_copied and found is None:
        return
    assert found is not None
    if family.is_copied:
        assert found.order == tuple(family.images)
    names = list(family.images)
    loose = 1.0 if family.is_copied else 4.0
    for pair in found.pairs:
        number = names.index(pair.outer)
        if not family.is_copied and names.index(pair.inner) != number + 1:
            continue
        if pair.source is Source.USUAL:
            assert not family.is_copied
            continue
        factor, offset, turn = misplaced(pair, family.places[number], family.factor(number))
        assert factor < 0.002 * loose, (pair, family.places)
        assert offset < 0.001 * loose, (pair, family.places)
        assert turn < family.surest_turn(number) * loose, (pair, family.places)


@bounded(max(1, EXAMPLES // 5))
@given(st.integers(0, 200), st.integers(2, 4), st.booleans())
def test_of_images_that_have_nothing_in_common_none_is_placed(
    seed: int, count: int, auto_sort: bool
) -> None:
    parts = [
        image
        for image, _ in zip(
            scenes((300, 300), np.random.default_rng(seed), count), range(count), strict=False
        )
    ]
    memory = Memory({f"{number}.png": image for number, image in enumerate(parts)})
    with pytest.raises(FoundError) as refused:
        analyse(memory.files, memory.load, auto_sort=auto_sort)
    assert refused.value.finding.kind is FindingKind.UNRELATED


def test_a_see_through_rim_is_no_part_of_what_is_compared() -> None:
    """Nor is the colour that it has."""
    size, rim = (400, 400), 40
    outer, inner = nested(size, 2.0)
    seen = np.zeros((*size[::-1], 1), np.float32)
    seen[rim:-rim, rim:-rim] = 1.0
    magenta = np.array([1, 0, 1], np.float32)
    inner = np.concatenate([np.where(seen > 0, inner, magenta), seen], axis=2)
    memory = Memory({"0.png": outer, "1.png": inner})
    (pair,) = analyse(memory.files, memory.load).pairs
    assert pair.source is Source.MEASURED
    factor, offset, turn = misplaced(pair, Placement(0.5, (0.0, 0.0)), 2.0)
    assert factor < 0.001 and offset < 0.001 and turn == 0.0
    assert pair.score > 0.98


def test_marks_that_all_images_have_are_not_compared() -> None:
    """A frame, a caption in a corner, and a mark in the middle, where the next image lies."""
    size = (400, 400)
    clean = nested(size, 2.0)
    marked = [image.copy() for image in clean]
    for image in marked:
        image[:6] = image[-6:] = image[:, :6] = image[:, -6:] = 0.0
        image[-40:-20, -120:-20] = 1.0
        image[185:215, 165:235] = np.array([0.9, 0.1, 0.1], np.float32)
    scores = []
    for images in (clean, marked):
        memory = Memory({f"{number}.png": image for number, image in enumerate(images)})
        (pair,) = analyse(memory.files, memory.load).pairs
        factor, offset, turn = misplaced(pair, Placement(0.5, (0.0, 0.0)), 2.0)
        assert factor < 0.001 and offset < 0.001 and turn == 0.0
        scores.append(pair.score)
    assert scores[1] > scores[0] - 0.02


@pytest.mark.parametrize(
    ("outer", "inner", "factor", "offset", "turn", "middle"),
    [
        ((400, 300), (480, 270), 3.72, (87.0, -92.0), 0.0, (0.53, 0.36)),
        ((300, 400), (400, 400), 2.8, (-40.0, 57.0), 0.0, (0.25, 0.30)),
        ((300, 400), (400, 300), 3.58, (-19.0, -2.0), 3.0, (0.75, 0.28)),
    ],
)
def test_captions_of_images_of_unequal_shapes_pull_nothing(
    outer: Size,
    inner: Size,
    factor: float,
    offset: tuple[float, float],
    turn: float,
    middle: tuple[float, float],
) -> None:
    """They have no place in common: each lies on what the other image shows."""
    world = earth()
    place = Placement(outer[0] / (inner[0] * factor), offset, turn)
    pixels = min(world.shape[1] / WIDTH / 3, world.shape[0] / WIDTH / 2)
    whole = Placement(pixels, (middle[0] * world.shape[1], middle[1] * world.shape[0]))
    images = {}
    for name, size in (("0.png", outer), ("1.png", inner)):
        images[name] = view(complex(*whole.offset), whole.scale, whole.turn, size).copy()
        images[name][size[1] - 40 : size[1] - 15, size[0] - 150 : size[0] - 10] = 1.0
        whole @= place
    memory = Memory(images)
    (pair,) = analyse(memory.files, memory.load).pairs
    wrong = misplaced(pair, place, factor)
    assert wrong[0] < 0.001 and wrong[1] < 0.0005 and wrong[2] < 0.05, wrong


def nested(size: Size, factor: float) -> list[Array]:
    """Two views of the large picture, the second in the middle of the first."""
    world = earth()
    middle = complex(0.53 * world.shape[1], 0.36 * world.shape[0])
    pixels = world.shape[0] / size[0] / 2
    return [view(middle, pixels / part, 0.0, size) for part in (1.0, factor)]
