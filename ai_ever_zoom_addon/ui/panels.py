"""The sidebar tab: source, what was found, settings, build, render, from top to bottom."""

from __future__ import annotations

from typing import Any

import bpy

from ..scene.output import output_settings
from ..scene.tags import ZOOM_LEVEL_PATH
from ..settings import Engine
from ..texts import Text
from ..wording import Way, counted, depth_maps, sentence
from . import data
from .asking import active_group, active_zoom
from .background import Background, draw_background
from .defaults import why_suitable
from .exchange import Exchange
from .farm import EVERZOOM_OT_prepare_for_farm
from .finding import draw_finding, draw_question, draw_remarks
from .images import draw_list
from .languages import translated
from .mending import (
    FLAT,
    draw_idle,
    draw_remains,
    draw_samples,
    draw_setting,
    draw_warned,
    is_fast_2d,
)
from .output import EVERZOOM_OT_take_recipe, draw_differences
from .page import EVERZOOM_OT_write_page
from .placing import is_placing
from .presets import EVERZOOM_PT_presets
from .rendered import draw_after, draw_before
from .tab import MAIN, InTab, PartOfTab
from .text import draw_lines
from .timing import EVERZOOM_OT_snap_to_markers
from .work import Work

MOST_SCENES = 3  # to which the panel offers to go


class EVERZOOM_PT_main(InTab, bpy.types.Panel):
    """Source, what was found, build and render."""

    bl_idname = MAIN
    bl_label = "Ever Zoom"

    @classmethod
    def poll(cls, context: Any) -> bool:
        return not is_placing(context)

    def draw_header_preset(self, _context: Any) -> None:
        EVERZOOM_PT_presets.draw_panel_header(self.layout)

    def draw(self, context: Any) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        group = active_group(context)
        has_zoom = active_zoom(context) is not None
        shown = data.of(context)
        draw_setting(layout, context, group, "folder", shown.unbuilt)
        for name, path in shown.folders:
            text = translated(Text("Build from {folder}", folder=name))
            offer = layout.operator(
                "ever_zoom.build", text=text, icon="FILE_FOLDER", translate=False
            )
            offer.folder = path
        if not has_zoom:
            layout.operator("ever_zoom.sample", icon="IMAGE_DATA")
            if shown.problems:
                box = layout.box()
                box.scale_y = 0.8
                for text in shown.problems:
                    draw_lines(box, context, text)
        draw_finding(layout, context, group, shown.unbuilt)
        big = layout.row(align=True)
        big.scale_y = 1.5
        work = Work.running or Exchange.running
        if work is not None:  # nothing else moves, so that short work does not flicker
            big.progress(factor=work.fraction, text=translated(work.text), translate=False)
            big.operator(work.stop, text="", icon="X")
        elif has_zoom:
            big.operator("ever_zoom.build", text="Build Again", icon="FILE_REFRESH")
            big.operator("ever_zoom.build", text="", icon="ADD").is_new = True
        else:
            big.operator("ever_zoom.build", icon="PLAY")
            layout.operator("ever_zoom.build", text="Build into This Scene").is_here = True
            draw_warned(layout, context)
        if shown.question is not None:
            box = layout.box()
            draw_lines(box, context, sentence(shown.question, Way.WINDOW), icon="QUESTION")
            draw_question(box, group, shown.question)
        for name in shown.zoom_scenes[:MOST_SCENES]:
            text = translated(Text("Go to {scene}", scene=name))
            layout.operator(
                "ever_zoom.show_zoom", text=text, translate=False, icon="SCENE_DATA"
            ).scene = name
        draw_remains(layout, shown.remains)
        if has_zoom:
            self.draw_zoom(context, group, shown)
        elif Background.running is not None:  # of another file
            draw_background(layout)

    def draw_zoom(self, context: Any, group: Any, shown: data.Shown) -> None:
        """What was built, and what to do with it."""
        layout = self.layout
        self.draw_found(context, group, shown)
        if shown.has_level:
            layout.column().prop(active_zoom(context), ZOOM_LEVEL_PATH, text="Zoom Level")
        playing = context.screen is not None and context.screen.is_animation_playing
        layout.operator(
            "ever_zoom.preview",
            text="Stop" if playing else "Play",
            icon="PAUSE" if playing else "PLAY",
        )
        if not shown.is_set_up:  # brought here from another file
            layout.operator(
                EVERZOOM_OT_take_recipe.bl_idname,
                text="Set Up This Scene for Rendering",
                icon="SCENE",
            )
        layout.prop(context.scene.render, "filepath", text="")  # as Blender shows it
        draw_before(layout, context, shown.frames)
        big = layout.column()
        big.scale_y = 1.3
        big.operator("ever_zoom.render", icon="RENDER_ANIMATION")
        draw_background(big)
        draw_after(layout, context)
        # Below what is needed most often, and the remarks last: so they move nothing else.
        zoom = active_zoom(context).ever_zoom
        draw_warned(layout, context)
        draw_list(layout, context, zoom)
        draw_remarks(layout, context, zoom, shown)

    def draw_found(self, context: Any, group: Any, shown: data.Shown) -> None:
        """What the last build found."""
        box = self.layout.box().column(align=True)
        box.scale_y = 0.8
        scene = context.scene
        found = Text(
            "{images}, zoom factor {factor:.4g}",
            images=counted(shown.image_count, "image"),
            factor=shown.factor,
        )
        box.label(text=translated(found), translate=False, icon="INFO")
        width, height = output_settings.scene_resolution(scene)
        frames = Text(
            "{frames} of {width} x {height} px", frames=shown.frames, width=width, height=height
        )
        draw_lines(box, context, frames, icon="BLANK1")
        if shown.depth_count:
            maps = translated(depth_maps(shown.depth_count, shown.image_count))
            box.label(text=maps, translate=False, icon="BLANK1")
        if shown.is_own_order:
            row = box.row()
            row.label(text="Own order", icon="BLANK1")
            row.operator("ever_zoom.build", text="Find Order").is_found_anew = True
        elif shown.order:
            box.label(text=translated(shown.order), translate=False, icon="BLANK1")
        for text in shown.problems:
            draw_lines(box, context, text)


class _SettingsPanel(PartOfTab):
    properties: tuple[str, ...] = ()

    def draw(self: Any, context: Any) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        group = active_group(context)
        waiting = data.of(context).unbuilt
        for name in self.properties:
            draw_setting(layout, context, group, name, waiting)


class EVERZOOM_PT_timing(_SettingsPanel, bpy.types.Panel):
    """How long and which way."""

    bl_label = "Timing"
    bl_options: Any = set()  # open at first

    def draw(self, context: Any) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        group = active_group(context)
        column = layout.column(align=True)
        draw_setting(column, context, group, "length_by")
        value = {"frames": "zoom_steps", "seconds": "seconds_per_image", "whole": "length"}
        if group.length_by in value:
            draw_setting(column, context, group, value[group.length_by])
        layout.operator(EVERZOOM_OT_snap_to_markers.bl_idname, icon="MARKER")
        for name in ("sound", "travel", "reverse"):
            draw_setting(layout, context, group, name)
        ends = layout.column()
        ends.enabled = group.travel != "loop"  # which has none
        for name in ("ease", "delay"):
            draw_setting(ends, context, group, name)
        for name in ("frames_per_second", "start_frame"):
            draw_setting(layout, context, group, name)


class EVERZOOM_PT_camera(_SettingsPanel, bpy.types.Panel):
    """What the frames show."""

    bl_label = "Camera"
    properties = ("resolution_from",)

    def draw(self, context: Any) -> None:
        super().draw(context)
        group = active_group(context)
        size = {"shape": "shape", "pixels": "resolution"}
        if group.resolution_from in size:
            draw_setting(self.layout, context, group, size[group.resolution_from])
        draw_setting(self.layout, context, group, "roll")
        column = self.layout.column()
        column.enabled = group.travel != "loop"  # which ends nowhere
        draw_setting(column, context, group, "target")


class EVERZOOM_PT_mask(_SettingsPanel, bpy.types.Panel):
    """What is left of the inner images."""

    bl_label = "Mask"
    bl_options: Any = set()  # open at first
    properties = ("crop", "feather", "mask_shape")


class EVERZOOM_PT_depth(_SettingsPanel, bpy.types.Panel):
    """What depth maps make of images."""

    bl_label = "Depth"
    properties = ("depth_folder",)

    def draw(self, context: Any) -> None:
        super().draw(context)
        if not data.of(context).depth_count:
            draw_lines(self.layout, context, Text("No image has a depth map."), icon="INFO")
            return
        group = active_group(context)
        column = self.layout.column()
        column.enabled = not is_fast_2d(group)
        for name in ("depth_strength", "is_near_black"):
            draw_setting(column, context, group, name)
        if is_fast_2d(group):
            draw_idle(
                *(self.layout, context),
                Text("Fast 2D shows the pictures flat: choose another engine for this."),
            )


class EVERZOOM_PT_alignment(_SettingsPanel, bpy.types.Panel):
    """What is put right."""

    bl_label = "Alignment and Colour"
    properties = ("align", "match_colour", "glide", "centre", "turn")


class EVERZOOM_PT_output(_SettingsPanel, bpy.types.Panel):
    """How frames are rendered."""

    bl_label = "Output"
    properties = ("file_format", "engine")

    def draw(self, context: Any) -> None:
        super().draw(context)
        reason = why_suitable(Engine(active_group(context).engine))
        if reason:
            draw_lines(self.layout, context, reason, icon="INFO")
        group = active_group(context)
        column = self.layout.column()
        column.enabled = not is_fast_2d(group)
        draw_samples(column, context, group)
        if is_fast_2d(group):
            draw_idle(
                *(self.layout, context),
                Text("Fast 2D takes one sample, which is exact: choose another engine for this."),
            )
        draw_setting(self.layout, context, group, "pack_images")
        draw_differences(self.layout, context)
        column = self.layout.column(align=True)
        column.operator(EVERZOOM_OT_prepare_for_farm.bl_idname, icon="EXPORT")
        column.operator(EVERZOOM_OT_write_page.bl_idname, icon="URL")


class EVERZOOM_PT_debug(_SettingsPanel, bpy.types.Panel):
    """For a look at the joins."""

    bl_label = "Debug"

    def draw(self, context: Any) -> None:
        group = active_group(context)
        row = self.layout.row()
        row.use_property_split, row.use_property_decorate = True, False
        row.enabled = not is_fast_2d(group)
        row.prop(group, "debug_overlay")
        if is_fast_2d(group):
            draw_idle(self.layout, context, FLAT)


CLASSES = (
    EVERZOOM_PT_main,
    EVERZOOM_PT_timing,
    EVERZOOM_PT_camera,
    EVERZOOM_PT_mask,
    EVERZOOM_PT_depth,
    EVERZOOM_PT_alignment,
    EVERZOOM_PT_output,
    EVERZOOM_PT_debug,
)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
