"""Runs in a process of its own, with bpy: installs the zip and tells what happens. Touches bpy.

inside.py life ZIP           enable, disable, enable, disable: what Blender knows after each
inside.py guide ZIP          where Blender's help leads from everything of the extension
inside.py source ZIP OTHER   install another zip than the built one
inside.py upgrade ZIP NEWER FOLDER  build a zoom, install a newer version over it, and go on
inside.py writes ZIP IMAGES OUT  do what writes files: a saved file, a preset, frames, a page
inside.py command ZIP ARGS   run the extension's command line command
The environment's BLENDER_USER_RESOURCES is where it is installed. The last line printed is JSON.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

import bpy

# isort: split
import addon_utils as real_addon_utils  # can be found once bpy is loaded

MODULE = "bl_ext.user_default.ai_ever_zoom"

Snapshot = dict[str, list[str]]

addon_utils: Any = real_addon_utils  # its stubs know no return values
utils: Any = bpy.utils

Run = Callable[[list[str]], int]
# What `--command` would offer; the wheel does not have it. By the identity of the handles: a handle
# that is kept until the end makes bpy crash there.
commands: dict[int, tuple[str, Run]] = {}
_register, _unregister = utils.register_cli_command, utils.unregister_cli_command


def record_command(identity: str, run: Run) -> Any:
    handle = _register(identity, run)
    commands[id(handle)] = (identity, run)
    return handle


def forget_command(handle: Any) -> None:
    _unregister(handle)
    commands.pop(id(handle), None)  # Cycles had its own before


utils.register_cli_command, utils.unregister_cli_command = record_command, forget_command


def install(zip_path: str) -> None:
    """Install through Blender's own operator; nothing is enabled yet."""
    assert addon_utils.enable("bl_pkg") is not None
    done = bpy.ops.extensions.package_install_files(
        filepath=zip_path, repo="user_default", enable_on_install=False
    )
    assert done == {"FINISHED"}, done


def snapshot() -> Snapshot:
    """Everything that an add-on may leave behind and that Blender tells about."""
    types = {name: getattr(bpy.types, name) for name in sorted(dir(bpy.types))}
    known = [kind for kind in types.values() if hasattr(kind, "bl_rna")]
    drawn = [kind for kind in types.values() if hasattr(getattr(kind, "draw", None), "_draw_funcs")]
    keymaps = bpy.context.window_manager.keyconfigs.addon
    return {
        "types": list(types),
        "properties": [f"{k.__name__}.{p}" for k in known for p, _ in k.bl_rna.properties.items()],
        "menus": [
            f"{kind.__name__} {function.__module__}.{function.__qualname__}"
            for kind in drawn
            for function in kind.draw._draw_funcs
            # A menu's own draw function is in the list once anything was ever added to it.
            if function.__qualname__ != f"{kind.__name__}.draw"
        ],
        "handlers": [
            f"{name} {function.__module__}.{function.__qualname__}"
            for name in dir(bpy.app.handlers)
            if isinstance(getattr(bpy.app.handlers, name), list)
            for function in getattr(bpy.app.handlers, name)
        ],
        "keymaps": [
            f"{keymap.name} {item.idname}"
            for keymap in (keymaps.keymaps if keymaps else ())
            for item in keymap.keymap_items
        ],
        "commands": sorted(identity for identity, _ in commands.values()),
        "manuals": [prefix for prefix, _ in utils.manual_map()],
    }


def life(zip_path: str) -> dict[str, Snapshot]:
    bpy.app.debug_python = True  # as `blender --debug-python`: it warns of more
    install(zip_path)
    told = {"installed": snapshot()}
    for number in ("first", "second"):
        module = addon_utils.enable(MODULE)
        assert module is not None and module.__name__ == MODULE
        told[f"enabled, {number}"] = snapshot()
        addon_utils.disable(MODULE)
        told[f"disabled, {number}"] = snapshot()
    bpy.app.debug_python = False
    return told


def helped() -> list[tuple[str, str]]:
    """(identity, label) of all that the user may ask help for, as Blender's buttons name it."""
    groups = [
        *bpy.types.PropertyGroup.__subclasses__(),
        *bpy.types.AddonPreferences.__subclasses__(),
    ]
    operators: Any = getattr(bpy.ops, "ever_zoom")  # noqa: B009  # its stubs know none of ours
    ours: list[Any] = [kind for kind in groups if kind.__module__.startswith(MODULE)]
    return [
        *((f"{name}.ever_zoom", "Ever Zoom") for name in ("Scene", "Object")),
        *(
            (f"{kind.__name__}.{name}", "" if item.is_hidden or item.is_readonly else item.name)
            for kind in ours
            for name, item in kind.bl_rna.properties.items()
            if name not in kind.bl_rna.base.properties
        ),
        *(
            (f"ever_zoom.{name}", getattr(operators, name).get_rna_type().name)
            for name in dir(operators)
        ),
    ]


def guide(zip_path: str) -> list[tuple[str, str, str | None]]:
    """(identity, label, address) of all that the user may ask help for."""
    from bl_operators import wm

    help_: Any = wm
    install(zip_path)
    assert addon_utils.enable(MODULE) is not None
    identities = [(one, label, help_._wm_doc_get_id(one, do_url=False)) for one, label in helped()]
    lookup = help_.WM_OT_doc_view_manual._lookup_rna_url
    return [(one, label, rna and lookup(rna, verbose=False)) for one, label, rna in identities]


def install_and_enable(zip_path: str) -> None:
    """As *Install from Disk* does, also over what is installed and in use."""
    assert addon_utils.enable("bl_pkg") is not None
    done = bpy.ops.extensions.package_install_files(
        filepath=zip_path, repo="user_default", enable_on_install=True
    )
    assert done == {"FINISHED"}, done


def source(_zip_path: str, arguments: list[str]) -> Snapshot:
    (other,) = arguments
    install_and_enable(other)
    return snapshot()


def upgrade(zip_path: str, arguments: list[str]) -> dict[str, Any]:
    newer, folder = arguments
    operators: Any = getattr(bpy.ops, "ever_zoom")  # noqa: B009  # its stubs know none of ours
    install_and_enable(zip_path)
    before = snapshot()
    scene: Any = bpy.context.scene
    scene.ever_zoom.folder, scene.ever_zoom.order = folder, "innermost-first"
    scene.ever_zoom.align = scene.ever_zoom.match_colour = scene.ever_zoom.is_factor_measured = (
        False
    )
    assert operators.build() == {"FINISHED"}
    install_and_enable(newer)
    scene = bpy.context.scene
    scene.ever_zoom.zoom_steps = 10
    return {
        "before": before,
        "after": snapshot(),
        "is_newer": sys.modules[f"{MODULE}.plain"].__dict__.get("IS_NEWER"),
        "frame_end": scene.frame_end - scene.frame_start,
        "problem": scene.ever_zoom.problem,
        "built": list(operators.build()),
    }


def writes(zip_path: str, arguments: list[str]) -> dict[str, Any]:
    images, out = arguments
    operators: Any = getattr(bpy.ops, "ever_zoom")  # noqa: B009  # its stubs know none of ours
    install(zip_path)
    assert addon_utils.enable(MODULE) is not None
    zoom: Any = bpy.context.scene.ever_zoom
    zoom.folder, zoom.order, zoom.engine = images, "innermost-first", "sequencer"
    zoom.align = zoom.match_colour = zoom.is_factor_measured = False
    assert operators.build() == {"FINISHED"}
    assert operators.add_preset(name="Mine") == {"FINISHED"}
    bpy.ops.wm.save_as_mainfile(filepath=f"{out}/zoom.blend")
    (run,) = (run for identity, run in commands.values() if identity == "ever_zoom")
    plain = ["-i", images, "-zs", "1", "--no-align", "--no-match-colour", "-o"]
    names = (["frames"], ["video.mp4"], ["page.html", "--beside"])
    statuses = [run([*plain, f"{out}/{name}", *more]) for name, *more in names]
    return {"statuses": statuses, "temporary": bpy.app.tempdir}


def command(zip_path: str, arguments: list[str]) -> dict[str, int]:
    install(zip_path)
    assert addon_utils.enable(MODULE) is not None
    (run,) = (run for identity, run in commands.values() if identity == "ever_zoom")
    return {"status": run(arguments)}


if __name__ == "__main__":
    what, path, *rest = sys.argv[1:]
    try:
        alone = {"life": life, "guide": guide}
        with_more = {"source": source, "upgrade": upgrade, "writes": writes, "command": command}
        result: Any = with_more[what](path, rest) if rest else alone[what](path)
    except BaseException:
        traceback.print_exc()
        os._exit(1)  # bpy 4.5 may hang where it is left with an add-on half enabled
    print(json.dumps(result), flush=True)
