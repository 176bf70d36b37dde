"""A zoom as a page for a browser: the plan as numbers, the pictures, and viewer.html, which draws.

Never touches bpy.
"""

from __future__ import annotations

import base64
import contextlib
import html
import json
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from ..errors import EverZoomError
from ..plain import read_json
from ..settings import MaskShape
from ..texts import Text
from .files.moving import is_moving
from .files.output import zoom_name
from .files.writing import Writing
from .plan.plan import Layer, Plan
from .steps import Steps

PAGE_SUFFIX = ".html"
_PAGE_SUFFIXES = {PAGE_SUFFIX, ".htm"}

_VIEWER = Path(__file__).with_name("viewer.html")

_PLAN = '<script id="plan" type="application/json">', "</script>"
_PICTURE = 'picture = "'  # how the file of a picture begins

# The view's way is given by so many points from one image to the next: with Hermite's curves in
# between it is within a hundredth of a pixel.
_POINTS = 16

_NEVER = 1e9  # levels
_ROUNDING = 1e-6


@dataclass(frozen=True)
class PageImage:
    """A picture as browsers show it: sRGB, upright, of 8 bits.

    Attributes:
        kind: Its media type, such as "image/png".
        data: The bytes of its file.
    """

    kind: str
    data: bytes

    @property
    def address(self) -> str:
        """All of it as an address."""
        return f"data:{self.kind};base64,{base64.b64encode(self.data).decode('ascii')}"


def is_page(output: str) -> bool:
    """Whether an output path names a page."""
    return Path(output).suffix.casefold() in _PAGE_SUFFIXES and not output.endswith(("/", "\\"))


def folder_beside(file: Path) -> Path:
    """The folder of the pictures that lie beside a page."""
    return file.with_name(f"{file.stem}_pictures")


def page_steps(
    plan: Plan,
    file: Path,
    read: Callable[[Path], PageImage],
    levels: Sequence[float] | None = None,
    *,
    is_beside: bool = False,
) -> Steps[None]:
    """Write a zoom as a page, whole or not at all.

    Args:
        plan: The zoom.
        file: See `check_file`; what is there is replaced.
        read: Gives a picture.
        levels: See `page_data`.
        is_beside: All pictures but the first lie in files of their own, in `folder_beside`, and are
            loaded as the view comes to them.

    Raises:
        EverZoomError: An image moves or cannot be read, or a file cannot be written.
    """
    pictures = _pictures(plan)
    moving = [image.name for image in pictures if is_moving(image)]
    if moving:
        raise EverZoomError(
            "A page shows only still images, and {moving} moves: render a video, or leave it out.",
            moving=moving[0],
        )
    beside = folder_beside(file)
    unused = _pictures_of(file)
    first = _first(plan)
    try:
        with Writing() as writing, writing.place(file).open("w", encoding="utf-8") as page:
            data = page_data(plan, levels, quote(beside.name))
            before, after = _viewer(plan, data, _readable(read, list(pictures)[first]))
            page.write(before)
            for number, image in enumerate(pictures):
                yield (
                    number / len(pictures),
                    Text("Picture {number} of {count}", number=number + 1, count=len(pictures)),
                )
                if number == first:
                    continue
                address = _readable(read, image).address
                if is_beside:
                    # As a script it can be loaded from a disk, too; a browser lets no page take
                    # the pixels of a picture from there.
                    script = beside / f"{number}.js"
                    unused.discard(script)
                    text = f'{_PICTURE}{address}";\n'
                    writing.place(script).write_text(text, encoding="utf-8")
                else:
                    page.write(f'<script id="picture-{number}" type="text/plain">')
                    page.write(f"{address}</script>\n")
            page.write(after)
        _remove(unused)
    except OSError as error:
        raise EverZoomError(
            "{file} cannot be written ({reason}): choose another place.",
            file=file,
            reason=error.strerror,
        ) from error


def _pictures_of(file: Path) -> set[Path]:
    """The files of pictures beside a page that is there, as far as it lists them as its own."""
    beside = folder_beside(file)
    try:
        found = re.search(f"^{_PLAN[0]}(.*){_PLAN[1]}$", file.read_text("utf-8"), re.MULTILINE)
        plan = read_json(found[1]) if found else {}
        if plan["beside"] != quote(beside.name):
            return set()
        return {beside / f"{number}.js" for number in range(len(plan["pictures"]))}
    except (OSError, ValueError, KeyError, TypeError):  # none of ours
        return set()


def _remove(scripts: Iterable[Path]) -> None:
    """Remove pictures of a page that it does not use any more, and their folder with the last."""
    for script in scripts:
        with contextlib.suppress(OSError):
            with script.open(encoding="utf-8") as content:
                is_ours = content.read(len(_PICTURE)) == _PICTURE
            if is_ours:
                script.unlink()
                script.parent.rmdir()


def _readable(read: Callable[[Path], PageImage], image: Path) -> PageImage:
    try:
        return read(image)
    except OSError as error:
        raise EverZoomError(
            "The image {image} cannot be read ({reason}): check the file.",
            image=image.name,
            reason=error.strerror,
        ) from error


def page_data(
    plan: Plan, levels: Sequence[float] | None = None, beside: str = ""
) -> dict[str, Any]:
    """What the viewer needs of a plan.

    Args:
        plan: The zoom.
        levels: That each of its frames shows; None: as the plan has them.
        beside: Address of the folder of the pictures that are not in the page.

    Returns:
        Lengths, angles, turns and levels are those of `Plan`, `Layer`, `Mask`, `Sight` and `View`:

        - factor: The plan's zoom factor; size: the view's; round: levels of a ring, or 0.
        - ends: The lowest and the highest level that is shown.
        - levels: Of the frames; fps: frames per second.
        - stops: Levels at which an image fills the view.
        - way: The view's centre and its angle, [x, y, angle], at `levels`, and their derivatives.
        - layers: From the hindmost to the foremost; `picture` is a number of `pictures`, `sight`
          are the four levels of its `Sight`, `gains` are what its linear light is multiplied by.
        - pictures: Width and height of each; first: the one in which the zoom begins; beside.
    """
    pictures = _pictures(plan)
    levels = [plan.level_at(frame) for frame in plan.frames] if levels is None else levels
    lowest, highest = min(levels), max(levels)
    if plan.round_levels:
        lowest, highest = 0.0, float(plan.round_levels)
    # A ring's outermost image counts once.
    last = highest + (-_ROUNDING if plan.round_levels else _ROUNDING)
    return {
        "factor": plan.zoom_factor,
        "size": plan.view_size,
        "round": plan.round_levels,
        "ends": [lowest, highest],
        "levels": levels,
        "fps": plan.settings.frames_per_second,
        "stops": [layer.level for layer in plan.layers if lowest - _ROUNDING < layer.level < last],
        "way": _way(plan, lowest, highest),
        "layers": [_layer(plan, layer, list(pictures)) for layer in plan.stacked],
        "pictures": list(pictures.values()),
        "first": _first(plan),
        "beside": beside,
    }


def _viewer(plan: Plan, data: dict[str, Any], first: PageImage) -> tuple[str, str]:
    """The page before and after its pictures."""
    numbers = json.dumps(_rounded(data), separators=(",", ":"))
    width, height = plan.resolution
    title = zoom_name(plan.series.images[0].file.parent)
    values = {
        "title": html.escape(title),
        "label": html.escape(f"{title}: a zoom through {len(data['pictures'])} pictures"),
        "width": str(width),
        "height": str(height),
        "first": str(_first(plan)),
        "picture": first.address,
        "plan": numbers.replace("<", "\\u003c"),
    }
    parts = _VIEWER.read_text(encoding="utf-8").split("{{pictures}}\n")
    before, after = (re.sub(r"{{(\w+)}}", lambda found: values[found[1]], part) for part in parts)
    return before, after


def _pictures(plan: Plan) -> dict[Path, tuple[int, int]]:
    """The images' files, each once, with their widths and heights."""
    return {layer.image.file: (layer.image.width, layer.image.height) for layer in plan.layers}


def _first(plan: Plan) -> int:
    """The number of the picture in which the zoom begins."""
    start = plan.level_at(plan.first_frame)
    first = min(plan.layers, key=lambda layer: abs(layer.level - start))
    return list(_pictures(plan)).index(first.image.file)


def _layer(plan: Plan, layer: Layer, pictures: list[Path]) -> dict[str, Any]:
    levels, gains = zip(*plan.gain_keys(layer.index), strict=True)
    sight = layer.visible_from, layer.opaque_from, layer.fades_from, layer.visible_until
    is_ellipse = layer.mask.shape is MaskShape.ELLIPSE
    return {
        "picture": pictures.index(layer.image.file),
        "level": layer.level,
        "centre": layer.centre,
        "width": layer.width,
        "aspect": layer.aspect,
        "turn": layer.turn,
        "mask": [*layer.mask.half_size, layer.mask.feather, int(is_ellipse)],
        "sight": [min(max(level, -_NEVER), _NEVER) for level in sight],
        "gains": {"levels": levels, "values": gains},
    }


def _way(plan: Plan, lowest: float, highest: float) -> dict[str, Any]:
    between = [level for level in plan.path.levels if lowest < level < highest]
    ends = np.array([lowest, *between, highest])
    parts = np.arange(_POINTS) / _POINTS
    levels = np.append((ends[:-1, None] + np.diff(ends)[:, None] * parts).ravel(), highest)
    if plan.is_centred and plan.view.is_upright:
        levels = ends[[0, -1]]
    centres, changes = plan.path(levels)
    angles = plan.view.angle(levels)
    rates = math.tau * plan.roll - plan.view.turning(levels)[1]
    return {
        "levels": levels.tolist(),
        "values": np.column_stack([centres, angles]).tolist(),
        "slopes": np.column_stack([changes, rates]).tolist(),
    }


def _rounded(value: Any) -> Any:
    """The same with numbers of at most nine digits."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    return [_rounded(part) for part in value] if isinstance(value, list | tuple) else value
