"""The command line's options, made from the table in settings.py, and what they say. No bpy.

Their names are those of the program this add-on descends from, each with a long form too.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, NoReturn, get_args

from .core.files.output import DEFAULT_VIDEO
from .core.files.output import KINDS as FORMATS
from .errors import EverZoomError
from .names import typed
from .plain import figure
from .settings import (
    KINDS,
    SHAPES,
    SIZES,
    TABLE,
    Choice,
    Engine,
    FileFormat,
    FrameSize,
    LengthBy,
    Order,
    ZoomSettings,
    command_default,
)

AUTO = "auto"
MOST_JOBS = 256


# What a type of argument is called, in what is said of a wrong one.
_NUMBERS = {int: "a whole number", float: "a number"}
# Sizes by their usual names, beside those of the panel.
_NAMED_SIZES: dict[str, FrameSize | tuple[int, int]] = {
    "720p": (1280, 720),
    "hd": (1280, 720),
    "1080p": FrameSize.FULL_HD,
    "fhd": FrameSize.FULL_HD,
    "1440p": FrameSize.QUAD_HD,
    "qhd": FrameSize.QUAD_HD,
    "2160p": FrameSize.ULTRA_HD,
    "4k": FrameSize.ULTRA_HD,
    "uhd": FrameSize.ULTRA_HD,
}


class _Parser(argparse.ArgumentParser):
    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        # Before 3.13 Python takes -dbg=on for -dbg -o n.
        for word in args or ():
            flag, sign, value = word.partition("=")
            action = self._option_string_actions.get(flag)
            if sign and action is not None and action.nargs == 0:
                names = "/".join(action.option_strings)
                self.error(f"argument {names}: ignored explicit argument {value!r}")
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        # Python's words for `--glide=1`.
        given = re.fullmatch(r"argument (.+): ignored explicit argument '(.*)'", message)
        if given:
            message = f"{given[1]} takes no value, and {given[2]} was given"
        raise EverZoomError(f"{message[:1].upper()}{message[1:]}: see --help.")


def make_parser() -> argparse.ArgumentParser:
    """All options. Those that are settings are in what it parses only where they were given."""
    parser = _Parser(
        prog="ever_zoom",
        description="Make an infinite zoom from a folder of outpainted images.",
        epilog="Without --input the built-in sample series is used.",
        allow_abbrev=False,
        argument_default=argparse.SUPPRESS,
    )
    add = parser.add_argument
    add(
        "-o",
        "--output",
        metavar="PATH",
        default=None,
        help="a video (*.mp4, *.webm, *.mov), a picture that moves (*.webp), a page for browsers "
        f"(*.html) or a folder for single frames (default: {DEFAULT_VIDEO}, or a name like it that "
        "is free)",
    )
    for name, choice in TABLE.items():
        if choice.flags:
            _add_setting(parser, name, choice)
        if name in _PUT_TOGETHER:
            _PUT_TOGETHER[name](parser)
    add(
        "--place",
        metavar="FILE",
        default=None,
        help="placements of images in the next larger ones, in the form that --json writes; any of "
        "them, the rest is measured",
    )
    add(
        "--timing",
        metavar="FILE",
        default=None,
        help="what single images have of their own (hold, pace, crop, feather, mask), in the form "
        "that --json writes",
    )
    add(
        "--frames",
        metavar="A-B",
        type=_frames,
        default=None,
        help="render only these frames, by their numbers",
    )
    add(
        "--resume",
        action="store_true",
        default=False,
        help="keep the whole frames in the output folder",
    )
    add(
        "--overwrite",
        action="store_true",
        default=False,
        help="replace what is there already, of all that is written",
    )
    add(
        "--beside",
        action="store_true",
        default=False,
        help="keep all pictures of a page but the first in a folder beside it, from where they are "
        "loaded as the view comes to them",
    )
    add(
        "--jobs",
        metavar="N|auto",
        type=_jobs,
        default=1,
        help="render by so many Blender processes at once, or by as many as suit the machine; the "
        "frames are the same (default: %(default)s)",
    )
    add("--save-blend", metavar="FILE", default=None, help="save the scene as a .blend file")
    add(
        "--farm",
        metavar="FILE",
        default=None,
        help="save a .blend file that a render farm renders in parts, and do not render here",
    )
    add(
        "--check",
        metavar="FILE",
        default=None,
        help="draw one picture (*.png) of all joins, to look at before anything is rendered, and "
        "do not render",
    )
    add("--no-render", action="store_true", default=False, help="do not render")
    add(
        "--json",
        metavar="FILE",
        default=None,
        help="write what was found and done, for scripts; - is standard output",
    )
    return parser


def _help(name: str, choice: Choice) -> str:
    default = command_default(name)
    told = f"{default:g}" if isinstance(default, float) else str(default)
    if isinstance(default, tuple):
        told = " ".join(f"{part:g}" for part in default)
    limits = ""
    if choice.kind == "factor" and choice.limits:
        limits = f", {choice.limits[0]:g} to {choice.limits[1]:g}"
    shown = "" if isinstance(default, bool) or default == "" else f" (default: {told})"
    text = f"{choice.help[:1].lower()}{choice.help[1:]}{limits}{shown}"
    return text.replace("%", "%%")


def _add_setting(parser: argparse.ArgumentParser, name: str, choice: Choice) -> None:
    kind, text = KINDS[name], _help(name, choice)
    if kind is bool:
        action = argparse.BooleanOptionalAction if command_default(name) else "store_true"
        parser.add_argument(*choice.flags, dest=name, action=action, help=text)
    elif isinstance(kind, type) and issubclass(kind, StrEnum):
        values = [value.value for value in kind]
        as_word = _format if kind is FileFormat else str.lower
        parser.add_argument(*choice.flags, dest=name, type=as_word, choices=values, help=text)
    elif get_args(kind):
        metavar = tuple(choice.name.split())
        part = _number(choice.flags, get_args(kind)[0], choice)
        parser.add_argument(
            *choice.flags, dest=name, nargs=len(metavar), type=part, metavar=metavar, help=text
        )
    else:
        part = _number(choice.flags, kind, choice) if kind in _NUMBERS else kind
        parser.add_argument(*choice.flags, dest=name, type=part, metavar=choice.name, help=text)


def _number(flags: Sequence[str], kind: Any, choice: Choice) -> Callable[[str], Any]:
    """What reads a number of an option, within the limits of what it sets."""
    low, high = choice.limits or (-math.inf, math.inf)

    def read(text: str) -> Any:
        with contextlib.suppress(ValueError):
            if low <= (value := kind(text)) <= high:
                return value
        limits = f"{_NUMBERS[kind]} from {figure(low)} to {figure(high)}"
        raise _wrong(flags, text, f"{limits} {choice.hint}" if choice.hint else limits)

    return read


def _wrong(flags: Sequence[str], text: str, wanted: str) -> EverZoomError:
    """What to say of a value that an option cannot take."""
    return EverZoomError(f"{'/'.join(flags)} {text}: use {wanted}.")


def _format(text: str) -> str:
    """The name of a format; the ending of its files will do."""
    word = text.lower().removeprefix(".")
    names = {kind.suffix[1:]: file_format.value for file_format, kind in reversed(FORMATS.items())}
    return word if word in list(FileFormat) else names.get(word, word)


# --- Options that say more than one setting -------------------------------------------------------


def _add_auto_sort(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-as",
        "--auto-sort",
        dest="sorting",
        action="store_const",
        const={"order": Order.SORTED},
        help="find the order in the pictures, whatever the files are called: as --order sorted",
    )


def _add_zoom_factor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-zf",
        "--zoom-factor",
        metavar="F|auto",
        dest="factor",
        type=_zoom_factor,
        help="how much more each outer image shows, > 1, or auto: measure it (default: 2)",
    )


def _add_seconds(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seconds-per-image",
        metavar="SECONDS",
        type=_number(["--seconds-per-image"], float, TABLE["seconds_per_image"]),
        help="seconds from one image to the next, instead of -zs",
    )


def _add_length(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--length",
        metavar="SECONDS",
        type=_number(["--length"], float, TABLE["length"]),
        help="how long the whole zoom takes, with its holds, instead of -zs",
    )


def _add_sound(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sound",
        metavar="FILE",
        help="a sound for the video; the zoom gets its length, unless another is given",
    )


def _add_resolution(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--resolution",
        metavar="WxH|W:H|NAME",
        dest="size",
        type=_size,
        help="size of the frames, or their shape, like 16:9, or 720p, 1080p, 1440p or 4k (default: "
        "the cropped images')",
    )


def _add_engine(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--engine",
        type=str.lower,
        choices=[AUTO, *(engine.value for engine in Engine if engine is not Engine.KEEP)],
        default=AUTO,
        help="render engine; auto: what suits the machine (default: %(default)s)",
    )


_PUT_TOGETHER = {
    "order": _add_auto_sort,
    "zoom_factor": _add_zoom_factor,
    "seconds_per_image": _add_seconds,
    "length": _add_length,
    "sound": _add_sound,
    "resolution": _add_resolution,
    "engine": _add_engine,
}


_PATHS = (
    *("folder", "output", "sound", "depth_folder", "save_blend", "farm", "check", "json"),
    *("place", "timing"),
)


def read_arguments(argv: list[str]) -> argparse.Namespace:
    """The options that are given.

    Raises:
        EverZoomError: A value is none that its option can have.
        SystemExit: Only help was asked for.
    """
    options = make_parser().parse_args(argv)
    for name in _PATHS:
        if getattr(options, name, None):
            setattr(options, name, typed(getattr(options, name)))
    return options


def settings_from(options: argparse.Namespace) -> ZoomSettings:
    """The settings that the options say; the sound is not measured, the engine may be open.

    Raises:
        EverZoomError: A value is outside its range, or two options contradict each other.
    """
    given = vars(options)
    values = {name: command_default(name) for name in TABLE}
    values |= {
        name: given[name] for name, choice in TABLE.items() if choice.flags and name in given
    }
    values |= given.get("factor", {}) | given.get("size", {}) | given.get("sorting", {})
    for name in ("folder", "sound", "depth_folder"):
        if given.get(name):
            values[name] = str(Path(given[name]).absolute())
    ways = [name for name in ("seconds_per_image", "length") if name in given]
    if len(ways) > 1:
        raise EverZoomError("Give --seconds-per-image or --length, not both.")
    if ways:
        way = LengthBy.SECONDS if ways == ["seconds_per_image"] else LengthBy.WHOLE
        values |= {ways[0]: given[ways[0]], "length_by": way}
    elif "sound" in given:
        values["length_by"] = LengthBy.SOUND
    if options.engine != AUTO:
        values["engine"] = options.engine
    if "folder" not in given:
        values["pack_images"] = True  # the sample's files are temporary
    return ZoomSettings().having(values)


def _zoom_factor(text: str) -> dict[str, Any]:
    if text == AUTO:
        return {"is_factor_measured": True}
    read = _number(["-zf", "--zoom-factor"], float, TABLE["zoom_factor"])
    return {"is_factor_measured": False, "zoom_factor": read(text)}


def _size(text: str) -> dict[str, Any]:
    """The settings that say it: a size by its name or in pixels, or only a shape."""
    in_panel = {size.value: size for size in SIZES}
    named = (_NAMED_SIZES | in_panel).get(text.lower())
    if isinstance(named, FrameSize):
        return {"resolution_from": named}
    sign = ":" if ":" in text else "x"
    limits = TABLE["shape" if sign == ":" else "resolution"].limits or (0, 0)
    try:
        width, height = named or (int(part) for part in text.lower().split(sign))
        if not limits[0] <= min(width, height) <= max(width, height) <= limits[1]:
            raise ValueError
    except ValueError:
        least, most = TABLE["resolution"].limits or (0, 0)
        raise _wrong(
            ["--resolution"],
            text,
            f"a size from {least}x{least} to {most}x{most}, such as 1280x720, a shape, such as "
            f"16:9, or {', '.join(_NAMED_SIZES)}",
        ) from None
    if sign == "x":
        return {"resolution_from": FrameSize.PIXELS, "resolution": (width, height)}
    with contextlib.suppress(StopIteration):
        return {"resolution_from": next(k for k, v in SHAPES.items() if v == (width, height))}
    return {"resolution_from": FrameSize.SHAPE, "shape": (width, height)}


def _frames(text: str) -> tuple[int, int]:
    first, sign, last = text.partition("-")
    try:
        return int(first), int(last if sign else first)
    except ValueError:
        raise _wrong(["--frames"], text, "the first and the last, such as 10-20, or one") from None


def _jobs(text: str) -> int | str:
    if text == AUTO:
        return AUTO
    with contextlib.suppress(ValueError):
        if 1 <= (count := int(text)) <= MOST_JOBS:
            return count
    raise _wrong(["--jobs"], text, f"a whole number from 1 to {MOST_JOBS}, or {AUTO}")
