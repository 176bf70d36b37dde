"""What is inside of a video file, and its index at the front."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from ai_ever_zoom_addon.core.files.video_file import frames_of_video, put_index_first, tell_colours


def write_video(file: Path, count: int, *, has_sound: bool = False) -> None:
    """A video of small pictures, each a little brighter; the index of MP4 is at its end."""
    with av.open(str(file), "w") as container:
        codec = "libvpx-vp9" if file.suffix == ".webm" else "mpeg4"
        stream: Any = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 16, 8, "yuv420p"
        sound: Any = container.add_stream("libopus" if codec != "mpeg4" else "aac", rate=48_000)
        for number in range(count):
            picture = np.full((8, 16, 3), 30 * number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            if has_sound:
                wave = np.sin(np.arange(1920) / 9.0 + number)[None].astype(np.float32)
                heard = av.AudioFrame.from_ndarray(wave, format="flt", layout="mono")
                heard.sample_rate = 48_000
                container.mux(sound.encode(heard))
        container.mux(stream.encode())
        if has_sound:
            container.mux(sound.encode())


def decoded(file: Path) -> list[bytes]:
    """All pictures, and all sound, as they come out."""
    with av.open(str(file)) as container:
        seen = [bytes(frame.to_ndarray()) for frame in container.decode(video=0)]
    with av.open(str(file)) as container:
        return seen + [bytes(frame.to_ndarray()) for frame in container.decode(audio=0)]


def box(kind: bytes, content: bytes, *, wide: bool = False) -> bytes:
    if wide:
        return struct.pack(">I4sQ", 1, kind, 16 + len(content)) + content
    return struct.pack(">I4s", 8 + len(content), kind) + content


@pytest.mark.parametrize("count", [1, 2, 7])
@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".webm"])
def test_a_whole_video(tmp_path: Path, suffix: str, count: int) -> None:
    file = tmp_path / f"video{suffix}"
    assert frames_of_video(file) == 0
    write_video(file, count, has_sound=True)
    whole = file.read_bytes()
    assert frames_of_video(file) == count
    for length in range(0, len(whole), 1 if count == 1 else 13):
        file.write_bytes(whole[:length])
        assert frames_of_video(file) == 0, length


def test_a_video_larger_than_a_box_of_the_usual_kind_can_be(tmp_path: Path) -> None:
    """Its pictures are in a box whose size is written otherwise."""
    for wide in (False, True):
        sizes = box(b"stsz", struct.pack(">III", 0, 5, 3))
        media = box(b"hdlr", bytes(8) + b"vide") + box(b"minf", box(b"stbl", sizes))
        index = box(b"moov", box(b"trak", box(b"mdia", media)))
        start = box(b"ftyp", b"isom") + box(b"mdat", b"picture" * 9, wide=wide)
        file = tmp_path / "video.mp4"
        file.write_bytes(start + index)
        assert frames_of_video(file) == 3
        file.write_bytes(start)
        assert frames_of_video(file) == 0


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
@pytest.mark.parametrize("block", [7, 1 << 20])
def test_the_index_comes_first(
    tmp_path: Path, suffix: str, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ai_ever_zoom_addon.core.files.video_file._BLOCK_BYTES", block)
    file = tmp_path / f"video{suffix}"
    write_video(file, 9, has_sound=True)
    before, shown = file.read_bytes(), decoded(file)
    assert before.index(b"mdat") < before.index(b"moov")
    assert put_index_first(file)
    after = file.read_bytes()
    assert after.index(b"moov") < after.index(b"mdat")
    assert len(after) == len(before)
    assert frames_of_video(file) == 9
    assert decoded(file) == shown
    assert put_index_first(file)
    assert file.read_bytes() == after


def test_offsets_of_eight_bytes_are_moved_and_such_that_would_not_fit_are_left(
    tmp_path: Path,
) -> None:
    def video(table: bytes) -> bytes:
        media = box(b"mdia", box(b"minf", box(b"stbl", table)))
        index = box(b"moov", box(b"mvhd", b"...") + box(b"trak", media))
        return box(b"ftyp", b"isom") + box(b"mdat", b"pictures", wide=True) + index

    file = tmp_path / "video.mp4"
    file.write_bytes(video(box(b"co64", struct.pack(">IIQQ", 0, 2, 28, 1 << 40))))
    index = len(file.read_bytes()) - 12 - 24
    assert put_index_first(file)
    moved = file.read_bytes()
    assert moved[moved.index(b"co64") + 4 :][:24] == struct.pack(
        ">IIQQ", 0, 2, 28 + index, (1 << 40) + index
    )
    whole = video(box(b"stco", struct.pack(">III", 0, 1, 0xFFFFFFF0)))
    for content in (whole, b"", b"no video at all", whole[:40]):
        file.write_bytes(content)
        assert not put_index_first(file)
        assert file.read_bytes() == content


COLOURS = struct.pack(">HHH", 1, 13, 6)
FRAME = bytes(range(8, 40))


def frame(colours: bytes = bytes([2, 2, 2]), more: int = 0) -> bytes:
    """What is looked at of a ProRes frame, and what not."""
    content = FRAME[:14] + colours + FRAME[17:] + bytes(more)
    return struct.pack(">I4s", 8 + len(content), b"icpf") + content


def quicktime(frames: list[bytes], *, offsets: bytes = b"stco", colours: bytes = COLOURS) -> bytes:
    """A file with a sound's chunk between the frames, of which the first two are one chunk."""
    chunks = [b"".join(frames[:2]), b"a sound", *frames[2:]]
    places = np.cumsum([8, *map(len, chunks)])[:-1]
    places = np.delete(places, 1)
    form = ">I" if offsets == b"stco" else ">Q"
    entry = bytes(78) + box(b"fiel", b"\1\0")
    if colours:
        entry += box(b"colr", b"nclc" + colours)
    table = box(b"stsd", struct.pack(">II", 0, 1) + box(b"apch", entry))
    table += box(
        offsets,
        struct.pack(">II", 0, len(places)) + b"".join(struct.pack(form, p) for p in places),
    )
    media = box(b"hdlr", bytes(8) + b"vide") + box(b"minf", box(b"stbl", table))
    index = box(b"moov", box(b"mvhd", b"") + box(b"trak", box(b"mdia", media)))
    return box(b"mdat", b"".join(chunks)) + index


@pytest.mark.parametrize("offsets", [b"stco", b"co64"])
def test_prores_frames_say_the_colours_of_their_file(tmp_path: Path, offsets: bytes) -> None:
    file = tmp_path / "video.mov"
    file.write_bytes(quicktime([frame(more=n) for n in range(4)], offsets=offsets))
    assert tell_colours(file) == 4
    told = [frame(bytes([1, 13, 6]), n) for n in range(4)]
    assert file.read_bytes() == quicktime(told, offsets=offsets)


def test_what_is_no_prores_or_says_no_colours_stays(tmp_path: Path) -> None:
    file = tmp_path / "video.mov"
    whole = quicktime([frame()] * 4)
    others = [
        *(quicktime([frame()] * 4, colours=b""), whole.replace(b"icpf", b"else")),
        *(whole[:length] for length in range(0, len(whole), 5)),
    ]
    for content in others:
        file.write_bytes(content)
        assert tell_colours(file) == 0
        assert file.read_bytes() == content
