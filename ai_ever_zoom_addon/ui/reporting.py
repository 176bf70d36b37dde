"""How every operator of the window runs and ends: with one report, and a true undo step."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import bpy

from ..core.findings import FoundError
from ..core.steps import Steps
from ..errors import EverZoomError, in_one_line
from ..texts import Text
from ..wording import Way, told
from .asking import has_zoom
from .languages import CONTEXT, refuse, reported
from .work import Finish, Work

WAIT = Text("Wait until the work in progress is done, or press Esc")


def say(text: str) -> None:
    """Tell the user what comes of no button that was pressed just now."""
    print(f"AI Ever Zoom: {text}")
    if not bpy.app.background:
        bpy.context.window_manager.popup_menu(
            lambda popup, _: popup.layout.label(text=reported(text), translate=False),
            title="AI Ever Zoom",
            icon="ERROR",
        )


def inform(text: str) -> None:
    """Say in the status bar what comes of no button that was pressed just now, if that can be.

    Where a panel was drawn while Cycles rendered a frame, Blender 4.3 may take it for granted from
    then on that something is being drawn, and let no timer call an operator.
    """
    context: Any = bpy.context
    operators: Any = bpy.ops
    window = context.window or next(iter(context.window_manager.windows), None)
    with suppress(RuntimeError), context.temp_override(window=window):
        operators.ever_zoom.report("INVOKE_DEFAULT", text=reported(text))


class EVERZOOM_OT_report(bpy.types.Operator):
    """Say something in the status bar"""

    bl_idname = "ever_zoom.report"
    bl_label = "Report"
    bl_options = {"INTERNAL"}

    text: bpy.props.StringProperty(options={"HIDDEN"})

    def execute(self: Any, _context: bpy.types.Context) -> set[str]:
        report(self, self.text)
        return {"FINISHED"}


# What the last button warned of: a status bar cuts it, and soon shows something else.
warned: list[str] = []


def report(operator: Any, text: str, kind: str = "INFO") -> None:
    """Say in the status bar what came of a button."""
    operator.report({kind}, reported(text))


def warn(operator: Any, text: str, kind: str = "WARNING") -> None:
    """Report what the user has to read; the panel shows it, too, until the next button."""
    report(operator, text, kind)
    warned.append(text)


class Reporting:
    """A mix-in for operators: errors become reports.

    Blender makes an undo step only of an operator that ends as finished. So one that may have
    changed something before it failed has to end so, too: otherwise undoing it would take back
    what the user did before.
    """

    bl_translation_context = CONTEXT

    def act(self, context: Any) -> None:
        """What the button does.

        Raises:
            EverZoomError: It cannot be done. Nothing has been changed.
        """
        raise NotImplementedError

    def execute(self: Any, context: Any) -> set[str]:
        warned.clear()
        try:
            self.act(context)
        except Exception as error:
            return self.failed(error, is_changed=not isinstance(error, EverZoomError))
        return {"FINISHED"}

    def failed(self: Any, error: Exception, *, is_changed: bool) -> set[str]:
        """Report an error, while it is handled; how the operator is to end.

        Args:
            error: What went wrong.
            is_changed: Whether something may have been changed before.
        """
        is_undone = is_changed and "UNDO" in self.bl_options
        text = (
            told(error, Way.WINDOW)
            if isinstance(error, EverZoomError)
            else in_one_line(error, is_undone=is_undone)
        )
        if isinstance(error, FoundError):  # the panel asks
            report(self, text, "ERROR")
        else:
            warn(self, text, "ERROR")
        return {"FINISHED"} if is_changed else {"CANCELLED"}


class OfZoom(Reporting):
    """A mix-in for operators that there has to be a zoom for."""

    @classmethod
    def poll(cls, context: Any) -> bool:
        return has_zoom(cls, context)


class LongOperator(Reporting):
    """Work in short steps: by a timer in the window, so that Esc stops it, blocking elsewhere."""

    work: Work | None = None
    is_asked = False  # in a file browser, which calls `execute` when it is done
    is_of_panel = False

    def steps(self, context: Any) -> Steps[Finish]:
        """The work. Nothing is changed before what it returns is called."""
        raise NotImplementedError

    @classmethod
    def poll(cls, context: Any) -> bool:
        if Work.running is not None:
            return refuse(cls, WAIT)
        return True

    def execute(self: Any, context: Any) -> set[str]:
        if self.is_asked:
            return set(self.start(context))
        warned.clear()
        try:
            finish = Work(self.steps(context)).run()
        except Exception as error:
            return set(self.failed(error, is_changed=False))
        return set(self.finished(finish))

    def invoke(self: Any, context: Any, _event: Any) -> set[str]:
        return set(self.start(context))

    def start(self: Any, context: Any) -> set[str]:
        """Begin to work, where there is a window beside its other work."""
        if Work.running is not None:
            report(self, WAIT, "WARNING")
            return {"CANCELLED"}
        if bpy.app.background or context.window is None:
            self.is_asked = False
            return set(self.execute(context))
        warned.clear()
        self.work = Work(self.steps(context))
        self.work.start(context)
        result = self._one_step(context)  # at once, for what the panel shows of it
        if self.work.is_running:
            context.window_manager.modal_handler_add(self)
        return set(result)

    def modal(self: Any, context: Any, event: Any) -> set[str]:
        if event.type == "ESC" and event.value == "PRESS":
            self.work.end()
        if not self.work.is_running:
            if not self.work.is_replaced:
                report(self, Text("Stopped; nothing was changed"), "WARNING")
            return {"CANCELLED"}
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        return set(self._one_step(context))

    def _one_step(self: Any, context: Any) -> set[str]:
        try:
            finish = self.work.tick(context)
        except Exception as error:
            self.work.end()
            if self.is_of_panel and isinstance(error, FoundError):
                # The panel asks, and an error would pop up in front of the question.
                report(self, told(error, Way.WINDOW), "WARNING")
                return {"CANCELLED"}
            return set(self.failed(error, is_changed=False))
        if finish is None:
            return {"RUNNING_MODAL"}
        self.work.end()
        return set(self.finished(finish))

    def cancel(self, _context: Any) -> None:
        """Blender ends the operator, as when its window is closed."""
        if self.work is not None:
            self.work.end()

    def finished(self: Any, finish: Finish) -> set[str]:
        """Do what the steps were for."""
        try:
            finish()
        except Exception as error:
            return set(self.failed(error, is_changed=True))
        return {"FINISHED"}


def nothing() -> None:
    """What there is to do when the steps have found that nothing is."""


CLASSES = (EVERZOOM_OT_report,)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
