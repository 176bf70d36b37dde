"""Values that come out of a file, checked before anything is made of them. Never touches bpy.

Files are tampered with, cut and written by other programs. Whoever reads one takes its values by
these functions, which all raise the same: then a reader needs to know of nothing else.
"""

from __future__ import annotations

import json
import math
import reprlib
from typing import Any

from .texts import Text


def read_json(text: str) -> Any:
    """What a text in JSON says.

    Raises:
        ValueError: It is none, or its parts lie within each other deeper than anybody writes them.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError(Text("it is nested too deep")) from None


def number(value: Any, least: float = -math.inf, most: float = math.inf) -> float:
    """A finite number within limits.

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(Text("{value} is no number", value=told(value)))
    if not (least <= value <= most and abs(value) < 1e300):
        raise ValueError(
            Text(
                "{value} is not from {least} to {most}",
                value=figure(value),
                least=figure(least),
                most=figure(most),
            )
        )
    return float(value)


def whole(value: Any, least: int, most: int) -> int:
    """A whole number within limits.

    Raises:
        ValueError: It is none.
    """
    if number(value, least, most) != int(value):
        raise ValueError(Text("{value} is no whole number", value=figure(value)))
    return int(value)


def flag(value: Any) -> bool:
    """True or false.

    Raises:
        ValueError: It is neither.
    """
    if not isinstance(value, bool):
        raise ValueError(Text("{value} is neither true nor false", value=told(value)))
    return value


def text(value: Any) -> str:
    """A text that can be shown, and can be the name of a file.

    Raises:
        ValueError: It is none, or holds what no name does.
    """
    if not isinstance(value, str):
        raise ValueError(Text("{value} is no text", value=told(value)))
    if "\0" in value:
        raise ValueError(Text("it holds a zero"))
    value.encode("utf-8")  # or it raises
    return value


def row(value: Any, count: int | None = None) -> list[Any]:
    """A list, of `count` members if that is given.

    Raises:
        ValueError: It is none.
    """
    if not isinstance(value, list | tuple):
        raise ValueError(Text("{value} is no list", value=told(value)))
    if count is not None and len(value) != count:
        raise ValueError(Text("{value} has not {count} parts", value=told(value), count=count))
    return list(value)


def record(value: Any) -> dict[str, Any]:
    """Values by their names.

    Raises:
        ValueError: It is something else.
    """
    if not isinstance(value, dict):
        raise ValueError(Text("{value} has no named parts", value=told(value)))
    return value


def told(value: Any) -> str:
    """A value in a few words for a message, however large it is."""
    try:
        return reprlib.repr(value)
    except ValueError:  # digits without end
        return "a number far too large"


def figure(value: float) -> str:
    """A number by as few digits as tell it from all others."""
    if 1e15 < abs(value) < math.inf:
        return f"{'under -' if value < 0 else 'over '}1e15"
    return repr(value).removesuffix(".0")
