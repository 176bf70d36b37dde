"""The rows of the benchmark's table. Never touches bpy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        name: What was measured.
        value: The figure.
        unit: Of the value.
        at_least, at_most: Its limit, if it has one.
        note: What stands in the way, where it is missed.
    """

    name: str
    value: float
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the figure, as it is printed, is at its limit."""
        value = float(f"{self.value:.3g}")
        low, high = (
            None if limit is None else float(f"{limit:.3g}")
            for limit in (self.at_least, self.at_most)
        )
        return (low is None or value >= low) and (high is None or value <= high)

    def __str__(self) -> str:
        limit = ""
        if self.at_least is not None:
            limit = f">= {self.at_least:.3g}"
        elif self.at_most is not None:
            limit = f"<= {self.at_most:.3g}"
        verdict = "" if not limit else "ok" if self.is_met else "MISSED"
        line = f"{self.name:52} {self.value:10.3g} {self.unit:7} {limit:10} {verdict}"
        return line.rstrip() + (f"\n    {self.note}" if self.note and not self.is_met else "")
