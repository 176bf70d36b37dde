"""The window's half: properties, operators, panels and menu entries, all thin."""

from __future__ import annotations

from . import (
    anchors,
    background,
    building,
    compositing,
    copies,
    data,
    effects,
    exchange,
    farm,
    images,
    languages,
    manual,
    mending,
    menus,
    mixing,
    of_image,
    output,
    page,
    panels,
    placing,
    preferences,
    presets,
    properties,
    rendered,
    rendering,
    reporting,
    saving,
    seams,
    thumbnails,
    timing,
    view,
    work,
)

MODULES = (
    languages,
    work,
    reporting,
    properties,
    data,
    view,
    building,
    rendered,
    rendering,
    background,
    timing,
    thumbnails,
    mending,
    of_image,
    images,
    presets,
    farm,
    page,
    output,
    placing,
    panels,
    seams,
    anchors,
    effects,
    compositing,
    mixing,
    menus,
    copies,
    exchange,  # before those that save
    saving,
    preferences,
    manual,
)


def register() -> None:
    """Add everything to Blender."""
    for module in MODULES:
        module.register()


def unregister() -> None:
    """Take out what `register` added, in the opposite order."""
    for module in reversed(MODULES):
        module.unregister()
