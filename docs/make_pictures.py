"""Makes the pictures of the README and the guide, all from the built-in sample series.

Run it with the Python of an environment that build.py made:

    .env/bpy-5.2/bin/python docs/make_pictures.py [sheet] [movie] [camera] [window]

`window` needs a complete Blender, named as tests/window/driver.py says.
"""

from __future__ import annotations

import os
import sys
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
sys.path.insert(0, str(ROOT))

Pixels = NDArray[np.uint8]


def eight_bit(picture: NDArray[np.float32]) -> Pixels:
    """A picture of 0 to 1 as bytes."""
    rounded: Pixels = (picture * 255.0 + 0.5).astype(np.uint8)
    return rounded


def write(file: Path, pictures: list[Pixels], codec: str, rate: int, **options: str) -> None:
    """Write one picture, or several that move."""
    height, width = pictures[0].shape[:2]
    with av.open(str(file), "w", format="image2" if len(pictures) == 1 else None) as container:
        stream: Any = container.add_stream(codec, rate=rate, options=options)
        stream.width, stream.height = width, height
        stream.pix_fmt = "yuvj444p" if codec == "mjpeg" else "yuv420p"
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def make_sheet() -> None:
    """Six moments of the journey, side by side."""
    from ai_ever_zoom_addon.core.sample import sample_view

    side = 420
    views = [eight_bit(sample_view(level, size=(side, side))) for level in (0, 1, 2.1, 3, 5, 7)]
    rows = [np.concatenate(views[start : start + 3], axis=1) for start in (0, 3)]
    write(PICTURES / "sample.jpg", [np.concatenate(rows)], "mjpeg", 1, qmin="2", qmax="3")


def rendered(*options: str) -> list[Pixels]:
    """Frames as the command line renders them."""
    from ai_ever_zoom_addon.cli import main

    with tempfile.TemporaryDirectory() as folder:
        status = main(["-o", folder, *options])
        if status:
            raise SystemExit(status)
        frames: list[Any] = []
        for file in sorted(Path(folder).glob("*.png")):
            with av.open(str(file)) as container:
                frames.append(next(container.decode(video=0)).to_ndarray(format="rgb24"))
    return frames


def make_movie() -> None:
    """The zoom as the command line renders it, small."""
    frames = rendered("-zs", "16", "--resolution", "320x320")
    write(PICTURES / "zoom.webp", frames, "libwebp_anim", 20, quality="60", loop="0")


def make_camera() -> None:
    """The same five moments as they are, rolled, and wide, one below the other."""
    moments = ["-zs", "3", "--frames", "0-4"]
    size = ["--resolution", "280x280"]
    rows = [
        np.concatenate(rendered(*moments, *options), axis=1)
        for options in (size, [*size, "--roll", "0.25"], ["--resolution", "280x158"])
    ]
    write(PICTURES / "camera.jpg", [np.concatenate(rows)], "mjpeg", 1, qmin="2", qmax="4")


def make_window() -> None:
    """The real window, and every state of the panel."""
    from docs import window_pictures

    window_pictures.make_all()


if __name__ == "__main__":
    makers = {
        "sheet": make_sheet,
        "movie": make_movie,
        "camera": make_camera,
        "window": make_window,
    }
    PICTURES.mkdir(exist_ok=True)
    os.chdir(ROOT)
    for name in sys.argv[1:] or makers:
        makers[name]()
