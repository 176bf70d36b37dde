"""Rendering in the background: the buttons, and what ticks behind them."""

from __future__ import annotations

import atexit
import contextlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import bpy

from ..core.files.output import FRAME_NAME
from ..core.machine import suitable_jobs
from ..errors import in_one_line
from ..scene import compat
from ..scene.output import output_settings
from ..scene.output.background import BackgroundRender
from ..texts import Text
from ..wording import told_seconds
from .languages import CONTEXT, refuse, translated
from .rendered import Job, remember
from .rendering import Rendering, prepare
from .reporting import OfZoom, inform, report, say
from .work import redraw, redraw_status_bar

_TICK_SECONDS = 0.1
TRIAL_FRAMES = 3  # of each process


class Background:
    """What is being rendered in the background: at most one thing at a time.

    It goes on where another file is opened, and ends with Blender or the add-on.
    """

    running: ClassVar[BackgroundRender | None] = None
    job: ClassVar[Job]
    trial: ClassVar[TemporaryDirectory[str] | None] = None  # where one goes, if it is one

    @classmethod
    def start(cls, scene: bpy.types.Scene, *, is_trial: bool = False) -> None:
        """Begin.

        Args:
            scene: As it is now.
            is_trial: Render a few frames, to know what they take, and keep nothing of them.

        Raises:
            EverZoomError: It cannot be rendered.
        """
        cls.trial = TemporaryDirectory(dir=bpy.app.tempdir) if is_trial else None
        with contextlib.ExitStack() as undo:
            if cls.trial is not None:
                _shorten(scene, Path(cls.trial.name), undo)
            cls.job = Job.of(scene)
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
            cls.remember(running, is_whole=False)

    @classmethod
    def remember(cls, running: BackgroundRender, *, is_whole: bool) -> None:
        """That it has ended."""
        count = running.count if is_whole else running.done
        remember(
            *(cls.job, count, running.seconds),
            is_whole=is_whole,
            first=running.first,
            is_trial=cls.trial is not None,
        )
        cls._drop_trial()

    @classmethod
    def _drop_trial(cls) -> None:
        trial, cls.trial = cls.trial, None
        if trial is not None:
            trial.cleanup()

    @classmethod
    def tick(cls, running: BackgroundRender) -> bool:
        """See how far it is; whether it goes on."""
        before, said = running.text, len(running.notes)
        try:
            is_done = running.tick()
        except Exception as error:
            cls.running = None
            running.end()
            cls._drop_trial()
            say(in_one_line(error, is_undone=False))
            redraw(bpy.context)
            return False
        for note in running.notes[said:]:
            say(note)
        if is_done:
            cls.running = None
            is_trial = cls.trial is not None
            cls.remember(running, is_whole=True)
            inform(
                Text("The panel says what a render takes")
                if is_trial
                else Text("Saved to {output}", output=running.output)
            )
        if is_done or running.text != before:
            redraw(bpy.context)
            redraw_status_bar(bpy.context)
        return not is_done


def _shorten(scene: Any, folder: Path, undo: contextlib.ExitStack) -> None:
    """Let a scene render a few frames from its middle, into another folder, until `undo` is."""
    numbers = output_settings.frames_rendered(scene)
    count = min(TRIAL_FRAMES * suitable_jobs([]), len(numbers))
    start = (len(numbers) - count) // 2
    wanted = {
        (scene, "frame_start"): numbers[start],
        (scene, "frame_end"): numbers[start + count - 1],
        (scene.render, "filepath"): compat.literal_path(str(folder / FRAME_NAME)),
    }
    for (owner, name), value in wanted.items():
        undo.callback(setattr, owner, name, getattr(owner, name))
        setattr(owner, name, value)


def _tick() -> float | None:
    running = Background.running
    return _TICK_SECONDS if running is not None and Background.tick(running) else None


def is_busy(operator: Any) -> bool:
    """Whether something is being rendered, for an operator's `poll`: then its button says so."""
    if Background.running is None:
        return False
    refuse(operator, "Wait until what is being rendered is done, or cancel it")
    return True


class EVERZOOM_OT_render_background(Rendering, bpy.types.Operator):
    """Render the frame range, as it is now, to the output path, and go on working meanwhile"""

    bl_idname = "ever_zoom.render_background"
    bl_label = "Render in the Background"

    @classmethod
    def poll(cls, context: Any) -> bool:
        return not is_busy(cls) and super().poll(context)

    def act(self, context: Any) -> None:
        prepare(self, context)
        Background.start(context.scene)


class EVERZOOM_OT_measure_render(OfZoom, bpy.types.Operator):
    """Render a few frames in the background, and tell what all of them take; nothing is kept"""

    bl_idname = "ever_zoom.measure_render"
    bl_label = "Measure"

    @classmethod
    def poll(cls, context: Any) -> bool:
        return not is_busy(cls) and super().poll(context)

    def act(self, context: Any) -> None:
        prepare(self, context)
        Background.start(context.scene, is_trial=True)


class EVERZOOM_OT_pause_render(bpy.types.Operator):
    """Let what is rendered in the background wait after the frames that it is at, or go on"""

    bl_idname = "ever_zoom.pause_render"
    bl_label = "Pause"
    bl_translation_context = CONTEXT
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
    bl_translation_context = CONTEXT
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        if Background.running is not None:
            Background.end()
            report(self, Text("Rendering in the background was cancelled"), "WARNING")
            redraw(context)
        return {"FINISHED"}


def draw_background(layout: Any) -> None:
    """The button, or how far it is and what can be done about it."""
    running = Background.running
    if running is None:
        layout.operator("ever_zoom.render_background", icon="RENDER_ANIMATION")
        return
    row = layout.row(align=True)
    if running.is_paused:
        text = Text("Paused at {progress}", progress=running.text)
    elif running.left is None:
        text = Text("Rendering {progress}", progress=running.text)
    else:
        text = Text(
            "{progress}, {time} left",
            progress=running.text,
            time=told_seconds(running.left),
        )
    row.progress(factor=running.fraction, text=translated(text), translate=False)
    icon = "PLAY" if running.is_paused else "PAUSE"
    row.operator("ever_zoom.pause_render", text="", icon=icon)
    row.operator("ever_zoom.cancel_render", text="", icon="X")


def _draw_in_status_bar(header: Any, _context: bpy.types.Context) -> None:
    """The same where it is seen whatever the window shows."""
    if Background.running is not None:
        row = header.layout.row()
        row.ui_units_x = 14.0  # for the longest text
        draw_background(row)


CLASSES = (
    EVERZOOM_OT_render_background,
    EVERZOOM_OT_measure_render,
    EVERZOOM_OT_pause_render,
    EVERZOOM_OT_cancel_render,
)


def register() -> None:
    """Add what this module has to Blender."""
    for kind in CLASSES:
        bpy.utils.register_class(kind)
    bpy.types.STATUSBAR_HT_header.append(_draw_in_status_bar)  # type: ignore[arg-type]
    atexit.register(Background.end)


def unregister() -> None:
    """Take out what `register` added, and end what is being rendered."""
    Background.end()
    atexit.unregister(Background.end)
    bpy.types.STATUSBAR_HT_header.remove(_draw_in_status_bar)  # type: ignore[arg-type]
    for kind in reversed(CLASSES):
        bpy.utils.unregister_class(kind)
