"""`build.py languages [CODE ...]`: what the window says, into one file for each language.

Every text in English stands beside what it is in the other language; what is "" is not translated
yet, and shown in English. What was translated is kept, what the window says no more goes. A CODE
that has no file yet, such as it or pt_BR, gets one. Runs in Blender's module.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import string
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tools import ROOT

PACKAGE = ROOT / "ai_ever_zoom_addon"
FOLDER = PACKAGE / "languages"

# The languages that are whole, and what Blender calls them. Others may be on their way.
WHOLE = {"de": "de_DE", "es": "es", "fr": "fr_FR", "ja": "ja_JP", "zh_HANS": "zh_HANS"}

# Functions of ours whose words are read in the window.
_SAYS = {
    *("Text", "EverZoomError", "UnusableError"),
    *("refuse", "report", "warn", "inform", "say", "_choose", "_button"),
    "super().__init__",
}
# What Blender's own functions are given to show, and translate.
_SHOWN = {"text", "heading", "title", "confirm_text", "placeholder"}
_NO_WORDS = {"INFO", "WARNING", "ERROR", "OPERATOR"}  # kinds of reports

# What is called the same in every language: names of programs, engines and file formats.
NAMES = {
    *("AI Ever Zoom", "Ever Zoom", "Fast 2D", "EEVEE", "Cycles", "Workbench"),
    *("AV1", "H.264", "H.265", "JPEG", "PNG", "ProRes", "WebP", "WebM"),
}


def collect() -> list[str]:
    """All texts of the window, in the order of the code, each once, where it is registered."""
    found = dict.fromkeys(_of_blender_classes())
    found |= dict.fromkeys(_of_tables())
    for file in sorted(PACKAGE.rglob("*.py")):
        if file.name not in ("cli.py", "arguments.py", "terminal.py"):  # never in the window
            is_drawn = file.is_relative_to(PACKAGE / "ui")
            found |= dict.fromkeys(_of_code(file.read_text(encoding="utf-8"), is_drawn))
    return [text for text in found if _has_words(text)]


def _has_words(text: str) -> bool:
    """Whether there is anything to translate: words, or what stands between two values."""
    if text in NAMES or not text:
        return False
    between = re.sub(r"\{[^}]*\}", "", text)
    return bool(re.search(r"[A-Za-z]{2}|^ [sh]$", between)) or text.count("{") > 1


def places(text: str) -> list[str]:
    """The named places of a template with their forms, such as "factor:.4g", in order of name."""
    return sorted(
        f"{name}:{form}" for _, name, form, _ in string.Formatter().parse(text) if name is not None
    )


def _of_blender_classes() -> Iterator[str]:
    """What Blender knows of the classes that the add-on registers."""
    import bpy

    for kind in registered():
        rna, known = kind.bl_rna, kind.__base__.bl_rna.properties
        if issubclass(kind, bpy.types.Operator):
            group, name = kind.bl_idname.split(".")
            rna = getattr(getattr(bpy.ops, group), name).get_rna_type()
            yield from (rna.name, rna.description)
        elif hasattr(kind, "bl_label"):
            yield kind.bl_label
        for item in rna.properties:
            if item.is_hidden or item.identifier in known:
                continue
            yield from (item.name, item.description)
            if item.type == "ENUM":
                for choice in item.enum_items_static:
                    yield from (choice.name, choice.description)


def registered() -> list[Any]:
    """The add-on's classes, by module and name."""
    import bpy

    bases = ("Operator", "Panel", "Menu", "UIList", "PropertyGroup", "AddonPreferences")
    kinds = [
        kind
        for base in bases
        for kind in getattr(bpy.types, base).__subclasses__()
        if kind.__module__.startswith(PACKAGE.name) and kind.is_registered
    ]
    return sorted(kinds, key=lambda kind: (kind.__module__, kind.__name__))


def _of_tables() -> Iterator[str]:
    """What stands in tables without being marked one by one."""
    from ai_ever_zoom_addon import settings, wording

    for choice in settings.TABLE.values():
        yield from (choice.label, choice.help)
        for item in choice.items.values():
            yield from item
    yield from wording.templates()


def _of_code(code: str, is_drawn: bool) -> Iterator[str]:
    """Literals that are given to what says or shows them."""
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        if name in _SAYS:
            for argument in node.args:
                yield from _literals(argument)
        if is_drawn:
            for keyword in node.keywords:
                if keyword.arg in _SHOWN and name not in _SAYS:
                    yield from _literals(keyword.value)


def _literals(node: ast.expr) -> Iterator[str]:
    """The texts that an argument may be."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if node.value not in _NO_WORDS:
            yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _literals(node.body)
        yield from _literals(node.orelse)


def read(file: Path) -> dict[str, str]:
    """What a file has, or the end, with the line that somebody has to look at."""
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        reason = f"{file} cannot be read: {error}"
        raise SystemExit(f"build.py: {reason}. Mend that place.") from None
    if not isinstance(known, dict) or not all(isinstance(text, str) for text in known.values()):
        raise SystemExit(f"build.py: {file} has something else than texts: put each in quotes.")
    return known


def update(file: Path, texts: Sequence[str]) -> int:
    """Bring a language's file up to date; how many texts it lacks."""
    known = read(file) if file.exists() else {}
    held = {text: known.get(text, "") for text in texts}
    file.write_text(json.dumps(held, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return sum(not text for text in held.values())


def main(arguments: Sequence[str] | None = None) -> None:
    """Bring all files up to date, and begin those of new languages."""
    parser = argparse.ArgumentParser(prog="build.py languages", description=__doc__)
    parser.add_argument("codes", nargs="*", metavar="CODE", help="of a language to begin")
    codes = parser.parse_args(arguments).codes
    for code in codes:
        if not re.fullmatch(r"[a-z]{2,3}(_[A-Z]{2}|_[A-Z]{4})?(@[a-z]+)?", code):
            parser.error(f"{code} is no language's code: name one as Blender does, such as pt_BR")
    for file in FOLDER.glob("*.json"):
        read(file)  # the add-on does so, too, and would not say which one it is
    import ai_ever_zoom_addon

    ai_ever_zoom_addon.register()
    texts = collect()
    for file in sorted({*FOLDER.glob("*.json"), *(FOLDER / f"{code}.json" for code in codes)}):
        lacking = update(file, texts)
        print(f"{file.stem}: {len(texts) - lacking} of {len(texts)} texts are translated.")


if __name__ == "__main__":
    main()
