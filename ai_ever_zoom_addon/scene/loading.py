"""Image files as Blender images, and their pixels for the analysis."""

from __future__ import annotations

import contextlib
import errno
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.files import image_file as image_files
from ..core.files import limits
from ..core.files.image_file import Header
from ..core.files.moving import is_movie, still_of
from ..core.files.orientation import UPRIGHT, upright
from ..core.files.output import is_whole_picture
from ..core.files.profiles import Profile
from ..core.files.writing import Writing
from ..errors import EverZoomError, UnusableError
from . import colours
from .paths import absolute
from .tags import PROFILE_SPACE

# After the end of a file that ends too early: more than a strip of a large picture takes. JPEG may
# go on only after the next of its restart marks.
_MORE = b"\xaa" * (1 << 22)
_MORE_OF_JPEG = b"".join(b"\xaa" * 1000 + bytes([0xFF, 0xD0 + mark]) for mark in range(8)) * 500

# How bright JPEG decoders show a block that is not there, of 255; the colours beside it bleed.
_NO_BLOCK = 128.0

_BRIGHTNESS = 0.2126, 0.7152, 0.0722  # of red, green and blue

_BRIGHTEST = 65504.0  # the largest number of half precision, which most such files have


def load_image(file: Path) -> Any:
    """The Blender image of a file, once: the same file is not loaded again.

    The folder of a sequence becomes an image that plays its pictures, a movie one that plays.
    The path is stored relative to the .blend file where that is saved and on the same drive. The
    colour space is that of the file's profile, unless the user has chosen one. Nothing is decoded
    yet.

    Raises:
        EverZoomError: Blender cannot open the file.
    """
    entry, is_sequence = file, file.is_dir()
    if is_sequence:
        file = still_of(file)
    count = len(bpy.data.images)
    try:
        if is_sequence:  # its first picture may be in use as a still
            image = next((i for i in bpy.data.images if _is_sequence_of(i, file)), None)
            image = image or bpy.data.images.load(str(file), check_existing=False)
            image.source = "SEQUENCE"
        else:
            image = bpy.data.images.load(str(file), check_existing=True)
    except RuntimeError as error:
        raise EverZoomError(
            "Blender cannot open {file}: put the file back, or choose the images again.", file=file
        ) from error
    if image.library is not None:  # another file's, which may change or vanish
        own = (item for item in bpy.data.images if item.library is None and item.filepath)
        image = next((item for item in own if image_file(item) == file), None)
        image = image or bpy.data.images.load(str(file), check_existing=False)
    if len(bpy.data.images) > count or image.get(PROFILE_SPACE):
        _obey_profile(image, entry)
    if bpy.data.filepath:
        make_path_relative(image, Path(bpy.data.filepath).parent)
    return image


def _obey_profile(image: Any, entry: Path) -> None:
    settings, before = image.colorspace_settings, image.get(PROFILE_SPACE)
    if before and settings.name != before:  # the user has chosen another one since
        return
    profile = _profile_of(entry)
    space = profile and colours.space_of(profile)
    if space:
        settings.name = image[PROFILE_SPACE] = space
    elif before:
        settings.name = colours.picture_space()
        del image[PROFILE_SPACE]


def _profile_of(file: Path) -> Profile | None:
    try:
        header = read_header(file)
    except EverZoomError:  # whoever decodes the file says what is wrong
        return None
    return None if header is None else header.profile


def lost_profile(file: Path) -> Profile | None:
    """What a picture's file says of its colours if Blender has no colour space for that."""
    profile = _profile_of(file)
    return profile if profile and colours.space_of(profile) is None else None


def check_images(files: Iterable[Path]) -> None:
    """Make sure that files can be opened; no image is left of it.

    Raises:
        EverZoomError: As `load_image`.
    """
    with no_image_left():
        for file in files:
            load_image(file)


@contextlib.contextmanager
def no_image_left() -> Iterator[None]:
    """Images that are loaded meanwhile go again."""
    known = {image.session_uid for image in bpy.data.images}
    try:
        yield
    finally:
        bpy.data.batch_remove(
            [image for image in bpy.data.images if image.session_uid not in known]
        )


def make_path_relative(image: Any, folder: Path) -> None:
    """Store an image's path relative to the folder of the .blend file, on the same drive."""
    if image.filepath and not image.filepath.startswith("//"):
        with contextlib.suppress(ValueError):  # another drive, on Windows
            image.filepath = bpy.path.relpath(image.filepath, start=str(folder))


def image_file(image: Any) -> Path:
    """Where the file of a Blender image is; the path of a linked one starts at its own file."""
    return Path(absolute(image.filepath, library=image.library))


def packed_image(file: Path) -> Any:
    """The Blender image that holds a file's picture within the .blend file, or None."""
    own = (image for image in bpy.data.images if image.packed_file and image.library is None)
    return next((image for image in own if image_file(image) == file), None)


def is_at_hand(file: Path) -> bool:
    """Whether a picture can be read: from its file, or because it is packed."""
    return file.exists() or packed_image(file) is not None


def _is_sequence_of(image: Any, first: Path) -> bool:
    return image.source == "SEQUENCE" and image.library is None and image_file(image) == first


def entry_of(image: Any) -> Path:
    """What a series calls the file of a Blender image: of a sequence the folder."""
    file = image_file(image)
    return file.parent if image.source == "SEQUENCE" else file


def read_header(file: Path) -> Header | None:
    """What a picture's file says about it, also if it is packed; of what moves, as it begins.

    Raises:
        UnusableError: As `image_file.read_header`.
    """
    packed = None if file.exists() else packed_image(file)
    if packed is not None:
        return image_files.header_of(file.name, packed.packed_file.data)
    return None if is_movie(file) else image_files.read_header(still_of(file))


def check_size(file: Path) -> int:
    """Make sure, before a picture is decoded, that it can be used; of what moves, as it begins.

    Returns:
        How many bytes of memory it takes; 0 where its file does not say.

    Raises:
        UnusableError: As `image_file.look` and `limits.check_size`.
    """
    packed = None if file.exists() else packed_image(file)
    if packed is not None:
        found = image_files.look_at(file.name, packed.packed_file.data)
    else:
        found = None if is_movie(file) else image_files.look(still_of(file))
    if found is None:
        return 0
    return limits.check_size(file.name, found.width, found.height, is_deep=found.is_deep)


def orientation_of(file: Path) -> int:
    """How a stored picture is to be turned, see `core.files.orientation`."""
    header = read_header(file)
    return UPRIGHT if header is None else header.orientation


def is_whole(file: Path) -> bool:
    """Whether Blender opens a picture whole whose file ends too early, or may do so.

    What misses something of its picture is shown differently when something else follows.
    """
    with tempfile.TemporaryDirectory(dir=bpy.app.tempdir) as folder:
        longer = Path(folder) / "longer"
        data = data_of(file)
        more = _MORE_OF_JPEG if image_files.is_jpeg(data) else _MORE
        longer.write_bytes(image_files.trimmed(data) + more)
        try:
            one, other = (_take_pixels(_decode(path)) for path in (file, longer))
        except EverZoomError:
            return False
        return one.shape == other.shape and bool((one == other).all())


def read_size(file: Path) -> tuple[int, int]:
    """Width and height in pixels, by decoding the file, or how it begins if it moves.

    Raises:
        UnusableError: The file is no image that Blender reads.
    """
    image = _decode(file)
    size = int(image.size[0]), int(image.size[1])
    bpy.data.images.remove(image)
    return size


def read_pixels(file: Path) -> NDArray[np.float32]:
    """The upright picture, sRGB-encoded 0 to 1, top row first.

    Of what moves it is the first one. Nothing stays loaded.

    Returns:
        Shape (height, width, 3), or where something is see-through (height, width, 4).

    Raises:
        UnusableError: The file is no image that Blender reads.
    """
    image = _decode(file)
    space = image.colorspace_settings.name
    is_float = image.is_float
    pixels = _whole_pixels(file, image)
    if is_float:  # files of rendered light may hold what is no number, or has no end
        np.clip(np.nan_to_num(pixels, copy=False), -_BRIGHTEST, _BRIGHTEST, out=pixels)
    colour, opacity = pixels[..., :3], pixels[..., 3:]
    # Whatever the file's colour space: reading floating-point values converts to linear light.
    is_converted = is_float or space != colours.picture_space()
    if is_converted:
        colour = colours.srgb_of(colour if is_float else colours.light_of(colour, space))
    shown = colour if opacity.min() >= 1.0 else np.concatenate([colour, opacity], axis=2)
    if is_converted:
        shown = np.clip(shown, 0.0, 1.0)
    return np.ascontiguousarray(upright(shown, orientation_of(file)))


def read_depth(file: Path) -> NDArray[np.float32]:
    """The values of a depth map as they are in its file, of colours how bright they are.

    Returns:
        Shape (height, width), top row first, as the picture is put upright; NaN where all of it is
        transparent.

    Raises:
        UnusableError: The file is no image that Blender reads.
    """
    pixels = _whole_pixels(file, _decode(file, colour_space=colours.data_space()))
    brightness: NDArray[np.float32] = pixels[..., :3] @ np.array(_BRIGHTNESS, np.float32)
    if not pixels[..., 3].any():
        brightness[:] = np.nan
    return np.ascontiguousarray(upright(brightness[..., None], orientation_of(file))[..., 0])


def read_rgba(
    file: Path, alpha_mode: str, colour_space: str
) -> NDArray[np.uint8] | NDArray[np.float32]:
    """The whole picture as a Blender image with these settings shows it, but upright.

    Args:
        file: A still image.
        alpha_mode: What the file's opacity means, as a Blender image has it.
        colour_space: Of the file's values, the same.

    Returns:
        Shape (height, width, 4), top row first, sRGB-encoded. Of a file with 8 bits in that space:
        its values, 0 to 255, opacity not multiplied in. Of others: also beyond 0 to 1, opacity
        multiplied in.

    Raises:
        UnusableError: The file is no image that Blender reads.
    """
    image = _decode(file, alpha_mode, colour_space)
    is_float = image.is_float
    pixels = upright(_whole_pixels(file, image), orientation_of(file))
    if alpha_mode == "NONE":
        pixels[..., 3] = 1.0
    colour, alpha = pixels[..., :3], pixels[..., 3:]
    if not is_float and colour_space == colours.picture_space():
        return np.rint(pixels * 255.0).astype(np.uint8)
    if not is_float:
        colour = colours.light_of(colour, colour_space)
    elif alpha_mode != "CHANNEL_PACKED":
        colour /= np.where(alpha == 0.0, 1.0, alpha)
    return np.concatenate([colours.srgb_of(colour) * alpha, alpha], axis=2)


def _whole_pixels(file: Path, image: Any) -> NDArray[np.float32]:
    """`_take_pixels` of a file's picture.

    Raises:
        UnusableError: It is one of JPEG's that stops early, and has an end mark all the same: the
            blocks that are not there are grey.
    """
    pixels = _take_pixels(image)
    last = 255.0 * float(pixels[-1, -1, :3] @ (0.299, 0.587, 0.114))
    may_be_cut = abs(last - _NO_BLOCK) < 2.0 and not is_movie(file)
    if may_be_cut and image_files.is_jpeg(data_of(file)) and not is_whole(file):
        raise image_files.incomplete(file.name)
    return pixels


def data_of(file: Path) -> bytes:
    """The bytes of a picture's file, also if it is packed; of what moves, of its first picture."""
    packed = None if file.exists() else packed_image(file)
    data: bytes = still_of(file).read_bytes() if packed is None else packed.packed_file.data
    return data


def _take_pixels(image: Any) -> NDArray[np.float32]:
    """All values of a decoded image, shape (height, width, 4), top row first; removes it."""
    width, height = image.size
    channels = image.channels
    flat = np.empty(width * height * channels, np.float32)
    image.pixels.foreach_get(flat)
    bpy.data.images.remove(image)
    pixels = flat.reshape(height, width, channels)[::-1]
    if channels == 4:
        return pixels
    rgba = np.ones((height, width, 4), np.float32)
    rgba[..., :3] = pixels[..., :3] if channels == 3 else pixels[..., :1]
    if channels == 2:
        rgba[..., 3] = pixels[..., 1]
    return rgba


def write_png(file: Path, pixels: NDArray[np.float32]) -> None:
    """Write a picture, shape (height, width, 3), sRGB-encoded 0 to 1, as an 8-bit PNG file.

    Raises:
        EverZoomError: The file cannot be written.
    """
    height, width = pixels.shape[:2]
    image: Any = bpy.data.images.new(file.stem, width, height)
    try:
        rgba = np.ones((height, width, 4), np.float32)
        rgba[..., :3] = pixels[::-1]
        image.pixels.foreach_set(rgba.ravel())
        image.file_format = "PNG"
        with Writing() as writing:
            partial = writing.place(file)
            image.filepath_raw = str(partial)
            with contextlib.suppress(RuntimeError):  # which is not raised where the disk is full
                image.save()
            if not is_whole_picture(partial, (width, height)):
                raise OSError(errno.EIO, "it came out cut off")
    except OSError as error:
        raise EverZoomError(
            "{file} cannot be written: check the folder and the free space.", file=file
        ) from error
    finally:
        bpy.data.images.remove(image)


def _decode(file: Path, alpha_mode: str = "", colour_space: str = "") -> Any:
    """A Blender image of its own, decoded, so that no image of the user's is touched.

    Args:
        file: What to decode.
        alpha_mode: As a Blender image has it; without it that which Blender chooses.
        colour_space: The same; without it that of the file's profile.
    """
    check_size(file)
    packed = None if file.exists() else packed_image(file)
    try:
        image: Any = (
            packed.copy()
            if packed is not None
            else bpy.data.images.load(str(still_of(file)), check_existing=False)
        )
    except RuntimeError as error:
        raise UnusableError(file.name, "cannot be opened: check the file") from error
    if alpha_mode:
        image.alpha_mode = alpha_mode
    if not colour_space:
        profile = _profile_of(file)
        colour_space = (profile and colours.space_of(profile)) or ""
    if colour_space:
        image.colorspace_settings.name = colour_space
    if image.size[0] == 0 or image.size[1] == 0:  # reading the size decodes the file
        bpy.data.images.remove(image)
        raise UnusableError(
            file.name,
            "is of no kind that this Blender reads, or damaged: export it again, as PNG or JPEG",
        )
    return image
