"""What there is to remark of a zoom: the findings in words, but for those that are dismissed."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..core.files.folder import about_skipped
from ..core.findings import Finding, FindingKind, without_repeats
from ..errors import EverZoomError
from ..names import last_part
from ..scene import effects, recipe
from ..scene.output.output_settings import VIEW_TRANSFORM, differences
from ..settings import TABLE, Engine, Travel
from ..texts import Text
from ..wording import Way, left_out_by_line, sentence
from .mending import is_fast_2d

_MOST_LETTERS = 120  # of a line about skipped files, which may be very many


@dataclass(frozen=True)
class Remark:
    """One of them.

    Attributes:
        text: The sentence.
        about: By what it is dismissed, also where its figures change.
        is_warning: It was found in the pictures; otherwise it is what the settings cost.
        image: Name of the image where it is seen; "" where it is seen in none.
        finding: As it was found; None where no button does anything about it.
    """

    text: str
    about: str
    is_warning: bool
    image: str = ""
    finding: Finding | None = None


def remarks_of(scene: Any, control: Any) -> tuple[tuple[Remark, ...], int]:
    """The remarks on a zoom, and how many more are dismissed."""
    try:
        found = list(_all(scene, control))
    except EverZoomError:  # told as a problem
        return (), 0
    dismissed = recipe.stored_dismissed(control)
    told = tuple(remark for remark in found if remark.about not in dismissed)
    return told, len(found) - len(told)


def _all(scene: Any, control: Any) -> Iterator[Remark]:
    """All of them.

    Raises:
        EverZoomError: The note of what the zoom was made from is missing or unreadable.
    """
    analysis = recipe.stored_analysis(control)
    is_loop = control.ever_zoom.travel == Travel.LOOP.value
    of_plan = recipe.stored_findings(control)
    for finding in without_repeats(analysis.findings if analysis else (), of_plan):
        if not (is_loop and finding.kind is FindingKind.LOOP_BY_COPY):  # it says to choose one
            yield _of_finding(finding, is_warning=True)
    for line, files in left_out_by_line(analysis.left_out if analysis else ()).items():
        yield Remark(line, line, is_warning=True, image=files[0])
    for finding in of_plan:
        yield _of_finding(finding, is_warning=False)
    for difference in differences(scene, control):
        if difference.path == VIEW_TRANSFORM:
            views = {"view": difference.value, "plain": difference.wanted}
            yield _of_finding(Finding(FindingKind.CHANGED_COLOURS, views), is_warning=False)
    is_flat = is_fast_2d(control.ever_zoom)
    things = effects.unseen(scene, control, is_flat=is_flat)
    if things:
        engine = TABLE["engine"].items[Engine.SEQUENCER if is_flat else Engine.WORKBENCH][0]
        values = {"engine": engine, "things": things}
        yield _of_finding(Finding(FindingKind.IDLE_THINGS, values), is_warning=False)
    own = last_part(scene.render.filepath)  # what was rendered there is no wonder
    skipped = [name for name in recipe.stored(control).get("skipped", ()) if name != own]
    for line in about_skipped(skipped):
        yield Remark(_shortened(line), line, is_warning=False)


def _shortened(line: Text) -> Text:
    """A line with as many names as there is room for."""
    files = str(line.values["files"])
    room = _MOST_LETTERS - len(line) + len(files)
    if len(files) <= room:
        return line
    return Text(line.template, **line.values | {"files": textwrap.shorten(files, room)})


def _of_finding(finding: Finding, *, is_warning: bool) -> Remark:
    text = sentence(finding, Way.WINDOW)
    return Remark(text, finding.about, is_warning, finding.image, finding)
