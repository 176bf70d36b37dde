"""The button that lets the zoom arrive at images on markers of the timeline."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import FloatProperty

from ..core.plan import timing
from ..scene import recipe
from ..scene.planes import anchors
from ..settings import LengthBy
from ..texts import Text
from ..wording import counted
from .asking import active_zoom, has_zoom
from .bridge import change, to_settings
from .languages import CONTEXT, refuse
from .reporting import Reporting, report


class EVERZOOM_OT_snap_to_markers(Reporting, bpy.types.Operator):
    """Let the zoom arrive at each image after the first where the next marker of the timeline is"""

    bl_idname = "ever_zoom.snap_to_markers"
    bl_label = "Snap Steps to Markers"
    bl_options = {"REGISTER", "UNDO"}

    largest_change: FloatProperty(
        name="Largest Change of Speed",
        translation_context=CONTEXT,
        description="How many times faster or slower the zoom may be from one image to the next",
        default=4.0,
        min=1.0,
        soft_max=20.0,
    )

    @classmethod
    def poll(cls, context: Any) -> bool:
        if not has_zoom(cls, context):
            return False
        if not _beats(context.scene):
            return refuse(cls, "Set markers first: press M over the timeline, on the beat")
        return True

    def act(self, context: Any) -> None:
        control = active_zoom(context)
        group = control.ever_zoom
        names = [image.file.name for image in recipe.stored_series(control).images]
        beats = timing.beats_of_markers(
            *(_beats(context.scene), to_settings(group), names, self.largest_change)
        )
        change(group, {"beats": beats, "length_by": LengthBy.MARKERS})
        images = counted(len(beats), "image")
        report(self, Text("The zoom arrives at {images} on markers", images=images))


def _beats(scene: bpy.types.Scene) -> list[int]:
    """Frames of the markers, but for those that name the images or switch cameras."""
    return [
        marker.frame
        for marker in scene.timeline_markers
        if marker.camera is None and not anchors.is_image_marker(marker)
    ]


CLASSES = (EVERZOOM_OT_snap_to_markers,)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
