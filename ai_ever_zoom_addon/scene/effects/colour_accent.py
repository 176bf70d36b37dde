"""An image that is grey and dark until it arrives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from bpy.types import Object

from ...errors import EverZoomError
from ..drivers import drive
from ..planes.layers import LAYER_GROUP
from ..planes.objects import image_node, is_shared
from ..tags import EFFECT_PART, ROLE
from .base import Effect, Place
from .setting import Setting

NODE = "Colour Accent"


@dataclass(frozen=True)
class ColourAccent(Effect):
    """Let the image in view be grey and dark until it arrives: then it gets its colours"""

    label = "Colour Accent"
    icon = "COLOR"
    is_once = True
    is_shader = True
    has_edges = False

    grey: Annotated[
        float, Setting("Grey", "How much of its colour is away at first", is_factor=True)
    ] = 1.0
    dark: Annotated[float, Setting("Dark", "How much darker it is at first", is_factor=True)] = 0.6
    waking: Annotated[
        float,
        Setting(
            "Wakes Up",
            "How long before its image fills the view it begins to get its colours, in steps from"
            " image to image",
            0.02,
            5.0,
        ),
    ] = 0.6

    def check(self, item: Object) -> None:
        if _colour_input(item) is None:
            raise EverZoomError(
                "{item} has a material of yours, which is left alone: put a node "
                "Hue/Saturation/Value into it yourself.",
                item=item.name,
            )

    def make(self, place: Place) -> None:
        _own_material(place.item)
        self.unmake(place.item)
        entry = _colour_input(place.item)
        tree = entry.id_data
        node = tree.nodes.new("ShaderNodeHueSaturation")
        node.name = node.label = NODE
        node[EFFECT_PART] = True
        node.inputs["Saturation"].default_value = 1.0 - self.grey
        node.inputs["Value"].default_value = 1.0 - self.dark
        group = entry.node
        node.location = group.location.x - 170, group.location.y + 180
        if entry.is_linked:
            tree.links.new(entry.links[0].from_socket, node.inputs["Color"])
        tree.links.new(node.outputs["Color"], entry)
        self._drive(node, place)

    def renew(self, place: Place) -> None:
        """The image may have been away, or its material may be a copy of another zoom's."""
        node = _node(place.item)
        if node is not None:
            self._drive(node, place)
        elif _colour_input(place.item) is not None:
            self.make(place)

    def unmake(self, item: Object) -> None:
        if _node(item) is None:
            return
        _own_material(item)
        node = _node(item)
        tree = node.id_data
        node.inputs["Fac"].driver_remove("default_value")
        if node.inputs["Color"].is_linked:
            source = node.inputs["Color"].links[0].from_socket
            for link in list(node.outputs["Color"].links):
                tree.links.new(source, link.to_socket)
        tree.nodes.remove(node)

    def _drive(self, node: Any, place: Place) -> None:
        """From then on the node's factor is 0: the colours are exactly the image's."""
        away = f"1 - smoothstep(-{self.waking:.6g}, 0, step)"
        drive(node.inputs["Fac"], "default_value", away, place.step)


def _own_material(item: Object) -> None:
    """See to it that a copied zoom's other layer stays as it is."""
    slot: Any = item.material_slots[0]
    if slot.material.get(ROLE) and is_shared(slot.material):
        slot.material = slot.material.copy()


def _node(item: Object) -> Any:
    """The node that an effect has put into a layer's material."""
    slots = item.material_slots
    tree = slots[0].material.node_tree if slots and slots[0].material else None
    for node in tree.nodes if tree is not None else ():
        if node.get(EFFECT_PART):
            return node
    return None


def _colour_input(item: Object) -> Any:
    """The socket that a layer's colours go into; None in a material of the user's own."""
    texture = image_node(item)
    if texture is None:
        return None
    material: Any = item.material_slots[0].material
    group = texture.id_data.nodes.get(LAYER_GROUP)
    if group is None or not (material.get(ROLE) or not is_shared(material)):
        return None
    return group.inputs.get("Color")
