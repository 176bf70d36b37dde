"""What the panels show of a scene: computed when it changes, not when it is drawn.

Panels are drawn again whenever the mouse moves over them. Nothing here refers to Blender's data,
which may be gone by the next time: objects are kept by their names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import bpy
from bpy.app.handlers import persistent

from ..core.files.folder import common_beginning, folders_inside
from ..core.findings import Finding, listed
from ..errors import EverZoomError
from ..scene import backdrop, effects, loading, recipe, tags, zooms
from ..scene.output import output_settings
from ..scene.planes import anchors, objects
from ..settings import TABLE
from ..texts import Text, joined
from .asking import active_zoom, folder_path
from .bridge import problem_of
from .questions import question_of
from .remarking import Remark, remarks_of
from .thumbnails import forget_orientations


@dataclass(frozen=True)
class Shown:
    """What the panels show, beside the settings and Blender's own properties.

    Attributes:
        image_count: How many images are used.
        depth_count: How many of them have a depth map that can be used.
        factor: The usual zoom factor between neighbours.
        order: Which file comes first, in words; "" where that says nothing.
        is_own_order: The order is that of the list.
        problems: What is wrong, each in a sentence that says what to do.
        question: What stopped the last build, which can be answered.
        remarks: What was found that is not as one would expect it.
        dismissed: How many more there are that the user does not want to be told.
        has_level: The property Zoom Level is there.
        anchors: (name of the object, name of the image) of the anchors in use.
        effects: (name of the top object, what it is, name of the image) of each effect.
        has_backdrop: Another scene's zoom stands behind the scene.
        folders: (name, path) of folders in the chosen one that hold images, where it holds none.
        unbuilt: Names of the settings that wait for the next build.
        remains: How many objects belong to no zoom any more, without what hangs on them.
        is_set_up: The scene has the render settings of the zoom.
        missing: Names of the zoom's images whose files are gone.
        has_scores: It was measured how well some of them fit.
        beginning: What the names of all images in the list begin with.
        frames: How many frames are rendered, in words.
        zoom_scenes: Names of other scenes that have a zoom, where this one has none.
    """

    image_count: int = 0
    depth_count: int = 0
    factor: float = 0.0
    order: str = ""
    is_own_order: bool = False
    problems: tuple[str, ...] = ()
    question: Finding | None = None
    remarks: tuple[Remark, ...] = ()
    dismissed: int = 0
    has_level: bool = False
    anchors: tuple[tuple[str, str], ...] = ()
    effects: tuple[tuple[str, str, str], ...] = ()
    has_backdrop: bool = False
    folders: tuple[tuple[str, str], ...] = ()
    unbuilt: tuple[str, ...] = ()
    remains: int = 0
    is_set_up: bool = True
    frames: str = ""
    missing: tuple[str, ...] = ()
    has_scores: bool = False
    beginning: str = ""
    zoom_scenes: tuple[str, ...] = ()


# By what an analysis calls it.
_ORDERS = {
    "innermost-first": Text("Files are innermost first"),
    "outermost-first": Text("Files are outermost first"),
    "shuffled": Text("Files are shuffled"),
}

# Of those within the chosen folder.
_MOST_FOLDERS = 5

# By scene: what it was computed from that Blender tells nobody of, and what came out.
_known: dict[int, tuple[object, Shown]] = {}


def of(context: Any) -> Shown:
    """What the panels show of the current scene."""
    scene = context.scene
    control = active_zoom(context)
    owner = scene if control is None else control
    group = owner.ever_zoom
    key = (
        owner.session_uid,
        problem_of(group),
        group.folder if control is None else "",  # that of a zoom is in its notes
        question_of(group),
        *(owner.get(name) for name in (tags.RECIPE, tags.SETTINGS)),
        tags.ZOOM_LEVEL in owner,
        scene.view_settings.view_transform,
        (scene.frame_start, scene.frame_end, scene.frame_step),
        len(bpy.data.objects),  # another scene may have got a zoom
    )
    known = _known.get(scene.session_uid)
    if known is None or known[0] != key:
        known = _known[scene.session_uid] = key, _load(scene, control)
    return known[1]


def _load(scene: Any, control: Any) -> Shown:
    has_backdrop = backdrop.node_of(scene) is not None
    group = scene.ever_zoom
    problems = [text for text in [problem_of(group)] if text]
    question = question_of(group)
    asked = question.finding if question else None
    if control is None:
        if objects.leftovers(scene):
            problems.append(
                Text("The control of a zoom is gone: choose its folder and build it again.")
            )
        for linked in objects.linked_instances(scene):
            problems += zooms.problems(linked)
        return Shown(
            problems=tuple(problems),
            question=asked,
            has_backdrop=has_backdrop,
            folders=_folders_inside(group),
            remains=len(objects.remains(scene)),
            zoom_scenes=tuple(other.name for other in backdrop.zoom_scenes(scene)),
        )
    remarks, dismissed = remarks_of(scene, control)
    unbuilt, missing = _unbuilt(control), _missing(control)
    rows = control.ever_zoom.images
    is_own_order = group.is_own_order
    has_order = group.image_count > 1 and not is_own_order
    return Shown(
        image_count=group.image_count,
        depth_count=_deep(control),
        factor=group.found_factor,
        order=_ORDERS.get(group.file_order, "") if has_order else "",
        is_own_order=is_own_order,
        problems=(*problems, *zooms.problems(control), *_gone(missing), *_not_built(unbuilt)),
        question=asked,
        remarks=remarks,
        dismissed=dismissed,
        has_level=objects.level_now(control) is not None,
        anchors=tuple(
            (anchor.name, anchor[tags.ANCHOR])
            for anchor in anchors.anchors(control)
            if not anchor.hide_viewport and anchor.get(anchors.STEP) is not None
        ),
        effects=tuple(
            (top.name, Text(effect.label) if effect else top.name, effects.name_of(top))
            for top, effect in effects.on_images(control)
        ),
        has_backdrop=has_backdrop,
        folders=_folders_inside(group) if "folder" in unbuilt else (),
        unbuilt=unbuilt,
        remains=len(objects.remains(scene)),
        is_set_up=output_settings.is_set_up(scene, control),
        missing=missing,
        has_scores=any(item.is_measured for item in rows),
        beginning=common_beginning([item.name for item in rows]),
        frames=zooms.told_frames(scene, control),
    )


def _folders_inside(group: Any) -> tuple[tuple[str, str], ...]:
    if not group.folder:
        return ()
    try:
        folder = folder_path(group.folder)
        return _looked_into(folder, folder.stat().st_mtime_ns)
    except (EverZoomError, OSError):  # said when it is built
        return ()


@lru_cache(maxsize=8)  # a wrong folder may hold very many others
def _looked_into(folder: Path, _time: int) -> tuple[tuple[str, str], ...]:
    return tuple(
        (str(place.relative_to(folder)), str(place))
        for place in folders_inside(folder)[:_MOST_FOLDERS]
    )


def _unbuilt(control: Any) -> tuple[str, ...]:
    try:
        return tuple(recipe.unbuilt(control))
    except EverZoomError:  # told as a problem
        return ()


def _deep(control: Any) -> int:
    try:
        return recipe.stored_series(control).depth_count
    except EverZoomError:  # told as a problem
        return 0


def _missing(control: Any) -> tuple[str, ...]:
    try:
        rows = recipe.stored_listing(control).used
    except EverZoomError:  # told as a problem
        return ()
    return tuple(row.file.name for row in rows if not loading.is_at_hand(row.file))


def _gone(names: Sequence[str]) -> list[Text]:
    """That files are gone which the zoom shows."""
    if not names:
        return []
    if len(names) == 1:
        return [
            Text(
                "{file} is gone: put back what is missing, or Build Again without it.",
                file=names[0],
            )
        ]
    return [
        Text(
            "{files} are gone: put back what is missing, or Build Again without it.",
            files=listed(names, 3),
        )
    ]


def _not_built(names: Sequence[str]) -> list[Text]:
    """That settings wait for the next build."""
    if not names:
        return []
    labels = joined(Text(TABLE[name].label) for name in names)
    return [Text("Not built yet: {settings}. Press Build Again.", settings=labels)]


@persistent  # type: ignore[untyped-decorator]
def refresh(*_: object) -> None:
    """Compute everything anew when it is next shown."""
    _known.clear()
    forget_orientations()


@persistent  # type: ignore[untyped-decorator]
def _refresh_if_changed(_scene: object, depsgraph: Any) -> None:
    """Not while things are only moved, which changes nothing that is shown."""
    for update in depsgraph.updates:
        is_moved = isinstance(update.id, bpy.types.Object) and update.is_updated_transform
        if not is_moved and not isinstance(update.id, bpy.types.Camera):  # of the one that moved
            refresh()
            return


def _handlers() -> tuple[tuple[Any, Any], ...]:
    handlers = bpy.app.handlers
    return (
        (handlers.depsgraph_update_post, _refresh_if_changed),
        (handlers.undo_post, refresh),
        (handlers.redo_post, refresh),
        (handlers.load_post, refresh),
    )


def register() -> None:
    """Begin to notice changes."""
    refresh()
    for handlers, handler in _handlers():
        handlers.append(handler)


def unregister() -> None:
    """Take out what `register` added."""
    for handlers, handler in _handlers():
        handlers.remove(handler)
    refresh()
