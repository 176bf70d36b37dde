"""The analysis of series with known answers."""

from __future__ import annotations

import json
import random
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ai_ever_zoom_addon.core.analysis.making import analyse, analysis_steps
from ai_ever_zoom_addon.core.analysis.pairing import Pairing
from ai_ever_zoom_addon.core.analysis.placing import GivenPlacement, read_placements
from ai_ever_zoom_addon.core.analysis.report import Analysis, Pair, Source
from ai_ever_zoom_addon.core.analysis.verdict import judge
from ai_ever_zoom_addon.core.findings import Finding, FindingKind, FoundError
from ai_ever_zoom_addon.core.matching.matcher import CERTAIN, CLEAR, Matcher
from ai_ever_zoom_addon.core.matching.picture import shrink
from ai_ever_zoom_addon.core.matching.placement import Placement
from ai_ever_zoom_addon.core.matching.registration import Registration
from ai_ever_zoom_addon.core.sample import sample_view
from ai_ever_zoom_addon.core.steps import run
from ai_ever_zoom_addon.errors import EverZoomError, UnusableError
from ai_ever_zoom_addon.wording import Way, left_out_lines, sentence, told
from tests.cases import ALL_CASES
from tests.pictures import cells, grid
from tests.series_maker import Array, Memory, Truth, cut, jpeg, outpaint, resize, scenes, view

FACTORS = (1.2, 1.333, 1.5, 2.0, 2.56, 4.0)


@dataclass(frozen=True)
class Kind:
    """What is done to a series, and how exactly it must be measured all the same."""

    making: dict[str, Any]
    factor: float = 0.002
    offset: float = 0.25
    gain: float | None = 0.01
    quality: int | None = None
    size: tuple[int, int] = (512, 512)
    factors: Sequence[float] = field(default=FACTORS)


PAINTED = {"likeness": 0.75, "largest_offset": 0.05, "redrawn_rim": 0.05}
KINDS = {
    "clean": Kind({}),
    "moved": Kind({"largest_offset": 0.1, "largest_gain": 1.25}, size=(512, 704)),
    "noisy": Kind({"largest_gain": 1.25, "redrawn_rim": 0.05, "noise": 0.02}, size=(1024, 640)),
    "grey": Kind({"grey": True, "largest_offset": 0.1, "largest_gain": 1.25}, size=(1280, 512)),
    # The blue of a JPEG file is coarse: its gain is not what the figures are about.
    "jpeg": Kind({"largest_offset": 0.1, "redrawn_rim": 0.05}, quality=60, gain=None),
    # A factor's error of 0.2 % is a tenth of a pixel at the rim of the smallest of these images.
    "painted again": Kind(PAINTED, factor=0.005, offset=1.0, gain=None, factors=FACTORS[:-1]),
    "sky": Kind({"empty": True, "largest_offset": 0.05, "noise": 0.004}),
}


def shuffled(images: dict[str, Array], seed: int) -> Memory:
    """The images under meaningless names, in an order that says nothing."""
    keys = list(images)
    random.Random(seed).shuffle(keys)
    return Memory({key: images[key] for key in keys})


def named(truth: Truth, quality: int | None = None) -> dict[str, Array]:
    """The images of a series, "0" the outermost, and the foreign ones, "foreign 0" ..."""
    images = {str(k): image for k, image in enumerate(truth.images)}
    images |= {f"foreign {k}": image for k, image in enumerate(truth.foreign)}
    return {key: jpeg(image, quality) if quality else image for key, image in images.items()}


def in_order(truth: Truth) -> tuple[str, ...]:
    return tuple(str(k) for k in range(len(truth.images)))


def values_of(found: Analysis, kind: FindingKind) -> list[Any]:
    """Of the findings of a kind; all can be put into words."""
    assert all(sentence(finding, way) for finding in found.findings for way in Way)
    return [finding.values for finding in found.findings if finding.kind is kind]


def check_figures(found: Analysis, truth: Truth, kind: Kind) -> None:
    """Factors, offsets and gains against the truth."""
    for pair, factor, offset, gain in zip(
        found.pairs, truth.factors, truth.offsets, truth.gains, strict=True
    ):
        assert pair.factor == pytest.approx(factor, rel=kind.factor), pair
        assert pair.offset_px == pytest.approx(offset, abs=kind.offset), pair
        assert pair.turn_deg == 0.0, pair
        if kind.gain:
            assert pair.gain == pytest.approx(gain, rel=kind.gain), pair


CASES = [(name, factor) for name, kind in KINDS.items() for factor in kind.factors]
# Each kind with two factors, and each factor with two kinds at least; every other case by a flag.
SOME = [case for at, case in enumerate(CASES) if (at + at // len(FACTORS)) % 3 == 0]


@pytest.mark.parametrize(("name", "factor"), CASES if ALL_CASES else SOME)
def test_shuffled_series_with_foreign_images(name: str, factor: float) -> None:
    kind = KINDS[name]
    seed = CASES.index((name, factor))
    truth = outpaint([factor] * 5, kind.size, seed=seed, foreign=1 + seed % 3, **kind.making)
    memory = shuffled(named(truth, kind.quality), seed)
    found = analyse(memory.files, memory.load, auto_sort=True)
    assert found.order == in_order(truth)
    assert {item.file for item in found.left_out} == {
        f"foreign {k}" for k in range(len(truth.foreign))
    }
    assert not found.loops
    again = [pair for pair in found.pairs if pair.score < 0.9]
    painted = values_of(found, FindingKind.PAINTED_AGAIN)
    assert [values["count"] for values in painted] == [len(again)] * bool(again)
    assert sorted(memory.loaded) == sorted(file.name for file in memory.files)  # each once
    check_figures(found, truth, kind)


def test_true_crops_of_one_picture() -> None:
    truth = cut(4, 2.0, (512, 384))
    memory = shuffled(named(truth), 3)
    found = analyse(memory.files, memory.load, auto_sort=True)
    assert found.order == in_order(truth)
    check_figures(found, truth, Kind({}))
    assert all(pair.score > 0.98 for pair in found.pairs)


def test_forty_images() -> None:
    truth = outpaint([2.0] * 39, (512, 512), seed=40, largest_offset=0.05)
    memory = shuffled(named(truth), 40)
    assert analyse(memory.files, memory.load, auto_sort=True).order == in_order(truth)


@pytest.mark.parametrize(
    ("factor", "count", "size"),
    [(1.5, 4, (2048, 1365)), (4.0, 4, (2048, 1365)), (2.0, 3, (4096, 2304))],
)
def test_large_images(factor: float, count: int, size: tuple[int, int]) -> None:
    truth = outpaint([factor] * (count - 1), size, seed=8, largest_offset=0.1, redrawn_rim=0.05)
    memory = shuffled(named(truth, 60), 8)
    found = analyse(memory.files, memory.load, auto_sort=True)
    assert found.order == in_order(truth)
    check_figures(found, truth, Kind({}, gain=None))


def test_linear_gain_is_the_gain_of_linear_light() -> None:
    def linear(encoded: Array) -> Array:
        return np.where(encoded > 0.04045, ((encoded + 0.055) / 1.055) ** 2.4, encoded / 12.92)

    def encoded(linear: Array) -> Array:
        high = 1.055 * np.maximum(linear, 0.0) ** (1 / 2.4) - 0.055
        return np.where(linear > 0.0031308, high, 12.92 * linear)

    truth = outpaint([2.0], (384, 384), seed=12)
    gains = np.array([0.8, 1.0, 1.2], np.float32)
    outer, inner = truth.images
    memory = Memory({"a": encoded(linear(outer) * gains), "b": inner})
    (pair,) = analyse(memory.files, memory.load, order="outermost-first").pairs
    assert pair.linear_gain == pytest.approx(gains, rel=0.003)


# The order of the files


@pytest.fixture(scope="module")
def series() -> Truth:
    return outpaint([2.0] * 5, (320, 240), seed=21, largest_offset=0.03, foreign=1)


def ordered(truth: Truth, names: Sequence[str] = ()) -> Memory:
    """Files of a series in the order of their names; by default all of it, outermost first."""
    images = named(truth)
    return Memory({f"{place}_{name}": images[name] for place, name in enumerate(names)})


@pytest.mark.parametrize("first", ["outermost-first", "innermost-first"])
@pytest.mark.parametrize("auto_sort", [False, True])
def test_direction_is_found(series: Truth, first: str, auto_sort: bool) -> None:
    names = list(in_order(series))
    memory = ordered(series, names if first == "outermost-first" else names[::-1])
    found = analyse(memory.files, memory.load, auto_sort=auto_sort)
    assert found.file_order == first
    assert [name.split("_")[1] for name in found.order] == names
    assert not found.findings


def test_wrong_direction_is_kept_and_named(series: Truth) -> None:
    memory = ordered(series, in_order(series))
    found = analyse(memory.files, memory.load, order="innermost-first")
    assert [name.split("_")[1] for name in found.order] == list(in_order(series))[::-1]
    assert found.file_order == "outermost-first"
    (contradicted,) = values_of(found, FindingKind.CONTRADICTED_ORDER)
    assert (contradicted["chosen"], contradicted["shown"]) == ("innermost-first", "outermost-first")
    assert (contradicted["agreeing"], contradicted["pairs"]) == (5, 5)


DISORDER = ["0", "1", "3", "2", "4", "5"]


def test_files_in_disorder_are_sorted_by_the_pictures(series: Truth) -> None:
    memory = ordered(series, DISORDER)
    found = analyse(memory.files, memory.load)
    assert [name.split("_")[1] for name in found.order] == list(in_order(series))
    assert found.file_order == "shuffled"
    assert [finding.kind for finding in found.findings] == [FindingKind.SORTED_BY_PICTURES]
    assert values_of(found, FindingKind.SORTED_BY_PICTURES) == [{"against": 1, "pairs": 5}]
    sorted_too = analyse(memory.files, memory.load, auto_sort=True)
    assert (found.order, found.pairs) == (sorted_too.order, sorted_too.pairs)
    assert not sorted_too.findings


def test_a_given_order_is_kept_and_what_contradicts_it_is_named(series: Truth) -> None:
    memory = ordered(series, DISORDER)
    found = analyse(memory.files, memory.load, order="outermost-first")
    assert [name.split("_")[1] for name in found.order] == DISORDER
    assert found.file_order == "shuffled"
    assert values_of(found, FindingKind.SHUFFLED_FILES) == [{"against": 1, "pairs": 5}]
    assert all(pair.factor > 1.0 for pair in found.pairs)  # 2 does not lie in 3
    assert found.pairs[2].source is Source.USUAL
    # The other order is none that all pairs have, either.
    found = analyse(memory.files, memory.load, order="innermost-first")
    assert found.file_order == "shuffled"
    assert values_of(found, FindingKind.SHUFFLED_FILES) == [{"against": 4, "pairs": 5}]
    assert not values_of(found, FindingKind.CONTRADICTED_ORDER)


def test_an_order_that_hardly_a_pair_contradicts_is_no_other_order(series: Truth) -> None:
    memory = ordered(series, ["0", "3", "4", "1", "5", "2"])
    found = analyse(memory.files, memory.load, order="innermost-first")
    assert not values_of(found, FindingKind.CONTRADICTED_ORDER)
    assert len(values_of(found, FindingKind.SHUFFLED_FILES)) == 1


@pytest.mark.parametrize("auto_sort", [False, True])
def test_foreign_file_is_left_out(series: Truth, auto_sort: bool) -> None:
    memory = ordered(series, ["5", "4", "3", "foreign 0", "2", "1", "0"])
    found = analyse(memory.files, memory.load, auto_sort=auto_sort)
    assert found.file_order == "innermost-first"
    assert [name.split("_")[1] for name in found.order] == list(in_order(series))
    (left,) = found.left_out
    assert left.file == "3_foreign 0"
    assert "related to no other" in left.reason


# What is odd


def test_wrong_given_factor_is_reported() -> None:
    truth = outpaint([1.333] * 3, (320, 320), seed=5)
    memory = ordered(truth, in_order(truth))
    found = analyse(memory.files, memory.load, zoom_factor=1.5)
    assert found.zoom_factor == pytest.approx(1.333, rel=0.002)
    (factors,) = values_of(found, FindingKind.OTHER_FACTOR)
    assert factors == {"given": 1.5, "shown": pytest.approx(1.333, rel=0.002)}
    right = analyse(memory.files, memory.load, zoom_factor=1.33)
    assert not right.findings


@pytest.mark.parametrize("auto_sort", [False, True])
def test_missing_step_is_named(series: Truth, auto_sort: bool) -> None:
    memory = ordered(series, ["0", "1", "3", "4", "5"])
    found = analyse(memory.files, memory.load, auto_sort=auto_sort)
    assert [name.split("_")[1] for name in found.order] == ["0", "1", "3", "4", "5"]
    assert found.pairs[1].factor == pytest.approx(4.0, rel=0.005)
    assert len(found.findings) == 1
    (missing,) = values_of(found, FindingKind.MISSING_IMAGES)
    assert (missing["outer"], missing["inner"], missing["steps"]) == ("1_1", "2_3", 2)
    assert missing["count"] == 1
    assert missing["factor"] == pytest.approx(4.0, rel=0.005)
    assert missing["usual"] == pytest.approx(2.0, rel=0.005)


@pytest.mark.parametrize("auto_sort", [False, True])
def test_same_step_twice(series: Truth, auto_sort: bool) -> None:
    images = named(series)
    noise = np.random.default_rng(1).normal(0, 0.02, images["2"].shape).astype(np.float32)
    images["2 again"] = np.clip(images["2"] + noise, 0, 1)
    memory = Memory({key: images[key] for key in ["0", "1", "2", "2 again", "3", "4", "5"]})
    found = analyse(memory.files, memory.load, auto_sort=auto_sort)
    assert len(found.order) == 6
    (left,) = found.left_out
    assert {left.file} | set(found.order) == {file.name for file in memory.files}
    assert left.file.startswith("2") and "same step as 2" in left.reason


def test_two_series_in_one_folder(series: Truth) -> None:
    other = outpaint([2.0] * 2, (320, 240), seed=22, empty=True)
    images = named(series)
    del images["foreign 0"]
    images |= {f"other {k}": image for k, image in enumerate(other.images)}
    memory = shuffled(images, 4)
    found = analyse(memory.files, memory.load, auto_sort=True)
    assert found.order == in_order(series)
    assert {item.file for item in found.left_out} == {"other 0", "other 1", "other 2"}
    assert all("another series" in item.reason for item in found.left_out)
    (separate,) = values_of(found, FindingKind.SEPARATE_SERIES)
    assert (separate["count"], separate["number"]) == (2, 1)
    assert sorted(separate["files"]) == ["other 0", "other 1", "other 2"]
    second = analyse(memory.files, memory.load, auto_sort=True, series=2)
    assert second.order == ("other 0", "other 1", "other 2")
    (separate,) = values_of(second, FindingKind.SEPARATE_SERIES)
    assert separate["number"] == 2
    assert sorted(separate["files"]) == sorted(in_order(series))
    with pytest.raises(EverZoomError, match=r"no series number 3: the folder has 2, .* longest"):
        analyse(memory.files, memory.load, auto_sort=True, series=3)


@pytest.mark.parametrize("order", ["auto", "innermost-first"])
def test_files_of_another_name_are_another_series(series: Truth, order: str) -> None:
    other = outpaint([2.0] * 2, (320, 240), seed=22, empty=True)
    images = {f"holiday {k}.png": image for k, image in enumerate(other.images[::-1])}
    images |= {f"moon {k}.png": image for k, image in enumerate(series.images[::-1])}
    memory = Memory(images)
    found = analyse(memory.files, memory.load, order=order)
    assert found.order == tuple(f"moon {k}.png" for k in range(5, -1, -1))
    assert [finding.kind for finding in found.findings] == [FindingKind.SEPARATE_SERIES]
    second = analyse(memory.files, memory.load, order=order, series=2)
    assert second.order == tuple(f"holiday {k}.png" for k in range(2, -1, -1))


def test_factors_that_vary_are_kept_and_named() -> None:
    factors = [1.6, 2.4, 2.0, 3.0]
    truth = outpaint(factors, (400, 400), seed=31)
    memory = shuffled(named(truth), 2)
    found = analyse(memory.files, memory.load, auto_sort=True)
    assert found.order == in_order(truth)
    assert [pair.factor for pair in found.pairs] == pytest.approx(factors, rel=0.002)
    (varying,) = values_of(found, FindingKind.VARYING_FACTOR)
    assert varying == pytest.approx({"least": 1.6, "most": 3.0}, rel=0.002)


def test_sizes_that_differ_are_fitted(series: Truth) -> None:
    images = named(series)
    images["2"] = images["2"][2:-3, 1:-4]  # its centre moves by (-1.5, -0.5), its width shrinks
    memory = Memory({key: images[key] for key in in_order(series)})
    found = analyse(memory.files, memory.load)
    x, y = series.offsets[1]
    outer_pixels = 1 / series.factors[1]
    assert found.pairs[1].factor == pytest.approx(2.0 * 320 / 315, rel=0.002)
    assert found.pairs[1].offset_px == pytest.approx(
        (x - 1.5 * outer_pixels, y - 0.5 * outer_pixels), abs=0.25
    )
    assert found.pairs[2].factor == pytest.approx(2.0 * 315 / 320, rel=0.002)
    assert [pair.outer_size_px for pair in found.pairs[:3]] == [(320, 240), (320, 240), (315, 235)]


def ring() -> Truth:
    """Four images, of which the innermost contains the outermost."""
    size = (384, 384)
    pure = list(scenes(size, np.random.default_rng(9), 4))[:4]
    for _ in range(3):  # the pictures inside the pictures settle
        for k in (3, 2, 1, 0):
            small = np.asarray(
                Image.fromarray((pure[(k + 1) % 4] * 255).astype(np.uint8)).resize((192, 192))
            )
            pure[k] = pure[k].copy()
            pure[k][96:288, 96:288] = small.astype(np.float32) / 255
    return Truth(pure, [2.0] * 3, [(0.0, 0.0)] * 3, [(1.0, 1.0, 1.0)] * 3)


@pytest.mark.parametrize("auto_sort", [False, True])
@pytest.mark.parametrize("first", ["outermost-first", "innermost-first"])
def test_ring(auto_sort: bool, first: str) -> None:
    truth = ring()
    names = list(in_order(truth))
    memory = ordered(truth, names if first == "outermost-first" else names[::-1])
    found = analyse(memory.files, memory.load, auto_sort=auto_sort)
    assert found.loops
    assert found.file_order == first
    assert [name.split("_")[1] for name in found.order] == names
    assert found.zoom_factor == pytest.approx(2.0, rel=0.002)


@pytest.mark.parametrize("seed", range(6 if ALL_CASES else 2))
def test_ring_in_whatever_order_its_pairs_are_tried(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And with noise of one grey level, which changes what is most alike."""
    generator = random.Random(seed)
    monkeypatch.setattr(
        "ai_ever_zoom_addon.core.matching.matcher.best_first",
        lambda found: generator.sample(found, len(found)),
    )
    truth, noise = ring(), np.random.default_rng(seed)
    names = list(in_order(truth))
    images = {
        f"{place}_{name}": image
        + noise.integers(-1, 2, image.shape).astype(np.float32) / np.float32(255)
        for place, (name, image) in enumerate(named(truth).items())
    }
    memory = Memory(images)
    found = analyse(memory.files, memory.load, auto_sort=bool(seed % 2))
    assert found.loops and found.closing
    assert [name.split("_")[1] for name in found.order] == names
    factors = [pair.factor for pair in (*found.pairs, found.closing)]
    assert factors == pytest.approx([2.0] * 4, rel=0.002)


def test_a_ring_takes_no_more_memory_than_its_images() -> None:
    """Where it is cut, no image is enlarged to where the others say that it is."""
    images = {}
    for number in range(5):
        x, y = grid((160, 160), (2.0**number, 2.0**number))
        images[f"{number}.png"] = cells(x, y)
    memory = Memory(images)
    tracemalloc.start()
    found = analyse(memory.files, memory.load)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.loops and found.closing is not None
    assert found.closing.factor == pytest.approx(2.0, rel=2e-3)
    assert most < 100 * sum(image.nbytes for image in images.values())


@pytest.mark.parametrize("auto_sort", [False, True])
def test_an_image_far_off_the_centre_is_followed(auto_sort: bool) -> None:
    size = (400, 300)
    outer, inner = islice(scenes(size, np.random.default_rng(2), 2), 2)
    small = np.asarray(Image.fromarray((inner * 255).astype(np.uint8)).resize((200, 150)))
    outer = outer.copy()
    outer[75 + 68 : 225 + 68, 100:300] = small.astype(np.float32) / 255
    memory = Memory({"outer.png": outer, "inner.png": inner})
    found = analyse(memory.files, memory.load, auto_sort=auto_sort)
    assert found.order == ("outer.png", "inner.png")
    assert found.pairs[0].offset_px == pytest.approx((0, 68), abs=0.25)


@pytest.mark.parametrize("factor", [9.0, 14.0])
@pytest.mark.parametrize("place", [(390.0, -60.0), (-330.0, -300.0)])
def test_a_tiny_image_is_found_far_off_the_centre(
    factor: float, place: tuple[float, float]
) -> None:
    """It is too small for keypoints: few of its pixels are looked for everywhere."""
    middle, pixels, size = complex(4342, 1475), 1.6, (1024, 1024)
    outer = view(middle, pixels, 0.0, size)
    inner = view(middle + pixels * complex(*place), pixels / factor, 0.0, size)
    memory = Memory({"outer": outer, "inner": inner})
    (pair,) = analyse(memory.files, memory.load).pairs
    assert (pair.outer, pair.inner) == ("outer", "inner")
    assert pair.factor == pytest.approx(factor, rel=0.005)
    assert pair.offset_px == pytest.approx(place, abs=0.5)


@pytest.mark.parametrize("turn", [25.0, -140.0])
def test_round_things_are_found_as_they_are_turned(turn: float) -> None:
    """The sample's worlds are rings around the centre, alike however they are turned."""
    images = {}
    for number in range(3):
        view = sample_view(1.0 + number, size=(760, 760))
        whole = Image.fromarray((view * 255 + 0.5).astype(np.uint8))
        whole = whole.rotate(turn * number, Image.Resampling.BICUBIC)
        middle = np.asarray(whole.crop((124, 124, 636, 636)), np.float32)
        images[f"{number}.png"] = middle / np.float32(255)
    memory = Memory(images)
    found = analyse(memory.files, memory.load)
    assert [pair.turn_deg for pair in found.pairs] == pytest.approx([turn, turn], abs=0.05)
    assert [pair.factor for pair in found.pairs] == pytest.approx([2.0, 2.0], rel=0.001)


@pytest.fixture(scope="module")
def strangers() -> Memory:
    """Three images that have nothing in common."""
    return Memory(dict(zip("abc", scenes((256, 256), np.random.default_rng(6), 3), strict=False)))


@pytest.mark.parametrize("auto_sort", [False, True])
def test_without_a_factor_unrelated_images_are_asked_about(
    strangers: Memory, auto_sort: bool
) -> None:
    with pytest.raises(FoundError) as caught:
        analyse(strangers.files, strangers.load, auto_sort=auto_sort)
    assert caught.value.finding == Finding(FindingKind.UNRELATED, {"count": 3})
    assert "-zf" in told(caught.value, Way.COMMAND_LINE)
    assert "Place All in the Middle" in told(caught.value, Way.WINDOW)


@pytest.mark.parametrize("auto_sort", [False, True])
def test_with_a_factor_unrelated_images_lie_in_the_middle(
    strangers: Memory, auto_sort: bool
) -> None:
    found = analyse(
        *(strangers.files, strangers.load),
        order="outermost-first",
        zoom_factor=4.0,
        auto_sort=auto_sort,
    )
    assert found.order == ("a", "b", "c")
    places = [(pair.factor, pair.offset_px, pair.source) for pair in found.pairs]
    assert places == [(4.0, (0.0, 0.0), Source.USUAL)] * 2
    assert not found.left_out
    assert [finding.kind for finding in found.findings] == [FindingKind.ALL_IN_MIDDLE]
    assert values_of(found, FindingKind.ALL_IN_MIDDLE) == [{"count": 3, "factor": 4.0}]


def test_pairs_that_are_not_found_are_one_line_and_get_the_median_factor() -> None:
    """The mean would be drawn away by the pair where an image is missing."""
    first, second, third = (
        outpaint(factors, (256, 256), seed=seed).images
        for seed, factors in ((41, [2.0, 2.0]), (42, [2.0, 4.0]), (43, [2.0]))
    )
    images = [*first, *second, *third]
    memory = Memory({f"{number}.png": image for number, image in enumerate(images)})
    found = analyse(memory.files, memory.load, zoom_factor=3.0)
    assert found.order == tuple(file.name for file in memory.files)
    missing = [pair for pair in found.pairs if pair.source is Source.USUAL]
    assert [(pair.outer, pair.inner) for pair in missing] == [
        ("2.png", "3.png"),
        ("5.png", "6.png"),
    ]
    assert [pair.factor for pair in missing] == pytest.approx([2.0, 2.0], rel=0.002)
    (values,) = values_of(found, FindingKind.NOT_FOUND)
    assert values == {
        "count": 2,
        "pairs": 7,
        "outer": "2.png",
        "inner": "3.png",
        "factor": pytest.approx(2.0, rel=0.002),
    }


@pytest.mark.parametrize("zoom_factor", [None, 2.0])
@pytest.mark.parametrize("auto_sort", [False, True])
@pytest.mark.parametrize("count", [2, 4])
def test_copies_of_one_picture_are_no_zoom(
    series: Truth, count: int, auto_sort: bool, zoom_factor: float | None
) -> None:
    memory = Memory({f"{number}.png": series.images[0] for number in range(count)})
    with pytest.raises(EverZoomError, match=f"^The {count} images show the same: .*; choose"):
        analyse(memory.files, memory.load, auto_sort=auto_sort, zoom_factor=zoom_factor)


def test_pictures_side_by_side_are_no_zoom() -> None:
    wide = next(scenes((640, 256), np.random.default_rng(6), 1))
    memory = Memory({f"{at}.png": wide[:, at : at + 512] for at in (0, 64, 128)})
    with pytest.raises(EverZoomError, match="The 3 images show places beside each other"):
        analyse(memory.files, memory.load)


def test_of_each_picture_in_two_formats_one_is_taken(series: Truth) -> None:
    images = {
        f"{k}.{ending}": jpeg(series.images[5 - k], quality)
        for k in range(6)
        for ending, quality in (("jpg", 90), ("webp", 70))
    }
    memory = Memory(images)
    found = analyse(memory.files, memory.load)
    assert [name[0] for name in found.order] == ["5", "4", "3", "2", "1", "0"]
    assert found.file_order == "innermost-first"
    assert len(found.left_out) == 6
    assert all("same step" in item.reason for item in found.left_out)


# Loops


@pytest.mark.parametrize("first", ["outermost-first", "innermost-first"])
@pytest.mark.parametrize("order", ["auto", "given"])
def test_a_first_picture_copied_to_the_end_is_a_loop(series: Truth, first: str, order: str) -> None:
    names = list(in_order(series))
    images = named(series)
    files = names if first == "outermost-first" else names[::-1]
    memory = Memory({f"{place}.png": images[k] for place, k in enumerate([*files, files[0]])})
    found = analyse(memory.files, memory.load, order=first if order == "given" else order)
    shown = [f"{place}.png" for place in range(len(files))]
    assert list(found.order) == (shown if first == "outermost-first" else shown[::-1])
    assert found.file_order == first
    assert found.loops
    assert found.closing is not None
    assert (found.closing.outer, found.closing.inner) == (found.order[-1], found.order[0])
    assert found.closing.source is Source.USUAL
    assert found.closing.factor == pytest.approx(2.0, rel=0.002)
    assert found.closing.offset_px == (0.0, 0.0)
    assert [(item.file, "copy of 0.png" in item.reason) for item in found.left_out] == [
        ("6.png", True)
    ]
    assert values_of(found, FindingKind.LOOP_BY_COPY) == [{"copy": "6.png", "image": "0.png"}]
    assert [finding.kind for finding in found.findings] == [FindingKind.LOOP_BY_COPY]


def test_empty_images_are_no_match() -> None:
    flat = np.full((200, 300, 3), 0.5, np.float32)
    memory = Memory({"a": flat, "b": flat})
    with pytest.raises(FoundError, match="unrelated"):
        analyse(memory.files, memory.load, auto_sort=True)


def test_no_images_are_refused() -> None:
    with pytest.raises(EverZoomError, match="at least two"):
        analyse([], lambda file: np.zeros((8, 8, 3), np.float32))


def test_loader_errors_reach_the_caller() -> None:
    def load(file: Path) -> Array:
        raise EverZoomError(f"{file.name} is broken: replace it.")

    with pytest.raises(EverZoomError, match=r"a\.png is broken"):
        analyse([Path("a.png"), Path("b.png")], load)


def test_unusable_images_are_left_out_where_two_others_remain(series: Truth) -> None:
    memory = ordered(series, in_order(series))
    files = memory.files
    broken = {files[0].name, files[2].name}

    def load(file: Path) -> Array:
        if file.name in broken:
            raise UnusableError(file.name, "is broken: mend it")
        return memory.load(file)

    found = analyse(files, load)
    assert set(found.order) == {file.name for file in files} - broken
    assert list(left_out_lines(found.left_out)) == [
        f"Left out: {files[0].name}, {files[2].name}, each of which is broken: mend it."
    ]
    broken = {file.name for file in files[1:]}
    with pytest.raises(UnusableError, match=rf"^The image {files[1].name} is broken: mend it, or"):
        analyse(files, load)


# Placements that are given


def portals(count: int, size: tuple[int, int] = (256, 192)) -> dict[str, Array]:
    """Images that have nothing in common."""
    images = scenes(size, np.random.default_rng(61), count)
    return {f"{number}.png": image for number, image in zip(range(count), images, strict=False)}


@pytest.mark.parametrize("auto_sort", [False, True])
def test_what_is_given_is_taken_and_says_the_order(auto_sort: bool) -> None:
    given = (
        GivenPlacement("2.png", "0.png", 3.0, (40.0, -20.0), (512, 384), 30.0),
        GivenPlacement("0.png", "1.png", 64.0, (-7.0, 5.0), (256, 192), -90.0),
        GivenPlacement("0.png", "gone.png", 2.0, (0.0, 0.0), (256, 192)),
    )
    memory = Memory(portals(3))
    found = analyse(memory.files, memory.load, given=given, auto_sort=auto_sort)
    assert found.order == ("2.png", "0.png", "1.png")
    assert [pair.factor for pair in found.pairs] == pytest.approx([3.0, 64.0])
    # The first was given in an image twice as large.
    assert [pair.offset_px for pair in found.pairs] == [(20.0, -10.0), (-7.0, 5.0)]
    assert [pair.turn_deg for pair in found.pairs] == [30.0, -90.0]
    assert [pair.source for pair in found.pairs] == [Source.GIVEN] * 2
    assert [pair.gain for pair in found.pairs] == [(1.0, 1.0, 1.0)] * 2
    assert not found.left_out
    kinds = {finding.kind for finding in found.findings}
    assert kinds <= {FindingKind.VARYING_FACTOR, FindingKind.SORTED_BY_PICTURES}


def test_a_small_factor_that_is_given_is_a_step() -> None:
    given = GivenPlacement("1.png", "0.png", 1.01, (0.0, 0.0), (256, 192))
    memory = Memory(portals(2))
    found = analyse(memory.files, memory.load, given=[given])
    assert found.order == ("1.png", "0.png")
    assert found.pairs[0].source is Source.GIVEN
    assert found.pairs[0].factor == pytest.approx(1.01)


def test_what_is_given_wins_over_the_pictures(series: Truth) -> None:
    names = in_order(series)
    memory = ordered(series, names)
    given = GivenPlacement("2_2", "3_3", 2.5, (10.0, -6.0), (320, 240))
    found = analyse(memory.files, memory.load, given=[given])
    assert [name.split("_")[1] for name in found.order] == list(names)
    assert [pair.source for pair in found.pairs].count(Source.GIVEN) == 1
    assert found.pairs[2].factor == pytest.approx(2.5)
    assert found.pairs[2].offset_px == (10.0, -6.0)
    assert found.pairs[1].factor == pytest.approx(2.0, rel=0.002)


def test_a_report_can_be_given_back(series: Truth) -> None:
    memory = ordered(series, in_order(series))
    first = analyse(memory.files, memory.load)
    text = json.dumps(first.to_json())
    again = analyse(memory.files, memory.load, given=read_placements(text, "report.json"))
    assert again.order == first.order
    assert {pair.source for pair in again.pairs} == {Source.GIVEN}
    for one, other in zip(first.pairs, again.pairs, strict=True):
        assert other.factor == pytest.approx(one.factor)
        assert (other.offset_px, other.turn_deg) == (one.offset_px, one.turn_deg)
        assert other.score == pytest.approx(one.score)
        assert other.gain == pytest.approx(one.gain)


def test_a_closing_pair_that_is_given_makes_a_ring() -> None:
    size = (256, 192)
    names = ("0.png", "1.png", "2.png", "0.png")
    given = [
        GivenPlacement(outer, inner, 4.0, (0.0, 0.0), size) for outer, inner in pairwise(names)
    ]
    memory = Memory(portals(3))
    found = analyse(memory.files, memory.load, given=given)
    assert found.loops and found.closing is not None
    assert found.order == ("0.png", "1.png", "2.png")
    assert (found.closing.outer, found.closing.inner) == ("2.png", "0.png")
    assert found.closing.source is Source.GIVEN
    assert found.closing.factor == pytest.approx(4.0)


# One image that repeats in itself


def test_one_image_lies_in_itself_where_it_is_given(strangers: Memory) -> None:
    file = strangers.files[0]
    given = GivenPlacement("a", "a", 3.0, (40.0, -20.0), (512, 512), 25.0)
    found = analyse([file], strangers.load, given=[given], zoom_factor=2.0)
    assert (found.order, found.pairs, found.loops) == (("a",), (), True)
    assert found.closing is not None
    assert (found.closing.outer, found.closing.inner) == ("a", "a")
    assert found.closing.source is Source.GIVEN
    assert found.zoom_factor == found.closing.factor == pytest.approx(3.0)
    assert (found.closing.offset_px, found.closing.turn_deg) == ((20.0, -10.0), 25.0)
    assert Analysis.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_one_image_lies_in_its_own_middle_by_the_factor(strangers: Memory) -> None:
    found = analyse(strangers.files[:1], strangers.load, zoom_factor=4.0)
    assert found.closing is not None
    assert (found.closing.source, found.closing.offset_px) == (Source.USUAL, (0.0, 0.0))
    assert found.closing.factor == pytest.approx(4.0)


def test_one_image_without_a_factor_is_asked_about(strangers: Memory) -> None:
    with pytest.raises(FoundError) as caught:
        analyse(strangers.files[:1], strangers.load)
    assert caught.value.finding.kind is FindingKind.ONE_IMAGE
    assert "--travel loop" in told(caught.value, Way.COMMAND_LINE)
    assert "Repeat in Itself" in told(caught.value, Way.WINDOW)


# What the pairs say together


def with_wrong_pair(wrong: Placement, truth: Truth) -> Pairing:
    """Of a series whose third pair was measured wrong, with a low score.

    It is not looked for elsewhere, as after several that were painted again.
    """
    matcher = Matcher([shrink(f"{k}.png", image) for k, image in enumerate(truth.images)])
    run(matcher.relate(neighbours=True))
    matcher.found[2, 3] = Registration(wrong, 0.3, 12.0, 0.1, 1.0)
    pairing = Pairing(matcher, range(len(truth.images)), None, {})
    pairing._looks_elsewhere = 0
    run(pairing.steps())
    return pairing


def test_one_pair_is_not_wrong_alone() -> None:
    truth = outpaint([2.0] * 5, (320, 240), seed=71, largest_offset=0.0)
    pairing = with_wrong_pair(Placement(1 / 1.56, (8.0, -3.0)), truth)
    for pair in pairing.pairs:
        assert pair.factor == pytest.approx(2.0, rel=0.002)
        assert pair.source is Source.MEASURED
    (taken,) = judge(pairing.pairs, None).findings
    assert taken.kind is FindingKind.PLACED_AS_OTHERS
    assert taken.values == {
        "count": 1,
        "pairs": 5,
        "outer": "2.png",
        "inner": "3.png",
        "factor": pytest.approx(2.0, rel=0.002),
    }


def test_a_pair_that_is_measured_again_is_told_of_as_in_the_folder() -> None:
    truth = outpaint([2.0] * 5, (320, 240), seed=71, largest_offset=0.0)
    wrong = Placement(1 / 1.56, (8.0, -3.0))
    pairs = with_wrong_pair(wrong, truth).pairs
    matcher = Matcher([shrink(f"{k}.png", truth.images[k]) for k in (2, 3)])
    matcher.found[0, 1] = Registration(wrong, 0.3, 12.0, 0.1, 1.0)
    pairing = Pairing(matcher, [0, 1], None, {}, others=[*pairs[:2], *pairs[3:]])
    pairing._looks_elsewhere = 0
    run(pairing.steps())
    (again,) = pairing.pairs
    # It is kept in a file, and stays so when another pair is measured.
    again = Pair.from_json(json.loads(json.dumps(again.to_json())))
    (told_of,) = judge([*pairs[:2], again, *pairs[3:]], None).findings
    assert told_of == judge(pairs, None).findings[0]


def test_a_pair_that_is_clearly_another_stays_so() -> None:
    truth = outpaint([2.0, 2.0, 3.0, 2.0, 2.0], (320, 240), seed=72)
    memory = ordered(truth, in_order(truth))
    found = analyse(memory.files, memory.load)
    assert found.pairs[2].factor == pytest.approx(3.0, rel=0.002)
    assert not values_of(found, FindingKind.PLACED_AS_OTHERS)


def test_pairs_that_disagree_speak_for_nobody() -> None:
    truth = outpaint([1.5, 2.0, 2.5, 3.0, 1.8], (320, 240), seed=73)
    wrong = Placement(1 / 1.2, (8.0, -3.0))
    pairing = with_wrong_pair(wrong, truth)
    assert not values_of(judge(pairing.pairs, None), FindingKind.PLACED_AS_OTHERS)
    assert pairing.pairs[2].factor == pytest.approx(1.2)


def small_steps(count: int, factor: float) -> list[Array]:
    """Views of one place, outermost first."""
    return [view(complex(4323, 1001), 3 * factor**-k, 0, (320, 240)) for k in range(count)]


def test_errors_of_many_pairs_do_not_change_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """As those of 400 pairs do, which is a matter of minutes: here fewer with larger errors."""
    monkeypatch.setattr("ai_ever_zoom_addon.core.matching.matcher.SMALL_ERROR", 1.0)
    memory = Memory({f"{k:02d}.png": image for k, image in enumerate(small_steps(24, 1.006))})
    found = analyse(memory.files, memory.load)
    assert list(found.order) == [file.name for file in memory.files]
    assert not found.findings
    assert [pair.factor for pair in found.pairs] == pytest.approx([1.006] * 23, rel=1e-3)


def test_no_image_lies_in_a_smaller_one_because_the_others_do() -> None:
    images = small_steps(8, 1.0045)
    images[3], images[4] = images[4], images[3]
    memory = Memory({f"{k}.png": image for k, image in enumerate(images)})
    found = analyse(memory.files, memory.load, order="outermost-first")
    assert min(pair.factor for pair in found.pairs) > 1.003


def test_a_barely_certain_pair_waits_for_the_clear_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """The innermost image is seen, dimly and blurred, in a corner of the outermost one too."""
    side, seen, few = 256, 102, 20
    images = [image.copy() for image in outpaint([2.0] * 3, (side, side), seed=4).images]
    small = resize(images[3], (0, 0, side, side), (few, few))
    corner = images[0][20 : 20 + seen, 20 : 20 + seen]
    corner += 0.6 * (resize(small, (0, 0, few, few), (seen, seen)) - corner)
    off = 20 + (seen - side) / 2

    matcher = Matcher([shrink(str(number), image) for number, image in enumerate(images)])
    wrong = matcher.try_pair(0, 3, Placement(seen / side, (off, off)), CERTAIN)
    assert wrong and wrong.certainty < CLEAR

    monkeypatch.setattr(
        "ai_ever_zoom_addon.core.matching.matcher.best_first",
        lambda found: sorted(found, key=lambda entry: entry[1:] != (0, 3)),
    )
    run(matcher.relate(neighbours=False), lambda *_: None)
    assert matcher.components.position == pytest.approx(np.log([1, 2, 4, 8]), abs=0.02)


# The report and the progress


def test_what_was_measured_is_the_same_after_it_was_written_down() -> None:
    stranger = next(scenes((384, 384), np.random.default_rng(7), 1))
    memory = Memory(named(ring()) | {"stranger": stranger})
    found = analyse(memory.files, memory.load, zoom_factor=1.9)
    assert found.closing and found.left_out and found.findings
    assert {pair.source for pair in found.pairs} == {Source.MEASURED}
    assert Analysis.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_progress_only_rises(series: Truth) -> None:
    memory = ordered(series, in_order(series))
    steps = list(analysis_steps(memory.files, memory.load, auto_sort=True))
    fractions = [done for done, _ in steps]
    assert fractions == sorted(fractions)
    assert fractions[0] >= 0.0 and fractions[-1] <= 1.0
    assert len(steps) > 3 * len(memory.files)
    assert all(text and "\n" not in text for _, text in steps)
