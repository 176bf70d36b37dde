"""Whatever the user does, an answer of one line: no traceback, no crash. Touches bpy.

After each mishap every panel is drawn, live settings are changed, rows are clicked, the zoom is
rendered and built again.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import pytest

from ai_ever_zoom_addon.scene import tags, zooms
from ai_ever_zoom_addon.scene.planes import objects

from .drawing import shown_text
from .nested import write_series

COUNT = 3

operators: Any = bpy.ops

Mishap = Callable[[Any], Any]


def build(folder: Path) -> Any:
    group = bpy.context.scene.ever_zoom
    group.folder = str(folder)
    group.zoom_steps = 4
    # Nothing has to be found in the pictures: that takes time.
    group.is_factor_measured = group.align = group.match_colour = False
    group.order = "outermost-first"
    assert operators.ever_zoom.build() == {"FINISHED"}
    (control,) = objects.controls(bpy.context.scene)
    return control


@pytest.fixture
def control(addon: None, tmp_path: Path) -> Any:
    """A zoom through three images, in a saved file."""
    write_series(tmp_path / "pictures", COUNT)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "zoom.blend"))
    return build(tmp_path / "pictures")


def told(operator: Any, **arguments: Any) -> str:
    """What an operator reports as its error, "" where it works."""
    try:
        assert operator(**arguments) == {"FINISHED"}
    except RuntimeError as error:
        return str(error).removeprefix("Error: ").strip()
    return ""


def assert_is_an_answer(text: str) -> None:
    """One line that ends with what to do."""
    assert "Traceback" not in text
    assert "unexpected" not in text.lower()
    assert "\n" not in text
    assert ":" in text or not text, text


def use(group: Any) -> list[str]:
    """Draw, change and click everything; what the user is told of it."""
    said = []
    for name, value in (
        *(("crop", 0.6), ("zoom_steps", 6), ("reverse", True), ("reverse", False)),
        *(("zoom_steps", 5), ("zoom_steps", 6), ("crop", 0.7)),
    ):
        setattr(group, name, value)
        said.append(group.problem)
    for number in range(COUNT):
        group.active_image = number
    shown_text()
    for text in said:
        assert_is_an_answer(text)
    return said


def remove(item: Any) -> None:
    bpy.data.batch_remove([item])


def layer_of(control: Any, number: int) -> Any:
    return objects.numbered(control, "layer")[number]


def material_of(control: Any, number: int) -> Any:
    return layer_of(control, number).material_slots[0].material


def remove_all(*collections: str) -> None:
    for name in collections:
        bpy.data.batch_remove(list(getattr(bpy.data, name)))


def set_recipe(control: Any, **changes: Any) -> None:
    recipe = json.loads(control[tags.RECIPE]) | changes
    control[tags.RECIPE] = json.dumps(recipe)


def tag(item: Any, name: str, value: Any) -> None:
    item[name] = value


def rename_everything() -> None:
    for item in bpy.data.objects:
        item.name = "x"


def delete_all_drivers() -> None:
    for item in bpy.data.objects:
        item.animation_data_clear()


def delete_the_collection(control: Any) -> None:
    collection = control.users_collection[0]
    for item in collection.objects:
        bpy.context.scene.collection.objects.link(item)
    bpy.data.collections.remove(collection)


def duplicate_a_layer(control: Any) -> None:
    copy = layer_of(control, 1).copy()
    control.users_collection[0].objects.link(copy)


# What can happen, and whether a change of a setting then mends it, or says what to do.
MISHAPS: dict[str, tuple[Mishap, bool]] = {
    "camera deleted": (lambda c: remove(next(objects.parts(c, "camera"))), True),
    "camera's data deleted": (lambda c: remove_all("cameras"), True),
    "layer deleted": (lambda c: remove(layer_of(c, 1)), True),
    "all layers deleted": (lambda c: bpy.data.batch_remove(list(objects.parts(c, "layer"))), True),
    "image deleted": (lambda c: remove(objects.layer_image(layer_of(c, 1))), True),
    "all images deleted": (lambda c: remove_all("images"), True),
    "material deleted": (lambda c: remove(material_of(c, 1)), True),
    "all materials deleted": (lambda c: remove_all("materials"), True),
    "meshes deleted": (lambda c: remove_all("meshes"), True),
    "node group deleted": (lambda c: remove_all("node_groups"), True),
    "nodes deleted": (lambda c: material_of(c, 1).node_tree.nodes.clear(), True),
    "slots cleared": (lambda c: layer_of(c, 1).data.materials.clear(), True),
    "another mesh": (
        lambda c: setattr(layer_of(c, 1), "data", bpy.data.meshes.new("theirs")),
        True,
    ),
    "layer without slots": (
        lambda c: [layer_of(c, n).data.materials.clear() for n in range(COUNT)],
        True,
    ),
    "collection renamed": (lambda c: setattr(c.users_collection[0], "name", "Mine"), True),
    "everything renamed": (lambda c: rename_everything(), True),
    "collection deleted": (delete_the_collection, True),
    "layer duplicated": (duplicate_a_layer, True),
    "layer set free": (lambda c: setattr(layer_of(c, 1), "parent", None), True),
    "layer's number deleted": (lambda c: layer_of(c, 1).pop(tags.NUMBER), True),
    "layer's number a text": (lambda c: tag(layer_of(c, 1), tags.NUMBER, "one"), True),
    "layer's tags deleted": (lambda c: layer_of(c, 1).pop(tags.ROLE), True),
    "zoom level deleted": (lambda c: c.pop("Zoom Level"), True),
    "zoom level a text": (lambda c: tag(c, "Zoom Level", "here"), True),
    "zoom level driven": (lambda c: c.driver_add('["Zoom Level"]'), True),
    "animation deleted": (lambda c: c.animation_data_clear(), True),
    "action deleted": (lambda c: remove_all("actions"), True),
    "drivers deleted": (lambda c: delete_all_drivers(), True),
    "note deleted": (lambda c: c.pop(tags.RECIPE), False),
    "note is garbage": (lambda c: tag(c, tags.RECIPE, "}{"), False),
    "note is a number": (lambda c: tag(c, tags.RECIPE, 3), False),
    "note is a list": (lambda c: tag(c, tags.RECIPE, "[1, 2]"), False),
    "note of an older version": (lambda c: set_recipe(c, version=0), False),
    "note of a newer version": (lambda c: set_recipe(c, version=99), False),
    "note with nonsense inside": (
        lambda c: set_recipe(c, images=[["a", "b", "c"]] * 3, levels=7, steps=[[1], [2]]),
        False,
    ),
    "note with a report that is none": (lambda c: set_recipe(c, report=3), False),
}


@pytest.mark.parametrize("name", MISHAPS)
def test_is_mended_or_says_how(control: Any, name: str) -> None:
    mishap, is_mended = MISHAPS[name]
    mishap(control)
    shown_text()
    for text in (
        (told(operators.ever_zoom.render), *use(control.ever_zoom)) if not is_mended else ()
    ):
        assert_is_an_answer(text)
    problem = use(control.ever_zoom)[-1]
    assert bool(problem) != is_mended, problem
    # Building again mends everything.
    assert told(operators.ever_zoom.build) == ""
    (control,) = objects.controls(bpy.context.scene)
    assert sorted(objects.numbered(control, "layer")) == list(range(COUNT))
    assert all(objects.layer_image(layer_of(control, number)) for number in range(COUNT))
    assert len(list(objects.parts(control, "camera"))) == 1
    assert not zooms.problems(control)
    assert not control.ever_zoom.problem
    arrivals = [1 + number * control.ever_zoom.zoom_steps for number in range(COUNT)]
    levels = [bpy.context.scene.frame_set(frame) or control["Zoom Level"] for frame in arrivals]
    if name != "zoom level driven":  # that is the user's own
        assert levels == pytest.approx([0.0, 1.0, 2.0])


@pytest.mark.parametrize("number", [1, 2])
def test_a_layers_own_mesh_stays(control: Any, number: int) -> None:
    theirs = layer_of(control, number).data.copy()
    layer_of(control, number).data = theirs
    before = [tuple(vertex.co) for vertex in theirs.vertices]
    control.ever_zoom.crop = 0.4
    assert layer_of(control, number).data == theirs
    assert [tuple(vertex.co) for vertex in theirs.vertices] == before
    assert [tuple(vertex.co) for vertex in layer_of(control, 3 - number).data.vertices] != before


# What takes long or needs a window; the first has a test of its own.
NOT_PRESSED = {"render", "sample", "preview"}
MENDING = {"build", "import_series", "use_preset", "use_image", "move_image", "reverse_images"}
ARGUMENTS: dict[str, dict[str, Any]] = {"use_preset": {"name": "Stable Diffusion"}}


def press_every_button(folder: Path) -> list[str]:
    """Press all that are not grey; what is told of it."""
    said = []
    pressed = 0
    # Those that mend the zoom come last.
    for name in sorted(dir(operators.ever_zoom), key=lambda name: name in MENDING):
        operator = getattr(operators.ever_zoom, name)
        arguments = dict(ARGUMENTS.get(name, {}))
        if "filepath" in operator.get_rna_type().properties and name != "use_preset":
            arguments["filepath"] = str(folder / name)
        if name in NOT_PRESSED or not operator.poll():
            continue
        pressed += 1
        try:
            operator(**arguments)
        except RuntimeError as error:
            said.append(str(error).removeprefix("Error: ").strip())
            assert_is_an_answer(said[-1])
        shown_text()
    assert pressed > 3
    return said


@pytest.mark.parametrize("name", MISHAPS)
def test_every_button_answers(control: Any, tmp_path: Path, name: str) -> None:
    MISHAPS[name][0](control)
    press_every_button(tmp_path / "out")


def test_every_button_answers_without_a_zoom(addon: None, tmp_path: Path) -> None:
    assert press_every_button(tmp_path / "out")


def test_every_button_answers_for_a_linked_zoom(control: Any, tmp_path: Path) -> None:
    link(saved_elsewhere(control, tmp_path))
    assert press_every_button(tmp_path / "out")


def test_every_button_answers_for_an_overridden_zoom(control: Any, tmp_path: Path) -> None:
    control = link(saved_elsewhere(control, tmp_path))
    context = bpy.context
    collection = control.users_collection[0]
    collection.override_hierarchy_create(context.scene, context.view_layer)
    control = next(item for item in objects.controls(context.scene) if item.override_library)
    context.view_layer.objects.active = control
    assert press_every_button(tmp_path / "out")


def test_rendering_says_what_is_missing(control: Any, tmp_path: Path) -> None:
    remove(objects.layer_image(layer_of(control, 1)))
    assert "Build Again" in told(operators.ever_zoom.render)
    assert "lost the image" in shown_text()
    control.ever_zoom.crop = 0.7
    assert "lost the image" not in shown_text()
    remove(next(objects.parts(control, "camera")))
    assert "Build Again" in told(operators.ever_zoom.render)
    assert "camera is gone" in shown_text()


def test_a_deleted_folder_is_named(control: Any, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "pictures")
    use(control.ever_zoom)
    assert control.ever_zoom.problem == ""  # nothing has to be read for that
    assert "pictures does not exist" in told(operators.ever_zoom.build)
    assert "a_0.png" in told(operators.ever_zoom.render)
    remove(objects.layer_image(layer_of(control, 1)))
    control.ever_zoom.crop = 0.5
    assert "a_1.png" in control.ever_zoom.problem
    shown_text()


def test_the_parts_of_a_zoom_without_its_control_are_taken_over(control: Any) -> None:
    scene = bpy.context.scene
    layers = objects.numbered(control, "layer")
    theirs = bpy.data.objects.new("bird", None)
    scene.collection.objects.link(theirs)
    theirs.parent = layers[1]
    remove(control)
    assert "control of a zoom is gone" in shown_text()
    use(scene.ever_zoom)
    assert told(operators.ever_zoom.build) == ""
    assert bpy.context.scene == scene
    (control,) = objects.controls(scene)
    assert objects.numbered(control, "layer") == layers
    assert theirs.parent == layers[1]
    assert len(list(objects.parts(control, "camera"))) == 1
    assert not objects.leftovers(scene)


def test_everything_deleted_is_a_new_start(control: Any) -> None:
    remove_all("objects", "collections")
    use(bpy.context.scene.ever_zoom)
    assert not operators.ever_zoom.render.poll()
    assert told(operators.ever_zoom.build) == ""


def test_another_scene_shows_no_zoom(control: Any) -> None:
    bpy.context.window.scene = bpy.data.scenes.new("Other")
    assert "frames of" not in shown_text()
    assert not operators.ever_zoom.render.poll()
    use(bpy.context.scene.ever_zoom)
    bpy.data.scenes.remove(bpy.context.scene)
    assert "frames of" in shown_text()


def test_a_layer_in_edit_mode_is_named(control: Any) -> None:
    layer = layer_of(control, 0)
    bpy.context.view_layer.objects.active = layer
    bpy.ops.object.mode_set(mode="EDIT")
    problem = use(control.ever_zoom)[-1]
    assert layer.name in problem and "Tab" in problem
    assert "Tab" in told(operators.ever_zoom.build)
    bpy.ops.object.mode_set(mode="OBJECT")
    assert told(operators.ever_zoom.build) == ""


def saved_elsewhere(control: Any, tmp_path: Path) -> Path:
    """The file with the zoom, beside its pictures; a new file is open, in another folder."""
    file = tmp_path / "zoom.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(file))
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    bpy.ops.wm.save_as_mainfile(filepath=str(elsewhere / "other.blend"))
    return file


def link(file: Path) -> Any:
    """Link the zoom's collection into the scene; its control."""
    libraries: Any = bpy.data.libraries
    with libraries.load(str(file), link=True) as (there, here):
        here.collections = list(there.collections)
    (collection,) = here.collections
    bpy.context.scene.collection.children.link(collection)
    (control,) = objects.controls(bpy.context.scene)
    return control


def test_a_linked_zoom_is_shown_and_not_changed(control: Any, tmp_path: Path) -> None:
    control = link(saved_elsewhere(control, tmp_path))
    assert control.library is not None
    assert "linked from zoom.blend: open that file" in shown_text()
    before = [tuple(vertex.co) for vertex in layer_of(control, 1).data.vertices]
    assert "linked from zoom.blend" in use(control.ever_zoom)[-1]
    assert [tuple(vertex.co) for vertex in layer_of(control, 1).data.vertices] == before
    assert "linked from zoom.blend" in told(operators.ever_zoom.build)


def test_a_linked_zoom_renders(control: Any, tmp_path: Path) -> None:
    control = link(saved_elsewhere(control, tmp_path))
    scene = bpy.context.scene
    scene.frame_start = scene.frame_end = 1
    scene.render.resolution_x, scene.render.resolution_y = 16, 12
    scene.render.engine = "CYCLES"
    scene.cycles.samples = 1
    scene.render.filepath = str(tmp_path / "frames" / "####")
    assert told(operators.ever_zoom.render) == ""
    assert (tmp_path / "frames" / "0001.png").exists()


def test_a_new_zoom_beside_a_linked_one_is_ones_own(control: Any, tmp_path: Path) -> None:
    link(saved_elsewhere(control, tmp_path))
    assert told(operators.ever_zoom.build, is_new=True) == ""
    (control,) = objects.controls(bpy.context.scene)
    for item in (control, *control.children_recursive):
        assert item.library is None
    for number in range(COUNT):
        assert objects.layer_image(layer_of(control, number)).library is None
    for group in [
        n.node_tree for n in material_of(control, 1).node_tree.nodes if n.type == "GROUP"
    ]:
        assert group.library is None


def test_an_overridden_zoom_is_shown_and_not_changed(control: Any, tmp_path: Path) -> None:
    control = link(saved_elsewhere(control, tmp_path))
    context = bpy.context
    collection = control.users_collection[0]
    collection.override_hierarchy_create(context.scene, context.view_layer)
    control = next(item for item in objects.controls(context.scene) if item.override_library)
    context.view_layer.objects.active = control
    assert "linked from zoom.blend: open that file" in shown_text()
    assert "linked from zoom.blend" in use(control.ever_zoom)[-1]
    assert "linked from zoom.blend" in told(operators.ever_zoom.build)


def test_an_appended_zoom_is_ones_own(control: Any, tmp_path: Path) -> None:
    file = saved_elsewhere(control, tmp_path)
    libraries: Any = bpy.data.libraries
    with libraries.load(str(file), link=False) as (there, here):
        here.collections = list(there.collections)
    (collection,) = here.collections
    bpy.context.scene.collection.children.link(collection)
    (control,) = objects.controls(bpy.context.scene)
    assert use(control.ever_zoom)[-1] == ""
    assert bpy.context.scene.camera in list(objects.parts(control, "camera"))
    assert told(operators.ever_zoom.build) == ""


def test_a_file_without_the_add_on_in_between(control: Any, tmp_path: Path) -> None:
    """Saved, opened and saved by a Blender without the add-on, then by one with it."""
    import ai_ever_zoom_addon

    file = tmp_path / "zoom.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(file))
    ai_ever_zoom_addon.unregister()
    bpy.ops.wm.open_mainfile(filepath=str(file))
    bpy.ops.wm.save_as_mainfile(filepath=str(file))
    ai_ever_zoom_addon.register()
    bpy.ops.wm.open_mainfile(filepath=str(file))
    (control,) = objects.controls(bpy.context.scene)
    assert len(control.ever_zoom.images) == COUNT
    assert use(control.ever_zoom)[-1] == ""
    assert told(operators.ever_zoom.build) == ""


def test_the_sequencer_says_what_it_needs(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path, COUNT)
    control = build(tmp_path)
    control.ever_zoom.engine = "sequencer"
    control.ever_zoom.debug_overlay = True
    assert control.ever_zoom.problem == ""
    assert "overlay" in control.ever_zoom.notes
    assert_is_an_answer(told(operators.ever_zoom.build))
    shown_text()


def test_nothing_is_left_of_a_failed_build(addon: None, tmp_path: Path) -> None:
    for file in write_series(tmp_path, COUNT)[1:]:
        file.write_bytes(b"no image")
    bpy.context.scene.ever_zoom.folder = str(tmp_path)
    assert "a_1.png" in told(operators.ever_zoom.build)
    assert not bpy.data.objects
    assert not bpy.data.materials
    assert not bpy.data.images
    assert len(bpy.data.scenes) == 1
