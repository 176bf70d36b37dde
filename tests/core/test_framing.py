"""What the frames show of the images."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_ever_zoom_addon.core.findings import Finding, FindingKind
from ai_ever_zoom_addon.core.plan.plan import Plan, make_plan
from ai_ever_zoom_addon.core.series import Series, SeriesImage, uniform_steps
from ai_ever_zoom_addon.settings import FrameSize, ZoomSettings


def plan_of(size: tuple[int, int] = (1000, 1000), count: int = 4, **values: object) -> Plan:
    images = tuple(SeriesImage(Path(f"{k}.png"), *size) for k in range(count))
    chosen = ZoomSettings(**values)  # type: ignore[arg-type]
    return make_plan(Series(images, uniform_steps(count, 2.0)), chosen, (1920, 1080))


@pytest.mark.parametrize(
    ("size", "shape", "resolution"),
    [
        ((1000, 1000), (16, 9), (800, 450)),
        ((1000, 1000), (9, 16), (450, 800)),
        ((1000, 1000), (1, 1), (800, 800)),
        ((1920, 1080), (16, 9), (1536, 864)),
        ((1920, 1080), (9, 16), (486, 864)),
        ((1080, 1920), (1, 1), (864, 864)),
        ((960, 640), (2, 1), (768, 384)),
    ],
)
def test_a_shape_is_as_large_as_the_cropped_image_fills_it(
    size: tuple[int, int], shape: tuple[int, int], resolution: tuple[int, int]
) -> None:
    plan = plan_of(size, resolution_from=FrameSize.SHAPE, shape=shape)
    assert plan.resolution == resolution
    # A pixel of the image is a pixel of the frame.
    assert plan.view_size[0] * size[0] == pytest.approx(resolution[0], rel=5e-3)


@given(st.integers(1, 30), st.integers(1, 30), st.integers(50, 4000), st.integers(50, 4000))
def test_any_shape_lies_within_the_crop(across: int, up: int, width: int, height: int) -> None:
    if max(across, up) > 10 * min(across, up):
        return
    plan = plan_of(
        (width, height), resolution_from=FrameSize.SHAPE, shape=(across, up), feather=0.0
    )
    assert plan.view_size[0] <= plan.mask.half_size[0] * 2 + 1e-12
    assert plan.view_size[1] <= plan.mask.half_size[1] * 2 + 1e-12
    wanted = across / up
    # To the nearest even number of pixels on either side
    slack = (1 / plan.resolution[0] + 1 / plan.resolution[1]) * 1.01
    assert plan.resolution[0] / plan.resolution[1] == pytest.approx(wanted, rel=slack)


@pytest.mark.parametrize(
    ("name", "resolution"),
    [
        ("1080p", (1920, 1080)),
        ("1440p", (2560, 1440)),
        ("4k", (3840, 2160)),
        ("1080x1920", (1080, 1920)),
        ("1080x1080", (1080, 1080)),
    ],
)
def test_usual_sizes_have_names(name: str, resolution: tuple[int, int]) -> None:
    assert plan_of(resolution_from=FrameSize(name)).resolution == resolution


def test_frames_as_the_images_cost_nothing() -> None:
    assert plan_of().findings == ()
    assert plan_of(resolution_from=FrameSize.SQUARE).findings == ()
    assert plan_of(resolution_from=FrameSize.PIXELS, resolution=(400, 400)).findings == ()


def test_how_much_is_lost_is_said() -> None:
    (lost,) = plan_of(resolution_from=FrameSize.WIDE).findings
    assert lost.kind is FindingKind.OUTSIDE_OF_FRAMES
    assert lost.values["part"] == pytest.approx(1 - 9 / 16, abs=0.002)
    assert lost.values["resolution"] == [800, 450]


def test_how_much_is_enlarged_is_said() -> None:
    (enlarged,) = plan_of(resolution_from=FrameSize.PIXELS, resolution=(1200, 1200)).findings
    assert enlarged == Finding(
        FindingKind.ENLARGED_IN_FRAMES,
        {"times": pytest.approx(1.5), "resolution": [1200, 1200], "sharp": [800, 800]},
    )
    lost, enlarged = plan_of(resolution_from=FrameSize.SCENE).findings
    assert lost.values["part"] == pytest.approx(1 - 9 / 16, abs=0.002)
    assert enlarged.values["times"] == pytest.approx(2.4)
    assert enlarged.values["sharp"] == [800, 450]
