"""The effects on the built-in sample series, and the pictures of them. Touches bpy.

Run it with the Python of an environment that build.py made, for all of them or those that are
named:

    .env/bpy-5.2/bin/python docs/gallery.py [flash] [planet]

docs/gallery.md shows the pictures; tests/scene/test_gallery.py tries each effect out.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import bpy
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ai_ever_zoom_addon.scene import effects, loading, measuring, sample, zooms
from ai_ever_zoom_addon.scene.output import rendering
from ai_ever_zoom_addon.scene.planes import anchors
from ai_ever_zoom_addon.settings import FrameSize, MaskShape, ZoomSettings

STEPS = 20  # frames from image to image

# Which image each effect is on, and the moments that its picture shows, as numbers of images.
SHOWN: dict[effects.Effect, tuple[int, tuple[float, ...]]] = {
    effects.Title(text="Good Morning"): (1, (0.5, 0.75, 1.0)),
    effects.Flash(): (2, (1.8, 1.9, 2.0)),
    effects.Fireflies(): (0, (0.0, 0.2, 0.4)),
    effects.Planet(): (7, (6.5, 6.75, 7.0)),
    effects.ColourAccent(): (4, (3.4, 3.7, 4.0)),
}


def put(effect: effects.Effect, control: Any, number: int) -> Any:
    """Put an effect on an image, as its button does; its top object."""
    scene: Any = bpy.context.scene
    scene.frame_set(anchors.frame_of_image(control, number))
    return effects.add(scene, control, zooms.plan_of(scene, control), effect)


def write_sample(folder: Path, side: int) -> list[Path]:
    """The files of the sample series, the first one the innermost."""
    sample.write_sample(folder, (side, side))
    return sorted(folder.iterdir())


def build_sample(files: list[Path], **settings: Any) -> Any:
    """A new file with the zoom through the sample series; its control."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    chosen = ZoomSettings(
        start_frame=0, align=False, match_colour=False, mask_shape=MaskShape.ELLIPSE, **settings
    )
    series, _ = measuring.find_series(files, chosen)
    return zooms.build_zoom(bpy.context.scene, series, chosen)


def make_picture(effect: effects.Effect, side: int = 280) -> None:
    """The moments of an effect, side by side."""
    from docs.make_pictures import eight_bit, save_photo

    number, moments = SHOWN[effect]
    with tempfile.TemporaryDirectory() as folder:
        files = write_sample(Path(folder), 1024)
        control = build_sample(
            files,
            zoom_steps=STEPS,
            resolution_from=FrameSize.PIXELS,
            resolution=(side, side),
            samples=16,
        )
        put(effect, control, number)
        strip = []
        for frame in (round(moment * STEPS) for moment in moments):
            rendering.render_animation(bpy.context.scene, folder, frame, frame, sharp=False)
            strip.append(eight_bit(loading.read_pixels(Path(folder) / f"frame_{frame:05}.png")))
    save_photo(f"gallery-{effect.name()}", np.concatenate(strip, axis=1))


if __name__ == "__main__":
    for shown in SHOWN:
        if not sys.argv[1:] or shown.name() in sys.argv[1:]:
            make_picture(shown)
