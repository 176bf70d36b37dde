"""What nearly all pairs say, one is tried with that says nothing or something else."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from ai_ever_zoom_addon.core.analysis.consensus import Usual, consensus, said_by
from ai_ever_zoom_addon.core.analysis.making import pair_steps
from ai_ever_zoom_addon.core.analysis.report import UNCHANGED, Pair, Source
from ai_ever_zoom_addon.core.steps import run
from tests import series_maker
from tests.series_maker import Memory, outpaint

SIZE = (320, 240)


def measured(factor: float, x: float = 0.0, turn: float = 0.0, score: float = 0.99) -> Pair:
    return Pair(
        *("outer", "inner", factor, (x * SIZE[0], 0.0), SIZE, turn),
        source=Source.MEASURED,
        score=score,
        gain=UNCHANGED,
        linear_gain=UNCHANGED,
    )


def usual_of(*pairs: Pair) -> Usual | None:
    return consensus(said_by(pairs))


@pytest.mark.parametrize(
    "other", [measured(3.0), measured(2.0, x=0.2), measured(2.0, turn=20.0)], ids=str
)
def test_nearly_all_speak_for_one_that_says_something_else(other: Pair) -> None:
    usual = usual_of(measured(2.0, x=0.1), other, measured(2.0, x=0.1), measured(2.0, x=0.1))
    assert usual is not None
    pair = usual.pair("b", "a", (640, 100))
    assert pair.factor == pytest.approx(2.0)
    assert pair.turn_deg == 0.0
    assert pair.offset_px == pytest.approx((64.0, 0.0))
    assert (pair.outer, pair.inner, pair.outer_size_px) == ("b", "a", (640, 100))
    assert pair.source is Source.USUAL


def test_pairs_that_disagree_speak_for_nobody() -> None:
    assert usual_of(*map(measured, (1.5, 2.0, 2.5, 3.0))) is None
    assert usual_of(*(measured(2.0, x=x) for x in (-0.2, -0.1, 0.0, 0.1, 0.2))) is None


def test_two_pairs_are_too_few_and_what_is_not_sure_does_not_count() -> None:
    sure = measured(2.0)
    assert usual_of(sure, sure) is None
    for unsure in (replace(sure, score=0.5), replace(sure, source=Source.GIVEN)):
        assert usual_of(sure, sure, unsure) is None
    assert usual_of(sure, sure, sure) is not None


def test_half_a_turn_this_way_and_that_is_the_same() -> None:
    usual = Usual(math.log(2.0), 0.0, 0.0, 179.8)
    assert usual.agrees(replace(usual, turn=-179.8))
    assert not usual.agrees(replace(usual, turn=177.0))


def test_a_pair_that_is_not_found_alone_is_looked_for_where_the_others_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The inner area was painted again, and has little of what it shows.

    How little is just too little depends on the picture: it is a drawn one, the same everywhere.
    """
    world = series_maker.drawn((2048, 1024))
    monkeypatch.setattr(series_maker, "earth", lambda: world)
    truth = outpaint([2.0], SIZE, seed=68, likeness=0.3)
    memory = Memory({"outer": truth.images[0], "inner": truth.images[1]})
    outer, inner = memory.files
    assert run(pair_steps(outer, inner, memory.load)) is None
    elsewhere = [measured(3.0)] * 4
    assert run(pair_steps(outer, inner, memory.load, others=elsewhere)) is None
    found = run(pair_steps(outer, inner, memory.load, others=[measured(2.0)] * 4))
    assert found is not None
    assert found.source is Source.MEASURED
    assert found.factor == pytest.approx(2.0, rel=0.005)
    assert found.offset_px == pytest.approx((0.0, 0.0), abs=0.5)
