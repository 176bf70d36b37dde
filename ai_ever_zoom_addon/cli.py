"""The command line: `blender --command ever_zoom ...`, or `main(argv)` wherever bpy is.

It fills in the same settings as the panel and calls the same functions.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy

from .arguments import AUTO, make_parser, settings_from
from .core.analysis.placing import GivenPlacement, read_placements
