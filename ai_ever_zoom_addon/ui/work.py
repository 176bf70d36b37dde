"""Long work: what is being worked on in the window, at most one thing at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Any, ClassVar, TypeAlias

import bpy
from bpy.app.handlers import persistent

from ..core import steps
from ..core.relisting import Pending
from ..core.steps import Steps
from ..errors import EverZoomError
from ..texts import Text
from .languages import CONTEXT, translated

TICK_SECONDS = 0.01
_SILENT = {"EVERZOOM_OT_seam_check"}  # modal operators that write nothing into the status bar

Finish: TypeAlias = Callable[[], None]


class Work:
    """A piece of work: steps that change nothing, and one that does, which nothing interrupts.

    Blocking, it is `run`. In the window it is started, does one step a tick, and is ended by
    whoever comes first: the end of the work, the user, Blender, or what takes the add-on or the
    file away from under it.
    """

    running: ClassVar[Work | None] = None
    stop = "ever_zoom.stop"  # what its cross does

    def __init__(self, parts: Steps[Finish]) -> None:
        """Args: parts: The steps, which return what is then to be done in one go."""
        self._steps = parts
        self._timer: bpy.types.Timer | None = None
        self._workspaces: set[str] = set()
        self.fraction = 0.0
        self.text: str = Text("Starting")
        self.pending: Pending | None = None  # what the list of images shows meanwhile
        self.is_replaced = False  # by other work, which goes on with what is pending

    def run(self) -> Finish:
        """All steps at once; returns what is to be done then."""
        return steps.run(self._steps)

    def start(self, context: bpy.types.Context) -> None:
        """Begin in the window: from now on it ticks."""
        manager = context.window_manager
        self._timer = manager.event_timer_add(TICK_SECONDS, window=context.window)
        manager.progress_begin(0.0, 1.0)
        Work.running = self

    @property
    def is_running(self) -> bool:
        """Whether it ticks in the window."""
        return Work.running is self

    def tick(self, context: bpy.types.Context) -> Finish | None:
        """One step; returns what is to be done once all are."""
        try:
            self.fraction, self.text = next(self._steps)
        except StopIteration as finished:
            result: Finish = finished.value
            return result
        context.window_manager.progress_update(self.fraction)
        if context.workspace is not None:
            self._workspaces.add(context.workspace.name)
            context.workspace.status_text_set(
                translated(
                    Text(
                        "Ever Zoom: {text} ({fraction:.0%})    Esc: stop",
                        text=self.text,
                        fraction=self.fraction,
                    )
                )
            )
        redraw(context)
        return None

    def end(self) -> None:
        """Give the window back, in whatever state the work is; once is enough."""
        if not self.is_running:
            return
        Work.running = None
        self._steps.close()
        context = bpy.context
        manager = context.window_manager
        manager.event_timer_remove(self._timer)
        manager.progress_end()
        # Not now: Blender 4.3 crashes where the context is overridden while it closes a window.
        clear = partial(_clear_status, self._workspaces)
        bpy.app.timers.register(clear, persistent=True)
        redraw(context)


def _clear_status(names: Collection[str]) -> None:
    """Take our text from the status bars; the user may have gone on to another workspace."""
    context: Any = bpy.context
    for workspace in [item for item in bpy.data.workspaces if item.name in names]:
        for window in context.window_manager.windows:
            with context.temp_override(window=window, workspace=workspace):
                workspace.status_text_set(None)


def redraw(context: bpy.types.Context, *, with_views: bool = False) -> None:
    """Draw the sidebars of all 3D Views again.

    Args:
        context: Blender's.
        with_views: The views, too, over which something is drawn. When what they show changes,
            Blender draws them by itself: without a GPU each takes some tenths of a second, for
            which the work and the user would wait.
    """
    kinds = {"UI", "WINDOW"} if with_views else {"UI"}
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            for region in area.regions:
                if area.type == "VIEW_3D" and region.type in kinds:
                    region.tag_redraw()


def redraw_status_bar(context: Any) -> None:
    """Draw the status bars again, which are out of reach of `tag_redraw`, unless work writes there.

    Not by `status_text_set`: that forgets what add-ons draw in the bar.
    """
    for window in context.window_manager.windows:
        if all(operator.bl_idname in _SILENT for operator in window.modal_operators):
            window.workspace.status_text_set_internal(None)


class Kept:
    """A scene or an object that is found again after long work, during which the user may have
    undone or deleted things: a reference kept by Python would then point to nothing.
    """

    def __init__(self, item: bpy.types.Scene | bpy.types.Object) -> None:
        self._is_scene = isinstance(item, bpy.types.Scene)
        self._identity = item.session_uid

    def find(self) -> Any:
        """The data-block as it is now.

        Raises:
            EverZoomError: It is gone.
        """
        items: Any = bpy.data.scenes if self._is_scene else bpy.data.objects
        found = next((item for item in items if item.session_uid == self._identity), None)
        if found is None or not (self._is_scene or found.users_scene):
            raise EverZoomError("What was to be built was removed meanwhile: build it again.")
        return found


@persistent  # type: ignore[untyped-decorator]
def end_work(*_: object) -> None:
    """End what is being worked on, as its file or the add-on goes away."""
    if Work.running is not None:
        Work.running.end()


class EVERZOOM_OT_stop(bpy.types.Operator):
    """Stop the work in progress; nothing is changed by it. Esc does the same"""

    bl_idname = "ever_zoom.stop"
    bl_label = "Stop"
    bl_translation_context = CONTEXT
    bl_options = {"INTERNAL"}

    def execute(self, _context: bpy.types.Context) -> set[str]:
        end_work()
        return {"FINISHED"}


def register() -> None:
    """Add what this module has to Blender."""
    bpy.utils.register_class(EVERZOOM_OT_stop)
    bpy.app.handlers.load_pre.append(end_work)


def unregister() -> None:
    """Take out what `register` added, and end what is being worked on.

    Blender forgets a running operator whose class goes away, and does not cancel it.
    """
    end_work()
    bpy.app.handlers.load_pre.remove(end_work)
    bpy.utils.unregister_class(EVERZOOM_OT_stop)
