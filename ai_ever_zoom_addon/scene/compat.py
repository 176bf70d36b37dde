"""Every difference between the supported versions of Blender (4.2 to 5.2), each with its reason."""

from __future__ import annotations

from typing import Any

import bpy

# 5.0 dropped the _NEXT that told the new EEVEE from the one before 4.2.
EEVEE = "BLENDER_EEVEE" if bpy.app.version >= (5, 0, 0) else "BLENDER_EEVEE_NEXT"


# Paths may start with "//": since 4.5 a property has to say that it knows what that means.
RELATIVE_PATH = {"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5, 0) else set()


def enable_nodes(owner: Any) -> None:
    """Give a material its node tree: since 5.0 it always has one, and setting it warns."""
    if bpy.app.version < (5, 0, 0):
        owner.use_nodes = True


def disable_fast_gi(eevee: Any) -> None:
    """Switch EEVEE's approximate indirect light off; 4.2 has it only as a part of ray tracing."""
    if bpy.app.version >= (4, 3, 0):
        eevee.use_fast_gi = False


def fcurves(owner: Any) -> list[Any]:
    """The animation curves of a data-block: since 5.0 they live in the slots of layered actions."""
    animation = owner.animation_data
    if animation is None or animation.action is None:
        return []
    if bpy.app.version < (4, 4, 0):
        return list(animation.action.fcurves)
    slot = animation.action_slot
    if slot is None:
        return []
    return [
        curve
        for layer in animation.action.layers
        for strip in layer.strips
        if (bag := strip.channelbag(slot)) is not None
        for curve in bag.fcurves
    ]


def remove_fcurve(owner: Any, curve: Any) -> None:
    """Take an animation curve away from a data-block."""
    action = owner.animation_data.action
    if bpy.app.version < (4, 4, 0):
        action.fcurves.remove(curve)
        return
    for layer in action.layers:
        for strip in layer.strips:
            bag = strip.channelbag(owner.animation_data.action_slot)
            if bag is not None:
                bag.fcurves.remove(curve)


def set_media_type(scene: Any, *, video: bool) -> None:
    """Choose between images and video: since 5.0 the file formats on offer depend on it."""
    if bpy.app.version >= (5, 0, 0):
        scene.render.image_settings.media_type = "VIDEO" if video else "IMAGE"


def set_duration(strip: Any, frames: int) -> None:
    """Set the length of a strip; 5.2 has a new name for it and warns of the old one."""
    if bpy.app.version >= (5, 2, 0):
        strip.duration = frames
    else:
        strip.frame_final_duration = frames


def strips(owner: Any) -> Any:
    """The strips of a sequence editor or a group: called so since 4.4, and no longer otherwise."""
    return owner.strips if bpy.app.version >= (4, 4, 0) else owner.sequences
