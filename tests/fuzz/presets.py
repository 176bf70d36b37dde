"""Presets that somebody has written, cut or tampered with. Never touches bpy."""

from __future__ import annotations

import builtins
import random

from ai_ever_zoom_addon.core.preset import KEPT, read_preset, understood
from ai_ever_zoom_addon.settings import TABLE, ZoomSettings

RAN = "ever_zoom_fuzz_ran"  # what a preset sets if it is run

_RUNS = (
    f"__import__('builtins').__dict__.__setitem__('{RAN}', 1)",
    f"setattr(__import__('builtins'), '{RAN}', 1)",
    f"exec('import builtins; builtins.{RAN} = 1')",
    f"(lambda: setattr(__import__('builtins'), '{RAN}', 1))()",
    f"[setattr(__import__('builtins'), '{RAN}', 1) for _ in (1,)]",
)
_ODD = (
    *("{[]: 1}", "{{}: 1}", "{{1}, 2}", "{**{}}", "...", "None", "True", "b'x'", "1j", "-1e999"),
    *("1e999-1e999", "0x" + "f" * 5000, "9" * 5000, "''", "'\\0'", "'\\udcff'", "()", "[]"),
    *("(1,) * 9", "'a' * 99", "f'{1}'", "f'{'", "1 if 1 else 2", "zoom.crop", "lambda: 1"),
)
_DEEP = ("-", "+", "~", "not ", "(", "[", "{1: ", "1+", "1**", "a.", "a(", "lambda: ", "1 if ")


def _value(chance: random.Random) -> str:
    match chance.randrange(6):
        case 0:
            return chance.choice(_ODD)
        case 1:
            return chance.choice(_RUNS)
        case 2:
            return chance.choice(_DEEP) * chance.choice((1, 30, 90, 200, 999, 5000, 20000)) + "1"
        case 3:
            return repr(chance.choice((0, 1, -1, 0.5, 2, 10**12, -(10**30), 1e300, "x")))
        case 4:
            part = chance.choice(("0.5", "7", "'a'", "[]"))
            return "[" + ", ".join([part] * chance.choice((1, 2, 3, 5000))) + "]"
    choice = TABLE[chance.choice(KEPT)]
    if choice.limits is None:
        return repr(chance.choice(list(choice.items) or [True, False]))
    return repr(chance.uniform(*choice.limits))


def text(chance: random.Random) -> str:
    """What may be in a preset file."""
    values = ZoomSettings.of_panel().to_dict()
    lines = ["import bpy", "zoom = bpy.context.scene.ever_zoom", ""]
    lines += [f"zoom.{name} = {values[name]!r}" for name in KEPT]
    for _ in range(chance.randrange(6)):
        name = chance.choice([*KEPT, *TABLE, "no_such_thing", "draft", "images"])
        lines.insert(chance.randrange(len(lines) + 1), f"zoom.{name} = {_value(chance)}")
    whole = "\n".join(lines)
    for _ in range(chance.randrange(4)):
        place, length = chance.randrange(len(whole) + 1), chance.randrange(1, 20)
        match chance.randrange(3):
            case 0:
                whole = whole[:place] + whole[place + length :]
            case 1:
                odd = chance.choice("()[]{}'\"\\\n\t:=#\0é\u2028")
                whole = whole[:place] + odd * length + whole[place:]
            case 2:
                whole = whole[:place]
        whole = whole or " "
    return whole


def case(chance: random.Random) -> None:
    """Read one, and choose what it says; nothing of it may be run."""
    try:
        values = understood(read_preset(text(chance)))
        settings = ZoomSettings().having(values)
        assert settings.to_dict().keys() == TABLE.keys()
    finally:
        assert not hasattr(builtins, RAN)
