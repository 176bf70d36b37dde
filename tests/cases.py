"""How much is tried: what fits into a run of every day, or all there is (EVER_ZOOM_CASES=all)."""

from __future__ import annotations

import os

ALL_CASES = os.environ.get("EVER_ZOOM_CASES", "") == "all"
