"""Every name by which the add-on finds again what it made, once. Never touches bpy.

A tag is a custom property that nobody else gives to a data-block; the add-on changes and removes
only what has one. The other names are what users see and type, such as the property Zoom Level.
"""

from __future__ import annotations

# On objects, meshes, materials, strips and nodes: what a data-block is to a zoom.
ROLE = "ever_zoom_role"
CONTROL, CAMERA, LAYER, STRETCH, OVERLAY = "control", "camera", "layer", "stretch", "overlay"
HOLDER = "holder"  # hangs on an anchor and shrinks to nothing while its image is out of sight
FILTER = "effect"  # of the compositor: files of the first version call it so
MASK, BACKDROP, SCREEN = "mask", "backdrop", "screen"
BEHIND = "zoom"  # the node that renders the zoom for a backdrop
STRIP_GROUP, STRIP_COPY, STRIP_ORIGINAL = "group", "copy", "original"  # an image's file, or a copy

NUMBER = "ever_zoom_number"  # of a layer or stretch
ANCHOR = "ever_zoom_anchor"  # on an anchor: the name of its image
# On the top object of an effect: what it is, as JSON; and on all that was made for one.
EFFECT = "ever_zoom_effect"
EFFECT_PART = "ever_zoom_effect_part"
SOUND = "ever_zoom_sound"  # on the strip of a zoom's sound: what it was made from
# On all that is there while an image is placed by hand. Not called as the scene's property of it:
# before 5.0 they would be the same.
PLACING = "ever_zoom_by_hand"
MADE_OF = "ever_zoom_made_of"  # on a bent layer's mesh: a sum of all that it is made of
MASKED_LAYER = "ever_zoom_layer"  # on a compositing mask: the layer
PROFILE_SPACE = "ever_zoom_space"  # on an image: the colour space that its file's profile asks for
WAS_TRANSPARENT = "ever_zoom_was_transparent"  # on a backdrop's node: the scene's setting before

# On the control, as JSON: what the user chose, and what the zoom was made from.
SETTINGS = "ever_zoom_settings"
RECIPE = "ever_zoom_recipe"

# What a scene's settings were given for its zooms, as JSON, and the name of a zoom in it: of the
# control, as the user renames that.
OUTPUT = "ever_zoom_output"
IDENTITY = "ever_zoom_identity"

# The property that everything follows, and where the view is beside it: of the control.
ZOOM_LEVEL = "Zoom Level"
ZOOM_LEVEL_PATH = f'["{ZOOM_LEVEL}"]'
CENTRE_PATHS = ('["View Centre X"]', '["View Centre Y"]')
TURN_PATH = '["View Turn"]'

# Of a layer's object, read by its material.
FADE = "Fade"
COLOUR_MATCH = "Colour Match"

# Of the scene, for the strips in its sequencer: what they follow.
STRIPS_LEVEL_PATH = '["ever_zoom_strips_level"]'
STRIPS_CENTRE_PATHS = ('["ever_zoom_strips_centre_x"]', '["ever_zoom_strips_centre_y"]')
STRIPS_TURN_PATH = '["ever_zoom_strips_turn"]'
STRIPS_ROLL_PATH = '["ever_zoom_strips_roll"]'
# The settings that they show while the pictures for newer ones are being made, and those, as JSON.
STRIPS_WAIT = "ever_zoom_strips_wait"


def property_name(path: str) -> str:
    """The name of a custom property, from its data path."""
    return path[2:-2]
