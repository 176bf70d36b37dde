"""What a preset says: read, and never run."""

from __future__ import annotations

import pytest

from ai_ever_zoom_addon.core.preset import MOST_BYTES, read_preset, understood
from ai_ever_zoom_addon.errors import EverZoomError


@pytest.mark.parametrize(
    "value",
    ["1+" * 30_000 + "1", "-" * 60_000 + "1", "(" * 60_000, "a." * 30_000 + "a", "1 if " * 12_000],
    ids=lambda value: value[:8],
)
def test_what_is_nested_too_deep_is_no_preset(value: str) -> None:
    with pytest.raises(EverZoomError, match="This preset cannot be read"):
        read_preset(f"zoom.crop = {value}")


@pytest.mark.parametrize(
    "value",
    ["{[]: 1}", "{{}: 1}", "1+" * 500 + "1", "[" * 150 + "]" * 150, "0x" + "f" * 60_000],
    ids=lambda value: value[:8],
)
def test_a_value_that_is_none_is_passed_over(value: str) -> None:
    text = f"zoom.zoom_steps = {value}\nzoom.crop = 0.5\n"
    assert understood(read_preset(text)) == {"crop": 0.5}


def test_a_file_that_is_far_too_long_is_no_preset() -> None:
    with pytest.raises(EverZoomError, match="This preset cannot be read"):
        read_preset("zoom.crop = 0.5\n" * (MOST_BYTES // 16 + 1))


def test_an_older_presets_order_means_the_same() -> None:
    text = "zoom.order = 'auto'\nzoom.auto_sort = True\n"
    assert understood(read_preset(text)) == {"order": "sorted"}
    assert understood(read_preset(text.replace("True", "False"))) == {"order": "auto"}
