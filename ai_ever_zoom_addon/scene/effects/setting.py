"""How a setting of an effect is declared. Never touches bpy.

Python keeps annotations, and all that their classes reach, to its very end. There bpy as a module
crashes up to 4.5 where anything still holds its types.
"""

from __future__ import annotations

from dataclasses import dataclass

Colour = tuple[float, float, float]  # linear, 0 to 1


@dataclass(frozen=True)
class Setting:
    """What is said of a setting, beside its type and its default.

    Attributes:
        name: As the redo panel has it.
        text: What it does: its tooltip.
        least: The smallest value of a number.
        most: The largest one.
        is_factor: It is a part of something, shown as a slider.
    """

    name: str
    text: str
    least: float = 0.0
    most: float = 1.0
    is_factor: bool = False
