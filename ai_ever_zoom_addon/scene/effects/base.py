"""What all effects have in common: their settings, their place on an image, adding and removing.

An effect is a small tree of objects on the anchor of its image. At its top is an empty in whose
space the view is 1 unit wide where the image fills it, x to the right and y up as one sees it. The
top keeps which effect it is and its settings; all that was made for it is tagged, and goes with it.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, get_type_hints

import bpy
import numpy as np
from bpy.types import Material, Object, Scene
from mathutils import Matrix
from numpy.typing import NDArray

from ... import plain
from ...core.plan.plan import Layer, Plan
from ...errors import EverZoomError
from ...texts import Text
from .. import compat
from ..drivers import Sources, drive
from ..planes import anchors, objects
from ..tags import ANCHOR, EFFECT, EFFECT_PART, FADE, HOLDER, ROLE
from .setting import Colour, Setting

# Of a disc of light: 1 in its middle, 0 at its edge.
GLOW_ATTRIBUTE = "glow"

# Where two faces lie in one place Cycles shows either, pixel by pixel. So no two do: how far the
# discs of a mesh lie before each other, in views (layers are 1e-5 apart) ...
DISC_ABOVE = 2e-5
# ... and one effect on an image before another: more than the thickest is, 500 discs.
EFFECT_ABOVE = 0.012

# Blender's name for the engine that has no shaders.
WORKBENCH = "BLENDER_WORKBENCH"


@dataclass(frozen=True)
class Place:
    """Where an effect goes.

    Attributes:
        control: The zoom.
        plan: By which it was built.
        layer: Of the image, in the plan.
        item: The image's layer.
        anchor: The image's anchor.
        top: The effect's top object.
    """

    control: Object
    plan: Plan
    layer: Layer
    item: Object
    anchor: Object
    top: Object

    @property
    def step(self) -> Sources:
        """The variable `step` for drivers: 0 where the image fills the view, -1 at the last one."""
        return {"step": (self.anchor, f'["{anchors.STEP}"]')}

    @property
    def shown(self) -> Sources:
        """The variables `step` and `fade`: 0 to 1 as the image itself fades in."""
        return self.step | {"fade": (self.anchor, f'["{FADE}"]')}

    @property
    def height(self) -> float:
        """Of the view, in widths of it."""
        width, height = self.plan.view_size
        return height / width

    @property
    def free_room(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Centre and size of what the next image leaves below itself."""
        view, room = (
            make(self.plan, self.layer.number) for make in (anchors.view_on, anchors.free_room)
        )
        unit = view.size[0]
        across, up = ((room.centre[axis] - view.centre[axis]) / unit for axis in range(2))
        return (across, up), (room.size[0] / unit, room.size[1] / unit)

    def add(self, name: str, data: Any, materials: Sequence[Material], hidden: str = "") -> Object:
        """An object below the top, which hides with the image.

        Args:
            name: Its name, and its data's.
            data: A mesh or a curve, of its own.
            materials: For its faces, by their numbers.
            hidden: Expression of `step` for when it is out of sight beside that.
        """
        data.name = name
        for material in materials:
            data.materials.append(material)
        item = bpy.data.objects.new(name, data)
        item[EFFECT_PART] = data[EFFECT_PART] = True
        item.parent = self.top
        self.control.users_collection[0].objects.link(item)
        sources: Sources = {"h": (self.anchor, "hide_viewport")} | (self.step if hidden else {})
        for path in anchors.VISIBILITY:
            drive(item, path, f"h or {hidden}" if hidden else "h", sources)
        return item

    def light(
        self,
        name: str,
        colour: Colour,
        strength: float = 1.0,
        opacity: str = "",
        *,
        is_soft: bool = False,
    ) -> Material:
        """A material that gives light, takes none, and may be seen through, in every engine.

        One sample shows it exactly, as it does the images.

        Args:
            name: Of the material.
            colour: Of the light.
            strength: 1: the colour as it is; more is whiter.
            opacity: Expression of `step`, 0 to 1; it comes no sooner than its image.
            is_soft: It fades towards the edge of its disc. Workbench leaves it out: it has no
                shaders.
        """
        material, nodes, surface = new_material(name)
        links = nodes.id_data.links
        light, clear, mix, seen = (
            nodes.new(f"ShaderNode{kind}")
            for kind in ("Emission", "BsdfTransparent", "MixShader", "Math")
        )
        light.inputs["Color"].default_value = (*colour, 1.0)
        light.inputs["Strength"].default_value = strength
        seen.operation, seen.label = "MULTIPLY", "Opacity"
        seen.inputs[1].default_value = 1.0
        opacity = faded(opacity)
        drive(seen.inputs[0], "default_value", opacity, self.shown)
        if is_soft:
            glow, steep = nodes.new("ShaderNodeAttribute"), nodes.new("ShaderNodeMath")
            glow.attribute_name = GLOW_ATTRIBUTE
            steep.operation = "POWER"
            steep.inputs[1].default_value = 3.0
            links.new(glow.outputs["Fac"], steep.inputs[0])
            links.new(steep.outputs[0], seen.inputs[1])
        for number, socket in enumerate((seen, clear, light)):
            links.new(socket.outputs[0], mix.inputs[number])
        links.new(mix.outputs[0], surface)
        arrange(nodes)
        material.surface_render_method = "BLENDED"
        material.use_transparency_overlap = True
        seen_colour = [min(strength * part, 1.0) for part in colour]
        material.diffuse_color = (*seen_colour, 0.0 if is_soft else 1.0)  # what Workbench shows
        if not is_soft:
            drive(material, "diffuse_color", opacity, self.shown, 3)
        return material


@dataclass(frozen=True)
class Effect:
    """An effect with its settings. A subclass's docstring is the tooltip of its button.

    Attributes:
        label: What the button says.
        icon: Blender's name of the button's icon.
        is_once: An image has it once: the next one takes its place.
        is_shader: It changes how the image is shaded, which Workbench does not do.
        has_edges: It has edges that get smooth with more samples.
    """

    label: ClassVar[str]
    icon: ClassVar[str]
    is_once: ClassVar[bool] = False
    is_shader: ClassVar[bool] = False
    has_edges: ClassVar[bool] = True

    @classmethod
    def name(cls) -> str:
        """For scripts: `ever_zoom.add_` and this is its operator."""
        return cls.label.lower().replace("-", "_").replace(" ", "_")

    @classmethod
    def why_not(cls, scene: Scene) -> str:
        """Why a scene's engine cannot show it; "" if it can."""
        if cls.is_shader and str(scene.render.engine) == WORKBENCH:
            return Text(
                "Workbench shows the images as they are: choose another engine under Output"
            )
        return ""

    @classmethod
    def settings(cls) -> dict[str, tuple[Setting, Any]]:
        """By their names for scripts, what is said of each, and its default."""
        hints = get_type_hints(cls, include_extras=True)
        return {item.name: (hints[item.name].__metadata__[0], item.default) for item in fields(cls)}

    def check(self, item: Object) -> None:
        """Find out, before anything is changed, whether a layer can have it.

        Raises:
            EverZoomError: It cannot.
        """

    def make(self, place: Place) -> None:
        """Make it, below the top of its place."""
        raise NotImplementedError

    def renew(self, place: Place) -> None:
        """After the zoom was built again: bring it up to date."""

    def unmake(self, item: Object) -> None:
        """Take from a layer what it was given, before the objects are removed."""


def add(scene: Scene, control: Object, plan: Plan, effect: Effect) -> Object:
    """Put an effect on the image in view.

    Args:
        scene: Its current frame says which image is in view.
        control: The zoom.
        plan: By which it was built.
        effect: With its settings.

    Returns:
        Its top object. `name_of` says on which image it is.

    Raises:
        EverZoomError: The zoom is not whole, or the image cannot have it. Nothing has been changed.
    """
    reason = effect.why_not(scene)
    if reason:
        raise EverZoomError("{reason}.", reason=reason)
    objects.check_editable(control)
    number = anchors.image_in_view(scene, control)
    anchor = anchors.anchor_of(control, number)
    item = anchor.parent
    if item is None:  # as `anchor_of` has found it by its layer
        raise EverZoomError("The image's anchor is gone: press Build Again.")
    effect.check(item)
    layer = plan.layer_of(number)
    if effect.is_once:
        for top, other in on_images(control):
            if top.parent == anchor and type(other) is type(effect):
                remove(top)
    anchors.use(anchor, control, layer)
    top = bpy.data.objects.new(effect.label, None)
    top[EFFECT] = json.dumps({"effect": effect.name(), **asdict(effect)})
    top[EFFECT_PART] = True
    top.empty_display_size = 0.05
    top.parent = anchor
    control.users_collection[0].objects.link(top)
    top.matrix_basis = _free_place(control, anchors.view_on(plan, number), anchor)
    place = Place(control, plan, layer, item, anchor, top)
    _lift(place)
    effect.make(place)
    return top


def _lift(place: Place) -> None:
    """Bring an effect before its image's relief: not by its own place, which is the user's."""
    view = anchors.view_on(place.plan, place.layer.number)
    turn = Matrix.Rotation(view.turn, 4, "Z")
    lift = anchors.lifted(place.control, view, anchors.relief_height(place.item))
    place.top.matrix_parent_inverse = turn @ lift @ turn.inverted()


def _free_place(control: Object, view: anchors.Room, anchor: Object) -> Matrix:
    """Where an effect's top goes: before the image, at the lowest height that is free."""
    taken = [top.location.z for top in anchor.children if top.get(EFFECT) is not None]
    for number in itertools.count():
        place = (
            Matrix.Rotation(view.turn, 4, "Z")
            @ anchors.lifted(control, view, number * EFFECT_ABOVE * view.size[0])
            @ Matrix.Translation((*view.centre, anchors.HEIGHT))
            @ Matrix.Scale(view.size[0], 4)
        )
        apart = 0.99 * EFFECT_ABOVE * view.size[0]
        if all(abs(place.translation.z - other) > apart for other in taken):
            break
    return place


def on_images(control: Object) -> Iterator[tuple[Object, Effect | None]]:
    """The effects of a zoom: their top objects, each with what it is; None: nobody knows."""
    children = anchors.children_by_parent()
    for anchor in anchors.anchors(control):
        for top in sorted(children.get(anchor, ()), key=lambda item: item.name):
            if top.get(EFFECT) is not None:
                yield top, _read(top[EFFECT])


def unseen(scene: Scene, control: Object, *, is_flat: bool) -> list[str]:
    """What hangs on the images and is not shown: the effects, and the names of the user's things.

    Args:
        scene: Its engine may not show some of the effects.
        control: The zoom.
        is_flat: Nothing but the pictures is shown.
    """
    found = {
        Text(effect.label) if effect else top.name
        for top, effect in on_images(control)
        if is_flat or (effect is not None and effect.why_not(scene))
    }
    if is_flat:
        children = anchors.children_by_parent()
        for anchor in anchors.anchors(control):
            for item in children.get(anchor, ()):
                things = children.get(item, []) if item.get(ROLE) == HOLDER else [item]
                found |= {thing.name for thing in things if thing.get(EFFECT) is None}
    return sorted(found)


def name_of(top: Object) -> str:
    """The name of the image that an effect is on."""
    return anchors.image_name(top.parent) if top.parent is not None else ""


def renew(control: Object, plan: Plan) -> None:
    """Bring effects up to date, after a build.

    What those whose top object was deleted have left in their images goes.
    """
    from . import ALL

    layers = {layer.number: layer for layer in plan.layers}
    items = {item: number for number, item in objects.numbered(control, "layer").items()}
    own = set(anchors.anchors(control))
    present = list(on_images(control))
    has = {(top.parent and top.parent.parent, type(effect)) for top, effect in present}
    for item in items:
        for kind in ALL:
            if not has & {(item, kind), (item, type(None))}:  # nobody knows what the latter is
                kind().unmake(item)
    for top, effect in present:
        anchor = top.parent
        item = anchor.parent if anchor is not None else None
        if anchor is None or item is None or items.get(item) not in layers:
            continue
        _own_materials(top, anchor, own)
        if effect is not None:
            place = Place(control, plan, layers[items[item]], item, anchor, top)
            _lift(place)
            effect.renew(place)


def _own_materials(top: Object, anchor: Object, own: set[Object]) -> None:
    """Let a copied zoom's effect follow that one's anchor: Blender's copies share materials.

    Args:
        top: The effect's top object.
        anchor: It is on that.
        own: All anchors of the zoom.
    """
    copies: dict[Material, Material] = {}
    for item in top.children_recursive:
        for slot in item.material_slots if item.get(EFFECT_PART) else ():
            material = slot.material
            if material is None or not material.get(EFFECT_PART):
                continue
            if not _foreign(material, own):
                continue
            if material not in copies:
                copies[material] = material.copy()
                for target in _foreign(copies[material], own):
                    target.id = anchor
            slot.material = copies[material]


def _foreign(material: Material, own: set[Object]) -> list[Any]:
    """Where the drivers of a material and of its nodes read other zooms' anchors."""
    animations = [owner.animation_data for owner in (material, material.node_tree) if owner]
    return [
        target
        for animation in filter(None, animations)
        for curve in animation.drivers
        for variable in curve.driver.variables
        for target in variable.targets
        if target.id is not None and target.id.get(ANCHOR) is not None and target.id not in own
    ]


def remove(top: Object) -> None:
    """Take an effect away: all that was made for it, but nothing that the user added to it."""
    anchor, effect = top.parent, _read(top.get(EFFECT))
    if anchor is not None and anchor.parent is not None and effect is not None:
        effect.unmake(anchor.parent)
    ours = [item for item in (top, *top.children_recursive) if item.get(EFFECT_PART)]
    for item in ours:
        for child in set(item.children) - set(ours):
            place = child.matrix_world.copy()
            child.parent = anchor
            child.matrix_world = place
    materials = {slot.material for item in ours for slot in item.material_slots}
    data = {item.data for item in ours}
    bpy.data.batch_remove(ours)
    for group in (data, materials):  # data first, as it uses the materials
        made = [item for item in group if item is not None and item.get(EFFECT_PART)]
        bpy.data.batch_remove([item for item in made if not item.users])
    if anchor is not None and not anchor.children:
        anchors.release(anchor)


def _read(note: Any) -> Effect | None:
    """The effect that a top object tells of; None where the note was tampered with."""
    from . import ALL

    try:
        values = plain.record(plain.read_json(note))
        kind = {kind.name(): kind for kind in ALL}[values["effect"]]
        declared = kind.settings().items()
        # A setting that a later version has added is as it is by default.
        return kind(**{name: _value(values.get(name, said[1]), *said) for name, said in declared})
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return None


def _value(value: Any, setting: Setting, default: Any) -> Any:
    """A setting's value, within its limits.

    Raises:
        TypeError: It is of another kind.
        ValueError: It cannot be read.
    """
    kind = type(default)
    if kind is tuple:
        red, green, blue = (min(max(float(part), 0.0), 1.0) for part in value)
        return red, green, blue
    if isinstance(value, bool) is not (kind is bool):
        raise TypeError(setting.name)
    if kind in (int, float):
        if not math.isfinite(value):
            raise ValueError(setting.name)
        return kind(min(max(value, setting.least), setting.most))
    if not isinstance(value, kind):
        raise TypeError(setting.name)
    return value


# --- What effects are made of ---------------------------------------------------------------------


def faded(expression: str) -> str:
    """An expression of `step` that is 0 until its image fades in, and grows as that does."""
    return f"fade * {expression}" if expression else "fade"


def new_material(name: str) -> tuple[Any, Any, Any]:
    """A new material, its nodes, which are none but the output, and the socket of its surface."""
    material: Any = bpy.data.materials.new(name)
    material[EFFECT_PART] = True
    compat.enable_nodes(material)
    nodes = material.node_tree.nodes
    nodes.clear()
    output = nodes.new("ShaderNodeOutputMaterial")
    if hasattr(material, "cycles"):  # no lamp: sampling it as one costs time and is seen nowhere
        material.cycles.emission_sampling = "NONE"
    return material, nodes, output.inputs["Surface"]


def arrange(nodes: Any) -> None:
    """Put nodes side by side, the output last."""
    for column, node in enumerate([*list(nodes)[1:], nodes[0]]):
        node.location = 200 * column, -160 * (column % 2)


def disc_mesh(points: NDArray[np.float64], core: float, radius: float, sides: int = 16) -> Any:
    """A mesh of discs, each a core (its first material) in a ring of light (its second one).

    Args:
        points: Their middles, of shape (discs, 2).
        core: Radius of the cores; 0: the light reaches to the middle.
        radius: Of the discs.
        sides: Corners of each.

    Returns:
        Each lies a little before the last.
    """
    turns = np.arange(sides) * 2.0 * np.pi / sides
    ring = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    flat = np.concatenate([max(core, 1e-3 * radius) * ring, radius * ring])
    around = [(k, (k + 1) % sides) for k in range(sides)]
    corners, faces, kinds = [], [], []
    for number, point in enumerate(points):
        first = number * 2 * sides
        corners += [(x, y, DISC_ABOVE * number) for x, y in point + flat]
        faces.append([first + k for k in range(sides)])
        faces += [[first + a, first + sides + a, first + sides + b, first + b] for a, b in around]
        kinds += [0 if core else 1] + [1] * sides
    mesh: Any = bpy.data.meshes.new("Discs")
    mesh.from_pydata(corners, [], faces)
    mesh.polygons.foreach_set("material_index", kinds)
    glow = np.tile(np.repeat([1.0, 0.0], sides), len(points))
    attribute = mesh.attributes.new(GLOW_ATTRIBUTE, "FLOAT", "POINT")
    attribute.data.foreach_set("value", glow.astype(np.float32))
    mesh.update()
    return mesh
