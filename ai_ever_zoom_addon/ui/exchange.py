"""Pictures for Fast 2D that a change needs: made beside the user's work, and shown all at once.

A change acts at once on everything but the strips. These show what they did until their pictures
are made; further changes begin again, with what is still to be made. What is there then, in a state
that comes back by Undo or Redo, goes on from where it is.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import Any, ClassVar

import bpy
from bpy.app.handlers import persistent

from ..core.steps import Steps
from ..errors import EverZoomError, in_one_line
from ..scene import zooms
from ..scene.strips.waiting import Waiting, all_waiting
from ..texts import Text
from .reporting import Reporting, say, warned
from .work import Work, redraw

# From the last change on, so that a slider that is dragged begins nothing.
_PAUSE_SECONDS = 0.25
_TICK_SECONDS = 0.01
_HELD_SECONDS = 0.1
_DRAWN_SECONDS = 0.3
# So long the window waits, at most but for one picture.
_STEP_SECONDS = 0.03


class Exchange:
    """What pictures are being made for: the strips of one scene at a time.

    Attributes:
        running: The one that is at work; None where none is.
        fraction: How much is done, 0 to 1.
        text: What is being done.
    """

    running: ClassVar[Exchange | None] = None
    stop = "ever_zoom.stop_pictures"  # what its cross does

    def __init__(self, waiting: Waiting) -> None:
        self._of = waiting.scene.session_uid, waiting.note
        self._steps: Steps[None] = zooms.picture_steps(waiting)
        self._drawn = 0.0  # when
        self.fraction = 0.0
        self.text: str = Text("Preparing pictures")

    def waiting(self) -> Waiting | None:
        """What it is for, as it is now; None where that is over, or something else is wanted."""
        every = all_waiting()
        return next((w for w in every if (w.scene.session_uid, w.note) == self._of), None)

    def step(self) -> bool:
        """Some steps; whether all are done."""
        begin = time.perf_counter()
        while time.perf_counter() - begin < _STEP_SECONDS:
            try:
                self.fraction, self.text = next(self._steps)
            except StopIteration:
                return True
        return False

    def draw(self) -> None:
        """Show how far it is, now and then: without a GPU that takes longer than a picture."""
        if time.perf_counter() - self._drawn > _DRAWN_SECONDS:
            redraw(bpy.context)
            self._drawn = time.perf_counter()

    @classmethod
    def end(cls) -> None:
        """Give up what is at work; what it is for goes on waiting."""
        running, cls.running = cls.running, None
        if bpy.app.timers.is_registered(tick):
            bpy.app.timers.unregister(tick)
        if running is not None:
            running._steps.close()
            redraw(bpy.context)


def is_possible() -> bool:
    """Whether there is a window, beside whose work pictures can be made."""
    return not bpy.app.background


def resume() -> None:
    """Begin with what waits now, in a moment, in place of what is at work."""
    Exchange.end()
    if is_possible() and all_waiting():
        bpy.app.timers.register(tick, first_interval=_PAUSE_SECONDS, persistent=True)


def finish_all() -> None:
    """Make at once what strips wait for, as somebody is going to use them.

    Raises:
        EverZoomError: It cannot be made; they go on waiting.
    """
    Exchange.end()
    for waiting in all_waiting():
        zooms.end_waiting(waiting)


def tick() -> float | None:
    """Go on with what waits, as a timer does; when to call it again."""
    if Work.running is not None or bpy.app.is_job_running("RENDER"):
        return _HELD_SECONDS
    running = Exchange.running
    waiting = running.waiting() if running is not None else None
    if running is None or waiting is None:
        waiting = next(iter(all_waiting()), None)
        if waiting is None:
            Exchange.running = None
            redraw(bpy.context)
            return None
        running = Exchange.running = Exchange(waiting)
    try:
        if running.step():
            Exchange.running = None
            zooms.end_waiting(waiting)
            redraw(bpy.context)
    except Exception as error:
        Exchange.running = None
        _take_back(waiting, error)
        return None
    running.draw()
    return _TICK_SECONDS


def _take_back(waiting: Waiting, error: Exception) -> None:
    """What could not be done has not been chosen."""
    text = in_one_line(error)
    warned.append(text)
    say(text)
    with suppress(EverZoomError):  # of the same: it waits for another change, or a save
        zooms.stop_waiting(waiting)
    redraw(bpy.context)


class EVERZOOM_OT_stop_pictures(Reporting, bpy.types.Operator):
    """Stop preparing pictures: settings go back to those that Fast 2D shows still"""

    bl_idname = "ever_zoom.stop_pictures"
    bl_label = "Stop"
    bl_options = {"INTERNAL", "UNDO"}

    def act(self, _context: Any) -> None:
        Exchange.end()
        for waiting in all_waiting():
            zooms.stop_waiting(waiting)


@persistent  # type: ignore[untyped-decorator]
def _resume(*_: object) -> None:
    """Another state of the file is there."""
    if is_possible():
        resume()
        return
    with suppress(EverZoomError):  # rendering says what is missing
        finish_all()


@persistent  # type: ignore[untyped-decorator]
def _end(*_: object) -> None:
    Exchange.end()


@persistent  # type: ignore[untyped-decorator]
def _finish(*_: object) -> None:
    """The file is about to be saved."""
    try:
        finish_all()
    except EverZoomError as error:
        say(error.text)


@persistent  # type: ignore[untyped-decorator]
def _render_init(*_: object) -> None:
    """Blender begins to render, by a button that is not ours or a script.

    In the window it does so in a thread of its own, in which nothing can be changed.
    """
    if threading.current_thread() is threading.main_thread():
        _finish()
    elif all_waiting():
        bpy.app.timers.register(_tell, first_interval=0.0)


def _tell() -> None:
    say(
        Text(
            "Pictures were still being prepared when this render began: it shows Fast 2D as it was "
            "before the last change. Cancel it, and render again when they are done."
        )
    )


def _give_up() -> None:
    """The add-on goes: nobody would go on, and the settings would say what is not to be seen."""
    Exchange.end()
    left = all_waiting()
    for waiting in left:
        with suppress(EverZoomError):
            zooms.stop_waiting(waiting)
    if left:
        say(
            Text(
                "Pictures were still being prepared when the add-on was switched off: Fast 2D is "
                "as it was before the last change, and so are its settings."
            )
        )


_HANDLERS = {
    "load_pre": _end,
    "load_post": _resume,
    "undo_pre": _end,
    "undo_post": _resume,
    "redo_pre": _end,
    "redo_post": _resume,
    "save_pre": _finish,
    "render_init": _render_init,
}


def register() -> None:
    """Add what this module has to Blender."""
    bpy.utils.register_class(EVERZOOM_OT_stop_pictures)
    for name, function in _HANDLERS.items():
        getattr(bpy.app.handlers, name).append(function)


def unregister() -> None:
    """Take out what `register` added, and stop."""
    _give_up()
    for name, function in _HANDLERS.items():
        getattr(bpy.app.handlers, name).remove(function)
    bpy.utils.unregister_class(EVERZOOM_OT_stop_pictures)
