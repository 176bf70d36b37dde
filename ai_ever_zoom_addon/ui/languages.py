"""The window's texts in the language that is chosen in Blender's preferences.

Labels and descriptions that Blender shows by itself it looks up by itself. What is put together
here with values is a `Text`, and comes into the window through `translated`.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

from bpy.app import translations

from ..texts import Text

FOLDER = Path(__file__).absolute().parents[1] / "languages"

# Where our words are looked up: Blender's own catalogues know some of them by other meanings.
CONTEXT = "Ever Zoom"
# Descriptions, and what a layout is given as a plain literal, Blender always looks up here.
_COMMON = "*"

_NAME = __package__.rpartition(".")[0]


def translated(text: str) -> str:
    """A text of the panel, as the user reads it."""
    return Text(text).said(partial(translations.pgettext_iface, msgctxt=CONTEXT))


def reported(text: str) -> str:
    """A message in the status bar, as the user reads it."""
    return Text(text).said(partial(translations.pgettext_rpt, msgctxt=CONTEXT))


def explained(text: str) -> str:
    """A tooltip, as the user reads it."""
    return Text(text).said(partial(translations.pgettext_tip, msgctxt=CONTEXT))


def refuse(operator: Any, why: str) -> bool:
    """In an operator's `poll`: its button is grey, and its tooltip says why."""
    operator.poll_message_set(explained(why))
    return False


def read(file: Path) -> dict[str, str]:
    """The texts of a language, by what they are in English; those that are missing are left out."""
    texts: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return {english: text for english, text in texts.items() if text}


def register() -> None:
    """Give Blender all languages; it takes the one that is chosen."""
    translations.register(
        _NAME,
        {
            file.stem: {
                (context, english): text
                for english, text in read(file).items()
                for context in (CONTEXT, _COMMON)
            }
            for file in sorted(FOLDER.glob("*.json"))
        },
    )


def unregister() -> None:
    """Take them away again."""
    translations.unregister(_NAME)
