"""What a new zoom begins with. Touches bpy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import pytest

from ai_ever_zoom_addon.scene.output import gpu, output_settings
from ai_ever_zoom_addon.settings import Engine
from ai_ever_zoom_addon.ui import defaults

from .drawing import draw_panel
from .room import make_zoom

operators: Any = bpy.ops
GPU = "Maker's Best GPU"


def with_gpu(monkeypatch: pytest.MonkeyPatch, name: str | None) -> None:
    """As if this machine had such a GPU, or none."""
    for module in (gpu, defaults):
        monkeypatch.setattr(module, "gpu_name", lambda: name)


def said() -> str:
    return " ".join(draw_panel("EVERZOOM_PT_output").texts)


def test_a_script_without_a_window_has_the_same_engine_everywhere(
    addon: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_gpu(monkeypatch, GPU)
    assert bpy.context.scene.ever_zoom.engine == "cycles"


def test_the_engine_that_suits_the_machine_is_said_with_the_reason(
    addon: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = bpy.context.scene.ever_zoom
    reasons = {
        (GPU, "eevee"): f"Suits this machine: it has a GPU, {GPU}",
        (None, "cycles"): "Suits this machine: no GPU was found; Fast 2D is faster",
        (None, "sequencer"): "Suits this machine: no GPU was found; Cycles is slower",
    }
    for name in (GPU, None):
        with_gpu(monkeypatch, name)
        assert defaults.suitable_engine() is (Engine.EEVEE if name else Engine.CYCLES)
        for engine in Engine:
            group.engine = engine.value
            reason = reasons.get((name, engine.value))
            assert reason in said() if reason else "Suits" not in said(), (name, engine)
    monkeypatch.setattr(gpu, "has_engine", lambda engine: engine is not Engine.CYCLES)
    assert defaults.suitable_engine() is Engine.EEVEE
    group.engine = "eevee"
    assert "no GPU was found, and Cycles is switched off" in said()


def test_a_zoom_that_is_there_keeps_its_engine(
    addon: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make_zoom(tmp_path, bpy.context.scene, engine=Engine.WORKBENCH)
    with_gpu(monkeypatch, GPU)
    monkeypatch.setattr(defaults, "given", lambda: {"engine": defaults.suitable_engine()})
    assert bpy.context.scene.ever_zoom.engine == "workbench"
    other: Any = bpy.data.scenes.new("Other")
    assert other.ever_zoom.engine == "eevee"
    other.ever_zoom.crop = 0.7  # another choice is none of the engine
    monkeypatch.setattr(defaults, "given", dict)
    assert other.ever_zoom.engine == "cycles"
    assert output_settings.has_engine(Engine.CYCLES)
