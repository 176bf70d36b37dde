"""What newcomers are told: CONTRIBUTING.md, and that nothing that exists is left out."""

from __future__ import annotations

import re
import subprocess
import sys

import build

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


def test_every_option_and_command_of_the_build_is_described() -> None:
    text = told()
    commands = re.findall(r"^python3 build\.py (\w+) ", build.__doc__ or "", re.MULTILINE)
    assert {"render", "test", "release"} <= set(commands)
    for command in commands:
        assert f"build.py {command}" in text, command
    shown = subprocess.run(
        [sys.executable, str(build.ROOT / "build.py"), "test", "--help"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    options = set(re.findall(r"(?<![\w-])--[a-z-]+", shown)) - {"--help"}
    assert {"--quick", "--newest-bpy", "--checks"} <= options
    for option in options:
        assert re.search(rf"{option}(?![\w-])", text), option
