"""The words for what was found, in the window and on the command line. Never touches bpy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any

from .core.analysis.report import LeftOut
from .core.findings import Finding, FindingKind, FoundError, is_named, listed
from .errors import EverZoomError
from .settings import Engine
from .texts import Text


class Way(StrEnum):
    """Where the user is: what to do about something is called differently there."""

    WINDOW = "window"
    COMMAND_LINE = "command line"


# {remedy}: what to do, or what a choice is called, see below.
_SENTENCES = {
    FindingKind.UNRELATED: ("None of the {count} images lies in another one: {remedy}."),
    FindingKind.ONE_IMAGE: (
        "The folder {folder} holds only one image ({image}), and an infinite zoom needs at least "
        "two: add the others, or let it repeat in itself; {remedy}."
    ),
    FindingKind.SEPARATE_SERIES: (
        "There are {count} separate series: number {number} is used (1 is the longest), {files} "
        "left out; {remedy}."
    ),
    FindingKind.CONTRADICTED_ORDER: (
        "The pictures contradict the chosen order {chosen}: in {agreeing} of {pairs} pairs they "
        "are {shown}; {remedy}."
    ),
    FindingKind.SHUFFLED_FILES: (
        "The files are not in the zoom's order ({against} of {pairs} neighbours lie the other way "
        "round): {remedy}."
    ),
    FindingKind.SORTED_BY_PICTURES: (
        "The names of the files do not follow the zoom ({against} of {pairs} neighbours lie the "
        "other way round): the images were sorted by the pictures; {remedy}."
    ),
    FindingKind.LOOP_BY_COPY: (
        "{copy} is a copy of {image}: it is left out, and the series is a loop; {remedy}."
    ),
    FindingKind.ALL_IN_MIDDLE: (
        "None of the {count} images lies in another one: each is placed in the middle of the next "
        "larger one, with a zoom factor of {factor:.4g}; {remedy}."
    ),
    FindingKind.NOT_FOUND: (
        "{count} of {pairs} inner images were not found in the next larger one (first: {inner} in "
        "{outer}): they are placed as is usual here, with a zoom factor of {factor:.4g}; {remedy}."
    ),
    FindingKind.PLACED_AS_OTHERS: (
        "{count} of {pairs} inner images are placed as the others are, with a zoom factor of "
        "{factor:.4g}, which fits better than what they show themselves (worst: {inner} in "
        "{outer}); {remedy}."
    ),
    FindingKind.PAINTED_AGAIN: (
        "{count} of {pairs} inner images were painted again in the next larger one (worst: "
        "{inner} in {outer}, score {score:.2f}): alignment cannot hide that, a wide feather "
        "softens it."
    ),
    FindingKind.MISSING_IMAGES: (
        "Images are missing (places: {count}; first: {outer} and {inner} lie {steps} steps apart, "
        "with a zoom factor of {factor:.4g}, elsewhere about {usual:.4g}): add them to the folder, "
        "or go on with a faster step there."
    ),
    FindingKind.VARYING_FACTOR: (
        "The zoom factor varies from {least:.4g} to {most:.4g}: each pair keeps its own."
    ),
    FindingKind.OTHER_FACTOR: (
        "The zoom factor is set to {given:.4g}, but the images show {shown:.4g}: {remedy}."
    ),
    FindingKind.NO_RING: (
        "The innermost image was not found to contain the outermost one: the loop jumps where it "
        "starts again; {remedy} never does."
    ),
    FindingKind.ROUNDED_ROLL: (
        "The picture turns {roll:.4g} times from one image to the next instead of {wanted:.4g}, "
        "so that the loop ends as it begins."
    ),
    FindingKind.ENLARGED_AT_BORDER: (
        "The pictures are shown {times:.2f} times as large so that no border is seen."
    ),
    FindingKind.ENLARGED_BY_ROLL: (
        "The pictures are shown {times:.2f} times as large so that no border is seen while the "
        "camera rolls."
    ),
    FindingKind.MOVED_AT_BORDER: (
        "The view keeps up to {part:.0%} of the width away from the middle of {files}, which reach "
        "beyond the images around them, so that no border is seen: placed further inside they are "
        "shown whole."
    ),
    FindingKind.NEARER_TARGET: (
        "The zoom ends at {target[0]:.3f}, {target[1]:.3f} instead of {wanted[0]:.3f}, "
        "{wanted[1]:.3f}, or its frames would leave the images: a smaller crop lets it go further."
    ),
    FindingKind.OUTSIDE_OF_FRAMES: (
        "{part:.0%} of the cropped pictures is outside of frames of {resolution[0]} x "
        "{resolution[1]} pixels."
    ),
    FindingKind.ENLARGED_IN_FRAMES: (
        "Frames of {resolution[0]} x {resolution[1]} pixels show the pictures {times:.2f} times as "
        "large as they are: up to {sharp[0]} x {sharp[1]} they are sharp."
    ),
    FindingKind.ENLARGED_IMAGES: (
        "Frames of {resolution[0]} x {resolution[1]} pixels show some pictures larger than they "
        "are, up to {times:.2f} times ({files}): up to {sharp[0]} x {sharp[1]} all are sharp."
    ),
    FindingKind.IDLE_ENDS: ("A loop has no ends: delay, eased ends and target are without effect."),
    FindingKind.GLIDING: (
        "{count} of {pairs} inner images were painted again with shapes in other places: in frames "
        "the one version glides into the other while the view passes their seams."
    ),
    FindingKind.IDLE_GLIDE: (
        "{count} of {pairs} inner images were painted again with shapes in other places: {remedy}."
    ),
    FindingKind.IDLE_OVERLAY: ("{remedy} does not draw the debug overlay: the other engines do."),
    FindingKind.IDLE_OPTIONS: ("Without effect {where}: {options}."),
    FindingKind.IDLE_DEPTH: (
        "{remedy} shows the pictures flat, whatever their depth maps say: the other engines show "
        "depth."
    ),
    FindingKind.IDLE_THINGS: (
        "{engine} does not show what was put on the images: {things}. EEVEE and Cycles do."
    ),
    FindingKind.DEPTH_UNREAD: ("Depth maps {flaw}, and their images stay flat: {files}."),
    FindingKind.DEPTH_UNUSED: (
        "Depth maps belong to no image: {files}; name each as its image is."
    ),
    FindingKind.OTHER_PROFILE: (
        "This Blender has no colour space for the profile {profiles} of {files}: it takes the "
        "colours for sRGB, and they come out {effect}; convert the images to sRGB."
    ),
    FindingKind.CURVE_REPLACED: (
        "The Zoom Level curve that you edited was replaced, as the timing has another shape now: "
        "Undo brings it back."
    ),
    FindingKind.STANDING_STILL: (
        "Workbench before Blender 4.5 does not play {files}: choose another engine."
    ),
    FindingKind.OTHER_FRAMES: (
        "Your settings are kept: the scene has the frames {frames[0]} to {frames[1]}, the zoom "
        "{wanted[0]} to {wanted[1]}."
    ),
    FindingKind.OTHER_COLOURS: (
        "No view transform of this colour configuration leaves pictures as they are: frames have "
        'other colours than the images; the nearest is "{view}".'
    ),
    FindingKind.CHANGED_COLOURS: (
        "The view transform {view} changes the images' colours: {plain} leaves them."
    ),
    FindingKind.HALF_PRECISION: (
        "{engine} renders with half precision: of the 16 bits of its frames about 12 are exact; "
        "{remedy}."
    ),
}

_REMEDIES = {
    FindingKind.CONTRADICTED_ORDER: {
        Way.WINDOW: "choose that as Order, or By the Pictures",
        Way.COMMAND_LINE: "use --order {shown}, or auto",
    },
    FindingKind.UNRELATED: {
        Way.WINDOW: (
            "press Place All in the Middle, with the Zoom Factor and the Mask Shape beside it"
        ),
        Way.COMMAND_LINE: (
            "give a factor, such as -zf 4 (--zoom-factor), to place each in the middle of the next "
            "larger one"
        ),
    },
    FindingKind.ONE_IMAGE: {
        Way.WINDOW: "for that, press Repeat in Itself, with the Zoom Factor beside it",
        Way.COMMAND_LINE: "for that, use --travel loop, with -zf 4 (--zoom-factor) or --place",
    },
    FindingKind.SEPARATE_SERIES: {
        Way.WINDOW: "choose another one with Series",
        Way.COMMAND_LINE: "use --series for another one",
    },
    FindingKind.SHUFFLED_FILES: {
        Way.WINDOW: "choose By the Pictures as Order",
        Way.COMMAND_LINE: "use --order auto",
    },
    FindingKind.SORTED_BY_PICTURES: {
        Way.WINDOW: "to keep to the names, choose By Name as Order",
        Way.COMMAND_LINE: "to keep to the names, use --order innermost-first or outermost-first",
    },
    FindingKind.LOOP_BY_COPY: {
        Way.WINDOW: "choose Loop as Travel to play it as one",
        Way.COMMAND_LINE: "use --travel loop to play it as one",
    },
    FindingKind.ALL_IN_MIDDLE: {
        Way.WINDOW: "change that with Zoom Factor",
        Way.COMMAND_LINE: "use --zoom-factor for another one, or --place for other places",
    },
    FindingKind.NOT_FOUND: {
        Way.WINDOW: "check the Order, or press Place by Hand",
        Way.COMMAND_LINE: "check the --order, or say with --place where they lie",
    },
    FindingKind.PLACED_AS_OTHERS: {
        Way.WINDOW: "press Place by Hand if it is wrong",
        Way.COMMAND_LINE: "look at them with --debug, or say with --place where they lie",
    },
    FindingKind.OTHER_FACTOR: {
        Way.WINDOW: "give that as Zoom Factor, or let it be measured",
        Way.COMMAND_LINE: "use --zoom-factor {shown:.4g}, or auto",
    },
    FindingKind.NO_RING: {
        Way.WINDOW: "There and Back",
        Way.COMMAND_LINE: "--travel there-and-back",
    },
    FindingKind.IDLE_GLIDE: {
        Way.WINDOW: ("Fast 2D lets them fade, the other engines let them glide into each other"),
        Way.COMMAND_LINE: (
            "the sequencer lets them fade; --engine cycles lets them glide into each other"
        ),
    },
    FindingKind.IDLE_OVERLAY: {
        Way.WINDOW: "Fast 2D",
        Way.COMMAND_LINE: "--engine sequencer",
    },
    FindingKind.IDLE_DEPTH: {
        Way.WINDOW: "Fast 2D",
        Way.COMMAND_LINE: "--engine sequencer",
    },
    FindingKind.HALF_PRECISION: {
        Way.WINDOW: "choose Cycles or Fast 2D for all of them",
        Way.COMMAND_LINE: "use --engine cycles or sequencer for all of them",
    },
}

# The file orders of which a finding tells.
_ORDERS = (Text("innermost-first"), Text("outermost-first"))

# Values of findings that are words, not names or figures.
IN_WORDS = ("chosen", "effect", "engine", "flaw", "shown", "where")

_COUNTED = {
    "frame": ("{count} frame", "{count} frames"),
    "image": ("{count} image", "{count} images"),
    "object": ("{count} object", "{count} objects"),
    "remark": ("{count} remark", "{count} remarks"),
    "setting": ("{count} setting", "{count} settings"),
}

_WITHOUT_GPU = {
    Engine.SEQUENCER: {
        Way.WINDOW: "no GPU was found; Cycles is slower, and shows what you add to the pictures",
        Way.COMMAND_LINE: "no GPU was found; --engine cycles is slower, and lets shapes glide",
    },
    Engine.CYCLES: {
        Way.WINDOW: "no GPU was found; Fast 2D is faster, and shows the pictures only",
        Way.COMMAND_LINE: "no GPU was found, and what is asked for needs the planes",
    },
    Engine.EEVEE: {
        Way.WINDOW: "no GPU was found, and Cycles is switched off",
        Way.COMMAND_LINE: "no GPU was found, and Cycles is switched off",
    },
}


def why_engine(engine: Engine, gpu: str | None, way: Way) -> Text:
    """Why an engine suits this machine, as the end of a sentence that says so.

    Args:
        engine: One that `best_engine` has chosen.
        gpu: The name of the GPU; None where there is none.
        way: Where the user is.
    """
    if gpu is not None:
        return Text(
            "it has a GPU, {gpu}" if way is Way.WINDOW else "this machine has a GPU, {gpu}", gpu=gpu
        )
    return Text(_WITHOUT_GPU[engine][way])


def sentence(finding: Finding, way: Way) -> Text:
    """One line that says what was found and what to do about it."""
    values = {name: _said(name, value) for name, value in finding.values.items()}
    remedy = Text(_REMEDIES.get(finding.kind, {}).get(way, ""), **values)
    return Text(_SENTENCES[finding.kind], **values, remedy=remedy)


def _said(name: str, value: Any) -> Any:
    """A value of a finding, as a sentence has it."""
    if isinstance(value, list) and is_named(value):
        return listed(value)
    return Text(value) if name in IN_WORDS and isinstance(value, str) else value


def templates() -> Iterator[str]:
    """All that the window may say of findings, before the values are in it."""
    yield from _SENTENCES.values()
    for ways in (*_REMEDIES.values(), *_WITHOUT_GPU.values()):
        yield ways[Way.WINDOW]
    for forms in _COUNTED.values():
        yield from forms


def can_be_told(finding: Finding) -> bool:
    """Whether a finding has all that its sentence needs."""
    try:
        return bool(sentence(finding, Way.WINDOW) and sentence(finding, Way.COMMAND_LINE))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return False


def counted(count: int, thing: str) -> Text:
    """So many of a thing: "1 image", "2 images"."""
    return Text(_COUNTED[thing][count != 1], count=count)


def depth_maps(count: int, images: int) -> Text:
    """How many of the images have a depth map that can be used."""
    return Text("Depth maps: {count} of {images}", count=count, images=counted(images, "image"))


def told_seconds(seconds: float) -> Text:
    """About how long something takes: "40 s", "12 min", "2.5 h"."""
    if seconds < 100.0:
        return Text("{seconds} s", seconds=max(1, round(seconds)))
    minutes = seconds / 60.0
    if minutes < 100.0:
        return Text("{minutes:.0f} min", minutes=minutes)
    return Text("{hours:.1f} h", hours=minutes / 60.0)


def told_bytes(size: float) -> str:
    """About how large something is: "40 kB", "1.5 GB"."""
    for unit in ("kB", "MB", "GB"):
        size /= 1000.0
        if size < 999.5:
            return f"{size:.1f} {unit}" if size < 9.95 else f"{size:.0f} {unit}"
    return f"{size / 1000.0:.1f} TB"


def told(error: EverZoomError, way: Way) -> Text:
    """The one line that an error is to the user."""
    return sentence(error.finding, way) if isinstance(error, FoundError) else error.text


def sentences(findings: Iterable[Finding], way: Way) -> list[Text]:
    """A `sentence` for each."""
    return [sentence(finding, way) for finding in findings]


def left_out_lines(left_out: Iterable[LeftOut]) -> list[Text]:
    """Which files are not part of the zoom, one line for each reason."""
    return list(left_out_by_line(left_out))


def left_out_by_line(left_out: Iterable[LeftOut]) -> dict[Text, list[str]]:
    """The files that are not part of the zoom, by the lines of `left_out_lines`."""
    reasons: dict[str, list[str]] = {}
    for item in left_out:
        reasons.setdefault(item.reason, []).append(item.file)
    return {
        Text(
            "Left out: {files}, each of {reason}."
            if len(files) > 1 and reason.startswith("which ")
            else "Left out: {files}, {reason}.",
            files=listed(files),
            reason=Text(reason),
        ): files
        for reason, files in reasons.items()
    }
