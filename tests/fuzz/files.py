"""Files whose notes and properties were tampered with, then used as any other. Touches bpy."""

from __future__ import annotations

import copy
import json
import math
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import bpy

import ai_ever_zoom_addon
from ai_ever_zoom_addon.core.preset import KEPT
from ai_ever_zoom_addon.scene import tags
from ai_ever_zoom_addon.scene.planes import objects
from ai_ever_zoom_addon.settings import KINDS, TABLE
from tests.fuzz.trial import Case, is_sentence
from tests.scene.drawing import draw_panels
from tests.scene.nested import write_series

OPERATORS: dict[str, dict[str, Any]] = {
    "add_colour_accent": {},
    "add_compositing": {},
    "add_fade_in_title": {},
    "add_fireflies": {},
    "add_flash": {},
    "add_image_mask": {},
    "add_planet": {},
    "add_to_image": {},
    "bake_camera": {},
    "build": {},
    "go_to_image": {"number": 1},
    "mark_images": {},
    "measure_again": {"row": 1},
    "move_image": {"direction": "inwards"},
    "place_by_hand": {"row": 1},
    "put_on_screen": {},
    "remove_compositing": {},
    "reverse_images": {},
    "snap_to_markers": {},
    "snap_placement": {},
    "take_placement": {},
    "give_up_placement": {},
    "take_recipe": {},
    "use_as_backdrop": {},
    "use_image": {"index": 1},
    "use_preset": {"name": "Stable Diffusion"},
}

_ODD: list[Any] = [
    *(None, True, False, 0, 1, -1, 2, 0.5, -0.5, 1.0, 1e-300, 1e300, 1e9, -1e9),
    *(math.nan, math.inf, -math.inf, 2**31, -(2**31), 2**63, 10**30, 10**400),
    *("", "x", "\0", "\ud800", "a\nb", "{0}", "../..", "/", "images/a_0.png", "2.0"),
    *([], {}, [[]], [0], [1, 2], [1, 2, 3], [0] * 5000, {"a": 1}),
]

_operators: Any = bpy.ops


def odd_json(chance: random.Random, values: Any) -> str:
    """A note in JSON with something in it that does not belong there."""
    values = copy.deepcopy(values)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        _spoil(chance, values)
    text = json.dumps(values)
    match chance.randrange(12):
        case 0:
            return text[: chance.randrange(len(text))]
        case 1:
            return chance.choice(("", "null", "[]", "5", "[" * 100_000, '{"a":' * 100_000, "NaN"))
    return text


def _spoil(chance: random.Random, values: Any) -> None:
    """Change one place in nested lists and tables."""
    while True:
        keys = list(values) if isinstance(values, dict) else list(range(len(values)))
        if not keys:
            return
        key = chance.choice(keys)
        inside = values[key]
        if not isinstance(inside, list | dict) or not inside or chance.random() < 0.2:
            break
        values = inside
    match chance.randrange(5):
        case 0:
            del values[key]
        case 1 if isinstance(values, list):
            values.insert(key, copy.deepcopy(inside))
        case 2 if isinstance(inside, float):
            values[key] = inside * chance.choice((0.0, -1.0, 1e-9, 1e9, 1.0001))
        case _:
            values[key] = copy.deepcopy(chance.choice(_ODD))


def _number(chance: random.Random) -> Any:
    """A custom property's value."""
    return chance.choice((0, 1, -1, 7, 2**31 - 1, -(2**31), 0.5, math.nan, 1e300, "x", [1, 2]))


class Files:
    """A saved zoom, and what can be done to it.

    Attributes:
        folder: Of the images and the file.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "zoom.blend"
        bpy.ops.wm.read_factory_settings(use_empty=True)
        write_series(folder / "images", 3)
        zoom = self.group
        zoom.folder = str(folder / "images")
        zoom.zoom_steps = 3
        _operators.ever_zoom.build()
        bpy.ops.wm.save_as_mainfile(filepath=str(self.file))

    @property
    def group(self) -> Any:
        """The settings that are shown."""
        scene: Any = bpy.context.scene
        return scene.ever_zoom

    def case(self, chance: random.Random) -> None:
        """Open the file, tamper with it, and use it."""
        bpy.ops.wm.open_mainfile(filepath=str(self.file))
        (control,) = objects.controls(bpy.context.scene)
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            self.tamper(chance, control)
        actions: list[Callable[[random.Random], None]] = [self.draw, self.set, self.operate]
        self.draw(chance)
        for _ in range(chance.randrange(1, 4)):
            chance.choice(actions)(chance)
        self.draw(chance)

    def tamper(self, chance: random.Random, control: Any) -> None:
        """Change one thing that nobody should."""
        scene: Any = bpy.context.scene
        layers = list(objects.parts(control, tags.LAYER)) or [control]
        match chance.randrange(14):
            case 0 | 1 | 2 | 3 | 4 | 5:
                control[tags.RECIPE] = self.text(chance, control, tags.RECIPE)
            case 6 | 7:
                control[tags.SETTINGS] = self.text(chance, control, tags.SETTINGS)
            case 8:
                scene[tags.OUTPUT] = self.text(chance, scene, tags.OUTPUT)
            case 9:
                chance.choice(layers)[tags.NUMBER] = _number(chance)
            case 10:
                owner = chance.choice([control, *layers])
                owner[chance.choice((tags.ROLE, tags.NUMBER, tags.IDENTITY))] = _number(chance)
            case 11:
                control[chance.choice((tags.RECIPE, tags.SETTINGS, tags.ZOOM_LEVEL))] = _number(
                    chance
                )
            case 12:
                rows = control.ever_zoom.images
                if rows and chance.random() < 0.7:
                    row = chance.choice(list(rows))
                    row.layer = chance.choice((0, 2, 9, -1, -5, 2**31 - 1, -(2**31)))
                else:
                    rows.add()
                control.ever_zoom.active_image = chance.choice((0, 1, 7, -3, 2**31 - 1))
            case 13:
                note = [1, 2, [["a.png", 9, 9, 1], ["b.png", 9, 9, 1]], {"screen": "x", "area": 0}]
                scene[tags.PLACING] = odd_json(chance, note)

    @staticmethod
    def text(chance: random.Random, owner: Any, name: str) -> str:
        """A note, spoiled; one that was spoiled before is left."""
        try:
            return odd_json(chance, json.loads(owner[name]))
        except (IndexError, KeyError, TypeError, ValueError, RecursionError):
            return "{}"

    def draw(self, _chance: random.Random) -> None:
        """Draw what is seen."""
        draw_panels()

    def set(self, chance: random.Random) -> None:
        """Change a setting: it is taken, or refused in a sentence and nothing has changed."""
        name = chance.choice(KEPT)
        choice, kind = TABLE[name], KINDS[name]
        value: Any = chance.random() < 0.5
        if choice.items:
            value = chance.choice(list(choice.items))
        elif choice.limits:
            low, high = choice.soft_limits or choice.limits
            value = chance.uniform(low, high)
            value = value if kind is float else round(value)
            if name in ("shape", "resolution"):
                value = chance.choice(((4, 3), (64, 48), (160, 90)))
        notes = self.notes()
        setattr(self.group, name, value)
        problem = self.group.problem
        if problem:
            self.check(problem)
            assert self.notes() == notes, f"{name} was refused and is not as it was"

    def notes(self) -> list[Any]:
        """What is stored with the zooms of the scene."""
        return [
            [repr(control.get(name)) for name in (tags.RECIPE, tags.SETTINGS)]
            for control in objects.controls(bpy.context.scene)
        ]

    def operate(self, chance: random.Random) -> None:
        """Press a button that is there: it works, or says in a sentence why not."""
        name = chance.choice(list(OPERATORS))
        operator = getattr(_operators.ever_zoom, name)
        if not operator.poll():
            return
        try:
            known = operator.get_rna_type().properties
            operator(**{key: value for key, value in OPERATORS[name].items() if key in known})
        except RuntimeError as error:
            for line in str(error).strip().splitlines():
                self.check(line.removeprefix("Error: ").removeprefix("Warning: "))

    @staticmethod
    def check(text: str) -> None:
        """A sentence that is meant for the user; without a stop it says why a button is grey."""
        assert is_sentence(f"{text.removesuffix('.')}."), text
        assert "unexpected" not in text, text


@contextmanager
def prepared() -> Iterator[Case]:
    """The case, with the add-on switched on, and what Blender prints kept."""
    printed = StringIO()
    with (
        tempfile.TemporaryDirectory() as folder,
        redirect_stdout(printed),
        redirect_stderr(printed),
    ):
        ai_ever_zoom_addon.register()
        try:
            files = Files(Path(folder))

            def case(chance: random.Random) -> None:
                printed.seek(0)
                printed.truncate()
                try:
                    files.case(chance)
                except Exception as error:
                    raise AssertionError(f"{error}\n{printed.getvalue()}") from error
                assert "Traceback" not in printed.getvalue(), printed.getvalue()

            yield case
        finally:
            ai_ever_zoom_addon.unregister()
            bpy.ops.wm.read_factory_settings(use_empty=True)
