"""Effects on single images: each is one module here, and one button of the panel. Touches bpy.

To add one, say a rain:

1. Write a module `rain.py` with a subclass of `Effect` (base.py; fireflies.py is short):
   a frozen dataclass whose docstring is the button's tooltip, whose fields are the settings in the
   redo panel, each annotated by a `Setting` with its name and what it does, and whose `make` makes
   plain objects, materials and drivers in the place that it is given.
2. Add it to `ALL` below.

All else follows from that: the button and its operator (ui/effects.py), the line in the panel's
list with its cross, hiding with the image, and removing. docs/gallery.md shows every effect, and
docs/gallery.py makes the pictures; tests/scene/test_gallery.py runs what holds for all of them for
the new one, too, once it has a line in `CLEAR` and `OTHERS` there, and fails until all is done.
"""

from __future__ import annotations

from .base import Effect, add, name_of, on_images, remove, renew, unseen
from .colour_accent import ColourAccent
from .fireflies import Fireflies
from .flash import Flash
from .planet import Planet
from .title import Title

# In the panel's order.
ALL: tuple[type[Effect], ...] = (Title, Flash, Fireflies, Planet, ColourAccent)

__all__ = [
    "ALL",
    "ColourAccent",
    "Effect",
    "Fireflies",
    "Flash",
    "Planet",
    "Title",
    "add",
    "name_of",
    "on_images",
    "remove",
    "renew",
    "unseen",
]
