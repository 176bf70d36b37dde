"""The command line: `blender --command ever_zoom ...`, or `main(argv)` wherever bpy is.

It fills in the same settings as the panel and calls the same functions.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import itertools
import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import bpy

from .arguments import AUTO, read_arguments, settings_from
from .core.analysis.placing import GivenPlacement, read_placements
from .core.analysis.report import Analysis, Source
from .core.files.depth_files import find_depth_maps, unused_depth_maps
from .core.files.folder import about_skipped, check_name, find_images
from .core.files.frames_note import Zoom
from .core.files.moving import is_moving, pictures_of
from .core.files.output import (
    DEFAULT_VIDEO,
    KINDS,
    VIDEO_SUFFIX,
    check_frame_size,
    format_of,
    free_video,
    is_video,
    zoom_name,
)
from .core.files.places import check_apart, check_file, check_kept, is_rendered
from .core.files.stamps import Stamps, check_unchanged, stamps_of
from .core.files.temporary import claim
from .core.files.writing import Writing
from .core.findings import NEWS, Finding, FindingKind, without_repeats
from .core.image_settings import read_timing
from .core.page import PAGE_SUFFIX, folder_beside, is_page
from .core.plan.plan import Plan, make_plan
from .core.series import Series
from .core.steps import Progress, run
from .errors import EverZoomError
from .idle import idle_options
from .names import composed
from .report import report_of
from .scene import contact_sheet, measuring, page, recipe, sample, zooms
from .scene.loading import make_path_relative
from .scene.output import blend_file, farm, output_settings, rendering
from .scene.output.gpu import best_engine, gpu_name
from .scene.output.sound import sound_seconds
from .scene.strips.storing import Saving
from .settings import TABLE, Engine, FileFormat, ImageSettings, Travel, ZoomSettings
from .stopping import Stop, stoppable
from .terminal import STANDARD_OUTPUT, Terminal, own_terminal
from .wording import Way, counted, depth_maps, left_out_lines, sentence, told, why_engine


def main(argv: list[str]) -> int:
    """Run the command line.

    Args:
        argv: The arguments, without the program's name.

    Returns:
        Exit status: 0 only if everything that was asked for was written.
    """
    try:
        options = read_arguments(argv)
    except EverZoomError as error:
        Terminal(sys.stdout, sys.stderr).fail(f"Error: {error}")
        return 1
    except SystemExit as ending:  # --help
        return int(ending.code or 0)
    with own_terminal(options.json) as terminal, stoppable() as stop:
        try:
            _run(options, terminal, stop)
        except EverZoomError as error:
            terminal.fail(f"Error: {told(error, Way.COMMAND_LINE)}")
            return 1
        except OSError as error:  # the disk is full, as a rule
            terminal.fail(f"Error: {error}: check the free space and the permissions.")
            return 1
        except KeyboardInterrupt:
            terminal.fail("Stopped.")
            return 128 + (stop.signal or signal.SIGINT)
    return 0


@dataclass(frozen=True)
class _Input:
    """What is read: the images' files, what is beside them, and how all were when it began."""

    files: list[Path]
    maps: dict[Path, Path]  # depth maps by their images
    skipped: list[str]
    stamps: Stamps
    placements: tuple[GivenPlacement, ...]


@dataclass(frozen=True)
class _Built:
    """A zoom in a scene, and what was found out on the way to it."""

    scene: bpy.types.Scene
    control: bpy.types.Object
    settings: ZoomSettings
    series: Series
    plan: Plan
    found: Mapping[str, Any]  # the analysis as the report has it
    findings: Sequence[Finding]


def _run(options: argparse.Namespace, terminal: Terminal, stop: Stop) -> None:
    def progress(fraction: float, text: str) -> None:
        stop.heed()
        terminal.progress(fraction, text)

    session = claim(Path(bpy.app.tempdir))
    settings = settings_from(options)
    if settings.sound:
        settings = replace(settings, sound_seconds=sound_seconds(settings.sound))
    output = _output(options, settings)
    places = _check_places(options, settings, output, terminal)
    with contextlib.ExitStack() as stack:
        if not settings.folder:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=session))) / "sample"
            folder.mkdir()  # the zoom is called so
            terminal.say("No --input: making the sample series.")
            sample.write_sample(folder, progress=progress)
        else:
            folder = Path(options.folder)  # as it was typed
        given = _read(folder, options, settings, places)
        settings = replace(settings, of_images=_of_images(options.timing, given.files))
        for line in about_skipped(given.skipped):
            terminal.say(line)
        if options.page and options.engine == AUTO and not options.save_blend:
            settings = replace(settings, engine=Engine.CYCLES)  # nothing is rendered
        elif options.engine == AUTO:
            engine = _best_engine(options, settings, given, terminal)
            settings = replace(settings, engine=engine)
        # Before anything long begins.
        output_settings.check_engine(settings.engine)
        rendered = _rendered(output, settings)
        output_settings.check_format(format_of(rendered, settings.file_format))
        idle = idle_options(
            options,
            settings,
            format_of(rendered, settings.file_format),
            {file.name for file in given.maps},
        )
        folder_of_maps = measuring.depth_folder(settings)
        unused = [file.name for file in unused_depth_maps(given.files, folder_of_maps)]
        if unused:
            idle.append(Finding(FindingKind.DEPTH_UNUSED, {"files": unused}))
        built, frames = _build(given, settings, output, places, options, idle, terminal, progress)
        check_unchanged(given.stamps)
        if options.page:
            file = places["--output"]
            run(page.write_steps(built.plan, file, is_beside=options.beside), progress)
            beside = f", and its pictures to {folder_beside(file)}" if options.beside else ""
            terminal.say(f"Wrote a page to {file}{beside}.")
        _write(options, built, rendered, frames, places, given.stamps, terminal, stop)
        if options.json:
            report = {**_report(built, frames), **_written(options, output, places)}
            terminal.report(options.json, json.dumps(report, indent=2, ensure_ascii=False))


def _output(options: argparse.Namespace, settings: ZoomSettings) -> str:
    """Where the frames or the page go, as an absolute path; a folder's ends in a slash.

    Raises:
        EverZoomError: Some name that is given is none, or of a kind that is not written, or an
            option is not for what is written.
    """
    options.is_output_given = options.output is not None
    if options.output is None:
        ending = _ending(settings)
        options.output = DEFAULT_VIDEO.removesuffix(VIDEO_SUFFIX) + ending
        if not (options.overwrite or options.no_render or options.resume):
            options.output = free_video(options.output, os.path.lexists, ending)
    output = str(Path(options.output).absolute())
    if options.output.endswith(("/", "\\")):
        output += "/"
    others = options.save_blend, options.farm, options.json, options.check
    for name in (output, *others, settings.folder):
        check_name(Path(name or "").absolute())
    options.no_render |= options.farm is not None or options.check is not None
    options.page = is_page(output) and not options.no_render
    if not is_page(output):
        format_of(output, settings.file_format)  # or it is said why not
        if options.beside:
            raise EverZoomError(
                f"--beside is for a page: let the name of --output end in {PAGE_SUFFIX}."
            )
    if is_page(output) and options.farm:
        raise EverZoomError(
            f"--farm is for frames, and {options.output} is a page: let --output name a video or "
            "a folder, or leave it out."
        )
    if options.page and (options.frames or options.resume):
        raise EverZoomError(
            f"{'--frames' if options.frames else '--resume'} is not for a page, which has all of "
            "the zoom: leave it out."
        )
    options.no_render |= options.page
    return output


def _ending(settings: ZoomSettings) -> str:
    """Of a video's name, as its format asks for; of a folder's none."""
    chosen = settings.file_format
    return VIDEO_SUFFIX if chosen is FileFormat.AUTO else KINDS[chosen].ending


def _rendered(output: str, settings: ZoomSettings) -> str:
    """Where frames would go: the output, or beside a page."""
    return str(Path(output).with_suffix(_ending(settings))) if is_page(output) else output


def _read(
    folder: Path,
    options: argparse.Namespace,
    settings: ZoomSettings,
    places: Mapping[str, Path],
) -> _Input:
    """Find what is to be read, and make sure that nothing that is written takes its place."""
    is_one_enough = settings.travel is Travel.LOOP or options.place is not None
    files, skipped = find_images(folder, is_one_enough=is_one_enough)
    sounds = [Path(settings.sound)] if settings.sound else []
    maps = find_depth_maps(files, measuring.depth_folder(settings))
    check_kept(places, [*files, *sounds, *maps.values()])
    stills = (pictures_of(file) if file.is_dir() else [file] for file in files)
    stamps = stamps_of([*itertools.chain(*stills), *sounds])
    return _Input(files, maps, skipped, stamps, _placements(options.place, files))


def _build(
    given: _Input,
    settings: ZoomSettings,
    output: str,
    places: Mapping[str, Path],
    options: argparse.Namespace,
    idle: Sequence[Finding],
    terminal: Terminal,
    progress: Progress,
) -> tuple[_Built, tuple[int, int]]:
    """Build the zoom in an empty scene; with it the first and the last frame that are wanted."""
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    scene = bpy.context.scene
    assert scene is not None
    scene.name = zoom_name(given.files[0].parent)
    series, analysis = measuring.find_series(
        given.files, settings, given.skipped, progress, given.placements
    )
    for line in _found(series, analysis):
        terminal.say(line)
    for line in left_out_lines(analysis.left_out if analysis else ()):
        terminal.say(f"Warning: {line}")
    found: dict[str, Any] = analysis.to_json() if analysis else {}
    plan = make_plan(series, settings, output_settings.scene_resolution(scene))
    if not options.no_render:
        check_frame_size(format_of(output, settings.file_format), *plan.resolution)
    first, last = options.frames or (plan.first_frame, plan.last_frame)
    if first > last:
        raise EverZoomError(f"--frames {first}-{last}: name the first frame, then the last one.")
    if not (plan.first_frame <= first <= last <= plan.last_frame):
        raise EverZoomError(
            f"--frames {first}-{last}: this zoom has the frames {plan.first_frame} to "
            f"{plan.last_frame}."
        )
    if "--check" in places:
        run(contact_sheet.write_steps(plan, places["--check"]), progress)
        terminal.say(f"Wrote a picture of all joins to {places['--check']}.")
    # Only in a file that is saved anything can still change.
    seen: range | None = None
    if "--save-blend" not in places:
        rendered = range(0) if options.no_render else range(first, last + 1)
        seen = plan.frames if options.farm else rendered
    run(zooms.prepare_steps(scene, series, settings, seen), progress)
    control = zooms.build_zoom(
        *(scene, series, settings),
        report=found or None,
        placements=given.placements,
        frames=seen,
    )
    found_here = analysis.findings if analysis else ()
    of_plan = recipe.stored_findings(control)
    findings = [*idle, *without_repeats(found_here, of_plan), *of_plan]
    for finding in findings:
        warning = "" if finding.kind in NEWS else "Warning: "
        terminal.say(f"{warning}{sentence(finding, Way.COMMAND_LINE)}")
    return _Built(scene, control, settings, series, plan, found, findings), (first, last)


def _report(built: _Built, frames: tuple[int, int]) -> dict[str, Any]:
    """What --json says of a zoom."""
    told = report_of(
        *(built.series, built.settings, built.plan, built.found, built.findings, Way.COMMAND_LINE)
    )
    return {**told, "frames": list(frames), "zoom": built.control.name}


def _written(
    options: argparse.Namespace, output: str, places: Mapping[str, Path]
) -> dict[str, Any]:
    """What --json says of the files that were asked for."""
    blend, check = places.get("--save-blend"), places.get("--check")
    return {
        "output": None if options.no_render and not options.page else output,
        "is_video": not is_page(output) and is_video(output),
        "blend_file": None if blend is None else str(blend),
        "check_file": None if check is None else str(check),
        "farm_file": str(Path(options.farm).absolute()) if options.farm else None,
    }


def _shown(built: _Built, file_format: FileFormat, stamps: Stamps, *, is_saved: bool) -> Zoom:
    """What the frames of a zoom depend on: frames of another one are not gone on with."""
    images, steps = built.series.images, (*built.series.steps, built.series.closing)
    return {
        **_named(replace(built.settings, file_format=file_format)),
        # The sample's files are made anew each time.
        **{file.name: stamp for file, stamp in stamps.items() if built.settings.folder},
        "how images lie in each other": _digest(
            [image.file.name for image in images], *(asdict(step) for step in steps if step)
        ),
        "how near things are": _digest([image.depth_text for image in images]),
        "the engine's recipe": _digest(output_settings.wanted(built.scene, built.plan)),
        "Blender's version": bpy.app.version_string,
        "--save-blend": is_saved,
    }


# What changes no frame; of a sound its length counts.
_UNSEEN = {"folder", "sound", "depth_folder", "pack_images"}


def _named(settings: ZoomSettings) -> dict[str, Any]:
    """The settings that change frames, by their flags, or by what the panel calls them."""
    return {
        TABLE[name].flags[-1] if TABLE[name].flags else TABLE[name].label: value
        for name, value in settings.to_dict().items()
        if name not in _UNSEEN
    }


def _digest(*values: Any) -> str:
    """What stands for values; numbers that differ by how a machine calculates are the same."""

    def rounded(value: Any) -> Any:
        if isinstance(value, float):
            return f"{value:.6g}"
        if isinstance(value, dict):
            return {key: rounded(part) for key, part in value.items()}
        return [rounded(part) for part in value] if isinstance(value, list | tuple) else value

    return hashlib.sha256(json.dumps(rounded(values)).encode()).hexdigest()[:16]


def _write(
    options: argparse.Namespace,
    built: _Built,
    output: str,
    frames: tuple[int, int],
    places: Mapping[str, Path],
    stamps: Stamps,
    terminal: Terminal,
    stop: Stop,
) -> None:
    """Write what was asked for of a zoom: the file, the farm's file, the frames."""
    scene, blend = built.scene, places.get("--save-blend")
    file_format = format_of(output, built.settings.file_format)
    zoom = _shown(built, file_format, stamps, is_saved=blend is not None)
    stop.heed()
    output_settings.set_output(scene, output, file_format)
    if blend is not None:
        if output.startswith(f"{blend.parent}{os.sep}"):  # what is moved as a whole stays so
            inside = output[len(str(blend.parent)) + 1 :]
            output_settings.set_output(scene, f"//{inside}", file_format)
        for item in (*bpy.data.images, *bpy.data.sounds):
            make_path_relative(item, blend.parent)
        _save(blend)
        terminal.say(f"Saved {blend}.")
    stop.heed()
    if options.farm:
        for line in farm.prepare(scene, Path(options.farm)):
            terminal.say(line)
    stop.heed()
    if options.is_output_given and blend is None:
        for option in [name for name in ("--check", "--farm") if getattr(options, name[2:])]:
            terminal.say(f"Nothing is rendered to {output}: leave out {option} for that.")
    if not options.no_render:
        first, last = frames
        if file_format is FileFormat.WEBP and range(first, last + 1) == built.plan.frames:
            last = built.plan.frames_over_and_over[-1]
        sizes = ((image.width, image.height) for image in built.series.images)
        wanted = None if options.jobs == AUTO else options.jobs
        jobs = rendering.processes(scene, wanted, sizes)
        if jobs > 1:
            terminal.say(f"Rendering by {jobs} processes at once.")
        # Whoever asks for the file gets the frames that the file renders.
        written = rendering.render_animation(
            *(scene, output, first, last, terminal.progress),
            file_format=file_format,
            sharp=blend is None,
            jobs=jobs,
            say=terminal.say,
            resume=options.resume,
            stamps=stamps,
            zoom=zoom,
        )
        kept = last - first + 1 - written if options.resume else 0
        were_there = f" {kept} were there already." if kept else ""
        terminal.say(f"Wrote {counted(written, 'frame')} to {output}.{were_there}")


def _check_places(
    options: argparse.Namespace, settings: ZoomSettings, output: str, terminal: Terminal
) -> dict[str, Path]:
    """Find out, before anything is made, whether everything that is asked for can be written.

    Returns:
        By option, where it really comes to lie, beyond all links.

    Raises:
        EverZoomError: Something cannot, or would take the place of what is there.
    """
    files = _named_files(options)
    frames = None if is_page(output) or is_video(output) else Path(output)
    written = {"--output": Path(output)}
    check_apart(*(files, written) if frames else (files | written, {}))
    is_rendering = not options.no_render
    if is_rendering:
        _check_rendered(options, settings, output, is_folder=frames is not None)
    if options.page or is_rendering:
        files |= written
    if not (options.overwrite or (options.resume and is_rendering)):
        # What standard output goes to is gone on with.
        is_file = terminal.report_descriptor is None
        new = {option: file for option, file in files.items() if is_file or option != "--json"}
        _check_new(new, options, frames)
    return {
        option: path if path == frames else check_file(path, streams=option == "--json")
        for option, path in files.items()
    }


def _named_files(options: argparse.Namespace) -> dict[str, Path]:
    """The files beside the output that are to be written, by option.

    Raises:
        EverZoomError: One has the ending of another kind of file.
    """
    endings = {
        "--save-blend": ".blend",
        "--farm": ".blend",
        "--check": contact_sheet.SUFFIX,
        "--json": "",
    }
    named = {option: getattr(options, option[2:].replace("-", "_")) for option in endings}
    for option, ending in endings.items():
        if named[option] and ending and Path(named[option]).suffix != ending:
            raise EverZoomError(f"{option} {named[option]}: use a name that ends in {ending}.")
    return {
        option: Path(name).absolute()
        for option, name in named.items()
        if name and name != STANDARD_OUTPUT
    }


def _check_rendered(
    options: argparse.Namespace, settings: ZoomSettings, output: str, *, is_folder: bool
) -> None:
    """Find out whether frames can be written to the output.

    Raises:
        EverZoomError: They cannot.
    """
    rendering.check_output(output)
    if options.resume and not is_folder:
        raise EverZoomError(
            f"--resume goes on with frames, and {options.output} is one file: render to a "
            "folder of frames."
        )
    if settings.folder and Path(settings.folder).resolve() == Path(output).resolve():
        raise EverZoomError(
            f"The output folder {options.output} is that of the images: choose another one."
        )


def _check_new(files: Mapping[str, Path], options: argparse.Namespace, frames: Path | None) -> None:
    """Make sure that nothing is replaced which was made before: a rule for all that is written.

    Args:
        files: What is to be written, by option.
        options: The command line's.
        frames: The folder of frames, where such are rendered.

    Raises:
        EverZoomError: Something is there already.
    """
    beside = [folder_beside(files["--output"])] if options.page and options.beside else []
    there = [file for file in files.values() if not file.is_dir() and is_rendered(file)]
    there += filter(os.path.lexists, beside)
    if there:
        raise EverZoomError(
            f"{there[0]} is there already: choose another name, or add --overwrite to replace it."
        )
    if frames is not None and frames in files.values() and is_rendered(frames, options.frames):
        raise EverZoomError(
            f"Frames are there already in {frames}: choose another folder, add --resume to go on "
            "with them, or --overwrite to replace them."
        )


def _placements(name: str | None, files: Sequence[Path]) -> tuple[GivenPlacement, ...]:
    """What a file says of how images lie in each other.

    Raises:
        EverZoomError: It cannot be read, is of another form, or names other images.
    """
    if name is None:
        return ()
    placements = read_placements(_text_of(name, "--place"), name)
    pairs = [(f"pair {n}", item.names) for n, item in enumerate(placements, 1)]
    _check_names(name, pairs, files)
    return placements


def _of_images(name: str | None, files: Sequence[Path]) -> tuple[ImageSettings, ...]:
    """What a file says of single images.

    Raises:
        EverZoomError: It cannot be read, is of another form, or names other images.
    """
    if name is None:
        return ()
    images = read_timing(_text_of(name, "--timing"), name)
    entries = [("an entry", [item.image]) for item in images]
    _check_names(name, entries, files)
    found = {composed(file.name): file.name for file in files}
    return tuple(replace(item, image=found[composed(item.image)]) for item in images)


def _text_of(name: str, option: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise EverZoomError(f"{name} cannot be read ({reason}): check {option}.") from None


def _check_names(
    name: str, entries: Iterable[tuple[str, Iterable[str]]], files: Sequence[Path]
) -> None:
    """Check that the entries of a file name images that there are."""
    here = {composed(file.name) for file in files}
    for entry, images in entries:
        for image in images:
            if composed(image) not in here:
                raise EverZoomError(
                    f"{name}: {entry} names {image}, which is none of the images: check the name."
                )


def _best_engine(
    options: argparse.Namespace, settings: ZoomSettings, given: _Input, terminal: Terminal
) -> Engine:
    # A file that is saved is meant for work in Blender.
    needs_planes = bool(
        settings.debug_overlay
        or settings.samples
        or options.save_blend
        or any(map(is_moving, given.files))
        or measuring.has_depth(given.maps, settings)
    )
    if options.farm:
        engine = Engine.CYCLES if needs_planes else Engine.SEQUENCER
        terminal.say(f"Engine: {engine.value} (it runs on every machine of a farm).")
        return engine
    engine = best_engine(needs_planes=needs_planes)
    reason = why_engine(engine, gpu_name(), Way.COMMAND_LINE)
    terminal.say(f"Engine: {engine.value} ({reason}).")
    return engine


def _found(series: Series, analysis: Analysis | None) -> Iterator[str]:
    """What was found, line by line."""
    first = series.images[0]
    sizes = {(image.width, image.height) for image in series.images}
    size = f"{first.width}x{first.height}" if len(sizes) == 1 else f"{len(sizes)} sizes"
    yield (
        f"{counted(len(series.images), 'image')} of {size}, from the outermost, "
        f"{first.file.name}, to the innermost, {series.images[-1].file.name}."
    )
    if series.depth_count:
        yield f"{depth_maps(series.depth_count, len(series.images))}."
    if analysis is None:
        return
    is_measured = any(pair.source is Source.MEASURED for pair in analysis.pairs)
    yield (
        f"{'Measured zoom factor' if is_measured else 'Zoom factor'} {analysis.zoom_factor:.4g}; "
        f"files are {analysis.file_order}{'; the series loops' if analysis.loops else ''}."
    )
    yield "  score  factor    offset px         turn   colour r g b         inner in outer"
    for pair in (*analysis.pairs, *([analysis.closing] if analysis.closing else [])):
        x, y = pair.offset_px
        red, green, blue = pair.gain
        score = f"{pair.score:5.3f}" if pair.source is Source.MEASURED else pair.source.value
        yield (
            f"  {score:5}  {pair.factor:6.4f}  {x:+7.2f} {y:+7.2f}  {pair.turn_deg:+7.2f}  "
            f"x{red:.3f} x{green:.3f} x{blue:.3f}  {pair.inner} in {pair.outer}"
        )


def _save(blend: Path) -> None:
    try:
        with Writing() as writing:
            saving = Saving(blend, writing)
            blend_file.save(writing, blend, is_copy=False)
        saving.finish()
    except OSError as error:
        raise EverZoomError(
            f"{blend} cannot be written ({error.strerror}): choose another place."
        ) from error
