"""What the command line's words mean."""

from __future__ import annotations

import pytest

from ai_ever_zoom_addon.arguments import make_parser, settings_from
from ai_ever_zoom_addon.core.page import is_page
from ai_ever_zoom_addon.errors import EverZoomError
from ai_ever_zoom_addon.settings import ZoomSettings


def settings_of(*words: str) -> ZoomSettings:
    return settings_from(make_parser().parse_args(words))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("MP4", "h264"),
        (".mp4", "h264"),
        ("H265", "h265"),
        ("mov", "prores"),
        ("WebM", "webm"),
        ("webp", "webp"),
        ("PNG", "png"),
        ("Png-16", "png-16"),
        (".EXR", "exr"),
        ("jpg", "jpeg"),
        ("JPEG", "jpeg"),
    ],
)
def test_a_format_by_its_name_or_its_ending(typed: str, meant: str) -> None:
    assert settings_of("--format", typed).file_format == meant


@pytest.mark.parametrize(
    ("typed", "size"),
    [
        ("720p", (1280, 720)),
        ("HD", (1280, 720)),
        ("1080P", (1920, 1080)),
        ("fhd", (1920, 1080)),
        ("QHD", (2560, 1440)),
        ("2160p", (3840, 2160)),
        ("UHD", (3840, 2160)),
        ("4K", (3840, 2160)),
        ("640X360", (640, 360)),
    ],
)
def test_a_size_by_its_name(typed: str, size: tuple[int, int]) -> None:
    assert settings_of("--resolution", typed).frame_pixels == size


@pytest.mark.parametrize("word", ["EEVEE", "Eevee"])
def test_words_in_capitals(word: str) -> None:
    assert settings_of("--engine", word, "--mask", "Ellipse").engine == "eevee"


@pytest.mark.parametrize("words", [("--frames", "1-"), ("--frames", "1-2-3"), ("--jobs", "two")])
def test_what_is_no_value(words: tuple[str, str]) -> None:
    with pytest.raises(EverZoomError, match=f"^{words[0]} {words[1]}: use "):
        settings_of(*words)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("--glide=1", "^--glide/--no-glide takes no value, and 1 was given"),
        ("-dbg=on", "^-dbg/--debug takes no value, and on was given"),
    ],
)
def test_what_takes_no_value(word: str, said: str) -> None:
    with pytest.raises(EverZoomError, match=said):
        settings_of(word)


def test_what_a_page_is_called() -> None:
    assert is_page("zoom.html") and is_page("zoom.HTM")
    assert not is_page("zoom.html/") and not is_page("zoom.mp4")
