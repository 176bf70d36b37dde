"""Runs inside Blender's window and answers the driver's questions. Touches bpy.

The driver writes a question, `N.json`, into a folder; a timer here answers it by `N.answer.json`.
Files need nothing but a folder that both can see, also where Blender runs in a chroot.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Generator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import bpy
from bpy_extras.view3d_utils import location_3d_to_region_2d

TICK_SECONDS = 0.02
STEP_PIXELS = 16  # less than a button's height, by more than INSIDE_PIXELS
INSIDE_PIXELS = 3  # from where a button is met first
COLUMNS = (0.7, 0.3, 0.9, 0.1)  # of a region's width: where values, buttons and icons are

Steps = Generator[None, None, Any]

context: Any = bpy.context
ui: Any = bpy.ops.ui


def find_region(area_type: str, region_type: str) -> tuple[Any, Any, Any]:
    """The window, area and region of that kind; of several, the largest."""
    found = [
        (window, area, region)
        for window in context.window_manager.windows
        for area in window.screen.areas
        if area.type == area_type
        for region in area.regions
        if region.type == region_type
    ]
    return max(found, key=lambda item: item[2].width * item[2].height)


class _Allowed:
    """What is to be called where Python may call operators, and what came of it."""

    function: Callable[[], str | None]
    answer: tuple[str | None, Exception | None]


def _call(_manager: Any, _context: Any) -> None:
    try:
        _Allowed.answer = _Allowed.function(), None
    except Exception as error:
        _Allowed.answer = None, error


def under_mouse(window: Any, area: Any, region: Any) -> str | None:
    """The button that the mouse is over: "property", "bpy.ops.what.it(does)", or None.

    Where a panel was drawn while Cycles rendered a frame, Blender 4.3 may take it for granted from
    then on that something is being drawn, and let no script call an operator ("can't modify blend
    data in this state"). What a property's change leads to may do so all the same.
    """
    _Allowed.function = partial(_under_mouse, window, area, region)
    context.window_manager.tests_agent += 1
    identity, error = _Allowed.answer
    if error is not None:
        raise error
    return identity


def _under_mouse(window: Any, area: Any, region: Any) -> str | None:
    with context.temp_override(window=window, area=area, region=region):
        shown = context.property
        if shown:
            return str(shown[1]).rpartition(".")[2]
        if ui.copy_python_command_button.poll():
            ui.copy_python_command_button()
            return str(context.window_manager.clipboard)
        if ui.reset_default_button.poll():
            return of_the_operator(area.spaces.active)
    return None


def of_the_operator(space: Any) -> str | None:
    """The property under the mouse of what a file browser is open for.

    Blender 5 does not tell of which it is, as no data-block has it: but it resets it.
    """
    operator = getattr(space, "active_operator", None)
    if operator is None:
        return None
    values = operator.properties
    before = {}
    for item in values.bl_rna.properties:
        if item.type not in {"BOOLEAN", "ENUM", "FLOAT", "INT"} or item.is_readonly:
            continue
        name = item.identifier
        value = before[name] = getattr(values, name)
        if item.type == "ENUM":
            other = next((i.identifier for i in item.enum_items if i.identifier != value), value)
        else:
            other = type(value)(not value if value in (0, 1) else value / 2)
        setattr(values, name, other)
    others = {name: getattr(values, name) for name in before}
    ui.reset_default_button(all=True)
    found = [name for name, value in others.items() if getattr(values, name) != value]
    for name, value in before.items():
        setattr(values, name, value)
    return found[0] if found else None


def buttons(
    area_type: str, region_type: str, wanted: str | None, patience: int, likely: Sequence[int]
) -> Steps:
    """What is where in a region: [[identity, x, y], ...] in pixels of Blender's window, y upwards.

    Blender does not tell where its buttons are, but which one the mouse is over: so this moves the
    real mouse down the region, column by column, until it has been over a wanted button, if any.
    Where that was met the last time, `likely`, is looked at first: moving a mouse is slow.
    """
    window, area, region = find_region(area_type, region_type)

    def at(x: int, y: int) -> Steps:
        window.cursor_warp(x, y)
        for _ in range(patience):
            yield
        return under_mouse(window, area, region)

    if wanted is not None and likely:
        x, y = likely[0], likely[1] + INSIDE_PIXELS
        above = yield from at(x, y + STEP_PIXELS)
        identity = yield from at(x, y)
        if identity is not None and wanted in identity and identity != above:
            return [[identity, *likely]]
    hits: dict[str, list[tuple[int, int]]] = {}
    for part in COLUMNS:
        x = round(region.x + region.width * part)
        last = None
        for y in range(region.y + region.height - 4, region.y, -STEP_PIXELS):
            identity = yield from at(x, y)
            if last is not None and last != identity and wanted is not None and wanted in last:
                break
            if identity is not None:
                hits.setdefault(identity, []).append((x, y))
            last = identity
        if wanted is not None and any(wanted in identity for identity in hits):
            break
    # Between buttons Blender still names the one above: only the first place is surely on it.
    return [
        [identity, spots[0][0], spots[0][1] - INSIDE_PIXELS] for identity, spots in hits.items()
    ]


def camera_frame() -> list[float]:
    """The frame of the scene's camera in the 3D View: left, bottom, right, top, in pixels."""
    _, area, region = find_region("VIEW_3D", "WINDOW")
    scene = context.scene
    at = scene.camera.matrix_world
    corners = [
        location_3d_to_region_2d(region, area.spaces.active.region_3d, at @ corner)
        for corner in scene.camera.data.view_frame(scene=scene)
    ]
    across, up = zip(*((region.x + c.x, region.y + c.y) for c in corners), strict=True)
    return [min(across), min(up), max(across), max(up)]


def evaluate(code: str) -> Any:
    """The value of an expression, or None after running statements."""
    names = {
        "bpy": bpy,
        "sys": sys,
        "find_region": find_region,
        "camera_frame": camera_frame,
        "project": location_3d_to_region_2d,
    }
    try:
        compiled = compile(code, "<question>", "eval")
    except SyntaxError:
        exec(compile(code, "<question>", "exec"), names)
        return None
    return eval(compiled, names)


class Agent:
    """Answers one question after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.number = 0
        self.steps: Steps | None = None

    def tick(self) -> float:
        try:
            if self.steps is None:
                question = self.folder / f"{self.number}.json"
                if not question.exists():
                    return TICK_SECONDS
                asked = json.loads(question.read_text(encoding="utf-8"))
                if "code" in asked:
                    self.answer({"value": evaluate(asked["code"])})
                else:
                    self.steps = buttons(*asked["buttons"])
            else:
                next(self.steps)
        except StopIteration as end:
            self.answer({"value": end.value})
        except Exception:
            self.answer({"error": traceback.format_exc()})
        return TICK_SECONDS

    def answer(self, content: dict[str, Any]) -> None:
        partial = self.folder / f"{self.number}.part"
        partial.write_text(json.dumps(content, default=repr), encoding="utf-8")
        partial.replace(self.folder / f"{self.number}.answer.json")
        self.number += 1
        self.steps = None


if __name__ == "__main__":
    # Of what is not rendered one sample is enough: software OpenGL takes a second for each picture.
    context.preferences.system.viewport_aa = "OFF"
    context.preferences.system.use_overlay_smooth_wire = False
    managers: Any = bpy.types.WindowManager
    managers.tests_agent = bpy.props.IntProperty(update=_call)
    agent = Agent(Path(sys.argv[sys.argv.index("--") + 1]))
    bpy.app.timers.register(agent.tick, first_interval=0.5, persistent=True)
    print("agent is listening", flush=True)
