"""Where the guide tells of a property or button: for F1, and for "Online Manual" in their menus.

The guide comes with the extension, as pages that build.py has made. In a checkout there are none:
then Blender's own manual is all that is asked.
"""

from __future__ import annotations

from pathlib import Path

import bpy

from ..scene import effects
from ..settings import OF_IMAGE, TABLE
from ..texts import Text
from .languages import translated

FOLDER = Path(__file__).absolute().parents[1] / "guide"

OF_AN_IMAGE = "images-and-presets#what-a-picture-has-of-its-own"

# A passage ("page", or "page#anchor of the heading") -> the operators of which it tells.
OPERATORS = {
    "panel#before-a-zoom-is-there": ("build", "sample"),
    "panel#at-work": ("stop",),
    "panel#a-zoom-is-there": ("preview", "take_back"),
    "panel#rendering": (
        *("render", "measure_render", "play_rendered", "open_folder"),
        *("render_background", "pause_render", "cancel_render"),
    ),
    "panel#if-not-everything-fits": (
        *("build_otherwise", "choose", "dismiss", "remark_again", "report", "forget_warnings"),
        "remove_remains",
    ),
    "panel#output": ("take_recipe", "stop_pictures"),
    "panel#seams": ("seam_check", "seam_look", "take_crop", "contact_sheet"),
    "panel#the-importer": ("import_series",),
    "first-steps#the-first-zoom": ("show_zoom",),
    "images-and-presets#the-list-of-images": (
        *("show_image", "select_image", "select_images", "move_image", "use_image", "use_images"),
        *("remove_images", "reverse_images", "replace_image", "add_images"),
    ),
    OF_AN_IMAGE: ("as_all", "own_to_selected"),
    "images-and-presets#placing-by-hand": (
        *("place_by_hand", "measure_again", "snap_placement"),
        *("take_placement", "give_up_placement"),
    ),
    "images-and-presets#presets": ("use_preset", "add_preset"),
    "timing-and-camera#how-long": ("snap_to_markers",),
    "timing-and-camera#for-other-programs": ("bake_camera",),
    "effects": ("add_to_image", "go_to_image", "mark_images"),
    **{
        f"gallery#{kind.label.lower().replace(' ', '-')}": (f"add_{kind.name()}",)
        for kind in effects.ALL
    },
    "gallery#on-an-image": ("select_effect", "remove_effect"),
    "compositing#four-filters": ("add_compositing", "remove_compositing"),
    "compositing#one-picture-alone": ("add_image_mask",),
    "mixing#behind-everything": ("use_as_backdrop", "remove_backdrop"),
    "mixing#on-a-screen": ("put_on_screen",),
    "page": ("write_page",),
    "farm": ("prepare_for_farm",),
}

# What is no setting, by Blender's names; the first pattern that fits counts.
PROPERTIES = {
    **{f"EVERZOOM_PG_image.{name}": OF_AN_IMAGE for name in (*OF_IMAGE, "has_own")},
    "EVERZOOM_PG_image.*": "images-and-presets#the-list-of-images",
    "EVERZOOM_PG_placing.*": "images-and-presets#placing-by-hand",
    "EVERZOOM_AP_preferences.has_large_pictures": "images-and-presets#the-list-of-images",
    "EVERZOOM_AP_preferences.*": "panel#preferences-and-shortcuts",
    "EVERZOOM_PG_zoom*.*image*": "images-and-presets#the-list-of-images",
    "EVERZOOM_PG_zoom*.*": "panel#a-zoom-is-there",  # what was found
    "Scene.ever_zoom": "panel",
    "Scene.ever_zoom_placing": "images-and-presets#placing-by-hand",
    "Object.ever_zoom": "panel",
}


def passages() -> list[tuple[str, str]]:
    """(pattern of Blender's identifiers, passage): the first that fits counts."""
    settings = ((f"EVERZOOM_PG_zoom*.{name}", item.guide) for name, item in TABLE.items())
    types = ((f"bpy.types.{name}", place) for name, place in [*settings, *PROPERTIES.items()])
    operators = (
        (f"bpy.ops.ever_zoom.{name}", place) for place, names in OPERATORS.items() for name in names
    )
    # Blender looks for them in lower case.
    return [(name.lower(), place) for name, place in (*types, *operators)]


def page_of(passage: str) -> str:
    """The file within the guide that shows a passage."""
    page, _, anchor = passage.partition("#")
    return f"go/{page}/{anchor}.html" if anchor else f"{page}.html"


def address() -> str:
    """The guide's folder for a browser, with a slash at its end."""
    return f"{FOLDER.as_uri()}/"


def is_there() -> bool:
    """Whether the guide came with the add-on."""
    return FOLDER.is_dir()


def manual_map() -> tuple[str, list[tuple[str, str]]]:
    """What Blender asks for: where all pages are, and which of them tells of what.

    The guide may come and go with a newer version: only what is there now is named.
    """
    there = passages() if is_there() else []
    return address(), [(pattern, page_of(passage)) for pattern, passage in there]


def draw_guide(layout: bpy.types.UILayout) -> None:
    """A button that opens the guide."""
    if is_there():
        text = translated(Text("Guide"))
        button = layout.operator("wm.url_open", text=text, translate=False, icon="HELP")
        button.url = f"{address()}index.html"


def register() -> None:
    """Add what this module has to Blender."""
    bpy.utils.register_manual_map(manual_map)


def unregister() -> None:
    """Take out what `register` added."""
    bpy.utils.unregister_manual_map(manual_map)
