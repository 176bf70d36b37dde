"""Colours that nobody is to see. No bpy."""

from __future__ import annotations

import numpy as np

from ai_ever_zoom_addon.core.hidden_colours import bleed

RANDOM = np.random.default_rng(3)


def test_opaque_pixels_stay_as_they_are() -> None:
    picture = RANDOM.integers(0, 256, (9, 7, 4), np.uint8)
    picture[..., 3] = 255
    before = picture.copy()
    assert (bleed(picture) == before).all()
    picture[2:5, 3:, 3] = 0
    seen = picture[..., 3] == 255
    assert (bleed(picture)[seen] == picture[seen]).all()
    assert (bleed(picture)[..., 3] == picture[..., 3]).all()


def test_hidden_colours_are_those_of_what_is_seen_beside_them() -> None:
    picture = np.full((8, 8, 4), (40, 160, 80, 255), np.uint8)
    picture[:, 4:] = (255, 0, 255, 0)
    picture[:, 4, 3] = 1  # hardly to be seen
    assert abs(bleed(picture)[:, :5, :3].astype(int) - (40, 160, 80)).max() <= 15
    picture[:, 4, 3] = 0
    assert (bleed(picture)[:, :5, :3] == (40, 160, 80)).all()


def test_what_is_half_see_through_keeps_its_colours() -> None:
    picture = RANDOM.integers(0, 256, (32, 32, 4), np.uint8)
    picture[..., 3] = 128
    assert abs(bleed(picture).astype(int) - picture).max() <= 2
