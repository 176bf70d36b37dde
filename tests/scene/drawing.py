"""Draws the panels without a window, strictly: what is asked for must exist. Touches bpy.

Blender draws panels only in a window, and there it swallows errors. This stands in for its layouts:
it refuses properties, operators, menus and icons that do not exist, as Blender would.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

import bpy

SIDEBAR = 300  # pixels that it is wide

_RNA: Any = bpy.types.UILayout.bl_rna
_ICONS = set(_RNA.functions["label"].parameters["icon"].enum_items.keys())


class Layout:
    """Records in `texts` what is written, in `buttons` which operators are offered, in
    `button_texts` what is written on those that are not called as the operator is, in `fields`
    which properties are shown, in `order` texts and properties as they follow each other, and in
    `grey` which of both are greyed out with all around them.

    What can be opened is open, unless `is_all_open` is false: then it is as at first.
    """

    is_all_open: ClassVar[bool] = True

    def __init__(self, context: Any) -> None:
        self._context = context
        self.texts: list[str] = []
        self.buttons: list[str] = []
        self.button_texts: list[str] = []
        self.fields: list[str] = []
        self.order: list[str] = []
        self.grey: list[str] = []
        self.enabled = True

    def _same(self, *_: Any, **__: Any) -> Layout:
        part = Layout(self._context)
        part.texts, part.buttons = self.texts, self.buttons
        part.button_texts, part.fields = self.button_texts, self.fields
        part.order = self.order
        part.grey, part.enabled = self.grey, self.enabled
        return part

    def _note(self, name: str) -> None:
        if not self.enabled:
            self.grey.append(name)

    row = column = box = split = grid_flow = column_flow = _same

    def panel(self, identity: str, *, default_closed: bool = False) -> tuple[Layout, Layout | None]:
        assert identity
        is_open = self.is_all_open or not default_closed
        return self._same(), self._same() if is_open else None

    def separator(self, *_: Any, **__: Any) -> None:
        pass

    def label(
        self, *, text: str = "", icon: str = "NONE", icon_value: int = 0, translate: bool = True
    ) -> None:
        assert isinstance(translate, bool)
        assert icon in _ICONS, icon
        assert isinstance(icon_value, int)
        self.texts.append(text)
        self.order.append(text)

    def prop(self, data: Any, name: str, *, icon: str = "NONE", **_: Any) -> None:
        assert icon in _ICONS, icon
        self.fields.append(name)
        self.order.append(name)
        self._note(name)
        if name.startswith("["):
            data.path_resolve(name)
        else:
            assert name in data.bl_rna.properties, name
            getattr(data, name)

    def operator(self, identity: str, *, text: str = "", icon: str = "NONE", **_: Any) -> Any:
        assert icon in _ICONS, icon
        self.button_texts.append(text)
        group, _dot, name = identity.partition(".")
        kind = getattr(getattr(bpy.ops, group), name).get_rna_type()
        self.buttons.append(identity)
        self._note(identity)
        return _Arguments(kind)

    def operator_menu_enum(self, identity: str, name: str, **options: Any) -> Any:
        made = self.operator(identity, **options)
        assert made.kind.properties[name].type == "ENUM"
        return made

    def popover(self, *, panel: str, icon: str = "NONE", **_: Any) -> None:
        assert icon in _ICONS, icon
        assert hasattr(bpy.types, panel), panel

    def menu(self, identity: str, **_: Any) -> None:
        assert hasattr(bpy.types, identity), identity

    def progress(self, *, factor: float, text: str, translate: bool = True) -> None:
        assert isinstance(translate, bool)
        assert 0.0 <= factor <= 1.0
        self.texts.append(text)

    def template_list(
        self,
        kind: str,
        _identity: str,
        data: Any,
        name: str,
        active: Any,
        active_name: str,
        **_: Any,
    ) -> None:
        assert isinstance(getattr(active, active_name), int)
        shown = getattr(bpy.types, kind)
        for index, item in enumerate(getattr(data, name)):
            one = _Drawn(shown, self._context)
            one.draw_item(self._context, self._same(), data, item, 0, active, active_name, index)
            self.texts += one.layout.texts


class _Arguments:
    kind: Any

    def __init__(self, kind: Any) -> None:
        object.__setattr__(self, "kind", kind)

    def __setattr__(self, name: str, _value: Any) -> None:
        assert name in self.kind.properties, name


class _Drawn:
    """A panel or list that draws: Blender makes those itself, Python cannot."""

    def __init__(self, kind: Any, context: Any) -> None:
        self.kind = kind
        self.layout = Layout(context)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:  # what super() looks at
        return self.kind

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.kind, name)
        return found.__get__(self) if callable(found) and not isinstance(found, type) else found


def _context() -> Any:
    """The current context as a panel in the sidebar has it."""
    window = bpy.context.window_manager.windows[0]
    bpy.context.view_layer.update()  # as Blender does before it draws
    return SimpleNamespace(
        **{
            name: getattr(bpy.context, name)
            for name in ("scene", "active_object", "window_manager", "view_layer")
        },
        window=window,
        screen=window.screen,
        preferences=SimpleNamespace(
            system=SimpleNamespace(ui_scale=1.0),
            ui_styles=bpy.context.preferences.ui_styles,
        ),
        region=SimpleNamespace(width=SIDEBAR),
        area=None,
    )


def draw_panel(name: str) -> Layout:
    """What one panel shows in the current context."""
    kind, context = getattr(bpy.types, name), _context()
    panel = _Drawn(kind, context)
    for part in ("draw_header", "draw_header_preset", "draw"):
        if part in dir(kind) and callable(getattr(kind, part)):
            getattr(panel, part)(context)
    return panel.layout


def draw_panels() -> dict[str, Layout]:
    """Everything that the tab shows in the current context, by the panels' names."""
    names = [
        kind.__name__
        for kind in bpy.types.Panel.__subclasses__()
        if getattr(kind, "bl_category", "") == "Ever Zoom"
    ]
    assert names
    context = _context()
    kinds = {name: getattr(bpy.types, name) for name in names}
    return {
        name: draw_panel(name)
        for name, kind in kinds.items()
        if not hasattr(kind, "poll") or kind.poll(context)
    }


def shown_text() -> str:
    """All that the panels say."""
    return " ".join(text for layout in draw_panels().values() for text in layout.texts)
