"""The camera as plain keyframes, for programs that know nothing of drivers. Touches bpy."""

from __future__ import annotations

import math
from typing import Any

import bpy
from bpy_extras import anim_utils

from ...errors import EverZoomError
from ..planes import objects


def bake_camera(scene: Any, control: Any) -> Any:
    """A camera of its own with a keyframe at every frame of the scene, where the zoom's camera is.

    It has no parent and no drivers, so Alembic, FBX and USD carry it to other programs.

    Args:
        scene: Its frame range is baked.
        control: The zoom.

    Returns:
        The new camera object.

    Raises:
        EverZoomError: The zoom has no camera, or is too deep for the numbers of other programs.
    """
    camera = next(objects.parts(control, "camera"), None)
    if camera is None:
        raise EverZoomError("The zoom's camera is gone: press Build Again.")
    if next(objects.parts(control, "stretch"), None) is not None:
        raise EverZoomError(
            "This zoom is too deep for one place in space: its camera goes back to the start again "
            "and again. Build zooms of fewer images to bake them."
        )
    before = scene.frame_current, scene.frame_subframe
    frames = range(scene.frame_start, scene.frame_end + 1)
    baked = bpy.data.objects.new(f"{camera.name} Baked", camera.data.copy())
    baked.data.name = baked.name
    collection = control.users_collection[0]
    if collection.library is not None or collection.override_library is not None:
        collection = scene.collection  # another file's zoom
    collection.objects.link(baked)
    baked.rotation_mode = "QUATERNION"
    follow: Any = baked.constraints.new("COPY_TRANSFORMS")
    follow.target = camera
    nearest = math.inf
    for frame in frames:
        scene.frame_set(frame)
        lens = camera.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
        nearest = min(nearest, lens.clip_start)
    baked.data.animation_data_clear()
    baked.data.clip_start = nearest
    options: Any = anim_utils.BakeOptions  # a data class, by its stubs without fields
    anim_utils.bake_action(
        baked,
        action=None,
        frames=frames,
        bake_options=options(
            only_selected=False,
            do_pose=False,
            do_object=True,
            do_visual_keying=True,
            do_constraint_clear=True,
            do_parents_clear=True,
            do_clean=False,
            do_location=True,
            do_rotation=True,
            do_scale=False,
            do_bbone=False,
            do_custom_props=False,
        ),
    )
    scene.frame_set(before[0], subframe=before[1])
    return baked
