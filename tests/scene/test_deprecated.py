"""Names that this Blender says will go: only scene/compat.py may have them. Touches bpy.

What a test runs into is an error anyhow (pyproject.toml); this finds what no test runs.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import bpy
import pytest

import build


def going() -> set[str]:
    """Properties that are deprecated wherever there is one of that name."""
    marks = defaultdict(set)
    for name in dir(bpy.types):
        kind: Any = getattr(bpy.types, name)
        for item in kind.bl_rna.properties if hasattr(kind, "bl_rna") else ():
            marks[item.identifier].add(getattr(item, "is_deprecated", False))
    return {name for name, said in marks.items() if said == {True}}


def names(path: Path) -> set[str]:
    """All attributes, and all words of strings, such as those of a driver or an F-curve."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    texts = (n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str))
    words = {word for text in texts for word in re.findall(r"\w+", text)}
    return words | {node.attr for node in nodes if isinstance(node, ast.Attribute)}


@pytest.mark.newest
def test_only_one_module_has_names_that_will_go() -> None:
    gone = going()
    assert bpy.app.version[:2] != (5, 2) or "frame_final_duration" in gone
    modules = [path for path in build.PACKAGE.rglob("*.py") if path.name != "compat.py"]
    found = {path.relative_to(build.ROOT).as_posix(): names(path) & gone for path in modules}
    assert {place: which for place, which in found.items() if which} == {}
