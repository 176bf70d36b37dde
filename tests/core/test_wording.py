"""What was found is data in the pure part; only wording.py knows buttons and flags."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ai_ever_zoom_addon.core.findings import (
    Finding,
    FindingKind,
    findings_from_json,
    without_repeats,
)
from ai_ever_zoom_addon.settings import TABLE
from ai_ever_zoom_addon.wording import Way, counted, sentence

ADDON = Path(__file__).resolve().parents[2] / "ai_ever_zoom_addon"
NAMES = [f"{number}.png" for number in range(7)]

# Of each kind: its values, and what is to be read of it in the window and on the command line.
EXAMPLES: dict[FindingKind, tuple[Any, ...]] = {
    FindingKind.UNRELATED: (
        {"count": 3},
        "None of the 3 images .*: press Place All in the Middle",
        r"None of the 3 images .*: give a factor, such as -zf 4 \(--zoom-factor\)",
    ),
    FindingKind.ONE_IMAGE: (
        {"folder": "here", "image": "a.png"},
        r"here holds only one image \(a.png\), .* in itself; .* press Repeat in Itself, with",
        r"holds only one image \(a.png\), .*; for that, use --travel loop",
    ),
    FindingKind.SEPARATE_SERIES: (
        {"count": 2, "number": 1, "files": NAMES},
        "2 separate series: .* 3.png, 4.png and 2 more left out; choose another one with Series",
        "2 separate series: number 1 is used .* 4.png and 2 more left out; use --series",
    ),
    FindingKind.CONTRADICTED_ORDER: (
        {"chosen": "innermost-first", "shown": "outermost-first", "agreeing": 4, "pairs": 5},
        "order innermost-first: in 4 of 5 pairs they are .* as Order, or By the Pictures",
        "they are outermost-first; use --order outermost-first, or auto",
    ),
    FindingKind.SHUFFLED_FILES: (
        {"against": 1, "pairs": 5},
        r"\(1 of 5 neighbours .*: choose By the Pictures as Order\.",
        r"\(1 of 5 neighbours .*: use --order auto\.",
    ),
    FindingKind.SORTED_BY_PICTURES: (
        {"against": 2, "pairs": 5},
        r"\(2 of 5 neighbours .*: the images were sorted by the pictures; to keep to the names, ",
        "to keep to the names, use --order innermost-first or",
    ),
    FindingKind.LOOP_BY_COPY: (
        {"copy": "9.png", "image": "0.png"},
        "^9.png is a copy of 0.png: .* the series is a loop; choose Loop as Travel",
        "the series is a loop; use --travel loop",
    ),
    FindingKind.ALL_IN_MIDDLE: (
        {"count": 3, "factor": 4.0},
        "None of the 3 images .* zoom factor of 4; change that with Zoom Factor",
        "zoom factor of 4; use --zoom-factor",
    ),
    FindingKind.NOT_FOUND: (
        {"count": 2, "pairs": 7, "inner": "a.png", "outer": "b.png", "factor": 2.00212},
        r"2 of 7 .* \(first: a.png in b.png\): .* factor of 2.002; .* press Place by Hand",
        "check the --order, or say with --place",
    ),
    FindingKind.PLACED_AS_OTHERS: (
        {"count": 1, "pairs": 39, "inner": "a.png", "outer": "b.png", "factor": 2.00212},
        r"^1 of 39 .* factor of 2.002, .* \(worst: a.png in b.png\)",
        "with --debug",
    ),
    FindingKind.PAINTED_AGAIN: (
        {"count": 2, "pairs": 5, "inner": "a.png", "outer": "b.png", "score": 0.654},
        *[r"2 of 5 inner images .* \(worst: a.png in b.png, score 0.65\)"] * 2,
    ),
    FindingKind.MISSING_IMAGES: (
        {
            "count": 1,
            "outer": "b.png",
            "inner": "a.png",
            "steps": 2,
            "factor": 4.001,
            "usual": 2.0,
        },
        *["b.png and a.png lie 2 steps apart, .* 4.001, elsewhere about 2"] * 2,
    ),
    FindingKind.VARYING_FACTOR: ({"least": 1.5, "most": 2.25}, *["from 1.5 to 2.25"] * 2),
    FindingKind.OTHER_FACTOR: (
        {"given": 2.0, "shown": 1.3331},
        "is set to 2, but the images show 1.333: give that as Zoom Factor, or let it be measured",
        "is set to 2, but the images show 1.333: use --zoom-factor 1.333, or auto",
    ),
    FindingKind.NO_RING: ({}, "jumps .*; There and Back never", "; --travel there-and-back never"),
    FindingKind.GLIDING: (
        {"count": 2, "pairs": 5},
        *["^2 of 5 inner images were painted again .* glides into the other"] * 2,
    ),
    FindingKind.IDLE_GLIDE: (
        {"count": 2, "pairs": 5},
        "^2 of 5 inner images .*: Fast 2D lets them fade",
        "^2 of 5 inner images .*: the sequencer lets them fade; --engine cycles lets them glide",
    ),
    FindingKind.ROUNDED_ROLL: (
        {"roll": 1 / 3, "wanted": 0.25},
        *["turns 0.3333 times from one image to the next instead of 0.25"] * 2,
    ),
    FindingKind.ENLARGED_AT_BORDER: ({"times": 1.234}, *[r"1.23 times .* border is seen\."] * 2),
    FindingKind.ENLARGED_BY_ROLL: ({"times": 1.234}, *["1.23 times .* while the camera rolls"] * 2),
    FindingKind.MOVED_AT_BORDER: (
        {"files": ["a.png", "b.png"], "part": 0.123},
        *["keeps up to 12% of the width away .* of a.png, b.png, .*placed further inside"] * 2,
    ),
    FindingKind.NEARER_TARGET: (
        {"target": [0.1, -0.2], "wanted": [0.4, -0.5]},
        *["ends at 0.100, -0.200 instead of 0.400, -0.500"] * 2,
    ),
    FindingKind.OUTSIDE_OF_FRAMES: (
        {"part": 0.4375, "resolution": [800, 450]},
        *["^44% of the cropped pictures is outside of frames of 800 x 450"] * 2,
    ),
    FindingKind.ENLARGED_IN_FRAMES: (
        {"times": 1.5, "resolution": [1200, 1200], "sharp": [800, 800]},
        *["1200 x 1200 pixels .* 1.50 times as large .*: up to 800 x 800"] * 2,
    ),
    FindingKind.ENLARGED_IMAGES: (
        {"files": ["a.png"], "times": 2.0, "resolution": [820, 614], "sharp": [410, 308]},
        *[r"820 x 614 .* up to 2.00 times \(a.png\): up to 410 x 308 all are sharp"] * 2,
    ),
    FindingKind.IDLE_ENDS: ({}, *["A loop has no ends: .* without effect"] * 2),
    FindingKind.IDLE_DEPTH: (
        {},
        "^Fast 2D shows the pictures flat",
        "^--engine sequencer shows the pictures flat",
    ),
    FindingKind.IDLE_THINGS: (
        {"engine": "Fast 2D", "things": ["Flash", "Planet"]},
        *["^Fast 2D does not show .*: Flash, Planet. EEVEE and Cycles do"] * 2,
    ),
    FindingKind.DEPTH_UNREAD: (
        {"files": ["a_depth.png", "b_depth.exr"], "flaw": "have no depth in them"},
        *["^Depth maps have no depth in them, .* stay flat: a_depth.png, b_depth.exr"] * 2,
    ),
    FindingKind.DEPTH_UNUSED: (
        {"files": ["a_depth.png", "b_depth.exr"]},
        *["^Depth maps belong to no image: a_depth.png, b_depth.exr; name each"] * 2,
    ),
    FindingKind.IDLE_OVERLAY: ({}, "^Fast 2D does not draw", "^--engine sequencer does not draw"),
    FindingKind.IDLE_OPTIONS: (
        {"options": ["-zs", "-dbg"], "where": "for a page"},
        *["^Without effect for a page: -zs, -dbg"] * 2,
    ),
    FindingKind.OTHER_PROFILE: (
        {"profiles": ["ProPhoto RGB"], "files": NAMES, "effect": "paler"},
        *[r"profile ProPhoto RGB of 0.png.* 2 more: .* come out paler; convert the images"] * 2,
    ),
    FindingKind.CURVE_REPLACED: ({}, *["curve that you edited was replaced"] * 2),
    FindingKind.STANDING_STILL: ({"files": ["a.mp4", "b"]}, *["does not play a.mp4, b:"] * 2),
    FindingKind.OTHER_FRAMES: (
        {"frames": [5, 99], "wanted": [5, 125]},
        *["the scene has the frames 5 to 99, the zoom 5 to 125"] * 2,
    ),
    FindingKind.OTHER_COLOURS: ({"view": "Film"}, *['other colours .* nearest is "Film"'] * 2),
    FindingKind.CHANGED_COLOURS: (
        {"view": "AgX", "plain": "Standard"},
        *["AgX changes the images' colours: Standard leaves them"] * 2,
    ),
    FindingKind.HALF_PRECISION: (
        {"engine": "EEVEE"},
        "^EEVEE .* about 12 are exact; choose Cycles or Fast 2D",
        "^EEVEE .* about 12 are exact; use --engine cycles or sequencer",
    ),
}


@pytest.mark.parametrize("kind", FindingKind)
def test_each_kind_is_one_line_in_the_words_of_where_the_user_is(kind: FindingKind) -> None:
    values, *patterns = EXAMPLES[kind]
    (finding,) = findings_from_json(json.loads(json.dumps([Finding(kind, values).to_json()])))
    for way, pattern in zip(Way, patterns, strict=True):
        said = sentence(finding, way)
        assert re.search(pattern, said), said
        assert said.endswith(".") and "\n" not in said and "{" not in said


@pytest.mark.parametrize("name", ["{inner}.png", "{}.png", "%s {0!r}.png"])
def test_names_of_files_are_no_patterns(name: str) -> None:
    values = {"copy": name, "image": name}
    for way in Way:
        said = sentence(Finding(FindingKind.LOOP_BY_COPY, values), way)
        assert said.startswith(f"{name} is a copy of {name}: ")


def modules(folder: Path) -> Iterator[tuple[Path, ast.Module]]:
    for file in sorted(folder.rglob("*.py")):
        yield file, ast.parse(file.read_text(encoding="utf-8"))


def test_findings_are_made_with_the_values_of_their_kind() -> None:
    made = {}
    for _, tree in modules(ADDON):
        for call in ast.walk(tree):
            match call:
                case ast.Call(
                    func=ast.Name(id="Finding"),
                    args=[ast.Attribute(value=ast.Name(id="FindingKind"), attr=name), *values],
                ):
                    keys = [
                        key for value in values if isinstance(value, ast.Dict) for key in value.keys
                    ]
                    made[name] = {key.value for key in keys if isinstance(key, ast.Constant)}
                    if not values or keys:
                        assert made[name] == EXAMPLES[FindingKind[name]][0].keys(), name
    assert made.keys() >= {"SHUFFLED_FILES", "NO_RING", "NEARER_TARGET", "CURVE_REPLACED"}


def spoken(tree: ast.Module) -> Iterator[str]:
    """The texts of a module that are no docstrings."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in docstrings:
                yield text


def buttons() -> set[str]:
    """What the window calls its options, their values and its buttons."""
    labels = {choice.label for choice in TABLE.values()}
    labels |= {label for choice in TABLE.values() for label, _ in choice.items.values()}
    for _, tree in modules(ADDON / "ui"):
        for node in ast.walk(tree):
            match node:
                case ast.Assign(
                    targets=[ast.Name(id="bl_label")], value=ast.Constant(value=str(label))
                ):
                    labels.add(label)
                case (
                    ast.keyword(arg="text", value=ast.Constant(value=str(label)))
                    | ast.Call(
                        func=ast.Name(id="_button"), args=[_, ast.Constant(value=str(label))]
                    )
                ):
                    labels.add(label)
    return labels


def flags() -> set[str]:
    """What the command line takes."""
    known = {flag for choice in TABLE.values() for flag in choice.flags}
    for file in ADDON.glob("*.py"):
        if file.stem != "wording":
            known |= set(re.findall(r"\"(--[a-z-]+)\"", file.read_text(encoding="utf-8")))
    return known


def test_the_pure_part_names_no_button_and_no_flag() -> None:
    # One word alone may be any.
    names = {name for name in buttons() if re.fullmatch(r"[A-Z]\w*( \w+)* [A-Z]\w*", name)}
    assert {"By the Pictures", "There and Back", "Build Infinite Zoom"} <= names
    pattern = re.compile("|".join([*map(re.escape, names | {"Fast 2D"}), "--[a-z]", r"\bauto\."]))
    found = [
        f"{file.relative_to(ADDON)}: {text}"
        for file, tree in modules(ADDON / "core")
        for text in spoken(tree)
        if pattern.search(text)
    ]
    assert not found


def test_one_thing_is_told_as_one() -> None:
    assert [counted(number, "image") for number in range(3)] == ["0 images", "1 image", "2 images"]


@pytest.mark.parametrize("kind", FindingKind)
def test_what_there_is_to_do_is_called_as_it_is_called(kind: FindingKind) -> None:
    """Where the two ways differ, they name options that there are."""
    window, command = (sentence(Finding(kind, EXAMPLES[kind][0]), way) for way in Way)
    assert set(re.findall("--[a-z-]+", command)) <= flags()
    assert "--" not in window
    if window != command:
        assert re.search("--[a-z]", command)
        own = set(re.findall(r"[A-Z]\w*(?:(?: and| in the| in| by| the)? [A-Z0-9]\w*)*", window))
        own -= set(re.findall(r"[A-Z]\w*", command))
        assert own
        for name in own:
            longer = f"{name} (", f"{name}, "
            assert any(label == name or label.startswith(longer) for label in buttons()), name


@pytest.mark.parametrize("kind", [FindingKind.GLIDING, FindingKind.IDLE_GLIDE])
def test_what_becomes_of_images_painted_again_is_said_once(kind: FindingKind) -> None:
    others = [Finding(FindingKind.NO_RING), Finding(kind, {"count": 2, "pairs": 5})]
    again = dict(EXAMPLES[FindingKind.PAINTED_AGAIN][0])
    for count, is_told in ((1, False), (2, False), (3, True)):
        painted = Finding(FindingKind.PAINTED_AGAIN, again | {"count": count})
        assert without_repeats([painted, others[0]], others) == [painted, others[0]][not is_told :]
    painted = Finding(FindingKind.PAINTED_AGAIN, again)
    assert without_repeats([painted], others[:1]) == [painted]
