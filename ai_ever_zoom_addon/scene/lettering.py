"""Lines of text as pixels, in Blender's own font. Touches bpy.

What Blender offers for it writes text where there is a window only, in its older versions. A text
object knows the outlines of all letters everywhere.
"""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

# Of a line, in the size of its letters: with what is below and above them, as in g and in capitals
# with accents.
_LINE, _BELOW = 1.35, 0.3
_FINER = 4  # lines of points in a pixel, along either axis


def lettered(text: str, height: int) -> NDArray[np.float32]:
    """A line of text.

    Args:
        text: What Blender's font has no letters for is left out or shown as a box.
        height: Of the line in pixels.

    Returns:
        Opacity, 0 to 1, top row first; as wide as the text is.
    """
    corners = _triangles(text) * (height * _FINER / _LINE)
    width = int(np.ceil(corners[..., 0].max(initial=1.0) / _FINER)) + 1
    # Going right along a line of points, one is inside of a letter once its left edge is passed.
    # Edges between two triangles, one's left and the other's right, are none.
    entered = np.zeros((height * _FINER, width * _FINER + 1))
    rows = np.arange(len(entered)) + 0.5
    for start, end in ((0, 1), (1, 2), (2, 0)):
        (x, y), (to_x, to_y) = corners[:, start].T, corners[:, end].T
        is_crossed = (y[:, None] <= rows) != (to_y[:, None] <= rows)
        edge, row = np.nonzero(is_crossed)
        part = (rows[row] - y[edge]) / (to_y[edge] - y[edge])
        column = np.rint(x[edge] + part * (to_x[edge] - x[edge])).astype(np.int64)
        sign = np.where(to_y[edge] < y[edge], 1.0, -1.0)  # anticlockwise: down is left
        np.add.at(entered, (row, np.clip(column, 0, entered.shape[1] - 1)), sign)
    inside = np.clip(entered.cumsum(axis=1)[::-1, :-1], 0.0, 1.0)
    pixels = inside.reshape(height, _FINER, width, _FINER).mean(axis=(1, 3))
    return pixels.astype(np.float32)


def _triangles(text: str) -> NDArray[np.float64]:
    """What a text is made of: corners of shape (triangles, 3, 2), anticlockwise, in its size."""
    curve: Any = bpy.data.curves.new("Ever Zoom Lettering", "FONT")
    item: Any = bpy.data.objects.new("Ever Zoom Lettering", curve)
    try:
        curve.body, curve.fill_mode, curve.resolution_u = text, "FRONT", 3
        mesh = item.to_mesh()
        mesh.calc_loop_triangles()
        points = np.array([vertex.co[:2] for vertex in mesh.vertices]).reshape(-1, 2)
        faces = np.array([tuple(face.vertices) for face in mesh.loop_triangles], np.int64)
        item.to_mesh_clear()
    finally:
        bpy.data.objects.remove(item)
        bpy.data.curves.remove(curve)
    corners = points[faces.reshape(-1, 3)] + (0.0, _BELOW)
    (x, y), (to_x, to_y) = (corners[:, k].T - corners[:, 0].T for k in (1, 2))
    is_clockwise = x * to_y < y * to_x
    corners[is_clockwise] = corners[is_clockwise, ::-1]
    return corners
