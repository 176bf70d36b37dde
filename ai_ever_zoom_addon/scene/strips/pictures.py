"""The files that strips show: copies of the images, trimmed, with soft edges. Touches bpy.

A file is named by what is in it: the image's own bytes and everything that was done to them. So
it is never written twice and never changed, strips that come back by Undo find what they showed,
and zooms do not get in each other's way. It is written beside its place and then renamed: what has
its name is whole.

The edges are in the pictures, though another crop or feather then needs other ones: with masks as
strips of their own, by modifiers, a frame of three layers took twice as long (111 ms, not 57).

New files go to a folder that lasts as long as Blender runs; `storing` copies those in use to the
.blend file when that is saved. Of the others the folder keeps at most `SESSION_BYTES`; what Undo
asks for beyond that is made again.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import math
import os
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import bpy
import numpy as np
from numpy.typing import NDArray

from ...core.drawing import draw
from ...core.files.image_writing import exr_bytes, is_rgb_png, png_bytes
from ...core.files.orientation import UPRIGHT
from ...core.files.temporary import claim
from ...core.files.writing import PARTIAL, write_whole
from ...core.hidden_colours import bleed
from ...core.plan.mask import Mask
from ...core.plan.plan import Layer, Plan
from ...core.step_pictures import StepPicture, changes_colours, step_pictures
from ...core.steps import Steps
from ...errors import EverZoomError
from ...texts import Text
from ..loading import load_image, orientation_of, read_rgba

SESSION_BYTES = 1 << 30
_DECODED_BYTES = 256 << 20
_DIGEST_BYTES = 16
_STEM_BYTES = 60
_MOST_IN_MEMORY = 4
_MOMENT_SECONDS = 0.02
_LONGEST_FOLDER = 760  # bytes

# Packing takes most of the time that a picture takes, and slows down reading it: so it is left out
# unless a picture would take so many times what its image's file does.
_MOST_TIMES_LARGER = 2

# Named differently whenever the same image and mask would become other bytes.
_FORMAT = 4
_OWN_NAME = re.compile(
    rf"(.*-[0-9a-f]{{{2 * _DIGEST_BYTES}}}|{PARTIAL.pattern})\.(png|exr)", re.DOTALL
)

Pixels = NDArray[np.uint8] | NDArray[np.float32]


@dataclass(frozen=True)
class Picture:
    """What a layer's strip shows.

    Attributes:
        file: An image file.
        is_copy: It is one that was made here, and not the user's own.
        is_float: It holds sRGB-encoded values as they are, with opacity multiplied in.
        visible_until: Zoom level from which others hide it.
        step: It shows all that is seen while that layer is the news.
        is_opaque: All of it is known to be.
    """

    file: Path
    is_copy: bool
    is_float: bool
    visible_until: float
    step: StepPicture | None = None
    is_opaque: bool = False


@dataclass(frozen=True)
class _Source:
    """An image as Blender shows it.

    Attributes:
        file: Where it is.
        digest: Of its bytes and of how they are understood.
        length: Of the file, in bytes.
        alpha_mode: As the Blender image has it.
        colour_space: The same.
    """

    file: Path
    digest: str
    length: int
    alpha_mode: str
    colour_space: str


# What this process knows, so that a slider that is dragged reads nothing again.
_digests: dict[tuple[Path, int, int], str] = {}
_decoded: OrderedDict[str, Pixels] = OrderedDict()
_plain: dict[str, bool] = {}  # by digest: sRGB, 8 bits, opaque, upright, and of even sides


def picture_steps(plan: Plan, frames: range | None = None) -> Steps[dict[int, Picture]]:
    """The pictures of layers, by index; writes those that are not there yet, one a step.

    All but the outermost are trimmed to the mask and have its soft edge. Their opacity is the
    image's own times the mask's. The outermost is the image file itself where a copy would not
    differ from it, unless the images are to be packed.

    Blender places pictures to the half pixel only if their sides are even, as the frame's are: so
    all get even ones.

    Where only some frames are wanted nothing is going to change: then there is a picture for each
    step, wherever the zoom can be made of such, which is sharper and faster.

    Args:
        plan: The zoom.
        frames: Only of layers that these show; None: of all.

    Raises:
        EverZoomError: An image cannot be read, or the folder cannot be written.
    """
    drawn = step_pictures(plan) if frames is not None else ()
    # The modifiers that change colours work on all pixels of a picture, and these have many.
    if drawn and not any(changes_colours(plan, picture) for picture in drawn):
        layers = [layer for layer in plan.layers_seen(frames) if layer.index == 0]
        pictures = yield from _layer_pictures(plan, layers)
        for index, picture in pictures.items():
            # All of the outermost image is in the first step's picture.
            pictures[index] = replace(picture, visible_until=plan.layers[1].opaque_from)
        return (yield from _step_pictures(plan.seen(drawn, frames), pictures))
    return (yield from _layer_pictures(plan, plan.layers_seen(frames)))


def _layer_pictures(plan: Plan, layers: Sequence[Layer]) -> Steps[dict[int, Picture]]:
    pictures: dict[int, Picture] = {}
    alphas: dict[tuple[Mask, float, int, int], NDArray[np.float64]] = {}
    with _Writer() as writer:
        for layer in layers:
            image = layer.image
            source = _source(image.file)
            is_trimmed = layer.is_trimmed
            is_own = is_trimmed or plan.settings.pack_images or not _fits_strip(image.file)
            if not is_own and _is_plain(source):
                until = layer.visible_until
                pictures[layer.index] = Picture(image.file, False, False, until)
                continue
            mask = layer.mask if is_trimmed else None
            stem = _name(source.file, (source.digest, mask, layer.aspect if mask else None))
            file = find(f"{stem}.png") or find(f"{stem}.exr")
            if file is None:
                number, count = len(pictures), len(layers)
                done = number / count, _preparing(number, count)
                yield done
                yield from writer.wait(_MOST_IN_MEMORY, *done)
                pixels = _pixels(source)
                shape = layer.mask, layer.aspect, image.width, image.height
                if is_trimmed and shape not in alphas:  # most layers have the same one
                    alphas[shape] = _alpha(*shape)
                margins = _margins(*shape) if is_trimmed else (0, 0)
                alpha = alphas[shape] if is_trimmed else None
                make = _maker(pixels, margins, alpha, _MOST_TIMES_LARGER * source.length)
                suffix = "png" if pixels.dtype == np.uint8 else "exr"
                file = writer.write(f"{stem}.{suffix}", make)
            is_float = file.suffix == ".exr"
            pictures[layer.index] = Picture(file, True, is_float, layer.visible_until)
        yield from writer.wait(0, 1.0, Text("Writing pictures"))
    return pictures


def _preparing(number: int, count: int) -> Text:
    return Text("Preparing picture {number} of {count}", number=number + 1, count=count)


def _step_pictures(
    steps: Sequence[StepPicture], outermost: dict[int, Picture]
) -> Steps[dict[int, Picture]]:
    files: list[Path] = []
    with _Writer() as writer:
        for step in steps:
            sources = [_source(layer.image.file) for layer in step.layers]
            made_of = step.made_of, [source.digest for source in sources]
            stem = _name(sources[-1].file, made_of)
            file = find(f"{stem}.png") or find(f"{stem}.exr")
            if file is None:
                number, count = len(outermost) + len(files), len(outermost) + len(steps)
                done = number / count, _preparing(number, count)
                yield done
                yield from writer.wait(_MOST_IN_MEMORY, *done)
                pixels = [_pixels(source) for source in sources]
                is_8_bit = all(part.dtype == np.uint8 for part in pixels)
                make = functools.partial(_drawn, step, pixels)
                file = writer.write(f"{stem}.{'png' if is_8_bit else 'exr'}", make)
            files.append(file)
        yield from writer.wait(0, 1.0, Text("Writing pictures"))
    return outermost | {
        step.layer.index: Picture(
            *(file, True, file.suffix == ".exr", step.visible_until),
            step=step,
            is_opaque=file.suffix == ".png" and is_rgb_png(file),
        )
        for step, file in zip(steps, files, strict=True)
    }


def forget_images() -> None:
    """Free the memory of what is known of images."""
    for known in (_digests, _decoded, _plain):
        known.clear()


def session_folder() -> Path:
    """Where new pictures go, for as long as Blender runs."""
    return Path(bpy.app.tempdir) / "ever_zoom_strips"


def folder_of(blend: Path) -> Path:
    """The folder of pictures that belongs to a .blend file."""
    return blend.with_name(f"{blend.stem}_strips")


def find(name: str) -> Path | None:
    """The picture of that name, beside the open file or in the session's folder."""
    folders = [session_folder()]
    if bpy.data.filepath:
        folders.insert(0, folder_of(Path(bpy.data.filepath)))
    return next(filter(Path.is_file, (folder / name for folder in folders)), None)


def is_own_name(name: str) -> bool:
    """Whether a file's name is one that is given here, and that nobody else would think of."""
    return _OWN_NAME.fullmatch(name) is not None


def write_picture(file: Path, data: bytes) -> None:
    """Write a file so that what has its name is whole.

    Raises:
        EverZoomError: It cannot be written.
    """
    try:
        write_whole(file, data)
    except OSError as error:
        raise not_writable(file.parent, error) from error


def not_writable(folder: Path, error: OSError) -> EverZoomError:
    """What to say where a folder of pictures cannot be written."""
    return EverZoomError(
        "The folder {folder} for the sequencer's pictures cannot be written ({reason}): "
        "check the free space and the permissions.",
        folder=folder,
        reason=error.strerror,
    )


def make_room(in_use: Iterable[str]) -> None:
    """Delete the oldest pictures of the session that no strip shows, if there are too many.

    Args:
        in_use: Names of those that strips show.
    """
    kept = set(in_use)
    with contextlib.suppress(OSError):
        there = [(file.stat(), file) for file in session_folder().iterdir()]
        length = sum(state.st_size for state, _ in there)
        for state, file in sorted(there, key=lambda item: item[0].st_mtime_ns):
            if length <= SESSION_BYTES:
                break
            if is_own_name(file.name) and file.name not in kept:
                file.unlink()
                length -= state.st_size


# What is being written, by whomever.
_at_work: dict[Path, Future[None]] = {}


class _Writer:
    """Writes pictures to the session's folder, two at a time: packing lets other threads run."""

    def __enter__(self) -> _Writer:
        claim(Path(bpy.app.tempdir))
        # Threads: each packs an array that is its own, and writes a file. None touches bpy, nor
        # what Blender holds, so they may go on while Blender draws; it is told of what they have
        # done by its main thread only.
        self._pool = ThreadPoolExecutor(max_workers=2)
        self._jobs: dict[Path, Future[None]] = {}
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        # What is given up is not waited for: whatever it writes is whole.
        self._pool.shutdown(wait=kind is None, cancel_futures=kind is not None)
        if kind is None:
            for job in self._jobs.values():
                job.result()

    def write(self, name: str, make: Callable[[], bytes]) -> Path:
        """Have a file written, once; by work that was given up, if that is at it still."""
        file = session_folder() / name
        if file not in self._jobs:
            for done in [path for path, job in _at_work.items() if job.done()]:
                del _at_work[done]
            if file not in _at_work:
                _at_work[file] = self._pool.submit(lambda: write_picture(file, make()))
            self._jobs[file] = _at_work[file]
        return file

    def wait(self, most: int, fraction: float, text: str) -> Steps[None]:
        """Wait, a moment a step, until at most so many pictures are in memory."""
        while len(left := [job for job in self._jobs.values() if not job.done()]) > most:
            wait(left, _MOMENT_SECONDS, FIRST_COMPLETED)
            yield fraction, text


# --- What tells pictures apart --------------------------------------------------------------------


def _source(file: Path) -> _Source:
    image = load_image(file)
    alpha_mode, colour_space = image.alpha_mode, image.colorspace_settings.name
    packed = None if file.exists() else image.packed_file
    try:
        state = None if packed is not None else file.stat()
        key = (file, state.st_size, state.st_mtime_ns) if state else (file, packed.size, 0)
        if key not in _digests:
            data = file.read_bytes() if packed is None else packed.data
            _digests[key] = hashlib.sha256(data).hexdigest()
    except OSError as error:
        raise EverZoomError(
            "The image {file} cannot be read ({reason}): check the file.",
            file=file.name,
            reason=error.strerror,
        ) from error
    digest = f"{_digests[key]} {alpha_mode} {colour_space}"
    return _Source(file, digest, key[1], alpha_mode, colour_space)


def _name(image: Path, made_of: tuple[object, ...]) -> str:
    """A file's name without its ending, at most 93 bytes long."""
    text = repr((_FORMAT, *made_of))
    digest = hashlib.blake2b(text.encode(), digest_size=_DIGEST_BYTES).hexdigest()
    stem = image.stem.encode("utf-8", "surrogateescape")[:_STEM_BYTES]
    return f"{stem.decode('utf-8', 'ignore')}-{digest}"


# --- What is in them ------------------------------------------------------------------------------


def _pixels(source: _Source) -> Pixels:
    if source.digest not in _decoded:
        pixels = read_rgba(source.file, source.alpha_mode, source.colour_space)
        _decoded[source.digest] = pixels
        while sum(item.nbytes for item in _decoded.values()) > _DECODED_BYTES:
            _decoded.popitem(last=False)
        return pixels
    _decoded.move_to_end(source.digest)
    return _decoded[source.digest]


def _is_plain(source: _Source) -> bool:
    if source.digest not in _plain:
        pixels = _pixels(source)
        height, width = pixels.shape[:2]
        is_even = width % 2 == height % 2 == 0
        is_opaque = pixels.dtype == np.uint8 and bool((pixels[..., 3] == 255).all())
        is_upright = orientation_of(source.file) == UPRIGHT
        _plain[source.digest] = is_even and is_opaque and is_upright
    return _plain[source.digest]


def _fits_strip(file: Path) -> bool:
    """Whether a strip can name a file: it keeps fewer bytes of a folder's name than others do."""
    return len(os.fsencode(file.parent)) < _LONGEST_FOLDER


def _margins(mask: Mask, aspect: float, width: int, height: int) -> tuple[int, int]:
    """Pixels of an image that are trimmed at the left and right, and at the top and bottom.

    Below 0 where as many are added.
    """
    return (
        math.floor((0.5 - mask.half_size[0]) * width + 1e-6),
        math.floor((0.5 - mask.half_size[1] / aspect) * height + 1e-6),
    )


def _alpha(mask: Mask, aspect: float, width: int, height: int) -> NDArray[np.float64]:
    """The opacity of the trimmed image's pixels, 0 to 1."""
    left, top = _margins(mask, aspect, width, height)
    x = (np.arange(left, width - left) + 0.5) / width - 0.5
    y = ((np.arange(top, height - top) + 0.5) / height - 0.5) * aspect
    return mask.opacity(x[None, :], y[:, None])


def _maker(
    pixels: Pixels, margins: tuple[int, int], alpha: NDArray[np.float64] | None, most_bytes: int
) -> Callable[[], bytes]:
    """A function that makes a file's bytes, without Blender.

    Args:
        pixels: Of the whole image.
        margins: What is trimmed at the sides, and at the top and bottom, in pixels.
        alpha: The mask of what is left, 0 to 1; None: opaque.
        most_bytes: What takes no more than that is not packed.
    """

    def make() -> bytes:
        (left, top), (height, width) = margins, pixels.shape[:2]
        part = pixels[max(top, 0) : height - max(top, 0), max(left, 0) : width - max(left, 0)]
        if top < 0 or left < 0:
            more = [(max(-side, 0), max(-side, 0)) for side in (top, left)]
            part = cast("Pixels", np.pad(part, (*more, (0, 0)), "edge"))
        padding = (0, height % 2), (0, width % 2), (0, 0)
        if part.dtype == np.uint8:
            bled = bleed(cast("NDArray[np.uint8]", part))
            if alpha is not None:
                bled[..., 3] = np.rint(bled[..., 3] * alpha)
            padded = np.pad(bled, padding, "edge")
            return png_bytes(padded, is_packed=padded.nbytes > most_bytes)
        masked = part if alpha is None else part * alpha[..., None]
        return exr_bytes(np.pad(masked, padding, "edge"))

    return make


def _drawn(step: StepPicture, sources: Sequence[Pixels]) -> bytes:
    """A file of a step's picture, which is read soon and not kept."""
    pixels = draw(step, sources)
    if pixels.dtype != np.uint8:
        return exr_bytes(cast("NDArray[np.float32]", pixels))
    values = cast("NDArray[np.uint8]", pixels)
    return png_bytes(values if values.shape[2] == 3 else bleed(values), is_packed=False)
