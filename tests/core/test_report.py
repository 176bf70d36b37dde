"""What an analysis found is written down in one form, from which it comes back as it was."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_ever_zoom_addon.core.analysis.report import (
    UNCHANGED,
    Analysis,
    LeftOut,
    Pair,
    Source,
)
from ai_ever_zoom_addon.core.findings import Finding, FindingKind, findings_from_json

names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
numbers = st.floats(allow_nan=False, allow_infinity=False)
factors = st.floats(1.0 + 1e-6, 1000.0)  # less is no step in any pictures
offsets = st.floats(-1e6, 1e6)
gains = st.floats(0.0, 1e6)
sides = st.integers(1, 1_000_000)
colours = st.tuples(gains, gains, gains)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | numbers | names,
    lambda inner: st.lists(inner),
    max_leaves=8,
)
pairs = st.builds(
    Pair,
    outer=names,
    inner=names,
    factor=factors,
    offset_px=st.tuples(offsets, offsets),
    outer_size_px=st.tuples(sides, sides),
    source=st.sampled_from(Source),
    score=st.floats(-1.0, 1.0),
    gain=colours,
    linear_gain=colours,
    as_others=st.booleans(),
    turn_deg=st.floats(-3600.0, 3600.0),
)
findings = st.builds(Finding, st.sampled_from(FindingKind), st.dictionaries(names, plain))
analyses = st.builds(
    Analysis,
    order=st.lists(names).map(tuple),
    file_order=names,
    zoom_factor=factors,
    loops=st.booleans(),
    pairs=st.lists(pairs, max_size=3).map(tuple),
    left_out=st.lists(st.builds(LeftOut, names, names), max_size=3).map(tuple),
    findings=st.lists(findings, max_size=3).map(tuple),
    closing=st.none() | pairs,
)


def not_found(outer: str, inner: str, outer_size_px: tuple[int, int], factor: float) -> Pair:
    return Pair(
        *(outer, inner, factor, (0.0, 0.0), outer_size_px),
        source=Source.USUAL,
        score=0.0,
        gain=UNCHANGED,
        linear_gain=UNCHANGED,
    )


@given(analyses)
def test_an_analysis_comes_back_as_it_was(analysis: Analysis) -> None:
    written = json.dumps(analysis.to_json())
    back = Analysis.from_json(json.loads(written))
    assert back == analysis
    assert json.dumps(back.to_json()) == written


def test_a_pair_is_written_as_a_placement_with_what_its_pictures_have_in_common() -> None:
    pair = not_found("b.png", "a.png", (1280, 720), 2.5)
    assert pair.to_json() == {
        "outer": "b.png",
        "inner": "a.png",
        "factor": 2.5,
        "offset_px": [0.0, 0.0],
        "turn_deg": 0.0,
        "outer_size_px": [1280, 720],
        "source": "usual",
        "score": 0.0,
        "gain": [1.0, 1.0, 1.0],
        "linear_gain": [1.0, 1.0, 1.0],
        "as_others": False,
        "glide": None,
    }


def test_kinds_and_keys_of_a_later_version_are_passed_over() -> None:
    finding = Finding(FindingKind.VARYING_FACTOR, {"least": 1.5, "most": 2.0})
    later = {"kind": "of a later version", "values": {}}
    assert findings_from_json([later, finding.to_json()]) == (finding,)
    pair = not_found("b.png", "a.png", (1280, 720), 2.5)
    assert Pair.from_json(pair.to_json() | {"later": 1}) == pair
    earlier = {key: value for key, value in pair.to_json().items() if key != "as_others"}
    assert Pair.from_json(earlier) == pair


PAIR = not_found("b", "a", (4, 3), 2.0).to_json()


@pytest.mark.parametrize("key", sorted(PAIR.keys() - {"as_others", "glide"}))
def test_a_pair_without_one_of_its_keys_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match=key):
        Pair.from_json({name: value for name, value in PAIR.items() if name != key})


@pytest.mark.parametrize("key", sorted(PAIR.keys() - {"outer", "inner", "glide"}))
@pytest.mark.parametrize("wrong", [None, {}, "x"])
def test_a_pair_with_a_value_of_another_kind_is_refused(key: str, wrong: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        Pair.from_json(PAIR | {key: wrong})


@pytest.mark.parametrize("wrong", [{}, {"pairs": 3}, {"order": None}, {"findings": [7]}])
def test_what_is_no_analysis_is_refused(wrong: dict[str, object]) -> None:
    pair = not_found("b", "a", (4, 3), 2.0)
    right = Analysis(("b", "a"), "", 2.0, False, (pair,), (), ()).to_json()
    assert Analysis.from_json(right)
    with pytest.raises(ValueError, match=r"."):
        Analysis.from_json(right | wrong if wrong else {})
