"""The analysis of series with known answers."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ai_ever_zoom_addon.core.analysis.making import analyse, analysis_steps
from ai_ever_zoom_addon.core.analysis.report import Analysis, Source
from ai_ever_zoom_addon.core.findings import FindingKind
from ai_ever_zoom_addon.errors import EverZoomError
from ai_ever_zoom_addon.wording import Way, sentence
from tests.series_maker import Array, Memory, Truth, cut, jpeg, outpaint, scenes

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


@pytest.mark.parametrize(("name", "factor"), CASES)
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
    assert pair.linear_gain == pytest.approx(gains, rel=0.01)


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


def test_files_in_disorder_are_kept_and_named(series: Truth) -> None:
    memory = ordered(series, ["0", "1", "3", "2", "4", "5"])
    found = analyse(memory.files, memory.load)
    assert [name.split("_")[1] for name in found.order] == ["0", "1", "3", "2", "4", "5"]
    assert found.file_order == "shuffled"
    assert values_of(found, FindingKind.SHUFFLED_FILES) == [{"against": 1, "pairs": 5}]


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
    assert separate["count"] == 2
    assert sorted(separate["files"]) == ["other 0", "other 1", "other 2"]


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
    assert values_of(found, FindingKind.UNEQUAL_SIZES) == [
        {"widths": [315, 320], "heights": [235, 240]}
    ]
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


@pytest.mark.parametrize("auto_sort", [False, True])
def test_strong_misalignment_stops(auto_sort: bool) -> None:
    size = (400, 300)
    outer, inner = islice(scenes(size, np.random.default_rng(2), 2), 2)
    small = np.asarray(Image.fromarray((inner * 255).astype(np.uint8)).resize((200, 150)))
    outer = outer.copy()
    outer[75 + 68 : 225 + 68, 100:300] = small.astype(np.float32) / 255
    memory = Memory({"outer.png": outer, "inner.png": inner})
    with pytest.raises(EverZoomError, match=r"inner\.png lies .*\+68 pixels .*outer\.png.*crop"):
        analyse(memory.files, memory.load, auto_sort=auto_sort)


def test_unrelated_images_are_refused_or_kept_as_told() -> None:
    images = dict(zip("abc", scenes((256, 256), np.random.default_rng(6), 3), strict=False))
    memory = Memory(images)
    for auto_sort in (False, True):
        with pytest.raises(EverZoomError, match="None of the 3 images lies in another"):
            analyse(memory.files, memory.load, auto_sort=auto_sort)
    kept = analyse(memory.files, memory.load, order="outermost-first", zoom_factor=2.0)
    assert kept.order == ("a", "b", "c")
    assert [pair.factor for pair in kept.pairs] == [2.0, 2.0]
    assert [pair.source for pair in kept.pairs] == [Source.USUAL] * 2
    assert values_of(kept, FindingKind.NOT_FOUND) == [
        {"inner": "b", "outer": "a", "factor": 2.0},
        {"inner": "c", "outer": "b", "factor": 2.0},
    ]


def test_empty_images_are_no_match() -> None:
    flat = np.full((200, 300, 3), 0.5, np.float32)
    memory = Memory({"a": flat, "b": flat})
    with pytest.raises(EverZoomError, match="lies in another"):
        analyse(memory.files, memory.load, auto_sort=True)


def test_one_image_is_refused() -> None:
    with pytest.raises(EverZoomError, match="at least two"):
        analyse([Path("a.png")], lambda file: np.zeros((8, 8, 3), np.float32))


def test_loader_errors_reach_the_caller() -> None:
    def load(file: Path) -> Array:
        raise EverZoomError(f"{file.name} is broken: replace it.")

    with pytest.raises(EverZoomError, match=r"a\.png is broken"):
        analyse([Path("a.png"), Path("b.png")], load)


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
