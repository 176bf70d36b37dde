"""A zoom's file in one Blender, saved or opened: `python -m tests.versions save|open FOLDER`.

tests/build/test_versions.py runs it by the interpreters of all of them. Touches bpy.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import bpy

import ai_ever_zoom_addon

KINDS = ("planes", "sequencer", "filters")
operators: Any = bpy.ops


def render(file: Path) -> None:
    """The frame half-way from the first image to the second one."""
    scene: Any = bpy.context.scene
    if bpy.app.version >= (5, 0, 0):
        scene.render.image_settings.media_type = "IMAGE"
    scene.render.image_settings.file_format = "PNG"
    scene.render.filepath = str(file)
    scene.frame_set(scene.frame_start + 6)
    operators.render.render(write_still=True)


def save(folder: Path, version: str) -> None:
    """Files with a zoom of each kind, and what a frame of it looks like."""
    for kind in KINDS:
        operators.wm.read_homefile(use_factory_startup=True, use_empty=True)
        zoom: Any = bpy.context.scene.ever_zoom  # type: ignore[union-attr]
        zoom.folder, zoom.zoom_steps = str(folder / "forest"), 12
        zoom.engine = "sequencer" if kind == "sequencer" else "cycles"
        operators.ever_zoom.build()
        if kind != "sequencer":
            operators.ever_zoom.go_to_image(number=1)
            operators.ever_zoom.add_planet()
            operators.ever_zoom.add_fade_in_title(text="A")
            operators.ever_zoom.add_flash(length=1.0)
        if kind == "filters":
            operators.ever_zoom.add_compositing()
            for node in _filters():
                node.mute = node.name == "Film Grain"  # noise of each version's own
        operators.wm.save_as_mainfile(filepath=str(folder / f"{version}-{kind}.blend"))
        render(folder / f"{version}-{kind}.png")


def open_all(folder: Path, version: str) -> None:
    """Open all files; what became of each, as JSON, and frames before and after a build."""
    came: dict[str, Any] = {}
    for file in sorted(folder.glob("*.blend")):
        try:
            operators.wm.open_mainfile(filepath=str(file))
        except RuntimeError as error:
            came[file.stem] = str(error)
            continue
        render(folder / f"{file.stem}-in-{version}.png")
        operators.ever_zoom.build()
        if file.stem.endswith("filters"):
            operators.ever_zoom.remove_compositing()
            operators.ever_zoom.add_compositing()
            for node in _filters():
                node.mute = node.name == "Film Grain"
        render(folder / f"{file.stem}-built-in-{version}.png")
        came[file.stem] = None
    (folder / f"opened-in-{version}.json").write_text(json.dumps(came), encoding="utf-8")


def _filters() -> Any:
    from ai_ever_zoom_addon.scene import compositing

    scene: Any = bpy.context.scene
    return compositing.filters(scene)


def main(what: str, folder: Path) -> None:
    """Do it, and end without what bpy does at its end."""
    version = ".".join(map(str, bpy.app.version[:2]))
    ai_ever_zoom_addon.register()
    if what == "save":
        save(folder, version)
    else:
        open_all(folder, version)
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
