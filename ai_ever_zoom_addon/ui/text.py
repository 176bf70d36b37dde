"""Text that fits into the sidebar, as wide as the user has drawn it."""

from __future__ import annotations

import re
from typing import Any

import blf

from .languages import translated

INTERFACE_FONT = 0  # Blender's own number for it
UNIT = 20.0  # pixels of an icon, or of the tabs' column, at a scale of 1
BORDERS = 52.0  # of the panel, of a box in it and of the text, both sides together

# Letters of scripts without spaces between words, and marks that no line begins or ends with.
_LETTERS = r"\u3040-\u30ff\u3400-\u9fff\uff66-\uff9f"
_ENDS = r"\u201d\u3001-\u3005\u300d\u30fb\u30fc\uff01\uff09\uff0c\uff0e\uff1a\uff1b\uff1f"
_BEGINNINGS = r"\u201c\u300c\uff08"

# What no line is broken within, with the spaces before it: a word, or one such letter.
_WORD = re.compile(
    rf"\s*(?:(?:[^\s{_LETTERS}]*[{_BEGINNINGS}])?[{_LETTERS}]|[^\s{_LETTERS}]+)[{_ENDS}]*"
)


def _width(context: Any, text: str) -> float:
    """Pixels at a scale of 1."""
    blf.size(INTERFACE_FONT, context.preferences.ui_styles[0].widget.points)
    return float(blf.dimensions(INTERFACE_FONT, text)[0])


def room(context: Any, units: float) -> float:
    """Pixels at a scale of 1 that a line of a panel's box has beside so many icons."""
    scale = context.preferences.system.ui_scale
    return float(context.region.width / scale - BORDERS - (1.0 + units) * UNIT)


def lines(context: Any, text: str, width: float) -> list[str]:
    """A sentence in as many lines as it takes."""
    found: list[str] = []
    for word in _WORD.findall(text):
        longer = f"{found[-1]}{word}" if found else word.lstrip()
        if found and _width(context, longer) <= width:
            found[-1] = longer
        else:
            found.append(word.lstrip())
    return found


def shortened(context: Any, name: str, width: float, beginning: str = "") -> str:
    """A file's name without what tells least, if it is too long.

    Args:
        context: Blender's.
        name: Of the file.
        width: Pixels at a scale of 1.
        beginning: What others beside it begin with as well.
    """
    stem = name.rpartition(".")[0] or name
    for text in (name, stem, f"…{stem.removeprefix(beginning)}"):
        if _width(context, text) <= width:
            return text
    # Series differ at the ends.
    for kept in range(len(stem) - 1, 0, -1):
        start = kept // 3
        text = f"{stem[:start]}…{stem[start - kept :]}"
        if _width(context, text) <= width:
            break
    return text


def draw_lines(
    layout: Any, context: Any, text: str, icon: Any = "ERROR", units: float = 1.0
) -> None:
    """A sentence in as many lines as it takes, with a warning sign: beside so many icons."""
    column = layout.column(align=True)
    for number, line in enumerate(lines(context, translated(text), room(context, units))):
        column.label(text=line, icon="BLANK1" if number else icon, translate=False)
