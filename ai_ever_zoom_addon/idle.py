"""Options of the command line that do nothing, for what is made or beside others. No bpy."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Set
from enum import StrEnum

from .arguments import make_parser
from .core.files.output import KINDS
from .core.findings import Finding, FindingKind
from .settings import TABLE, FileFormat, ZoomSettings


class Made(StrEnum):
    """What a run makes, as its options are told of it."""

    VIDEO = "a video"
    LOOP = "a loop"
    FRAMES = "frames"
    PAGE = "a page"
    SCENE = "a saved scene"
    FARM = "a farm's file"
    CHECK = "a picture of joins"


_RENDERED = {Made.VIDEO, Made.LOOP, Made.FRAMES}
_IN_SCENE = {*_RENDERED, Made.SCENE, Made.FARM}

# What an option counts for, where that is not everything that can be made.
_COUNTS_FOR: Mapping[str, Set[Made]] = {
    "--depth": _IN_SCENE,
    "--depth-strength": _IN_SCENE,
    "--black-is-near": _IN_SCENE,
    "--format": _IN_SCENE,
    "--engine": _IN_SCENE,
    "--samples": _IN_SCENE,
    "--debug": _IN_SCENE,
    "--sound": {Made.VIDEO, Made.SCENE, Made.FARM},
    "--start-frame": _IN_SCENE | {Made.CHECK},
    "--pack": {Made.SCENE},
    "--frames": _RENDERED,
    "--resume": {Made.FRAMES},
    "--jobs": _RENDERED,
    "--beside": {Made.PAGE},
}
# These say how something is written, and count for nothing where nothing is.
_OF_WRITING = {"--pack", "--resume", "--jobs", "--beside"}

# What counts for depth maps only.
_OF_DEPTH = ("--depth-strength", "--black-is-near")

# Beside what else an option does nothing.
_BESIDE: Mapping[str, Set[str]] = {
    "--zoom-steps": {"--seconds-per-image", "--length", "--sound"},
    "--order": {"--auto-sort"},
    "--overwrite": {"--resume"},
    "--samples": {"--engine sequencer"},
    "--feather": {"--engine workbench"},
    "--match-colour": {"--engine workbench"},
    "--jobs": {"--format prores"},
}

# Options that are parsed under another name than their own.
_CALLED = {"sorting": "--auto-sort", "factor": "--zoom-factor", "size": "--resolution"}


def idle_options(
    options: argparse.Namespace,
    settings: ZoomSettings,
    file_format: FileFormat,
    deep: Set[str],
) -> list[Finding]:
    """What was given on the command line and has no effect.

    Args:
        options: What was parsed. `page` says whether a page is written, and `no_render` is set
            where nothing is rendered.
        settings: What comes of them.
        file_format: In which frames are written, or would be.
        deep: The names of the images that have a depth map.
    """
    given = _given(options)
    made = set(_made(options, file_format))
    where = f"for {' and '.join(sorted(made))}" if made else "where nothing is written"
    unused = [
        option
        for option, counts_for in _COUNTS_FOR.items()
        if option in given and counts_for.isdisjoint(made) and (made or option in _OF_WRITING)
    ]
    beside = given - set(unused)
    if made & _IN_SCENE:
        beside |= {f"--engine {settings.engine.value}", f"--format {file_format.value}"}
    idle: dict[str, list[str]] = {where: unused} if unused else {}
    for option in (name for name in _BESIDE if name in given and name not in unused):
        for other in sorted(_BESIDE[option] & beside):
            idle.setdefault(f"beside {other}", []).append(option)
    flat = [] if deep else [name for name in _OF_DEPTH if name in given and name not in unused]
    flat += [
        f"depth of {own.image} in --timing"
        for own in settings.of_images
        if own.depth is not None and own.image not in deep
    ]
    if flat:
        idle["where there is no depth map"] = flat
    if "--sound" in unused and not given & {"--seconds-per-image", "--length"}:
        unused[unused.index("--sound")] = "--sound but for its length"
    return [
        Finding(FindingKind.IDLE_OPTIONS, {"options": names, "where": place})
        for place, names in idle.items()
    ]


def _given(options: argparse.Namespace) -> set[str]:
    """The options that were given and are not their defaults, by their long names."""
    parser = make_parser()
    return {
        TABLE[name].flags[-1]
        if name in TABLE and TABLE[name].flags
        else _CALLED.get(name, f"--{name.replace('_', '-')}")
        for name, value in vars(options).items()
        if value is not False and value != parser.get_default(name)
    }


def _made(options: argparse.Namespace, file_format: FileFormat) -> Iterator[Made]:
    """What the run makes, but for its report."""
    if not options.no_render:
        is_loop = file_format is FileFormat.WEBP
        is_video = KINDS[file_format].is_video
        yield Made.LOOP if is_loop else Made.VIDEO if is_video else Made.FRAMES
    wanted = {
        Made.PAGE: options.page,
        Made.SCENE: options.save_blend,
        Made.FARM: options.farm,
        Made.CHECK: options.check,
    }
    yield from (made for made, is_wanted in wanted.items() if is_wanted)
