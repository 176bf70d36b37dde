"""Where F1 leads, from every property and button of the installed extension."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from ai_ever_zoom_addon.settings import OF_IMAGE
from tests.pages import GuidePage

from .conftest import Told

# Buttons without words, or with others: by their labels, words of what the guide says of them.
OTHERWISE = {
    "Add Images": "adds files",
    "Add Zoom Preset": "keeps preset",
    "As All Images": "as all others are",
    "Build Otherwise": "button that mends it",
    "Choose": "button that mends it",
    "Dismiss": "cross dismisses",
    "Forget What Was Reported": "cross beside it",
    "Look": "either picture their difference",
    "Move Image": "triangles move",
    "Play What Was Rendered": "Play Video",
    "Remove Images": "takes off the list",
    "Remove Effect": "cross removes the effect",
    "Report": "warns",
    "Select Effect": "click selects the empty",
    "Select Image": "arrow selects it",
    "Select Images": "selects all rows",
    "Show Image": "row timeline jumps",
    "Stop": "cross stops",
    "Take Back": "arrow takes it back",
    "Take This Crop": "Take Crop",
    "Use Image": "box leaves out",
    "Use Images": "uses the selected pictures",
    "Use Preset": "preset sets",
}


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def file_of(address: str) -> Path:
    assert address.startswith("file:///")
    return Path(url2pathname(urlsplit(address).path))


def test_help_leads_to_the_passage_that_tells_of_it(inside: Callable[..., Told]) -> None:
    told = inside("guide")
    silent = []
    assert len(told.value) > 150
    for identity, label, address in told.value:
        if address is None:  # Blender 4 does not find the preferences of any add-on
            assert identity.startswith("EVERZOOM_AP_") and version("bpy") < "5", identity
            continue
        page, anchor = file_of(address), ""
        assert page.is_relative_to(told.resources), identity
        forward = GuidePage(page.read_text(encoding="utf-8")).forward
        if forward:
            place, _, anchor = forward.partition("#")
            page = page.parent / place
        passage = GuidePage(page.read_text(encoding="utf-8")).passages[anchor]
        kind, _, name = identity.partition(".")
        is_field = kind != "EVERZOOM_PG_image" or name in OF_IMAGE
        if is_field and not words(OTHERWISE.get(label, label)) <= words(passage):
            silent.append((identity, label, f"{page.name}#{anchor}"))
    assert not silent, "\n".join(map(str, silent))
