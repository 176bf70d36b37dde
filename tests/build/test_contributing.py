"""What newcomers are told: CONTRIBUTING.md, and that nothing that exists is left out."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import build
from ai_ever_zoom_addon.arguments import make_parser

GUIDE = build.ROOT / "CONTRIBUTING.md"


def told() -> str:
    """All that is written for people."""
    pages = [GUIDE, build.ROOT / "README.md", *build.DOCS.rglob("*.md")]
    return "\n".join(page.read_text(encoding="utf-8") for page in pages)


def test_every_file_that_is_named_is_there() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)", text)
    words = re.findall(r"`([^`\s]+)`", text) + re.findall(r"(?<= )tests/\S+", text)
    tops = [build.ROOT, build.PACKAGE, build.PACKAGE / "scene", build.ROOT / "tests", build.DOCS]
    named = [word for word in words if re.fullmatch(r"[\w./-]+(/|\.py|\.md)", word)]
    assert len(named) > 15
    for name in {*links, *named}:
        assert any((top / name).exists() for top in tops), name


def test_every_command_of_the_build_is_described() -> None:
    text = told()
    commands = re.findall(r"^python3 build\.py (\w+) ", build.__doc__ or "", re.MULTILINE)
    assert {"render", "test", "release"} <= set(commands)
    for command in commands:
        assert f"build.py {command}" in text, command


def options_in(file: Path) -> set[str]:
    """The options that a program takes, by what its text does with them."""
    found: list[ast.expr] = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "add_argument":
            found += node.args
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In):  # in the arguments
            found.append(node.left)
    texts = (part.value for part in found if isinstance(part, ast.Constant))
    return {text for text in texts if isinstance(text, str) and text.startswith("--")}


def test_every_option_of_every_command_is_described() -> None:
    root = build.ROOT
    programs = [root / "build.py", root / "tests" / "run.py", *(root / "tools").glob("*.py")]
    for folder in ("bench", "fuzz"):
        programs += (root / "tests" / folder).glob("*.py")
    options = set().union(*map(options_in, programs)) - {"--help"}
    assert {"--quick", "--newest-bpy", "--checks", "--dry-run", "--cases", "--wheel"} <= options
    text = told()
    for option in options:
        assert re.search(rf"(?<![\w-]){option}(?![\w-])", text), option


def test_every_option_of_the_add_on_has_a_row_in_the_readme() -> None:
    readme = (build.ROOT / "README.md").read_text(encoding="utf-8")
    (part,) = (part for part in readme.split("\n## ") if part.startswith("Options\n"))
    told_in_rows = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", " ".join(first_cells(part))))
    actions = make_parser()._actions
    options = {name for action in actions for name in action.option_strings} - {"-h", "--help"}
    assert len(options) > 50
    assert told_in_rows == options


def first_cells(text: str) -> list[str]:
    return re.findall(r"(?m)^\| (`-.*?) \| ", text.replace("\\|", "/"))
