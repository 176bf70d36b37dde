"""Fuzzed picture files that Blender is to open: told as bad, or whole as measured. Touches bpy."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ai_ever_zoom_addon.scene import loading, measuring
from tests.fuzz import pictures
from tests.fuzz.trial import Case

# What only Blender writes, by the endings of its files.
WRITTEN = {"OPEN_EXR": "exr", "HDR": "hdr", "DPX": "dpx", "CINEON": "cin", "TARGA": "tga"}


def written(folder: Path) -> list[tuple[str, bytes]]:
    """Pictures of these kinds."""
    image: Any = bpy.data.images.new("a", pictures.WIDTH, pictures.HEIGHT)
    image.generated_type = "COLOR_GRID"
    scene: Any = bpy.context.scene
    files = []
    for kind, suffix in WRITTEN.items():
        file = folder / f"b.{suffix}"
        scene.render.image_settings.file_format = kind  # what is saved otherwise may be a PNG
        image.save_render(str(file), scene=scene)
        files.append((file.name, file.read_bytes()))
    bpy.data.images.remove(image)
    return files


@contextmanager
def prepared() -> Iterator[Case]:
    """The case."""
    with tempfile.TemporaryDirectory() as name:
        files = pictures.whole() + written(Path(name))
        count = 0

        def case(chance: random.Random) -> None:
            nonlocal count
            count += 1  # Blender knows a file by its path
            name_, data = pictures.spoiled(chance, files)
            file = Path(name, f"{count}_{name_}")
            file.write_bytes(data)
            try:
                (image,) = measuring.measure_images([file])
                pixels = loading.read_pixels(file)
                assert pixels.shape[:2] == (image.height, image.width), pixels.shape
                assert bool(np.isfinite(pixels).all())
                assert pixels.min() >= 0.0 and pixels.max() <= 1.0
            finally:
                file.unlink()
                for left in [item for item in bpy.data.images if item.filepath]:
                    bpy.data.images.remove(left)

        yield case
