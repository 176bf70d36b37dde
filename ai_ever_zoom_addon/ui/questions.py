"""What a build could not know: the panel asks it, with the buttons that answer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.findings import Finding
from .bridge import control_of, to_settings


@dataclass(frozen=True)
class Question:
    """What stopped a build.

    Attributes:
        finding: What was found.
        files: What was to be built.
        skipped: Names of what was not.
        are_chosen: The files were chosen one by one.
        folder: What the panel says meanwhile: with another one there, nobody asks any more.
    """

    finding: Finding
    files: tuple[Path, ...]
    skipped: tuple[str, ...]
    are_chosen: bool
    folder: str


# By the zoom that was built again, or by the scene. Not in the file: there it would be asked again
# when the file is opened.
_asked: dict[int, Question] = {}


def ask(group: Any, question: Question) -> None:
    """Let the panel ask."""
    _asked[_uid(group)] = question


def question_of(group: Any) -> Question | None:
    """What the panel is to ask."""
    question = _asked.get(_uid(group))
    is_asked = question is not None and question.folder == to_settings(group).folder
    return question if is_asked else None


def forget(group: Any) -> None:
    """It is answered."""
    _asked.pop(_uid(group), None)


def _uid(group: Any) -> int:
    return int((control_of(group) or group.id_data).session_uid)
