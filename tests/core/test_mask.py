"""The trimmed shape of a layer, rasterised here point by point and compared with its definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ai_ever_zoom_addon.core.plan.mask import Mask, MaskMesh, whole
from ai_ever_zoom_addon.settings import MaskShape

Array = NDArray[np.float64]

RECTANGLE, ELLIPSE = MaskShape.RECTANGLE, MaskShape.ELLIPSE
shapes = st.sampled_from(MaskShape)
feathers = st.just(0.0) | st.floats(1e-4, 0.09)


def triangles(mesh: MaskMesh) -> list[tuple[int, int, int]]:
    return [(a, b, c) for a, b, c in mesh.faces.tolist()]


def area(mesh: MaskMesh, triangle: tuple[int, int, int]) -> float:
    a, b, c = mesh.points[list(triangle)]
    return float((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])) / 2


def value_at(mesh: MaskMesh, point: tuple[float, float]) -> float:
    """The mask at a point, interpolated as renderers do; 0 outside the mesh."""
    for triangle in triangles(mesh):
        a, b, c = mesh.points[list(triangle)]
        weights = np.linalg.solve(
            np.array([[a[0], b[0], c[0]], [a[1], b[1], c[1]], [1, 1, 1]]), [*point, 1.0]
        )
        if weights.min() >= -1e-9:
            return float(weights @ mesh.mask[list(triangle)])
    return 0.0


@given(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5), st.floats(0.01, 0.19))
def test_a_rectangle_softens_with_the_distance_to_its_nearest_side(
    x: float, y: float, feather: float
) -> None:
    mesh = Mask(RECTANGLE, (0.4, 0.2), feather).mesh()
    depth = min(0.4 - abs(x), 0.2 - abs(y))
    # The edge is shifted a little, so that its mitres miss the diagonals of pixels.
    assert value_at(mesh, (x, y)) == pytest.approx(min(max(depth / feather, 0), 1), abs=3.01e-3)


@given(st.floats(0.0, 0.5), st.floats(0, 2 * np.pi), st.floats(0.01, 0.35))
def test_a_circle_softens_with_the_distance_to_its_edge(
    radius: float, angle: float, feather: float
) -> None:
    mesh = Mask(ELLIPSE, (0.4, 0.4), feather).mesh()
    value = value_at(mesh, (radius * np.cos(angle), radius * np.sin(angle)))
    # A polygon of 128 corners lies up to 0.4 * (1 - cos(pi / 128)) = 1.2e-4 inside the circle; the
    # diagonals of the rim's faces, from one corner's angle to the next one's, up to as much again.
    assert value == pytest.approx(
        min(max((0.4 - radius) / feather, 0), 1), abs=2.5e-4 / feather + 3e-3
    )


@pytest.mark.parametrize("shape", MaskShape)
def test_hard_edge(shape: MaskShape) -> None:
    mesh = Mask(shape, (0.4, 0.3), 0.0).mesh()
    assert not len(mesh.rim)
    assert (mesh.mask == 1.0).all()
    assert value_at(mesh, (0.399, 0.0)) == pytest.approx(1.0)
    assert value_at(mesh, (0.401, 0.0)) == 0.0
    assert value_at(mesh, (0.39, 0.29)) == pytest.approx(0.0 if shape is ELLIPSE else 1.0)


@given(shapes, st.floats(0.1, 0.5), st.floats(0.1, 0.5), feathers)
def test_faces_cover_the_shape_once_and_face_the_camera(
    shape: MaskShape, half_width: float, half_height: float, feather: float
) -> None:
    mesh = Mask(shape, (half_width, half_height), feather).mesh()
    areas = [area(mesh, triangle) for triangle in triangles(mesh)]
    assert min(areas) > 0.0  # counter-clockwise
    whole = 4 * half_width * (half_height + 0.003 * feather)
    if shape is ELLIPSE:  # a polygon with 128 corners
        whole *= np.pi / 4 * np.sinc(2 / 128)
    assert sum(areas) == pytest.approx(whole, rel=1e-9)


@given(shapes, st.floats(0.1, 0.5), st.floats(0.1, 0.5), feathers, st.floats(0.03, 0.5))
def test_a_finer_mesh_is_the_same_in_smaller_faces(
    shape: MaskShape, half_width: float, half_height: float, feather: float, longest: float
) -> None:
    coarse = Mask(shape, (half_width, half_height), feather).mesh()
    fine = coarse.finer(longest)
    assert (fine.points[: len(coarse.points)] == coarse.points).all()
    a, b, c = (fine.points[fine.faces[:, corner]] for corner in range(3))
    for here, there in ((a, b), (b, c), (c, a)):
        assert np.hypot(*(there - here).T).max() <= longest
    areas = ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]) / 2
    assert areas.min() > 0.0
    assert areas.sum() == pytest.approx(
        sum(area(coarse, triangle) for triangle in triangles(coarse)), rel=1e-9
    )
    # Where a bent mesh could tear open, a side would be of one face only, yet not on the outline.
    sides = np.sort(np.stack([fine.faces, np.roll(fine.faces, -1, axis=1)], axis=2).reshape(-1, 2))
    edges, uses = np.unique(sides, axis=0, return_counts=True)
    assert uses.max() <= 2
    length = np.hypot(*(fine.points[edges[:, 1]] - fine.points[edges[:, 0]]).T)
    outline = coarse.points[-(len(coarse.points) // 2) :] if feather else coarse.points[:-1]
    around = np.hypot(*(np.roll(outline, -1, axis=0) - outline).T).sum()
    assert length[uses == 1].sum() == pytest.approx(around, rel=1e-9)


@pytest.mark.parametrize("shape", MaskShape)
def test_a_finer_mesh_has_the_same_mask(shape: MaskShape) -> None:
    coarse = Mask(shape, (0.4, 0.3), 0.05).mesh()
    fine = coarse.finer(0.06)
    for number in range(len(coarse.points), len(fine.points), 7):
        x, y = fine.points[number] * (1 - 1e-9)
        assert fine.mask[number] == pytest.approx(value_at(coarse, (x, y)), abs=1e-6)


@given(
    shapes, st.floats(-0.5, 0.5), st.floats(-0.5, 0.5), st.floats(0.01, 0.4), st.floats(0.01, 0.4)
)
def test_what_it_covers_is_opaque(
    shape: MaskShape, x: float, y: float, half_width: float, half_height: float
) -> None:
    mask = Mask(shape, (0.4, 0.3), 0.05)
    mesh = mask.mesh()
    corners = [(x + i * half_width, y + j * half_height) for i in (-1, 1) for j in (-1, 1)]
    opaque = min(value_at(mesh, corner) for corner in corners) > 1 - 1e-6
    larger = np.array([1.0, 1.02])
    covers, covers_more = mask.covers(
        np.array(x), np.array(y), half_width * larger, half_height * larger
    )
    # A little less than the opaque part may count, as its edge is a polygon.
    assert opaque if covers else not (opaque and covers_more)


def test_the_whole_image_maps_onto_itself() -> None:
    mesh = whole(0.75).mesh()
    corners = [[-0.5, -0.375], [0.5, -0.375], [0.5, 0.375], [-0.5, 0.375]]
    assert mesh.points[:4].tolist() == corners
    assert mesh.texture_coordinates(0.75)[:4].tolist() == [[0, 0], [1, 0], [1, 1], [0, 1]]


def test_a_trimmed_image_keeps_its_place() -> None:
    mesh = Mask(RECTANGLE, (0.4, 0.3), 0.0).mesh()
    coordinates = mesh.texture_coordinates(0.75)
    assert coordinates.min(axis=0) == pytest.approx([0.1, 0.1])
    assert coordinates.max(axis=0) == pytest.approx([0.9, 0.9])
