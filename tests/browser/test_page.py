"""The page in a real browser: what it shows, against the picture that is known; how it is used."""

from __future__ import annotations

import base64
import dataclasses
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ai_ever_zoom_addon.core import page
from ai_ever_zoom_addon.core.plan.plan import Plan, make_plan
from ai_ever_zoom_addon.core.series import Series, SeriesImage, Step
from ai_ever_zoom_addon.core.steps import run
from ai_ever_zoom_addon.settings import MaskShape, Travel, ZoomSettings
from tests import pictures
from tests.pictures import Array, Nest, Pattern
from tests.series_maker import drawn

from .driver import Browser

SIZE = (256, 192)
FRAME = (204, 154)  # the middle 0.8 of it, in even numbers
SHOWN = FRAME[0] / SIZE[0], FRAME[1] / SIZE[0]  # in widths of a picture
WITHIN_FEATHER = np.s_[12:-12, 12:-12]
DRAWN = "!isDue && [...textures.values()].every(Boolean) && level === target"
PLAYING = "play.textContent === 'Pause'"


@dataclass(frozen=True)
class Made:
    """A page, and what it is made from."""

    file: Path
    plan: Plan


def make(
    folder: Path,
    patterns: list[Pattern],
    steps: list[Step],
    *,
    closing: Step | None = None,
    is_beside: bool = False,
    **chosen: Any,
) -> Made:
    """Write the page of a series whose pictures are known at every point."""
    images = []
    for number, pattern in enumerate(patterns):
        file = pictures.save(pictures.paint(pattern, SIZE), folder / f"{number}.png")
        images.append(SeriesImage(file, *SIZE))
    series = Series(tuple(images), tuple(steps), closing=closing)
    settings = dataclasses.replace(ZoomSettings(), folder=str(folder), zoom_steps=20, **chosen)
    plan = make_plan(series, settings)
    assert plan.resolution == FRAME
    return Made(write(plan, folder / "zoom page.html", is_beside=is_beside), plan)


def write(plan: Plan, file: Path, *, is_beside: bool = False) -> Path:
    read = lambda image: page.PageImage("image/png", image.read_bytes())  # noqa: E731
    run(page.page_steps(plan, file, read, is_beside=is_beside))
    return file


def opened(browser: Browser, made: Made, ratio: float = 1.0, **options: Any) -> None:
    """Open a page in a window in which a frame has its own size, without what lies over it."""
    width, height = FRAME
    browser.open(made.file, (width, height), ratio, **options)
    browser.ask("find('controls').style.display = 'none'")


def shown(browser: Browser, level: float) -> NDArray[np.uint8]:
    """What the page shows at a zoom level, by its slider."""
    browser.ask(f"place.value = {level}; place.dispatchEvent(new Event('input'))")
    browser.wait(DRAWN)
    return browser.shot()


def assert_within_a_level(picture: NDArray[np.uint8], truth: Array) -> None:
    difference = np.abs(picture.astype(np.int16) - pictures.levels(truth))
    assert picture.shape == truth.shape
    # Files hold rounded values, and enlarging and colour gains enlarge what was rounded.
    assert difference.max() <= 2, np.argwhere(difference > 2)[:5]
    assert np.mean(difference > 1) < 1e-4


def waves(count: int) -> list[Pattern]:
    return [pictures.waves(seed, 1.0) for seed in range(count)]


# --- What is shown --------------------------------------------------------------------------------


@pytest.mark.parametrize("ratio", [1.0, 2.0])
@pytest.mark.parametrize("is_ellipse", [False, True])
def test_every_level_shows_what_the_pictures_say(
    browser: Browser, tmp_path: Path, ratio: float, is_ellipse: bool
) -> None:
    gain = np.array([1.2, 0.9, 1.05])

    def gains(index: int, level: float) -> Array:
        below = min(math.floor(level), 2)
        ends = [gain ** (index - number) for number in (below, below + 1)]
        return ends[0] + (level - below) * (ends[1] - ends[0])

    nest = Nest(waves(4), SIZE, 2.0, feather=0.1, ellipse=is_ellipse, gains=gains)
    shape = MaskShape.ELLIPSE if is_ellipse else MaskShape.RECTANGLE
    steps = [Step(2.0, gain=(1.2, 0.9, 1.05))] * 3
    made = make(tmp_path, waves(4), steps, feather=0.1, mask_shape=shape)
    opened(browser, made, ratio)
    size = int(FRAME[0] * ratio), int(FRAME[1] * ratio)
    for level in (0.0, 0.2, 0.5, 1.0, 1.3, 2.7, 3.0):
        truth = nest.view(level, resolution=size, encoded=True)
        assert_within_a_level(shown(browser, level), truth)


@pytest.mark.parametrize("is_beside", [False, True])
def test_off_centre_pictures_of_any_factor(
    browser: Browser, tmp_path: Path, is_beside: bool
) -> None:
    offsets = [(0.1, -0.05), (0.04, 0.06), (-0.08, 0.02)]
    factors = [2.0, 3.1, 2.4]
    nest = Nest(waves(4), SIZE, factors, offsets)
    steps = [Step(f, offset) for f, offset in zip(factors, offsets, strict=True)]
    made = make(tmp_path, waves(4), steps, is_beside=is_beside)
    opened(browser, made)
    beside = sorted(path.name for path in tmp_path.glob("zoom page_pictures/*"))
    assert beside == (["1.js", "2.js", "3.js"] if is_beside else [])
    start = nest.centres[-1] - nest.centres[0]
    for level in (*nest.levels, 0.3, 1.6, 2.45):
        # Where the view is, the plan says; tests/core/test_plan.py tests that.
        place = made.plan.path(np.array([level]))[0][0] * made.plan.zoom_factor**-level
        truth = nest.view(level, centre=start + place, encoded=True)
        assert_within_a_level(shown(browser, level), truth)


def test_turned_pictures_are_upright_when_they_fill_the_view(
    browser: Browser, tmp_path: Path
) -> None:
    steps = [Step(3.0, (0.02, 0.03), turn=25.0), Step(3.5, turn=-40.0), Step(3.0, turn=70.0)]
    opened(browser, make(tmp_path, waves(4), steps))
    for number, level in enumerate(browser.ask("plan.stops")):
        truth = waves(4)[number](*pictures.grid(FRAME, SHOWN))
        assert_within_a_level(shown(browser, level)[WITHIN_FEATHER], truth[WITHIN_FEATHER])


def test_a_ring_goes_round_without_a_seam(browser: Browser, tmp_path: Path) -> None:
    steps = [Step(2.0, (0.05, 0.02), turn=10.0)] * 3
    made = make(tmp_path, waves(3), steps[:2], closing=steps[2], travel=Travel.LOOP)
    opened(browser, made)
    assert browser.ask("plan.ends") == [0, 3] and browser.ask("plan.stops.length") == 3
    for level in (0.0, 1.0, 2.0, 3.0):
        truth = waves(3)[int(level) % 3](*pictures.grid(FRAME, SHOWN))
        assert_within_a_level(shown(browser, level)[WITHIN_FEATHER], truth[WITHIN_FEATHER])
    before, after = shown(browser, 2.999), shown(browser, 0.001)
    assert np.abs(before.astype(int) - after).mean() < 1.5
    browser.press("ArrowRight")
    browser.press("ArrowRight")
    browser.press("ArrowRight")
    browser.wait(DRAWN)
    assert browser.ask("within(level)") == pytest.approx(0.001)
    assert browser.ask("isLooping()")
    # Between the last frame and the first one of the next round.
    assert browser.ask("levelAt(duration - 0.5)") == pytest.approx(3 - 0.5 / 20)


def test_pictures_are_as_sharp_as_they_can_be(browser: Browser, tmp_path: Path) -> None:
    detail = drawn((SIZE[0] * 2, SIZE[1] * 2))
    made = make(tmp_path, waves(2), [Step(2.0)])
    Image.fromarray(detail[::2, ::2]).save(tmp_path / "0.png")
    write(made.plan, made.file)
    with Image.open(tmp_path / "0.png") as image:
        left, top = (SIZE[0] - FRAME[0]) // 2, (SIZE[1] - FRAME[1]) // 2
        part = image.crop((left, top, left + FRAME[0], top + FRAME[1]))
    for ratio, limit in ((1.0, 0.01), (2.0, 0.7), (0.5, 4.0)):
        opened(browser, made, ratio)
        size = int(FRAME[0] * ratio), int(FRAME[1] * ratio)
        kind = Image.Resampling.LANCZOS if ratio < 1 else Image.Resampling.BICUBIC
        truth = np.asarray(part.resize(size, kind), np.float64)
        inner = np.s_[4:-4, 4:-4]  # at its edges the picture goes on
        difference = shown(browser, 0.0)[inner] - truth[inner]
        assert np.sqrt(np.mean(difference**2)) < limit


def test_through_a_hole_the_next_picture_shows(browser: Browser, tmp_path: Path) -> None:
    opaque = np.full(SIZE[::-1], 255, np.uint8)
    with_hole = np.dstack([pictures.levels(pictures.paint(waves(2)[0], SIZE)), opaque])
    with_hole[64:128, 80:176, 3] = 0
    made = make(tmp_path, waves(2), [Step(3.0, is_hole=True, is_given=True)])
    Image.fromarray(with_hole).save(tmp_path / "0.png")
    write(made.plan, made.file)
    opened(browser, made)
    picture = shown(browser, 0.0)
    # The inner picture, a third as wide, lies behind the hole.
    x, y = pictures.grid(FRAME, SHOWN)
    deep = (np.abs(x) < 0.15) & (np.abs(y) < 0.1)
    beyond = (np.abs(x) > 0.2) | (np.abs(y) > 0.15)
    truth = np.where(deep[..., None], waves(2)[1](x * 3, y * 3), waves(2)[0](x, y))
    difference = np.abs(picture.astype(int) - pictures.levels(truth))
    assert difference[deep].max() <= 1 and difference[beyond].max() <= 1


def test_without_scripts_the_first_picture_is_shown(browser: Browser, tmp_path: Path) -> None:
    made = make(tmp_path, waves(3), [Step(2.0)] * 2, reverse=True)
    browser.open(made.file, SIZE, has_scripts=False)
    picture = browser.shot()
    assert picture.shape[:2] == SIZE[::-1]
    middle = 255 * waves(3)[2](*np.zeros((2, 1)))[0]
    assert np.abs(picture[96, 128] - middle).max() < 3
    assert not browser.ask("document.querySelector('#controls').checkVisibility()")


# --- How it is used -------------------------------------------------------------------------------


@pytest.fixture
def opened_page(browser: Browser, tmp_path: Path) -> Browser:
    """A page at the first of four pictures, that does not play."""
    opened(browser, make(tmp_path, waves(4), [Step(2.0)] * 3))
    browser.wait(DRAWN)
    assert browser.ask("level") == 0 and not browser.ask(PLAYING)
    return browser


def test_keys(opened_page: Browser) -> None:
    for key, level in {
        "ArrowRight": 1.0,
        "ArrowUp": 1.1,
        "ArrowLeft": 0.1,
        "ArrowDown": 0.0,
        "End": 3.0,
        "Home": 0.0,
    }.items():
        opened_page.press(key)
        opened_page.wait(DRAWN)
        assert opened_page.ask("level") == pytest.approx(level)
    opened_page.ask("find('controls').style.display = ''; place.focus()")
    opened_page.press("ArrowRight")
    opened_page.wait(DRAWN)
    assert opened_page.ask("level") == pytest.approx(1.0)
    assert opened_page.ask("place.getAttribute('aria-valuetext')") == "Picture 2 of 4"
    opened_page.press("l")
    assert opened_page.ask("loop.getAttribute('aria-pressed')") == "true"
    opened_page.press(" ")
    assert opened_page.ask(PLAYING)
    opened_page.press("k")
    assert not opened_page.ask(PLAYING)


def test_wheel_and_touchpad(opened_page: Browser) -> None:
    opened_page.wheel((100, 50), -200)
    opened_page.wait(f"level > 0 && {DRAWN}")
    assert opened_page.ask("level") == pytest.approx(0.5)
    opened_page.wheel((100, 50), -100 * math.log(2), with_ctrl=True)
    opened_page.wait(f"level > 0.6 && {DRAWN}")
    assert opened_page.ask("level") == pytest.approx(1.5)
    opened_page.wheel((100, 50), 5000)
    opened_page.wait(f"level < 1 && {DRAWN}")
    assert opened_page.ask("level") == 0  # and no further


def test_drag_and_click(opened_page: Browser) -> None:
    opened_page.drag([(100, 130), (100, 100), (100, 53)])
    opened_page.wait(DRAWN)
    assert opened_page.ask("level") == pytest.approx(1.0, abs=0.01)  # half the height
    assert not opened_page.ask(PLAYING)
    opened_page.drag([(100, 50)])
    assert opened_page.ask(PLAYING)


def test_fingers(opened_page: Browser) -> None:
    opened_page.touch([[(80, 70), (120, 70)], [(70, 70), (130, 70)], [(40, 70), (160, 70)]])
    opened_page.wait(DRAWN)
    assert opened_page.ask("level") == pytest.approx(math.log2(3), abs=0.02)
    assert not opened_page.ask(PLAYING)
    opened_page.touch([[(100, 40)], [(100, 70)], [(100, 117)]])
    opened_page.wait(f"level < 1 && {DRAWN}")
    assert opened_page.ask("level") == pytest.approx(math.log2(3) - 1.0, abs=0.02)
    opened_page.touch([[(100, 50)]])
    opened_page.wait(PLAYING)


def test_it_plays_to_its_end_and_again(browser: Browser, tmp_path: Path) -> None:
    made = make(tmp_path, waves(3), [Step(2.0)] * 2, frames_per_second=40.0, ease=0.2)
    browser.open(made.file, FRAME, is_calm=False)  # two pictures of half a second each
    browser.wait("level > 0.2")
    assert browser.ask(PLAYING)
    frame, level = browser.ask("[frame, level]")
    below = math.floor(frame)
    ends = [made.plan.level_at(made.plan.first_frame + below + more) for more in (0, 1)]
    assert level == pytest.approx(ends[0] + (frame - below) * (ends[1] - ends[0]))
    browser.wait(f"!({PLAYING})")
    assert browser.ask("level") == 2
    browser.ask("play.click()")
    browser.wait("level > 0.1 && level < 1.9")
    browser.ask("loop.click(); speed.value = 4; window.most = 0")
    browser.wait("most = Math.max(most, level), level < most - 0.5")
    assert browser.ask(PLAYING)
    # Fingers that the system takes for something of its own do not stop it.
    browser.ask("find('controls').hidden = true")  # they lie over the most of so small a window
    browser.send("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": 99, "y": 50}])
    browser.wait("pointers.size === 1 && !isDue")
    browser.send("Input.dispatchTouchEvent", type="touchCancel", touchPoints=[])
    browser.wait("pointers.size === 0 && isDue")
    browser.ask("find('controls').hidden = false")
    # While it plays the controls go; they come again when something is done.
    browser.wait("stage.classList.contains('idle')")
    browser.ask("place.focus()")
    assert browser.ask("getComputedStyle(find('controls')).opacity") != "0"


def test_there_and_back_goes_on_the_same_way(browser: Browser, tmp_path: Path) -> None:
    made = make(tmp_path, waves(3), [Step(2.0)] * 2, travel=Travel.THERE_AND_BACK)
    browser.open(made.file, FRAME)
    browser.ask("frame = 65; go(1.25, true)")  # on its way back
    assert browser.ask("frame") == 55
    browser.ask("go(2, true); go(1.25, true)")
    assert browser.ask("frame") in (25, 55)


def test_another_size_is_sharp(opened_page: Browser) -> None:
    for size, ratio in (((300, 100), 1.0), ((100, 200), 2.5)):
        opened_page.resize(size, ratio)
        width = min(size[0], size[1] * FRAME[0] / FRAME[1])
        height = width * FRAME[1] / FRAME[0]
        opened_page.wait(f"Math.abs(canvas.width - {width * ratio}) <= 1 && {DRAWN}")
        opened_page.wait(f"Math.abs(canvas.height - {height * ratio}) <= 1")
        box = opened_page.ask("[canvas.clientWidth, canvas.clientHeight]")
        assert box == pytest.approx([width, height], abs=1)


def test_only_pictures_near_the_view_are_in_memory(browser: Browser, tmp_path: Path) -> None:
    made = make(tmp_path, waves(12), [Step(2.0)] * 11)
    opened(browser, made)
    for level in (0, 5.5, 11):
        shown(browser, level)
        there = browser.ask("[...textures.keys()]")
        assert 1 <= len(there) <= 6 and all(abs(number - level) < 4 for number in there)


# --- What is in it --------------------------------------------------------------------------------


def test_it_is_one_file_that_asks_for_nothing(tmp_path: Path) -> None:
    made = make(tmp_path / "a <b> & c", waves(3), [Step(2.0)] * 2)
    text = made.file.read_text(encoding="utf-8")
    assert not re.search(r"https?://", re.sub(r"base64,[\w+/=]+", "", text))
    assert "<title>a &lt;b&gt; &amp; c</title>" in text
    assert text.count('"a &lt;b&gt; &amp; c: a zoom through 3 pictures"') == 2  # alt and label
    assert not re.search(r"{{\w+}}", text)
    for number in range(3):
        (data,) = re.findall(rf'id="picture-{number}".*?;base64,([\w+/=]+)', text)
        assert base64.b64decode(data) == made.file.with_name(f"{number}.png").read_bytes()
    script = text.rpartition("<script>")[2].partition("</script>")[0]
    assert len([line for line in script.splitlines() if line.strip()]) < 300


@pytest.mark.parametrize("is_beside", [False, True])
def test_work_that_is_given_up_leaves_what_was_there(tmp_path: Path, is_beside: bool) -> None:
    made = make(tmp_path / "series", waves(3), [Step(2.0)] * 2)
    file = tmp_path / "zoom.html"
    file.write_text("mine")
    read = lambda image: page.PageImage("image/png", image.read_bytes())  # noqa: E731
    steps = page.page_steps(made.plan, file, read, is_beside=is_beside)
    for _ in range(3):
        next(steps)
    assert len(list(tmp_path.iterdir())) > 2  # it is being written
    steps.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["series", "zoom.html"]
    assert file.read_text() == "mine"
