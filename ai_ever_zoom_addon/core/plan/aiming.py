"""Where the view goes, such that it never sees anything but pictures. Never touches bpy."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import EverZoomError
from ...settings import Centre, MaskShape, ZoomSettings
from ..findings import Finding, FindingKind
from .mask import ELLIPSE_CORNERS, Mask
from .nesting import Nesting
from .path import Path
from .view import Turning, View
from .visibility import appears

# Parts of a level in which the view is looked for beyond the pictures' border.
_ROOM_SEARCH_STEPS = 32
_TARGET_SEARCH = 20

# Where images reach beyond the outermost one, so many of those around an image are looked at, along
# so many rays to each side of the view; between them, and between levels, it gets a little more.
_IMAGES_AROUND = 8
_RAYS = 8
_MORE = 1.005

# Parts of an image's width that the view is moved by without a word.
_SEEN_MOVE = 0.01

# A view that is so much smaller than it should be shows nothing of a zoom any more.
_MOST_ENLARGED = 8.0


class Room(NamedTuple):
    """How much larger the view could be.

    Attributes:
        times: So many times, before it sees what no image shows.
        level: The zoom level at which that comes first.
    """

    times: float
    level: float


def find_path(
    nesting: Nesting, view: View, images: Turning, settings: ZoomSettings
) -> tuple[Path, View, tuple[Finding, ...]]:
    """Aim the view, and keep it within the images.

    Where images reach beyond the outermost one, the view keeps away from their centres as far as it
    has to. Where it would leave the images by itself, as when it is turned, it is made smaller;
    where it would for the sake of the target, it goes there only in part.

    Args:
        nesting: The images.
        view: What a frame shows, before it is kept within the images.
        images: How they are turned.
        settings: What the user chose.

    Returns:
        The path, the view, and what the user should know.

    Raises:
        EverZoomError: An image lies so far outside of the others that no way leads there.
    """
    slack = _slack(nesting, view)
    # The zoom ends nowhere in a ring.
    target = settings.aim
    size = np.array([1.0, nesting.series.images[-1].aspect])
    width = nesting.widths[-1]
    wanted = np.array(target) * size * width
    limited = np.clip(wanted, -slack[-1], slack[-1])
    is_within = is_within_outermost(nesting)
    find_room = _room if is_within else _room_of_all

    def way(turning: Turning, *, is_kept: bool, largest: View = view) -> Callable[[float], Path]:
        def aimed(part: float) -> Path:
            path = _aimed(nesting, part * limited, slack, turning, settings.centre)
            return _kept_inside(nesting, largest, path) if is_kept else path

        return aimed

    # Around the point that keeps its place, or straight on where the images are turned so far that
    # this leads too far out.
    turnings = [images]
    if not images.is_level and not nesting.round_levels:
        turnings.append(images.none())
    findings: list[Finding] = []
    aimed, room = way(images, is_kept=False), Room(-math.inf, 0.0)
    for is_kept, turning in itertools.product((False,) if is_within else (False, True), turnings):
        other = way(turning, is_kept=is_kept)
        other_room = find_room(nesting, view, other(0.0))
        if other_room.times > room.times:
            aimed, room = other, other_room
            findings = _moved(nesting, way(turning, is_kept=False)(0.0), other(0.0))
        if room.times >= 1.0 / _MORE:
            break
    enlarged = max(1.0, 1.0 / room.times) if room.times > 0.0 else math.inf
    if enlarged > _MOST_ENLARGED and (not is_within or math.isinf(enlarged)):
        raise _out_of_reach(nesting, room.level)
    if enlarged > 1.0:
        view = view.shrunk(enlarged * (1.0 + 1e-9 if is_within else _MORE))
    low, high = 0.0, 1.0  # parts of the way to the target
    part = high
    for _ in range(_TARGET_SEARCH):
        is_room = find_room(nesting, view, aimed(part)).times >= 1.0
        low, high = (part, high) if is_room else (low, part)
        if low == 1.0 or not limited.any():
            break
        part = (low + high) / 2.0
    if enlarged > 1.005:
        kind = FindingKind.ENLARGED_AT_BORDER if view.is_upright else FindingKind.ENLARGED_BY_ROLL
        findings.append(Finding(kind, {"times": enlarged}))
    if np.abs(low * limited - wanted).max() > 1e-3:
        x, y = low * limited / size / width
        findings.append(
            Finding(
                FindingKind.NEARER_TARGET, {"target": [float(x), float(y)], "wanted": list(target)}
            )
        )
    return aimed(low), view, tuple(findings)


def is_within_outermost(nesting: Nesting) -> bool:
    """Whether what is opaque of all images lies within the outermost one."""
    across, up = nesting.masks[0].half_size
    for index, mask in enumerate(nesting.masks[1:], start=1):
        half_x, half_y = mask.opaque_half_size
        scale = (
            nesting.zoom_factor ** (nesting.levels[0] - nesting.levels[index])
            * nesting.widths[index]
            / nesting.widths[0]
        )
        angle = nesting.angles[index] - nesting.angles[0]
        cosine, sine = abs(math.cos(angle)) * scale, abs(math.sin(angle)) * scale
        place = nesting.place_in(index, 0)
        if (
            abs(place.real) + half_x * cosine + half_y * sine > across + 1e-9
            or abs(place.imag) + half_x * sine + half_y * cosine > up + 1e-9
        ):
            return False
    return True


def _moved(nesting: Nesting, before: Path, after: Path) -> list[Finding]:
    """What it costs that the view keeps away from images' centres."""
    parts: dict[str, float] = {}
    for image, width, old, new in zip(
        nesting.series.images, nesting.widths, before.aims, after.aims, strict=True
    ):
        part = math.dist(old, new) / width
        if part > _SEEN_MOVE:
            parts[image.file.name] = max(part, parts.get(image.file.name, 0.0))
    if not parts:
        return []
    values = {"files": list(parts), "part": max(parts.values())}
    return [Finding(FindingKind.MOVED_AT_BORDER, values)]


def _out_of_reach(nesting: Nesting, level: float) -> EverZoomError:
    """What is wrong where no view sees pictures only, at a level on the way to an image."""
    names = [image.file.name for image in nesting.series.images]
    inner = min(int(np.searchsorted(nesting.levels, level, "right")), len(names) - 1)
    return EverZoomError(
        "{inner} lies so far outside of {outer} that no frame on the way there would show pictures "
        "only: place it by hand, or leave it out.",
        inner=names[inner],
        outer=names[inner - 1],
    )


def _slack(nesting: Nesting, view: View) -> NDArray[np.float64]:
    """How far the view may be off each image's centre, in its spans and axes; (images, 2)."""
    halves = []
    for level, angle, width, image in zip(
        nesting.levels, nesting.angles, nesting.widths, nesting.series.images, strict=True
    ):
        across, up = view.half_extent(np.array(level), turned=angle)
        halves.append((0.5 * width - across, image.aspect / 2.0 * width - up))
    return np.maximum(0.0, np.array(halves))


def _aimed(
    nesting: Nesting,
    target: NDArray[np.float64],
    slack: NDArray[np.float64],
    images: Turning,
    centre: Centre,
) -> Path:
    """The path of a zoom that ends at a place of the innermost image.

    Everything is measured from there; so a zoom that is centred stays as simple as it is.

    Args:
        nesting: The images.
        target: Where to, (x, y), from the innermost image's centre in its spans and axes.
        slack: How far the view may be off each image's centre, in its spans and axes; (images, 2).
        images: How they are turned.
        centre: What the view keeps to.
    """
    levels, angles = np.array(nesting.levels), np.array(nesting.angles)
    scale = nesting.zoom_factor ** (levels - levels[-1])
    end = _turned(target[None], -angles[-1:])
    centres = np.array(nesting.centres) - end * scale[:, None]
    # The view keeps to the images' centres as before, or goes to where the zoom ends.
    aims = np.array(nesting.centres)
    if centre is Centre.FIXED_POINT:
        own = _turned(centres, angles)
        aims = centres - _turned(np.clip(own, -slack, slack), -angles)
    return Path(
        nesting.zoom_factor,
        nesting.round_levels,
        nesting.levels,
        _tuples(centres),
        _tuples(aims),
        images,
    )


def _turned(points: NDArray[np.float64], angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points of shape (n, 2), turned anticlockwise by n angles."""
    if not angles.any():
        return points
    turned = (points[:, 0] + 1j * points[:, 1]) * np.exp(1j * angles)
    return np.stack([turned.real, turned.imag], axis=1)


def _tuples(points: NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
    return tuple((float(x), float(y)) for x, y in points)


def _levels(nesting: Nesting, parts: int) -> NDArray[np.float64]:
    """Levels of the whole zoom, so many in one."""
    end = len(nesting.shown_levels) - 1
    return np.linspace(0.0, end, 1 + math.ceil(end * parts))


def _room(nesting: Nesting, view: View, path: Path) -> Room:
    """The room of a view before it leaves the outermost image."""
    if path.is_centred and view.is_upright:
        return Room(math.inf, 0.0)
    parts = _ROOM_SEARCH_STEPS * (1 + math.ceil(8.0 * view.fastest))
    levels = _levels(nesting, parts)
    scale = nesting.zoom_factor ** (nesting.levels[0] - levels)
    away = path(levels)[0] * scale[:, None] - path.centres[0]
    x, y = np.abs(_turned(away, np.full(len(levels), nesting.angles[0]))).T
    width, image = nesting.widths[0], nesting.series.images[0]
    pixel = 1.0 / image.width  # engines smooth the border
    half_width, half_height = view.half_extent(levels, 0.5 / parts, nesting.angles[0])
    times = np.minimum(
        ((0.5 - pixel) * width - x) / (half_width * scale),
        ((image.aspect / 2.0 - pixel) * width - y) / (half_height * scale),
    )
    return _least(times, levels)


def _least(times: NDArray[np.float64], levels: NDArray[np.float64]) -> Room:
    least = int(times.argmin())
    return Room(float(times[least]), float(levels[least]))


def _room_of_all(nesting: Nesting, view: View, path: Path) -> Room:
    """The room of a view before it sees what no image shows.

    Along rays from the view's centre it is looked how far the images that are opaque reach without
    a gap.
    """
    # As the picture grows and as it turns: where images hardly differ in size a few are enough.
    growth = math.ceil(_ROOM_SEARCH_STEPS * min(1.0, math.log2(nesting.zoom_factor)))
    levels = _levels(nesting, max(4, growth) + math.ceil(_ROOM_SEARCH_STEPS * view.fastest))
    # There is least room where another image has nearly come.
    comes = np.array([appears(nesting, index)[1] for index in range(1, len(nesting.levels))])
    comes = comes[(comes > 0.0) & (comes <= levels[-1])] - 1e-6
    levels = np.sort(np.concatenate([levels, comes]))
    side = np.linspace(-0.5, 0.5, _RAYS, endpoint=False)
    half = np.full(_RAYS, 0.5)
    width, height = view.size
    rim = np.concatenate([side - 0.5j, half + 1j * side, -side + 0.5j, -half - 1j * side])
    rays = rim.real * width + 1j * rim.imag * height
    found = np.empty(len(levels))
    starts = np.array(nesting.levels)
    steps = np.clip(np.searchsorted(starts, levels, "right") - 1, 0, len(starts) - 2)
    for step in np.unique(steps):
        here = steps == step
        found[here] = _reach(nesting, view, path, levels[here], int(step), rays)
    return _least(found, levels)


def _reach(
    nesting: Nesting,
    view: View,
    path: Path,
    levels: NDArray[np.float64],
    step: int,
    rays: NDArray[np.complex128],
) -> NDArray[np.float64]:
    """How far images are seen along rays, at levels of one step: the least for each level."""
    at = path(levels)[0]
    centre = (at[:, 0] + 1j * at[:, 1])[:, None]
    turned = rays * np.exp(1j * view.angle(levels))[:, None]
    near, far = [], []
    others = {0, *range(max(0, step - _IMAGES_AROUND), step + 2)}
    for index in sorted(others):
        scale = nesting.zoom_factor ** (levels - nesting.levels[index])[:, None]
        own = np.exp(1j * nesting.angles[index]) / (scale * nesting.widths[index])
        start = (centre - complex(*path.centres[index]) * scale) * own
        image = nesting.series.images[index]
        enter, leave = _crossed(
            nesting.masks[index], start, turned * own, 0.0 if index else 1.0 / image.width
        )
        is_there = (levels >= appears(nesting, index)[1])[:, None]
        near.append(np.where(is_there, enter, math.inf))
        far.append(np.where(is_there, leave, -math.inf))
    begins, ends = np.array(near), np.array(far)
    reach = np.zeros(begins.shape[1:])
    for _ in others:  # from one image into the next
        further = np.maximum(reach, np.where(begins <= reach + 1e-9, ends, 0.0).max(axis=0))
        if (further == reach).all():
            break
        reach = further
    least: NDArray[np.float64] = reach.min(axis=1)
    return least


def _crossed(
    mask: Mask, start: NDArray[np.complex128], way: NDArray[np.complex128], margin: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where rays enter and leave what is opaque of an image, in lengths of `way`."""
    half_x, half_y = (half - margin for half in mask.opaque_half_size)
    with np.errstate(divide="ignore", invalid="ignore"):
        if mask.shape is MaskShape.ELLIPSE:
            inside = math.cos(math.pi / ELLIPSE_CORNERS)
            p = (start.real / half_x + 1j * start.imag / half_y) / inside
            v = (way.real / half_x + 1j * way.imag / half_y) / inside
            a, b = np.abs(v) ** 2, (p * v.conj()).real
            root = np.sqrt(b * b - a * (np.abs(p) ** 2 - 1.0))  # no number where it is missed
            enter, leave = (-b - root) / a, (-b + root) / a
        else:
            x, y = (
                np.sort(np.stack([(-half - place) / step, (half - place) / step]), axis=0)
                for half, place, step in (
                    (half_x, start.real, way.real),
                    (half_y, start.imag, way.imag),
                )
            )
            enter, leave = np.fmax(x[0], y[0]), np.fmin(x[1], y[1])
    is_met = leave >= enter
    return np.where(is_met, enter, math.inf), np.where(is_met, leave, -math.inf)


def _kept_inside(nesting: Nesting, view: View, path: Path) -> Path:
    """The path with each image's view moved, as little as possible, into one of those around it."""
    aims = [path.aims[0]]
    outermost = set() if nesting.round_levels else {0}
    for index in range(1, len(nesting.levels)):
        level = nesting.levels[index]
        aim = complex(*path.aims[index])
        moves = []
        for other in sorted({*outermost, *range(max(0, index - _IMAGES_AROUND), index)}):
            scale = nesting.zoom_factor ** (level - nesting.levels[other])
            mask = nesting.masks[other]
            part = math.sqrt(0.5) if mask.shape is MaskShape.ELLIPSE else 1.0
            extent = view.half_extent(np.array(level), turned=nesting.angles[other])
            room = [
                half * part * nesting.widths[other] * scale - float(reach)
                for half, reach in zip(mask.opaque_half_size, extent, strict=True)
            ]
            if min(room) < 0.0:
                continue
            back = complex(math.cos(nesting.angles[other]), -math.sin(nesting.angles[other]))
            away = (aim - complex(*path.centres[other]) * scale) / back
            inside = complex(
                min(max(away.real, -room[0]), room[0]), min(max(away.imag, -room[1]), room[1])
            )
            moves.append((inside - away) * back)
        aim += min(moves, key=abs, default=0j)
        aims.append((aim.real, aim.imag))
    return replace(path, aims=tuple(aims))
