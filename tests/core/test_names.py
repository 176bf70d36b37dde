"""Names of files as Windows, macOS and Linux have them: what holds on each, on any of them."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest

from ai_ever_zoom_addon.core.analysis.placing import placement_of, placements_from_json
from ai_ever_zoom_addon.core.files.depth_files import find_depth_maps, without_depth_maps
from ai_ever_zoom_addon.core.files.folder import check_name, find_images, natural_key
from ai_ever_zoom_addon.core.files.moving import choose_moving
from ai_ever_zoom_addon.core.files.output import format_of, video_pattern
from ai_ever_zoom_addon.core.files.places import check_apart, check_file, check_kept
from ai_ever_zoom_addon.core.image_settings import images_from_json
from ai_ever_zoom_addon.errors import EverZoomError
from ai_ever_zoom_addon.names import ending_of, folded, last_part, native, typed
from ai_ever_zoom_addon.settings import FileFormat, ImageSettings, ZoomSettings

on_posix = pytest.mark.skipif(os.name != "posix", reason="does not apply: no such files there")

TOGETHER = "caf\N{LATIN SMALL LETTER E WITH ACUTE}.png"  # as they are typed
APART = "cafe\N{COMBINING ACUTE ACCENT}.png"  # as macOS may store them

# --- What can be a name ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        *("aux.mp4", "AUX", "con", "nul.txt", "Prn.tar.gz", "com1.png", "LPT9", "com\u00b9.png"),
        *("conin$", "aux .png"),
        *(
            "a:b.png",
            "zoom.mp4:stream",
            "a?.png",
            "a*.png",
            '"a".png',
            "a<b.png",
            "a|b",
            "a\tb.png",
        ),
        *("zoom.mp4.", "zoom ", "frames. ", "..."),
    ],
)
@pytest.mark.parametrize("folder", ["C:\\zooms", "\\\\server\\share\\zooms", "zooms"])
def test_what_windows_has_no_name_for_is_refused_there_and_only_there(
    name: str, folder: str
) -> None:
    for path in (f"{folder}\\{name}", f"{folder}\\{name}\\frame"):
        with pytest.raises(EverZoomError) as caught:
            check_name(PureWindowsPath(path))
        message = "Windows can have no file or folder that is called"
        assert str(caught.value) == f"{message} {name}: choose another name."
    check_name(PurePosixPath("/zooms") / name)


@pytest.mark.parametrize(
    "path",
    [
        *(
            "C:\\Users\\J\u00f6rg\\my zoom.mp4",
            "c:/zooms/zoom.mp4",
            "C:zoom.mp4",
            "C:\\",
            "zoom.mp4",
        ),
        *("..\\zoom.mp4", "C:\\zooms\\..\\zoom.mp4", "C:\\zooms\\.hidden"),
        *("\\\\server\\share\\zoom.mp4", "//server/share/zoom.mp4", "\\\\server\\share"),
        *("\\\\?\\C:\\zooms\\zoom.mp4", "\\\\?\\UNC\\server\\share\\zoom.mp4"),
        *("C:\\auxiliary.png", "C:\\com10.png", "C:\\null.png", "C:\\con-1.png", "C:\\my.aux"),
    ],
)
def test_what_windows_has_a_name_for(path: str) -> None:
    check_name(PureWindowsPath(path))


def test_a_backslash_is_no_part_of_a_name_to_blender() -> None:
    with pytest.raises(EverZoomError, match=r"^Blender can .* is called a\\b\.png: choose another"):
        check_name(PurePosixPath("/zooms/a\\b.png"))


def test_how_long_a_path_of_windows_may_be() -> None:
    start = "C:\\zooms\\"
    longest = start + "a" * (259 - len(start))
    # 255 signs of three bytes each: Windows does not count bytes.
    check_name(PureWindowsPath("C:\\" + "\N{CJK UNIFIED IDEOGRAPH-732B}" * 250))
    if os.name == "nt":  # it may be told to take longer ones
        return
    check_name(PureWindowsPath(longest))
    check_name(PureWindowsPath("\\\\?\\C:\\" + "\\".join(["folder"] * 60)))
    for path, room in ((longest + "a", 0), (longest, 1), ("C:\\" + "folder\\" * 40, 0)):
        with pytest.raises(EverZoomError, match=r"too long for Windows, which has 259 signs"):
            check_name(PureWindowsPath(path), room)
    check_name(PurePosixPath("/zooms" * 50))


def test_videos_are_called_as_any_system_can_call_them() -> None:
    assert video_pattern("aux") == video_pattern("NUL.mp4") == "{folder}_zoom"
    assert video_pattern("my: zoom?. ") == "my zoom"


# --- Paths in .blend files ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "last", "ending"),
    [
        ("//zoom.mp4", "zoom.mp4", ".mp4"),
        ("//renders/zoom.MP4", "zoom.MP4", ".MP4"),
        ("//renders\\zoom.webm", "zoom.webm", ".webm"),
        ("//..\\zoom.mov", "zoom.mov", ".mov"),
        ("C:\\zooms\\zoom.mp4", "zoom.mp4", ".mp4"),
        ("\\\\server\\share\\zoom.mp4", "zoom.mp4", ".mp4"),
        ("//frames", "frames", ""),
        ("//", "", ""),
        ("/zooms.d/frames", "frames", ""),
    ],
)
def test_the_last_part_of_a_path_of_any_system(path: str, last: str, ending: str) -> None:
    assert (last_part(path), ending_of(path)) == (last, ending)


def test_the_format_of_an_output_beside_the_file() -> None:
    assert format_of("//zoom.mp4") is FileFormat.H264
    assert format_of("//renders\\zoom.webm") is FileFormat.WEBM


def test_a_path_that_begins_with_two_slashes() -> None:
    assert typed("//zooms/a.png", "posix") == typed("///zooms/a.png", "posix") == "/zooms/a.png"
    assert typed("zooms//a.png", "posix") == "zooms//a.png"
    assert typed("//server/share/a.png", "nt") == "//server/share/a.png"


@pytest.mark.parametrize(
    ("stored", "posix"),
    [
        ("/zooms/pictures\\a.png", "/zooms/pictures/a.png"),
        ("/zooms/..\\a.png", "/zooms/../a.png"),
        ("C:\\zooms\\a.png", "/c/zooms/a.png"),
        ("d:/zooms/a.png", "/d/zooms/a.png"),
        ("/zooms/a.png", "/zooms/a.png"),
        ("a:b.png", "a:b.png"),
        ("", ""),
    ],
)
def test_a_path_that_was_stored_on_windows(stored: str, posix: str) -> None:
    assert native(stored, "posix") == posix
    assert native(stored, "nt") == stored


# --- The same name --------------------------------------------------------------------------------


def test_names_that_disks_take_for_the_same_are_the_same() -> None:
    assert TOGETHER != APART == unicodedata.normalize("NFD", TOGETHER)
    for name in (TOGETHER, APART, TOGETHER.upper(), APART.upper()):
        assert folded(name) == folded(TOGETHER)
    assert folded("STRASSE.png") == folded("stra\N{LATIN SMALL LETTER SHARP S}e.png")
    assert folded("cafe.png") != folded(TOGETHER)
    assert natural_key(APART) == natural_key(TOGETHER)


@pytest.mark.parametrize(("named", "found"), [(TOGETHER, APART), (APART, TOGETHER)])
def test_settings_and_placements_know_images_from_another_system(named: str, found: str) -> None:
    settings = ZoomSettings(of_images=images_from_json([{"image": named, "crop": 0.5}]))
    assert settings.own_or_common(found, "crop") == 0.5
    assert len(settings.with_image(ImageSettings(found, crop=0.4)).of_images) == 1
    assert settings.with_image(ImageSettings(found)).of_images == ()
    with pytest.raises(EverZoomError, match="its own settings twice"):
        ZoomSettings(of_images=(ImageSettings(named, hold=1.0), ImageSettings(found, hold=2.0)))
    pair = {"outer": "b.png", "inner": named, "factor": 2.0, "offset_px": [0, 0]}
    given = placements_from_json({"pairs": [pair]})
    assert placement_of(given, "b.png", found) == given[0]
    assert placement_of(given, found, "b.png") is None


@pytest.mark.parametrize(("picture", "other"), [(TOGETHER, APART), (APART, TOGETHER)])
def test_depth_maps_and_movies_are_known_from_another_system(
    tmp_path: Path, picture: str, other: str
) -> None:
    image, depth = tmp_path / picture, tmp_path / f"{Path(other).stem}_depth.png"
    for file in (image, depth):
        file.write_bytes(b"x")
    assert find_depth_maps([image]) == {image: depth}
    assert without_depth_maps([image, depth]) == [image]
    movie = tmp_path / f"{Path(other).stem}.mp4"
    assert choose_moving([movie], [image]) == [movie]


def test_two_options_name_one_file_however_its_accents_are_written(tmp_path: Path) -> None:
    one, other = tmp_path / TOGETHER, tmp_path / APART.upper()
    with pytest.raises(EverZoomError, match="name the same file"):
        check_apart({"--json": one, "--farm": other}, {})


def test_what_is_read_is_not_written_over_by_its_other_name(tmp_path: Path) -> None:
    """As a disk has it that does not tell capitals: here by a second name of the same file."""
    image, other = tmp_path / "image.png", tmp_path / "IMAGE.PNG"
    image.write_bytes(b"picture")
    if not other.exists():
        other.hardlink_to(image)
    with pytest.raises(EverZoomError, match=r"--check .* made from"):
        check_kept({"--check": other}, [image])
    check_kept({"--check": tmp_path / "other.png"}, [image, tmp_path / "gone.png"])


# --- Disks that cannot be written to --------------------------------------------------------------


@on_posix
def test_nothing_is_left_of_the_question_whether_a_folder_takes_files(tmp_path: Path) -> None:
    check_file(tmp_path / "zoom.mp4")
    assert list(tmp_path.iterdir()) == []
    read_only = Path("/proc")  # it takes no files, from anybody
    if read_only.is_dir():
        with pytest.raises(EverZoomError, match=r"^The output folder /proc cannot be written"):
            check_file(read_only / "zoom.mp4")


def test_pictures_of_all_names_are_found(tmp_path: Path) -> None:
    for name in ("aux1.png", f"1{APART}", "2 .png"):
        (tmp_path / name).write_bytes(b"x")
    assert len(find_images(tmp_path)[0]) == 3
