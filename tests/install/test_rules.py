"""What an extension must not do, read from its source. Never starts Blender."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import build

FROM_BLENDER = {
    *("bl_operators", "bl_ui", "blf", "bmesh", "bpy", "bpy_extras", "gpu", "gpu_extras"),
    *("mathutils", "numpy", "rna_keymap_ui"),
}
OF_THE_NETWORK = {"asyncio", "ftplib", "http", "smtplib", "socket", "socketserver", "ssl", "urllib"}
WITHOUT_BLENDER = FROM_BLENDER - {"numpy"}

MODULES = sorted(build.PACKAGE.rglob("*.py"))


def names(paths: list[Path]) -> list[str]:
    return [path.relative_to(build.PACKAGE).as_posix() for path in paths]


def imported(tree: ast.AST) -> Iterator[str]:
    """Top-level names of all that is imported absolutely; urllib.parse opens no address."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module != "urllib.parse":
            yield (node.module or "").split(".")[0]


def room(path: Path) -> str:
    """What a module lies in, or is, at the top of the package: "core", "settings"."""
    return path.relative_to(build.PACKAGE).with_suffix("").parts[0]


def imported_of_ours(path: Path) -> Iterator[str]:
    """Rooms of everything that is imported relatively."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ImportFrom) and node.level:
            folder = path.parents[node.level - 1]
            for alias in node.names:
                yield room(folder.joinpath(*(node.module or alias.name).split(".")))


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@pytest.mark.parametrize("path", MODULES, ids=names(MODULES))
def test_imports_only_what_blender_brings(path: Path) -> None:
    allowed = FROM_BLENDER | (set(sys.stdlib_module_names) - OF_THE_NETWORK)
    assert set(imported(parsed(path))) <= allowed


@pytest.mark.parametrize("path", MODULES, ids=names(MODULES))
def test_runs_no_text_as_code_and_leaves_the_module_path_alone(path: Path) -> None:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"eval", "exec", "compile", "__import__"}, node.lineno
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert (node.value.id, node.attr) != ("sys", "path"), node.lineno
            assert (node.value.id, node.attr) != ("sys", "modules"), node.lineno


@pytest.mark.parametrize("path", MODULES, ids=names(MODULES))
def test_files_need_no_python_to_render(path: Path) -> None:
    attributes = {n.attr for n in ast.walk(parsed(path)) if isinstance(n, ast.Attribute)}
    assert "driver_namespace" not in attributes


@pytest.mark.parametrize("path", MODULES, ids=names(MODULES))
def test_threads_say_why_they_are_safe(path: Path) -> None:
    """Reviewers ask: Blender's own data is for its main thread."""
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if re.search(r"(ThreadPoolExecutor|ProcessPoolExecutor|Thread|Timer|Pool)\(", line):
            above = lines[max(0, number - 6) : number]
            assert any(text.strip().startswith("# Threads: ") for text in above), number + 1


# The part that thinks: rooms and modules at the top of the package.
THINKING = {"core", "errors", "names", "plain", "settings", "texts"}
PURE = [path for path in MODULES if room(path) in THINKING]


@pytest.mark.parametrize("path", PURE, ids=names(PURE))
def test_the_pure_part_never_imports_blender(path: Path) -> None:
    assert not set(imported(parsed(path))) & WITHOUT_BLENDER
    assert set(imported_of_ours(path)) <= THINKING


def test_all_of_the_core_is_in_the_pure_part() -> None:
    core = set((build.PACKAGE / "core").rglob("*.py"))
    assert core and core < set(PURE)


def test_importing_the_package_needs_no_blender() -> None:
    tree = parsed(build.PACKAGE / "__init__.py")
    at_the_top = ast.Module([n for n in tree.body if not isinstance(n, ast.FunctionDef)], [])
    assert set(imported(at_the_top)) <= set(sys.stdlib_module_names)
    assert not any(isinstance(n, ast.ImportFrom) and n.level for n in at_the_top.body)
