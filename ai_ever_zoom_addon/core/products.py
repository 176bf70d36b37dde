"""Products of matrices by one thread each, and sums. Pure numpy, never touches bpy.

OpenBLAS, which multiplies for numpy, shares larger products among threads, as many as the machine
has cores. For a tenth of a millisecond's work they wait for each other, busily: where something
else keeps a core busy, that took eight times as long as the work (analysis of eight images on two
cores). Here the work is shared among threads as a whole (parallel.py), and never within a product.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Multiplications up to which OpenBLAS calls no threads: SMP_THRESHOLD_MIN times
# GEMM_MULTITHREAD_THRESHOLD in its interface/gemm.c.
_ALONE = 65536 * 4
# A product of more lines than that is worth going over in tiles.
_FEW = 16


def product(left: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
    """left @ right of (R, N) and (N, C), in parts that OpenBLAS multiplies in one thread."""
    rows, inner = left.shape
    columns = right.shape[1]
    if rows * inner * columns <= _ALONE:
        whole: NDArray[Any] = left @ right
        return whole
    if rows <= _FEW and columns <= _FEW:
        return _of_long(left, right)
    # As square as may be: a product of tiles that are narrow takes longer.
    height = min(rows, max(1, math.isqrt(_ALONE // inner)))
    width = min(columns, max(1, _ALONE // (inner * height)))
    height = min(rows, max(1, _ALONE // (inner * width)))
    result = np.empty((rows, columns), np.result_type(left, right))
    even = columns // width * width
    tiles = _split(right[:, :even], width)
    for top in range(0, rows, height):
        band = slice(top, top + height)
        np.matmul(left[band], tiles, out=_split(result[band, :even], width))
        if even < columns:
            np.matmul(left[band], right[:, even:], out=result[band, even:])
    return result


def _split(matrix: NDArray[Any], width: int) -> NDArray[Any]:
    """A view of a (N, K * width) matrix as K matrices (N, width)."""
    return np.lib.stride_tricks.as_strided(
        matrix,
        (matrix.shape[1] // width, len(matrix), width),
        (width * matrix.strides[1], *matrix.strides),
    )


def _of_long(left: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
    """The same of few rows and columns that are long."""
    inner = left.shape[1]
    length = _ALONE // (len(left) * right.shape[1])
    even = inner // length * length
    beside = right[:even].reshape(-1, length, right.shape[1])
    total: NDArray[Any] = np.matmul(_split(left[:, :even], length), beside).sum(axis=0)
    return total + left[:, even:] @ right[even:]


def dot(one: NDArray[Any], other: NDArray[Any]) -> float:
    """The sum of the products of two lines of numbers; numpy's own asks OpenBLAS, too."""
    return float(np.einsum("i,i->", one, other))


def window_sums(values: NDArray[Any], shape: tuple[int, int]) -> NDArray[np.float64]:
    """The sum of each window of a shape (height, width) in the first two axes of some values."""
    rest = ((0, 0),) * (values.ndim - 2)
    total = np.pad(values, ((1, 0), (1, 0), *rest)).cumsum(0, np.float64).cumsum(1)
    across = total[:, shape[1] :] - total[:, : -shape[1]]
    return across[shape[0] :] - across[: -shape[0]]
