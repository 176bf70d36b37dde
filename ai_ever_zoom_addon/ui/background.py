"""Rendering in the background: the buttons, and what ticks behind them."""

from __future__ import annotations

import atexit
from typing import Any, ClassVar

import bpy

from ..errors import in_one_line
from ..scene.output.background import BackgroundRender
from .asking import has_zoom
from .rendering import Rendering, prepare
from .reporting import say
from .work import redraw

_TICK_SECONDS = 0.1


class Background:
    """What is being rendered in the background: at most one thing at a time.

    It goes on where another file is opened, and ends with Blender or the add-on.
    """

    running: ClassVar[BackgroundRender | None] = None

    @classmethod
    def start(cls, scene: bpy.types.Scene) -> None:
        """Begin.

        Raises:
            EverZoomError: It cannot be rendered.
        """
        cls.running = BackgroundRender(scene)
        bpy.app.timers.register(_tick, first_interval=_TICK_SECONDS, persistent=True)

    @classmethod
    def end(cls) -> None:
        """Give it up; once is enough."""
        running, cls.running = cls.running, None
        # Before Blender 5, bpy as a module hangs or crashes at its end where a timer is left.
        if bpy.app.timers.is_registered(_tick):
            bpy.app.timers.unregister(_tick)
        if running is not None:
            running.end()

    @classmethod
    def tick(cls, running: BackgroundRender) -> bool:
        """See how far it is; whether it goes on."""
        before, said = running.text, len(running.notes)
        try:
            is_done = running.tick()
        except Exception as error:
            cls.running = None
            running.end()
            say(in_one_line(error, is_undone=False))
            redraw(bpy.context)
            return False
        for note in running.notes[said:]:
            say(note)
        if is_done:
            cls.running = None
            _report(f"Saved to {running.output}")
        if is_done or running.text != before:
            redraw(bpy.context)
        return not is_done


def _tick() -> float | None:
    running = Background.running
    return _TICK_SECONDS if running is not None and Background.tick(running) else None


def _report(text: str) -> None:
    """Say in the status bar what comes of no button that was pressed just now."""
    context: Any = bpy.context
    operators: Any = bpy.ops
    window = context.window or next(iter(context.window_manager.windows), None)
    with context.temp_override(window=window):
        operators.ever_zoom.report("INVOKE_DEFAULT", text=text)


class EVERZOOM_OT_report(bpy.types.Operator):
    """Say something in the status bar"""

    bl_idname = "ever_zoom.report"
    bl_label = "Report"
    bl_options = {"INTERNAL"}

    text: bpy.props.StringProperty(options={"HIDDEN"})

    def execute(self: Any, _context: bpy.types.Context) -> set[str]:
        self.report({"INFO"}, self.text)
        return {"FINISHED"}


class EVERZOOM_OT_render_background(Rendering, bpy.types.Operator):
    """Render the frame range, as it is now, to the output path, and go on working meanwhile"""

    bl_idname = "ever_zoom.render_background"
    bl_label = "Render in the Background"

    @classmethod
    def poll(cls, context: Any) -> bool:
        if Background.running is not None:
            cls.poll_message_set("Wait until what is being rendered is done, or cancel it")
            return False
        return has_zoom(cls, context)

    def act(self, context: Any) -> None:
        prepare(self, context)
        Background.start(context.scene)


class EVERZOOM_OT_pause_render(bpy.types.Operator):
    """Let what is rendered in the background wait after the frames that it is at, or go on"""

    bl_idname = "ever_zoom.pause_render"
    bl_label = "Pause"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        if Background.running is not None:
            Background.running.pause(not Background.running.is_paused)
            redraw(context)
        return {"FINISHED"}


class EVERZOOM_OT_cancel_render(bpy.types.Operator):
    """Give up what is rendered in the background: frames that are finished stay, no video does"""

    bl_idname = "ever_zoom.cancel_render"
    bl_label = "Cancel"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        if Background.running is not None:
            Background.end()
            self.report({"WARNING"}, "Rendering in the background was cancelled")
            redraw(context)
        return {"FINISHED"}


def draw_background(layout: Any) -> None:
    """The button, or how far it is and what can be done about it."""
    running = Background.running
    if running is None:
        layout.operator("ever_zoom.render_background", icon="RENDER_ANIMATION")
        return
    row = layout.row(align=True)
    text = f"Paused at {running.text}" if running.is_paused else f"Rendering {running.text}"
    row.progress(factor=running.fraction, text=text)
    icon = "PLAY" if running.is_paused else "PAUSE"
    row.operator("ever_zoom.pause_render", text="", icon=icon)
    row.operator("ever_zoom.cancel_render", text="", icon="X")


CLASSES = (
    EVERZOOM_OT_report,
    EVERZOOM_OT_render_background,
    EVERZOOM_OT_pause_render,
    EVERZOOM_OT_cancel_render,
)


def register() -> None:
    """Add what this module has to Blender."""
    for kind in CLASSES:
        bpy.utils.register_class(kind)
    atexit.register(Background.end)


def unregister() -> None:
    """Take out what `register` added, and end what is being rendered."""
    Background.end()
    atexit.unregister(Background.end)
    for kind in reversed(CLASSES):
        bpy.utils.unregister_class(kind)
