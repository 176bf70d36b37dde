"""The buttons that make something of a finished zoom: its frames, and a camera with plain keys."""

from __future__ import annotations

from typing import Any

import bpy

from ..errors import EverZoomError, reason_of
from ..scene import zooms
from ..scene.output import bake, output_settings, rendering, watching
from ..scene.planes import objects
from ..texts import Text, joined
from .asking import active_zoom
from .exchange import finish_all
from .languages import explained, translated
from .rendered import lacking_room
from .reporting import OfZoom, report, say, warn


def prepare(operator: Any, context: Any) -> None:
    """Make sure that the zoom can be rendered, by its own camera; say what may be not meant so.

    Raises:
        EverZoomError: It cannot.
    """
    finish_all()
    rendering.check_images(context.scene)
    watching.check_place(context.scene)
    output_settings.check_size(context.scene)
    camera = next(objects.parts(active_zoom(context), "camera"), None)
    if camera is None:
        raise EverZoomError("The zoom's camera is gone: press Build Again")
    context.scene.camera = camera
    for name, first, last in rendering.other_cameras(context.scene):
        warn(
            operator,
            Text(
                "Markers switch to {name} in frames {first} to {last}: delete these markers of "
                "the timeline to see the zoom there",
                name=name,
                first=first,
                last=last,
            ),
        )


class Rendering(OfZoom):
    """A mix-in for operators that render: pressed, they ask before they replace what is there, and
    where the disk may be too small.
    """

    @classmethod
    def description(cls, context: Any, _properties: Any) -> str:
        control = active_zoom(context)
        frames = zooms.told_frames(context.scene, control) if control is not None else ""
        what = Text(str(cls.__doc__))
        return explained(Text("{what}: {frames}", what=what, frames=frames) if frames else what)

    def invoke(self: Any, context: Any, event: Any) -> set[str]:
        replaced, lacking = watching.replaced(context.scene), lacking_room(context.scene)
        if not (replaced or lacking):
            return set(self.execute(context))
        asked = [lacking] if lacking else []
        if replaced:
            asked.insert(0, Text("{files} will be rendered anew", files=replaced))
        manager = context.window_manager
        return set(
            manager.invoke_confirm(
                self,
                event,
                title=translated(
                    Text("Replace what is there?" if replaced else "Is there room enough?")
                ),
                message=translated(joined(asked, ". ")),
                confirm_text=translated(Text("Replace" if replaced else "Render")),
                icon="WARNING",
            )
        )


class EVERZOOM_OT_render(Rendering, bpy.types.Operator):
    """Render the frame range to the output path"""

    bl_idname = "ever_zoom.render"
    bl_label = "Render Animation"

    def act(self, context: Any) -> None:
        prepare(self, context)
        result: Any = None
        try:
            watch = watching.Watch(context.scene, say)
            try:
                result = bpy.ops.render.render("INVOKE_DEFAULT", animation=True)
            finally:
                if result != {"RUNNING_MODAL"}:
                    watch.end()
        except RuntimeError as error:  # Blender's own reports
            raise EverZoomError(reason_of(error)) from error


class EVERZOOM_OT_bake_camera(OfZoom, bpy.types.Operator):
    """Add a copy of the zoom's camera with a plain keyframe at every frame, for other programs"""

    bl_idname = "ever_zoom.bake_camera"
    bl_label = "Bake Zoom Camera"
    bl_options = {"REGISTER", "UNDO"}

    def act(self, context: Any) -> None:
        camera = bake.bake_camera(context.scene, active_zoom(context))
        report(self, Text("Added {camera}", camera=camera.name))


CLASSES = (EVERZOOM_OT_render, EVERZOOM_OT_bake_camera)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
