"""From files to a series, with Blender as what opens pictures.

All of a folder's files, or a list of images that the user has changed: then only what is new to it
is measured.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

from ..core.analysis.consensus import Usual, consensus, said_by
from ..core.analysis.making import analysis_steps, check_enough, pair_steps
from ..core.analysis.pairing import DEFAULT_FACTOR
from ..core.analysis.placing import GivenPlacement, placement_of
from ..core.analysis.report import Analysis, LeftOut, Source
from ..core.analysis.verdict import JUDGED, judge
from ..core.depth_map import DepthMap, Flaw, cells_of, encoded
from ..core.files.depth_files import find_depth_maps
from ..core.files.folder import natural_key
from ..core.files.image_file import incomplete
from ..core.files.limits import check_memory
from ..core.files.moving import is_moving
from ..core.series import (
    ListedImage,
    Listing,
    Series,
    SeriesImage,
    series_of,
    uniform_steps,
)
from ..core.steps import Progress, Steps, run, within
from ..errors import EverZoomError, UnusableError
from ..settings import Order, Travel, ZoomSettings
from ..texts import Text
from . import loading, recipe
from .paths import absolute
from .recipe import Known


def series_steps(
    files: Sequence[Path],
    settings: ZoomSettings,
    skipped: Sequence[str] = (),
    known: Analysis | None = None,
    placements: Sequence[GivenPlacement] = (),
    before: Sequence[SeriesImage] = (),
) -> Steps[tuple[Series, Analysis | None]]:
    """Find out what a list of files is, in steps short enough for a window to stay alive.

    Args:
        files: Images in natural order.
        settings: What of it is known, and what has to be found in the pictures.
        skipped: Names of other files, kept for reports.
        known: The analysis of these very files with the same order, sorting and factor, if it has
            been made before.
        placements: What the user has given.
        before: The images of the zoom that is built again.

    Yields:
        (fraction done, 0 to 1, what is being done).

    Returns:
        The series, and the analysis where the settings needed one, or where images are unusable:
        they are left out, and may leave gaps.

    Raises:
        EverZoomError: See `measure_images`, if less than two images are usable, and
            `analysis_steps`.
    """
    yield 0.0, Text("Reading sizes")
    images, unusable = _usable_images(files)
    check_enough(len(images), unusable.values())
    images = yield from _depth_steps(images, settings, before)
    if len(files) > 1 and not (settings.needs_analysis or placements or unusable):
        ordered = list(images)
        if settings.order is Order.INNERMOST_FIRST:
            ordered.reverse()
        steps = uniform_steps(len(ordered), settings.zoom_factor)
        return Series(tuple(ordered), steps, tuple(skipped), is_measured=False), None
    analysis = known
    if analysis is None:
        is_sorted = settings.order is Order.SORTED
        analysis = yield from analysis_steps(
            [image.file for image in images],
            loading.read_pixels,
            order=(Order.AUTO if is_sorted else settings.order).value,
            auto_sort=is_sorted,
            zoom_factor=settings.given_factor,
            series=settings.series,
            given=placements,
        )
        more = tuple(LeftOut.unusable(file.name, error) for file, error in unusable.items())
        analysis = replace(analysis, left_out=(*more, *analysis.left_out))
    found = {image.file.name: image for image in images}
    kept = [found[name] for name in analysis.order]
    return series_of(kept, analysis, skipped), analysis


def _depth_steps(
    images: Sequence[SeriesImage], settings: ZoomSettings, before: Iterable[SeriesImage] = ()
) -> Steps[list[SeriesImage]]:
    """Images with what their depth maps say, if they have any.

    Args:
        images: The images.
        settings: Where the maps are.
        before: Images of the zoom as it was: what their maps said is kept where these have gone
            together with their folder.

    Raises:
        EverZoomError: The folder of the depth maps is not there, or holds none of these images'.
    """
    known = {image.file.name: image.depth for image in before if image.depth}
    folder = depth_folder(settings)
    if folder is not None and folder.is_file():
        raise EverZoomError(
            "{folder} is a file: choose the folder of the depth maps.", folder=folder
        )
    is_gone = folder is not None and not folder.is_dir()
    if is_gone and not known:
        raise EverZoomError(
            "The folder of the depth maps, {folder}, is not there: choose it again.", folder=folder
        )
    maps = {} if is_gone else find_depth_maps([image.file for image in images], folder)
    if folder is not None and not (maps or known):
        raise EverZoomError(
            "The folder {folder} holds no depth map of these images: name each as its image is.",
            folder=folder,
        )
    found = []
    for number, image in enumerate(images):
        file = maps.get(image.file)
        if file is not None:
            yield 0.0, Text("Reading depth map {number}", number=number + 1)
            found.append(replace(image, depth=_depth_map(file, image)))
        elif is_gone or not image.file.parent.is_dir():
            found.append(replace(image, depth=known.get(image.file.name)))
        else:
            found.append(image)
    return found


def _depth_map(file: Path, image: SeriesImage) -> DepthMap:
    """What a depth map says, or why it cannot be used."""
    if is_moving(image.file):
        return DepthMap(file.name, flaw=Flaw.OF_MOVING)
    try:
        values = loading.read_depth(file)
    except UnusableError:
        return DepthMap(file.name, flaw=Flaw.UNREAD)
    try:
        return DepthMap(file.name, encoded(cells_of(values, image.aspect)))
    except ValueError as error:
        return DepthMap(file.name, flaw=Flaw(str(error)))


def depth_folder(settings: ZoomSettings) -> Path | None:
    """The folder of the depth maps, if one is chosen."""
    return Path(absolute(settings.depth_folder)) if settings.depth_folder else None


def has_depth(maps: Mapping[Path, Path], settings: ZoomSettings) -> bool:
    """Whether some image has a depth map that can be used, and is not to be flat.

    No more maps are read than are needed to know it.

    Args:
        maps: Depth maps by their images, as `find_depth_maps` gives them.
        settings: Which images are to be flat.
    """
    deep = [file for file in maps if settings.own_or_common(file.name, "depth")]
    images = _of_usable(deep, _measured, {})
    return any(_depth_map(maps[file], image).text for file, image in images.items())


def find_series(
    files: Sequence[Path],
    settings: ZoomSettings,
    skipped: Sequence[str] = (),
    progress: Progress = lambda *_: None,
    placements: Sequence[GivenPlacement] = (),
) -> tuple[Series, Analysis | None]:
    """`series_steps` in one go."""
    return run(series_steps(files, settings, skipped, placements=placements), progress)


def measure_images(files: Sequence[Path]) -> list[SeriesImage]:
    """Sizes of image files, from their headers where that is possible.

    Raises:
        UnusableError: A file is missing, truncated or no image, or too small or too large, alone or
            with the others.
    """
    images, unusable = _usable_images(files)
    for error in unusable.values():
        raise error
    return images


def _usable_images(
    files: Sequence[Path],
) -> tuple[list[SeriesImage], dict[Path, UnusableError]]:
    """Those files that can be used, in their order, and what is wrong with the others.

    Raises:
        UnusableError: They are too large together.
    """
    unusable: dict[Path, UnusableError] = {}
    sizes = _of_usable(files, loading.check_size, unusable)
    check_memory([(file.name, size) for file, size in sizes.items()])
    images = _of_usable(sizes, _measured, unusable)
    return list(images.values()), {file: unusable[file] for file in files if file in unusable}


_T = TypeVar("_T")


def _of_usable(
    files: Iterable[Path], look: Callable[[Path], _T], unusable: dict[Path, UnusableError]
) -> dict[Path, _T]:
    """What is seen of each file; what is wrong with the others is added to `unusable`."""
    seen = {}
    for file in files:
        try:
            seen[file] = look(file)
        except UnusableError as error:
            unusable[file] = error
    return seen


def _measured(file: Path) -> SeriesImage:
    header = loading.read_header(file)
    if header is None:
        return SeriesImage(file, *loading.read_size(file))
    if header.is_cut and not loading.is_whole(file):
        raise incomplete(file.name)
    return SeriesImage(file, *header.size, header.orientation)


def files_at_hand(listing: Listing) -> list[Path]:
    """The images of a zoom whose folder has gone, in natural order; none where one is lost.

    They may be packed, or lie where they were unpacked to.
    """
    if not all(loading.is_at_hand(row.file) for row in listing.used):
        return []
    files = [row.file for row in listing.rows if loading.is_at_hand(row.file)]
    return sorted(files, key=lambda file: (natural_key(file.name), file.name))


def sources_at_hand(listing: Listing) -> list[Path]:
    """The files that were chosen one by one; those that have gone where the zoom has them now."""
    now = {row.file.name: row.file for row in listing.rows}
    return [
        file if loading.is_at_hand(file) else now.get(file.name, file) for file in listing.sources
    ]


def first_listing(
    files: Sequence[Path],
    series: Series,
    sources: tuple[Path, ...] = (),
    before: Listing | None = None,
) -> Listing:
    """The list after a build from files: those that were left out come last, unused.

    Args:
        files: All that were looked at.
        series: What the zoom is made of.
        sources: As in `Listing`.
        before: The list of the zoom that is built again: layers stay with their images, or with
            their places if the images are all new.
    """
    used = [image.file for image in series.images]
    layers = {row.file: row.layer for row in before.used} if before else {}
    if layers.keys().isdisjoint(used):
        layers = dict(zip(used, range(len(layers)), strict=False))
    return Listing(
        (
            *(ListedImage(file, layer=layers.get(file)) for file in used),
            *(ListedImage(file, is_used=False) for file in files if file not in used),
        ),
        sources=sources,
    )


def relist_steps(
    control: Any,
    listing: Listing,
    settings: ZoomSettings,
    *,
    anew: bool = False,
    placements: Sequence[GivenPlacement] | None = None,
) -> Steps[tuple[Series, dict[str, Any] | None]]:
    """Find out what a list of images is whose order is the user's, in short steps.

    Args:
        control: The zoom, as it was built.
        listing: Its new list.
        settings: What has to be found in the pictures.
        anew: Measure all neighbours; otherwise only those that have not been neighbours before.
        placements: What the user has given; None: what the zoom has.

    Yields:
        (fraction done, 0 to 1, what is being done).

    Returns:
        The series, and the report for `build_zoom`, None where nothing had to be found.

    Raises:
        EverZoomError: Fewer than two images are used, or one cannot be read.
    """
    files = [row.file for row in listing.used]
    old = recipe.stored_series(control)
    if len(files) < min(2, len(old.images)):
        raise EverZoomError("A zoom needs at least two images: use or add another one first.")
    # Where another folder of depth maps is chosen those of the old images count as well.
    are_same = recipe.as_built(control).depth_folder == settings.depth_folder
    sizes = {image.file: image for image in old.images} if are_same and not anew else {}
    new = [file for file in files if file not in sizes]
    if new:
        deep = yield from _depth_steps(measure_images(new), settings, old.images)
        sizes |= {image.file: image for image in deep}
    found = [sizes[file] for file in files]
    given = recipe.stored_placements(control) if placements is None else placements
    if len(files) == 1:
        factor = settings.given_factor or (old.closing.factor if old.closing else None)
        alone = yield from analysis_steps(
            files, loading.read_pixels, zoom_factor=factor, given=given
        )
        return series_of(found, alone, old.skipped), alone.to_json()
    is_found = settings.is_factor_measured or settings.align or settings.match_colour
    if not (is_found or given):
        steps = uniform_steps(len(found), settings.zoom_factor)
        return Series(tuple(found), steps, old.skipped, is_measured=False), None
    known = yield from _neighbour_steps(
        files,
        given,
        _known_pairs(control),
        is_ring=settings.travel is Travel.LOOP and len(files) > 2,
        anew=anew,
    )
    analysis = _judged(found, known, settings)
    analysis = _as_ordered(analysis, recipe.stored_analysis(control), listing)
    here = {str(row.file) for row in listing.rows}
    report = analysis.to_json() | {
        "known": [
            [*names, pair and pair.to_json()]
            for names, pair in known.items()
            if here >= set(names) and not (pair and pair.source is Source.GIVEN)
        ]
    }
    return series_of(found, analysis, old.skipped), report


def _neighbour_steps(
    files: Sequence[Path],
    given: Sequence[GivenPlacement],
    before: Known,
    *,
    is_ring: bool,
    anew: bool,
) -> Steps[Known]:
    """Measure neighbours that are not known.

    Args:
        files: In their order.
        given: What the user has given.
        before: What was measured before.
        is_ring: The last and the first are neighbours, too.
        anew: Measure the others again.

    Returns:
        What is known then.
    """
    known = {} if anew else dict(before)
    load = lru_cache(maxsize=2)(loading.read_pixels)  # an image has two neighbours
    wanted = [*pairwise(files), *([(files[-1], files[0])] if is_ring else [])]
    names = [(str(outer), str(inner)) for outer, inner in wanted]
    for number, (outer, inner) in enumerate(wanted):
        placement = placement_of(given, outer.name, inner.name)
        if placement is None and names[number] in known:
            continue
        text = Text("Measuring {inner} in {outer}", inner=inner.name, outer=outer.name)
        yield number / len(files), text
        others = [pair for two in names if (pair := known.get(two) or before.get(two))]
        work = pair_steps(outer, inner, load, placement, others)
        known[names[number]] = yield from within(work, number / len(files), text)
    return known


def _judged(images: Sequence[SeriesImage], known: Known, settings: ZoomSettings) -> Analysis:
    """The analysis of images in their order, by what is known of neighbours."""
    files = [image.file for image in images]
    neighbours = [known[str(outer), str(inner)] for outer, inner in pairwise(files)]
    sure = [pair for pair in neighbours if pair is not None]
    factors = [pair.factor for pair in sure]
    factor = median(factors) if factors else settings.given_factor or DEFAULT_FACTOR
    usual = consensus(said_by(sure)) or Usual(math.log(factor), 0.0, 0.0, 0.0)
    pairs = [
        pair or usual.pair(outer.name, inner.name, (image.width, image.height))
        for pair, image, (outer, inner) in zip(neighbours, images, pairwise(files), strict=False)
    ]
    closing = known.get((str(files[-1]), str(files[0])))
    return replace(judge(pairs, settings.given_factor), closing=closing, loops=closing is not None)


def _as_ordered(analysis: Analysis, before: Analysis | None, listing: Listing) -> Analysis:
    """The analysis of a list with what is known of its order, where that is not the user's."""
    if before is None or listing.is_own_order or before.order != analysis.order:
        return analysis
    closing = analysis.closing
    if before.closing is not None and before.closing.source is Source.USUAL and closing is None:
        factor = median(pair.factor for pair in analysis.pairs)
        closing = replace(before.closing, factor=factor)
    kept = [finding for finding in before.findings if finding.kind not in JUDGED]
    return replace(
        analysis,
        file_order=before.file_order,
        left_out=before.left_out,
        closing=closing,
        loops=closing is not None,
        findings=(*kept, *analysis.findings),
    )


def _known_pairs(control: Any) -> Known:
    """What has been measured of images that are or were neighbours, by their paths."""
    known = recipe.stored_known(control)
    analysis = recipe.stored_analysis(control)
    if analysis is None:
        return known
    files = [str(image.file) for image in recipe.stored_series(control).images]
    neighbours = [*zip(pairwise(files), analysis.pairs, strict=True)]
    if analysis.closing is not None:
        neighbours.append(((files[-1], files[0]), analysis.closing))
    return known | {
        names: None if pair.source is Source.USUAL else pair
        for names, pair in neighbours
        if pair.source is not Source.GIVEN  # which is kept by itself, and may be given up
    }
