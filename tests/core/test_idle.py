"""What was given on the command line and has no effect."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ai_ever_zoom_addon.arguments import make_parser, settings_from
from ai_ever_zoom_addon.core.files.output import format_of
from ai_ever_zoom_addon.idle import idle_options
from ai_ever_zoom_addon.settings import FileFormat, ImageSettings
from ai_ever_zoom_addon.wording import Way, sentences

OF_IMAGES = ImageSettings("a.png", depth=0.1), ImageSettings("b.png", depth=0.0, hold=1.0)


def told(line: str) -> list[str]:
    """What is said of a command line; the rest of the words is always the same."""
    options = make_parser().parse_args(["-i", "folder", *line.split()])
    output = options.output or "zoom.mp4"
    options.page = output.endswith(".html")
    options.no_render |= bool(options.page or options.farm or options.check)
    settings = settings_from(options)
    written = FileFormat.H264 if options.page else format_of(output, settings.file_format)
    settings = replace(settings, of_images=OF_IMAGES if options.timing else ())
    deep = {"a.png"} if settings.depth_folder else set()
    findings = idle_options(options, settings, written, deep)
    assert all(text.startswith("Without effect ") for text in sentences(findings, Way.COMMAND_LINE))
    return [text[15:-1] for text in sentences(findings, Way.COMMAND_LINE)]


@pytest.mark.parametrize(
    ("line", "idle"),
    [
        ("", []),
        ("--samples 2 -dbg --sound a.wav --length 3 --jobs 2 --frames 3 -fps 9", []),
        ("-o out --samples 2 -dbg --resume --format exr --jobs 2 --start-frame 3", []),
        ("-o a.html -zc 0.5 --beside --feather 0 --engine workbench", ["for a page: --engine"]),
        ("--sound a.wav --length 9 -o out", ["for frames: --sound"]),
        ("--sound a.wav -o a.webp", ["for a loop: --sound but for its length"]),
        ("--pack", ["for a video: --pack"]),
        ("--pack --save-blend a.blend", []),
        ("--samples 2 -dbg --check a.png", ["for a picture of joins: --samples, --debug"]),
        ("--frames 1-2 --jobs 2 --farm a.blend", ["for a farm's file: --frames, --jobs"]),
        ("--frames 1-2 --save-blend a.blend --no-render", ["for a saved scene: --frames"]),
        ("--frames 1-2 --save-blend a.blend", []),
        (
            "-o a.html --samples 2 -dbg --jobs 2 --format webm --start-frame 5 --pack",
            ["for a page: --format, --samples, --debug, --start-frame, --pack and 1 more"],
        ),
        (
            "-o a.html --jobs auto --samples 2 --save-blend a.blend",
            ["for a page and a saved scene: --jobs"],
        ),
        (
            "--no-render --jobs 2 --resume --samples 2 --frames 2",
            ["where nothing is written: --resume, --jobs"],
        ),
        ("-zs 9 --length 3", ["beside --length: --zoom-steps"]),
        ("-zs 9 --seconds-per-image 3 -o a.html", ["beside --seconds-per-image: --zoom-steps"]),
        ("-zs 9 --sound a.wav", ["beside --sound: --zoom-steps"]),
        ("-as --order auto", ["beside --auto-sort: --order"]),
        ("-o out --resume --overwrite", ["beside --resume: --overwrite"]),
        ("--engine sequencer --samples 2", ["beside --engine sequencer: --samples"]),
        (
            "--engine workbench --feather 0.1 --match-colour",
            ["beside --engine workbench: --feather, --match-colour"],
        ),
        ("--engine workbench --no-match-colour --no-align", []),
        (
            "--depth-strength 0.2 --black-is-near",
            ["where there is no depth map: --depth-strength, --black-is-near"],
        ),
        ("--depth maps --depth-strength 0.2 --black-is-near", []),
        (
            "--depth maps --depth-strength 0.2 -o a.html",
            ["for a page: --depth, --depth-strength"],
        ),
        (
            "--timing a.json",
            ["where there is no depth map: depth of a.png in --timing, depth of b.png in --timing"],
        ),
        (
            "--timing a.json --depth maps",
            ["where there is no depth map: depth of b.png in --timing"],
        ),
        ("-o a.mov --jobs 2", ["beside --format prores: --jobs"]),
    ],
)
def test_what_has_no_effect_is_told_once(line: str, idle: list[str]) -> None:
    assert told(line) == idle
