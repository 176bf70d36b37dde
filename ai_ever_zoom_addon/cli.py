"""The command line: `blender --command ever_zoom ...`, or `main(argv)` wherever bpy is.

It fills in the same settings as the panel and calls the same functions.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import bpy

from .core.analysis.report import Analysis
from .core.files.folder import find_images
from .core.files.moving import is_moving
from .core.files.output import is_video
from .core.files.places import check_apart, check_file, check_kept, make_folder
from .core.plan.plan import make_plan
from .core.series import Series
from .errors import EverZoomError
from .scene import zooms
from .scene.loading import make_path_relative
from .scene.output import farm, output_settings, rendering
from .scene.output.gpu import best_engine
from .scene.output.sound import sound_seconds
from .scene.strips import sequencer
from .settings import Centre, Engine, MaskShape, Order, Travel, ZoomSettings
from .terminal import STANDARD_OUTPUT, Terminal, own_terminal
from .wording import Way, sentences

AUTO = "auto"
DEFAULT_OUTPUT = "infinite_zoom.mp4"
_DEFAULTS = ZoomSettings()


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise EverZoomError(f"{message[:1].upper()}{message[1:]}: see --help.")


def make_parser() -> argparse.ArgumentParser:
    """All options; their names are those of the program this add-on descends from."""
    parser = _Parser(
        prog="ever_zoom",
        description="Make an infinite zoom from a folder of outpainted images.",
        epilog="Without --input the built-in sample series is used.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("-i", "--input", metavar="FOLDER", help="folder with the images")
    add(
        "-o",
        "--output",
        metavar="PATH",
        default=DEFAULT_OUTPUT,
        help="a video (*.mp4) or a folder for single frames (default: %(default)s)",
    )
    add(
        "-zf",
        "--zoom-factor",
        metavar="F|auto",
        type=_zoom_factor,
        default=_DEFAULTS.zoom_factor,
        help="how much more each outer image shows, > 1, or auto: measure it (default: 2)",
    )
    add(
        "-zs",
        "--zoom-steps",
        metavar="N",
        type=int,
        default=_DEFAULTS.zoom_steps,
        help="frames from one image to the next (default: %(default)s)",
    )
    add(
        "--length",
        metavar="SECONDS",
        type=float,
        help="how long the whole zoom takes, with its holds, instead of --zoom-steps",
    )
    add(
        "--sound",
        metavar="FILE",
        help="a sound for the video; the zoom gets its length, unless --length is given",
    )
    add(
        "-zc",
        "--zoom-crop",
        metavar="F",
        type=float,
        default=_DEFAULTS.crop,
        help="middle part of the images that is used, 0.1 to 0.95 (default: %(default)s)",
    )
    add("-as", "--auto-sort", action="store_true", help="find the order in the pictures")
    add("-dbg", "--debug", action="store_true", help="draw outlines, centres and figures")
    add("-rev", "--reverse", action="store_true", help="zoom out instead of in")
    add(
        "--travel",
        choices=[travel.value for travel in Travel],
        default=_DEFAULTS.travel.value,
        help="only there, back again as well, or around if the series closes (default: "
        "%(default)s)",
    )
    add(
        "-fps",
        "--frames-per-second",
        metavar="F",
        type=float,
        default=_DEFAULTS.frames_per_second,
        help="frame rate of the video (default: %(default)g)",
    )
    add(
        "-d",
        "--delay",
        metavar="SECONDS",
        type=float,
        default=_DEFAULTS.delay,
        help="hold the first and the last frame, and the turn, so long (default: 0)",
    )
    add(
        "--ease",
        metavar="SECONDS",
        type=float,
        default=_DEFAULTS.ease,
        help="get up to speed, and slow down again, in so long (default: 0)",
    )
    add(
        "--order",
        choices=[order.value for order in Order],
        default=_DEFAULTS.order.value,
        help="which file comes first (default: %(default)s)",
    )
    add(
        "--feather",
        metavar="F",
        type=float,
        default=_DEFAULTS.feather,
        help="soft edge, part of the image's shorter side, 0: hard (default: %(default)s)",
    )
    add(
        "--mask",
        choices=[shape.value for shape in MaskShape],
        default=_DEFAULTS.mask_shape.value,
        help="outline of the inner images (default: %(default)s)",
    )
    add(
        "--centre",
        choices=[centre.value for centre in Centre],
        default=_DEFAULTS.centre.value,
        help="what the view keeps to when images are off centre (default: %(default)s)",
    )
    add(
        "--align",
        action=argparse.BooleanOptionalAction,
        default=_DEFAULTS.align,
        help="find where each image really lies in the next larger one",
    )
    add(
        "--match-colour",
        action=argparse.BooleanOptionalAction,
        default=_DEFAULTS.match_colour,
        help="let the colours of one image glide into the next one's",
    )
    add(
        "--engine",
        choices=[AUTO, *(engine.value for engine in Engine if engine is not Engine.KEEP)],
        default=AUTO,
        help="render engine; auto: what suits the machine (default: %(default)s)",
    )
    add("--samples", metavar="N", type=int, help="samples per pixel (default: the engine's recipe)")
    add(
        "--resolution",
        metavar="WxH|W:H",
        type=_resolution,
        default={},
        help="size of the frames, or their shape, like 16:9 (default: the cropped images')",
    )
    add(
        "--roll",
        metavar="TURNS",
        type=float,
        default=_DEFAULTS.roll,
        help="turns of the picture from one image to the next, clockwise (default: 0)",
    )
    add(
        "--target",
        metavar=("X", "Y"),
        nargs=2,
        type=float,
        default=_DEFAULTS.target,
        help="where in the innermost image the zoom ends, from its centre to the right and up, "
        "as parts of it (default: 0 0)",
    )
    add("--frames", metavar="A-B", type=_frames, help="render only these frames (0 is the first)")
    add("--resume", action="store_true", help="keep the whole frames in the output folder")
    add("--save-blend", metavar="FILE", help="save the scene as a .blend file")
    add("--pack", action="store_true", help="store the images inside the saved .blend file")
    add(
        "--farm",
        metavar="FILE",
        help="save a .blend file that a render farm renders in parts, and do not render here",
    )
    add("--no-render", action="store_true", help="do not render")
    add(
        "--json",
        metavar="FILE|-",
        help="write what was found and done, for scripts; -: to standard output, which gets "
        "nothing else",
    )
    return parser


def main(argv: list[str]) -> int:
    """Run the command line.

    Args:
        argv: The arguments, without the program's name.

    Returns:
        Exit status: 0 only if everything that was asked for was written.
    """
    try:
        options = make_parser().parse_args(argv)
    except EverZoomError as error:
        Terminal(sys.stdout).say(f"Error: {error}")
        return 1
    except SystemExit as ending:  # --help
        return int(ending.code or 0)
    with own_terminal(options.json) as terminal:
        try:
            _run(options, terminal)
        except EverZoomError as error:
            terminal.say(f"Error: {error}")
            return 1
        except OSError as error:  # the disk is full, as a rule
            terminal.say(f"Error: {error}: check the free space and the permissions.")
            return 1
        except KeyboardInterrupt:
            terminal.say("Stopped.")
            return 130
    return 0


def _run(options: argparse.Namespace, terminal: Terminal) -> None:
    settings = _settings(options, Engine.KEEP if options.engine == AUTO else Engine(options.engine))
    output = str(Path(options.output).absolute())
    if options.output.endswith(("/", "\\")):
        output += "/"
    will_be_video = is_video(output)
    options.no_render |= options.farm is not None
    places = _check_places(options, output)
    blend = places.get("--save-blend")
    with contextlib.ExitStack() as stack:
        if options.input is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            terminal.say("No --input: making the sample series.")
            zooms.write_sample(folder, progress=terminal.progress)
        else:
            folder = Path(options.input)
        files, skipped = find_images(folder)
        check_kept(places, [*files, *([Path(options.sound)] if options.sound else [])])
        if skipped:
            terminal.say(f"Skipped, no images: {', '.join(skipped)}.")
        if options.engine == AUTO:
            is_still = not any(map(is_moving, files))
            settings = replace(settings, engine=_best_engine(options, terminal, is_still=is_still))
        bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
        scene = bpy.context.scene
        series, analysis = zooms.find_series(files, settings, skipped, terminal.progress)
        for line in _found(series, analysis):
            terminal.say(line)
        found: dict[str, Any] = analysis.to_json() if analysis else {}
        told = sentences(analysis.findings, Way.COMMAND_LINE) if analysis else []
        plan = make_plan(series, settings, output_settings.scene_resolution(scene))
        for warning in plan.warnings:
            terminal.say(f"Warning: {warning}")
        first, last = options.frames or (plan.first_frame, plan.last_frame)
        if not (plan.first_frame <= first <= last <= plan.last_frame):
            raise EverZoomError(
                f"--frames {first}-{last}: this zoom has the frames {plan.first_frame} to "
                f"{plan.last_frame}."
            )
        control = zooms.build_zoom(scene, series, settings, report=found or None)
        output_settings.set_output(scene, output)
        if blend is not None:
            if output.startswith(f"{blend.parent}{os.sep}"):  # what is moved as a whole stays so
                output_settings.set_output(scene, f"//{output[len(str(blend.parent)) + 1 :]}")
            for item in (*bpy.data.images, *bpy.data.sounds):
                make_path_relative(item, blend.parent)
            sequencer.store_pictures(scene, blend, pack=settings.pack_images)
            _save(blend)
            terminal.say(f"Saved {blend}.")
        if options.farm:
            for line in farm.prepare(scene, Path(options.farm)):
                terminal.say(line)
        if not options.no_render:
            # Whoever asks for the file gets the frames that the file renders.
            sharp = blend is None
            written = rendering.render_animation(
                scene, output, first, last, terminal.progress, sharp=sharp, resume=options.resume
            )
            kept = last - first + 1 - written
            were_there = f" {kept} were there already." if kept else ""
            terminal.say(f"Wrote {written} frames to {output}.{were_there}")
        if options.json:
            report: dict[str, Any] = {
                "order": [image.file.name for image in series.images],
                "zoom_factor": plan.zoom_factor,
                **found,
                "warnings": [*told, *plan.warnings],
                "skipped": list(series.skipped),
                "settings": settings.to_dict(),
                "resolution": list(plan.resolution),
                "frames": [first, last],
                "output": None if options.no_render else output,
                "is_video": will_be_video,
                "blend_file": None if blend is None else str(blend),
                "farm_file": str(Path(options.farm).absolute()) if options.farm else None,
                "zoom": control.name,
            }
            terminal.report(options.json, json.dumps(report, indent=2, ensure_ascii=False))


def _check_places(options: argparse.Namespace, output: str) -> dict[str, Path]:
    """Find out, before anything is made, whether everything that is asked for can be written.

    Returns:
        By option, where it really comes to lie, beyond all links.

    Raises:
        EverZoomError: Something cannot.
    """
    named = {"--save-blend": options.save_blend, "--farm": options.farm, "--json": options.json}
    for option in ("--save-blend", "--farm"):
        if named[option] and Path(named[option]).suffix != ".blend":
            raise EverZoomError(f"{option} {named[option]}: use a name that ends in .blend.")
    files = {
        option: Path(name).absolute()
        for option, name in named.items()
        if name and name != STANDARD_OUTPUT
    }
    frames = None if is_video(output) else Path(output)
    check_apart(files | ({} if frames else {"--output": Path(output)}), frames)
    if not options.no_render:
        rendering.check_output(output)
        if options.resume and not frames:
            raise EverZoomError(
                f"--resume cannot go on with a video, {options.output}: render to a folder of "
                "frames."
            )
        if options.input and Path(options.input).resolve() == Path(output).resolve():
            raise EverZoomError(
                f"The output folder {options.output} is that of the images: choose another one."
            )
        files["--output"] = Path(output)
    return {
        option: path if path == frames else check_file(path, streams=option == "--json")
        for option, path in files.items()
    }


def _best_engine(options: argparse.Namespace, terminal: Terminal, *, is_still: bool) -> Engine:
    # A file that is saved is meant for work in Blender.
    needs_planes = bool(options.debug or options.samples or options.save_blend or not is_still)
    if options.farm:
        engine = Engine.CYCLES if needs_planes else Engine.SEQUENCER
        terminal.say(f"Engine: {engine.value} (it runs on every machine of a farm).")
        return engine
    engine, reason = best_engine(needs_planes=needs_planes)
    terminal.say(f"Engine: {engine.value} ({reason}).")
    return engine


def _settings(options: argparse.Namespace, engine: Engine) -> ZoomSettings:
    sound = str(Path(options.sound).absolute()) if options.sound else None
    length = options.length
    if sound is not None and length is None:
        length = sound_seconds(sound)
    return ZoomSettings(
        zoom_factor=options.zoom_factor,
        zoom_steps=options.zoom_steps,
        length=length,
        sound=sound,
        crop=options.zoom_crop,
        feather=options.feather,
        mask_shape=MaskShape(options.mask),
        order=Order(options.order),
        auto_sort=options.auto_sort,
        centre=Centre(options.centre),
        align=options.align,
        match_colour=options.match_colour,
        reverse=options.reverse,
        travel=Travel(options.travel),
        frames_per_second=options.frames_per_second,
        delay=options.delay,
        ease=options.ease,
        start_frame=0,
        pack_images=options.pack or options.input is None,  # the sample's files are temporary
        debug_overlay=options.debug,
        engine=engine,
        samples=options.samples,
        roll=options.roll,
        target=(options.target[0], options.target[1]),
        **options.resolution,
    )


def _found(series: Series, analysis: Analysis | None) -> Iterator[str]:
    """What was found, line by line."""
    first = series.images[0]
    yield (
        f"{len(series.images)} images of {first.width}x{first.height}, from the outermost, "
        f"{first.file.name}, to the innermost, {series.images[-1].file.name}."
    )
    if analysis is None:
        return
    yield (
        f"Measured zoom factor {analysis.zoom_factor:.4g}; files are {analysis.file_order}"
        f"{'; the series loops' if analysis.loops else ''}."
    )
    yield "  score  factor    offset px        colour r g b         inner in outer"
    for pair in (*analysis.pairs, *([analysis.closing] if analysis.closing else [])):
        x, y = pair.offset_px
        red, green, blue = pair.gain
        yield (
            f"  {pair.score:5.3f}  {pair.factor:6.4f}  {x:+7.2f} {y:+7.2f}  "
            f"x{red:.3f} x{green:.3f} x{blue:.3f}  {pair.inner} in {pair.outer}"
        )
    for item in analysis.left_out:
        yield f"Left out: {item.file}, {item.reason}."
    for warning in sentences(analysis.findings, Way.COMMAND_LINE):
        yield f"Warning: {warning}"


def _save(blend: Path) -> None:
    try:
        make_folder(blend.parent)
        bpy.ops.wm.save_as_mainfile(filepath=str(blend), check_existing=False)
    except (OSError, RuntimeError) as error:
        raise EverZoomError(
            f"{blend} cannot be written ({str(error).strip()}): choose another place."
        ) from error


def _zoom_factor(text: str) -> float | None:
    return None if text == "auto" else float(text)


def _resolution(text: str) -> dict[str, Any]:
    """The setting that says it: a size in pixels, or only a shape."""
    name, sign = ("aspect_ratio", ":") if ":" in text else ("resolution", "x")
    width, height = text.lower().split(sign)
    return {name: (int(width), int(height))}


def _frames(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    return int(first), int(last or first)


# argparse names these in its messages.
_zoom_factor.__name__ = "zoom factor"
_resolution.__name__ = "resolution"
_frames.__name__ = "frames"
