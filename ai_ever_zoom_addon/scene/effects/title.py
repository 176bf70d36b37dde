"""A text that fades in before its image arrives."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import bpy
import numpy as np
from numpy.typing import NDArray

from .base import Effect, Place, disc_mesh
from .setting import Colour, Setting

ABOVE = 1e-3  # how far before its glow the text lies, in views
GLOW = 0.35  # opacity of the glow in its middle
GLOW_WIDTH = 1.4  # of the text's size
MOST_LINES = 6


@dataclass(frozen=True)
class Title(Effect):
    """Put a text on the image in view, below the next one, that fades in before it arrives"""

    label = "Fade-In Title"
    icon = "FONT_DATA"

    text: Annotated[str, Setting("Text", "What it says; the image's name if it is empty")] = ""
    colour: Annotated[Colour, Setting("Colour", "Colour of the letters")] = (1.0, 0.5, 0.12)
    fade: Annotated[
        float,
        Setting(
            "Fade-In",
            "How long before its image fills the view it begins to show, in steps from image to"
            " image; 0: it is there from the start",
            0.0,
            1.0,
        ),
    ] = 0.5
    has_glow: Annotated[
        bool, Setting("Glow", "Soft light around the letters, in the same colour")
    ] = True

    def make(self, place: Place) -> None:
        opacity = f"smoothstep(-{self.fade:.6g}, 0, step)" if self.fade else ""
        text: Any = bpy.data.curves.new("Title", "FONT")
        text.align_x = "CENTER"
        light = place.light("Title", self.colour, 1.5, opacity)
        item = place.add("Title", text, [light])
        (x, y), room = place.free_room
        size = 0.0
        for body in _broken(self.text or Path(place.layer.image.file).stem):
            text.body = body
            bounds = _bounds(item)
            extent = np.maximum(bounds[1] - bounds[0], 1e-6)
            if (room / extent).min() > size:
                size, best = float((room / extent).min()), (body, bounds, extent)
        text.body, (low, high), (across, up) = best
        text.size = size
        middle = np.array((x, y)) - (low + high) * size / 2.0
        item.location = (*middle, ABOVE)
        if not self.has_glow:
            return
        glow = place.light("Title Glow", self.colour, 1.5, f"{GLOW} * {opacity or 1}", is_soft=True)
        disc = disc_mesh(np.zeros((1, 2)), 0.0, 0.5, sides=48)
        around = place.add("Title Glow", disc, [light, glow])
        around.location = (x, y, 0.0)
        margin = up * size
        around.scale = (across * size * GLOW_WIDTH + margin, up * size * GLOW_WIDTH + margin, 1.0)


def _broken(text: str) -> Iterator[str]:
    """A text in one line, in two, and so on, as far as its words go and lines can be read."""
    yield text
    if "\n" in text:  # a script's own lines
        return
    least = max(1, *map(len, text.split(" ")), len(text) // (2 * MOST_LINES))
    lines = [
        textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
        for width in range(len(text), least - 1, -1)
    ]
    narrowest = {len(found): found for found in lines if 1 < len(found) <= MOST_LINES}
    for number in sorted(narrowest):
        yield "\n".join(narrowest[number])


def _bounds(item: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower left and upper right corner of a text of size 1."""
    mesh = item.to_mesh()
    places = np.array([vertex.co[:2] for vertex in mesh.vertices]).reshape(-1, 2)
    item.to_mesh_clear()
    if not len(places):  # letters that the font has not
        return np.array((-0.5, 0.0)), np.array((0.5, 1.0))
    return places.min(axis=0), places.max(axis=0)
