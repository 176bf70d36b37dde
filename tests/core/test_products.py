"""Products of matrices in parts are the products."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_ever_zoom_addon.core.products import dot, product

# Smaller than one part, wide, high, of many parts whose last one is narrower, long, very long.
SHAPES = [
    (3, 5, 4),
    (32, 58, 1021),
    (1030, 140, 33),
    (257, 128, 263),
    (6, 60_001, 6),
    (1, 300_000, 1),
    (20, 300_000, 2),
    (1, 5, 100_000),
]


def _matrices(rows: int, inner: int, columns: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    left, right = (
        generator.uniform(-1, 1, (rows, inner)),
        generator.uniform(-1, 1, (inner, columns)),
    )
    return left.astype(np.float32), right.astype(np.float32)


def _is_product(left: np.ndarray, right: np.ndarray) -> bool:
    true, size = (a.astype(float) @ b for a, b in ((left, right), (abs(left), abs(right))))
    # Single precision adds up to a rounding error for each number that is summed (Higham, Accuracy
    # and Stability of Numerical Algorithms, 3.1).
    error = np.abs(product(left, right) - true)
    return bool((error <= left.shape[1] * 2.0**-24 * size * 1.001).all())


@pytest.mark.parametrize(("rows", "inner", "columns"), SHAPES)
def test_it_is_what_numpy_says(rows: int, inner: int, columns: int) -> None:
    left, right = _matrices(rows, inner, columns, 1)
    assert _is_product(left, right)
    turned = np.asfortranarray(left), np.asfortranarray(right)  # transposed, as many of ours are
    assert _is_product(*turned)


@given(st.integers(1, 200), st.integers(1, 200), st.integers(1, 200), st.integers(0, 1000))
def test_of_any_shape(rows: int, inner: int, columns: int, seed: int) -> None:
    assert _is_product(*_matrices(rows, inner, columns, seed))


def test_the_sum_of_products_of_two_lines() -> None:
    assert dot(np.arange(5.0), np.full(5, 2.0)) == 20.0
