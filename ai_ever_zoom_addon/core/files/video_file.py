"""What is inside of a video file, without decoding it. Never touches bpy.

Sources: ISO/IEC 14496-12, 4.2 (an MP4 or QuickTime file is a row of boxes, each led by its size and
type), 8.4.3 (a track's kind), 8.5.2 (its samples' form), 8.7.3 (how many samples it has), 8.7.5
(where they lie in the file), 12.1.5 (colours); SMPTE RDD 36, 5.1 and 6.1 (a ProRes frame); RFC
8794, 4 and 5 (WebM's elements), RFC 9559, 5.1.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from .output import VIDEO_SUFFIXES

Box = tuple[int, int]  # where what is in it starts and ends

_BLOCK_BYTES = 1 << 20
_CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl"}
_SAMPLE_ENTRY_BYTES = 78  # of a track of pictures, before the boxes in it
_PRORES, _FRAME_HEAD, _FRAME_COLOURS = b"icpf", 28, 22  # of a frame: mark, least size, their place
_OFFSETS = {b"stco": "I", b"co64": "Q"}

# WebM's elements: the file's body, the tracks, and groups of frames.
_SEGMENT, _TRACKS, _TRACK, _CLUSTER = 0x18538067, 0x1654AE6B, 0xAE, 0x1F43B675
_TRACK_NUMBER, _TRACK_KIND, _VIDEO = 0xD7, 0x83, 1
_SIMPLE_BLOCK, _BLOCK_GROUP, _BLOCK = 0xA3, 0xA0, 0xA1


def frames_of_video(file: Path) -> int:
    """The number of frames of an MP4, QuickTime or WebM file; 0: it is not there or not complete.

    The index of the first two, "moov", is written last.
    """
    try:
        with file.open("rb") as stream:
            length = stream.seek(0, 2)
            stream.seek(0)
            if stream.read(4) == b"\x1a\x45\xdf\xa3":
                return _frames_of_webm(stream, length)
            boxes = dict(_boxes(stream, 0, length))
            tracks = [box for kind, box in _boxes(stream, *boxes[b"moov"]) if kind == b"trak"]
            media = [
                dict(_boxes(stream, *dict(_boxes(stream, *track))[b"mdia"])) for track in tracks
            ]
            counts = [_count(stream, parts) for parts in media if _kind(stream, parts) == b"vide"]
            return max(counts, default=0) if b"mdat" in boxes else 0
    except (OSError, KeyError, struct.error):
        return 0


def is_rendered_file(file: Path, frames: int | None = None) -> bool:
    """Whether a video, or a frame, is there and whole, as far as can be told of its kind.

    Args:
        file: In any format of Blender's.
        frames: How many the video has; None: some.
    """
    if file.suffix in VIDEO_SUFFIXES:
        count = frames_of_video(file)
        return count == frames or (frames is None and count > 0)
    return file.is_file() and file.stat().st_size > 0


def finish_video(file: Path) -> bool:
    """Do what Blender leaves to do with a whole video: its frames tell colours, its index is first.

    Args:
        file: It is changed where it is: nobody else may read it meanwhile.

    Returns:
        Whether the index is at the front.

    Raises:
        OSError: It cannot be read or written.
    """
    tell_colours(file)
    return put_index_first(file)


def tell_colours(file: Path) -> int:
    """Let each ProRes frame of a QuickTime file say the colours that the file says.

    Encoders leave it open there, and some players believe the frames.

    Args:
        file: It is changed where it is.

    Returns:
        How many frames say so; 0: the file has none, or says no colours.

    Raises:
        OSError: It cannot be read or written.
    """
    told = set()
    with file.open("r+b") as stream:
        length = stream.seek(0, 2)
        try:
            index = dict(_boxes(stream, 0, length))[b"moov"]
            for track in [box for kind, box in _boxes(stream, *index) if kind == b"trak"]:
                parts = dict(_boxes(stream, *dict(_boxes(stream, *track))[b"mdia"]))
                if _kind(stream, parts) == b"vide":
                    table = dict(_boxes(stream, *dict(_boxes(stream, *parts[b"minf"]))[b"stbl"]))
                    colours = _colours(stream, table[b"stsd"])
                    for place in _offsets(stream, table):
                        # Frames of a chunk follow each other, and each says how long it is.
                        while place not in told and (size := _frame_size(stream, place, length)):
                            stream.seek(place + _FRAME_COLOURS)
                            stream.write(colours)
                            told.add(place)
                            place += size
        except (KeyError, struct.error, ValueError):
            pass  # it is another kind of file, or says no colours
    return len(told)


def put_index_first(file: Path) -> bool:
    """Move the index of an MP4 or QuickTime file to its front, so that it plays while it loads.

    It takes the place before the pictures, which move back by as much: the file stays as long as it
    is, and no room on the disk is needed.

    Args:
        file: A whole video. It is changed where it is: nobody else may read it meanwhile.

    Returns:
        Whether the index is at the front.

    Raises:
        OSError: It cannot be read or written.
    """
    with file.open("r+b") as stream:
        length = stream.seek(0, 2)
        try:
            boxes = dict(_outlines(stream, 0, length))
            start, end = boxes[b"moov"]
            first = boxes[b"mdat"][0]
        except (KeyError, struct.error):
            return False
        if start < first:
            return True
        stream.seek(start)
        index = bytearray(stream.read(end - start))
        try:
            _move_offsets(index, 0, len(index), len(index))
        except struct.error:  # beyond the four bytes that an offset has
            return False
        place = start
        while place > first:
            size = min(_BLOCK_BYTES, place - first)
            place -= size
            stream.seek(place)
            block = stream.read(size)
            stream.seek(place + len(index))
            stream.write(block)
        stream.seek(first)
        stream.write(index)
    return True


def _move_offsets(index: bytearray, start: int, end: int, by: int) -> None:
    """Let a file's index say that everything lies further back."""
    while start < end:
        size, kind = struct.unpack_from(">I4s", index, start)
        if size < 8:
            raise struct.error("a box of an unusual size")
        if kind in _CONTAINERS:
            _move_offsets(index, start + 8, start + size, by)
        elif kind in _OFFSETS:
            form = _OFFSETS[kind]
            (count,) = struct.unpack_from(">I", index, start + 12)
            table = struct.Struct(f">{count}{form}")
            offsets = table.unpack_from(index, start + 16)
            table.pack_into(index, start + 16, *(offset + by for offset in offsets))
        start += size


def _boxes(stream: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, Box]]:
    """The boxes in a part of a file, by their kinds: where what is in them starts and ends."""
    for kind, (place, stop) in _outlines(stream, start, end):
        stream.seek(place)
        yield kind, (place + (16 if stream.read(4) == b"\0\0\0\1" else 8), stop)


def _outlines(stream: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, Box]]:
    """The same with their heads."""
    while start < end:
        stream.seek(start)
        head = 8
        size, kind = struct.unpack(">I4s", stream.read(8))
        if size == 1:
            head = 16
            (size,) = struct.unpack(">Q", stream.read(8))
        if size < head or start + size > end:
            raise struct.error("a box that is cut")
        yield kind, (start, start + size)
        start += size


def _kind(stream: BinaryIO, media: dict[bytes, Box]) -> bytes:
    stream.seek(media[b"hdlr"][0] + 8)
    return stream.read(4)


def _count(stream: BinaryIO, media: dict[bytes, Box]) -> int:
    table = dict(_boxes(stream, *dict(_boxes(stream, *media[b"minf"]))[b"stbl"]))
    stream.seek(table[b"stsz"][0] + 8)
    (count,) = struct.unpack(">I", stream.read(4))
    return int(count)


def _colours(stream: BinaryIO, entries: Box) -> bytes:
    """Primaries, transfer and matrix that a track's first entry says, as a frame says them.

    Raises:
        KeyError: None are said.
    """
    first, end = dict(_boxes(stream, entries[0] + 8, entries[1])).popitem()[1]
    place, _ = dict(_boxes(stream, first + _SAMPLE_ENTRY_BYTES, end))[b"colr"]
    stream.seek(place + 4)
    return bytes(struct.unpack(">3H", stream.read(6)))


def _offsets(stream: BinaryIO, table: dict[bytes, Box]) -> tuple[int, ...]:
    """Where a track's chunks lie."""
    name = next(name for name in _OFFSETS if name in table)
    stream.seek(table[name][0] + 4)
    (count,) = struct.unpack(">I", stream.read(4))
    form = struct.Struct(f">{count}{_OFFSETS[name]}")
    return form.unpack(stream.read(form.size))


def _frame_size(stream: BinaryIO, place: int, length: int) -> int:
    """The size of the ProRes frame that lies there; 0: none does."""
    stream.seek(place)
    head = stream.read(8)
    if len(head) < 8 or head[4:] != _PRORES:
        return 0
    size = int.from_bytes(head[:4], "big")
    return size if _FRAME_HEAD <= size <= length - place else 0


def _frames_of_webm(stream: BinaryIO, length: int) -> int:
    """The blocks of the video's track in all clusters."""
    body = dict(_elements(stream, 0, length))[_SEGMENT]
    video, frames = 0, 0
    for kind, part in _elements(stream, *body):
        if kind == _TRACKS:
            for track in (place for sort, place in _elements(stream, *part) if sort == _TRACK):
                values = dict(_elements(stream, *track))
                if _whole_number(stream, values[_TRACK_KIND]) == _VIDEO:
                    video = _whole_number(stream, values[_TRACK_NUMBER])
        elif kind == _CLUSTER:
            for sort, place in _elements(stream, *part):
                if sort == _BLOCK_GROUP:
                    sort, place = _BLOCK, dict(_elements(stream, *place))[_BLOCK]
                if sort in (_SIMPLE_BLOCK, _BLOCK):
                    stream.seek(place[0])
                    frames += _number(stream, keeps_mark=False) == video
    return frames


def _elements(stream: BinaryIO, start: int, end: int) -> Iterator[tuple[int, Box]]:
    while start < end:
        stream.seek(start)
        kind = _number(stream, keeps_mark=True)
        size = _number(stream, keeps_mark=False)
        place = stream.tell()
        if place + size > end:  # also where it was not known yet, and then never written
            raise struct.error("an element that is cut")
        yield kind, (place, place + size)
        start = place + size


def _number(stream: BinaryIO, *, keeps_mark: bool) -> int:
    """A number of one to eight bytes; the zeros at its start say how many."""
    (first,) = struct.unpack(">B", stream.read(1))
    more = 8 - first.bit_length()
    rest = stream.read(more)
    if more > 7 or len(rest) < more:
        raise struct.error("a number that is cut")
    if not keeps_mark:
        first ^= 0x80 >> more
    return int.from_bytes(bytes([first]) + rest, "big")


def _whole_number(stream: BinaryIO, place: Box) -> int:
    stream.seek(place[0])
    return int.from_bytes(stream.read(place[1] - place[0]), "big")
