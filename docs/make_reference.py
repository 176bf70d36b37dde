"""Writes the tables of settings and operators into docs/scripting.md, from the code.

    .env/bpy-5.2/bin/python -m docs.make_reference

What is between two marks of the page is replaced; a test fails where page and code differ.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args

import bpy

import ai_ever_zoom_addon
from ai_ever_zoom_addon.settings import (
    KINDS,
    OF_IMAGE,
    OF_IMAGE_KINDS,
    TABLE,
    Choice,
    ImageSettings,
    ZoomSettings,
)
from ai_ever_zoom_addon.ui.properties import EVERZOOM_PG_image, EVERZOOM_PG_zoom

PAGE = Path(__file__).with_name("scripting.md")

# What somebody has to look at, or to do by hand: nothing for a script.
IN_A_WINDOW = {
    *("measure_render", "open_folder", "place_by_hand", "play_rendered", "preview"),
    *("render_background", "seam_check", "show_zoom", "snap_placement", "take_crop"),
    "take_placement",
}
# Properties without a text of their own, as Blender's file browser has them.
OF_FILES = {
    "filepath": "The file to write",
    "directory": "The folder of `files`",
    "files": 'The images, such as `[{"name": "forest_1.png"}]`',
}
ENDLESS = 3e38  # as Blender has the limits of numbers that have none


def value_kind(kind: Any, choice: Choice) -> str:
    """What a setting's value is, with its unit."""
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        names = [name for name in kind if name in choice.items]
        return ", ".join(f"`{json.dumps(str(name))}`" for name in names)
    if kind is bool:
        return "`True`, `False`"
    if kind is str:
        return "path"
    parts = get_args(kind)
    if Ellipsis in parts:
        return "JSON"
    whole = int in (kind, *parts)
    if choice.kind == "seconds":
        return "seconds"
    number = "whole number" if whole else "number"
    return f"two {number}s" if parts and type(None) not in parts else number


def told_limits(low: float, high: float) -> str:
    """The least and the greatest value."""
    return f"{plain(low)} to {plain(high)}"


def plain(number: float) -> str:
    """A number without noise of single precision."""
    return f"{number:,}" if isinstance(number, int) else f"{number:,.7g}"


def default_of(value: Any) -> str:
    """A value as a script writes it."""
    if isinstance(value, StrEnum):
        value = str(value)
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, float):
        return repr(float(f"{value:.7g}"))
    if not isinstance(value, (int, type(None))):
        return f"({', '.join(map(default_of, value))})"
    return repr(value)


def row(*cells: str) -> str:
    """A row of a table."""
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def settings_table() -> Iterator[str]:
    """All that can be chosen of a zoom."""
    yield row("name", "value", "at first", "limits", "in effect", "what it is")
    yield "|---|---|---|---|---|---|"
    defaults = ZoomSettings.of_panel()
    for name, choice in TABLE.items():
        value = getattr(defaults, name)
        is_text = value_kind(KINDS[name], choice) == "JSON"
        yield row(
            f"`{name}`",
            value_kind(KINDS[name], choice),
            f"`{json.dumps('[]') if is_text else default_of(value)}`",
            told_limits(*choice.limits) if choice.limits else "",
            "when built" if choice.needs_build else "at once",
            choice.help,
        )


def image_table() -> Iterator[str]:
    """What one image may have of its own."""
    yield row("name", "value", "at first", "limits", "what it is")
    yield "|---|---|---|---|---|"
    for name, choice in OF_IMAGE.items():
        default = getattr(ImageSettings, name)
        yield row(
            f"`{name}`",
            value_kind(OF_IMAGE_KINDS[name], choice),
            "as all" if default is None else f"`{default_of(default)}`",
            told_limits(*choice.limits) if choice.limits else "",
            choice.help,
        )


def found_table(kind: Any, known: Mapping[str, Choice]) -> Iterator[str]:
    """What can only be read of a property group."""
    yield row("name", "what it is")
    yield "|---|---|"
    for item in kind.bl_rna.properties:
        is_ours = item.description and not item.is_hidden
        if is_ours and item.identifier not in (*known, "name", "rna_type"):
            yield row(f"`{item.identifier}`", item.description)


def operator_list() -> Iterator[str]:
    """What a script can call, with all settings."""
    operators: Any = bpy.ops
    for name in dir(operators.ever_zoom):
        kind = getattr(bpy.types, f"EVER_ZOOM_OT_{name}")
        if name not in IN_A_WINDOW and "INTERNAL" not in getattr(kind, "bl_options", ()):
            known = getattr(operators.ever_zoom, name).get_rna_type()
            yield f"- **`{name}`**: {known.description}"
            for item in known.properties:
                yield from property_line(item, {each.identifier for each in known.properties})


def property_line(item: Any, others: set[str]) -> Iterator[str]:
    """A line about an operator's property, if a script may have a use for it."""
    name = item.identifier
    of_browser = {"rna_type", "check_existing"} | (
        {"filepath"} if "files" in others else {"directory"}
    )
    if name in of_browser or name.startswith("filter_"):
        return
    text = OF_FILES.get(name, item.description)
    if item.type == "COLLECTION":
        yield f"  - `{name}`: {text}"
        return
    value = item.default_array if getattr(item, "is_array", False) else item.default
    limits = ""
    if item.type == "ENUM":
        limits = "; " + ", ".join(f"`{json.dumps(each.identifier)}`" for each in item.enum_items)
    elif item.type in ("INT", "FLOAT"):
        limits = told_range(item.hard_min, item.hard_max)
    yield f"  - `{name}={default_of(value)}`: {text}{limits}"


def told_range(low: float, high: float) -> str:
    """The limits of a property, of which Blender has some that are none."""
    endless = 2**31 - 1 if isinstance(low, int) else ENDLESS
    if low <= -endless:
        return ""
    return f"; at least {plain(low)}" if high >= endless else f"; {plain(low)} to {plain(high)}"


def parts() -> dict[str, list[str]]:
    """What is made of the page, by the names between its marks."""
    return {
        "settings": list(settings_table()),
        "of an image": list(image_table()),
        "found": list(found_table(EVERZOOM_PG_zoom, TABLE)),
        "found of an image": list(found_table(EVERZOOM_PG_image, OF_IMAGE)),
        "operators": list(operator_list()),
    }


def filled(page: str) -> str:
    """The page with its tables as the code has them. The add-on is switched on."""
    for name, lines in parts().items():
        before, after = f"[//]: # (made by make_reference.py: {name})\n", "\n[//]: # (end)\n"
        head, found, rest = page.partition(before)
        _, end, tail = rest.partition(after)
        if not (found and end):
            raise SystemExit(f"{PAGE.name} has no place for {name}")
        page = "".join([head, before, *(f"\n{line}" for line in lines), "\n", after, tail])
    return page


if __name__ == "__main__":
    ai_ever_zoom_addon.register()
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    ai_ever_zoom_addon.unregister()
