"""A fixed part of the fuzzed cases that need no Blender; `build.py fuzz` runs as many as asked."""

from __future__ import annotations

from tests.fuzz import pictures, presets, trial


def check(name: str, case: trial.Case, count: int) -> None:
    tally = trial.run(name, case, count)
    assert not tally.findings, tally.findings
    assert tally.done == count and 0 < tally.refused < count


def test_presets() -> None:
    check("presets", presets.case, 400)


def test_pictures() -> None:
    check("pictures", pictures.case, 1500)


def test_what_is_wrong_is_found() -> None:
    def hang(_: object) -> None:
        while True:
            pass

    def swell(_: object) -> None:
        bytearray(1 << 40)

    for case in (hang, swell):
        assert len(trial.run("wrong", case, 1, longest=0.2).findings) == 1
    for text in ("", "two\nlines.", "no stop", "x" * 1000 + "."):
        assert not trial.is_sentence(text)
