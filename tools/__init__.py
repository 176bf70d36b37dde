"""How build.py finds or makes what it needs on somebody's machine. Nothing but Python 3.9 or newer.

pythons.py finds interpreters, system.py what the system lacks, blenders.py installed Blenders;
environments.py makes environments from locks/; doctor.py tells all of it.
"""

from __future__ import annotations

import sys
from pathlib import Path

if sys.version_info < (3, 9):  # noqa: UP036  # whatever starts this
    raise SystemExit(
        f"build.py: this is Python {sys.version_info[0]}.{sys.version_info[1]}, and it needs 3.9 "
        "or newer. Start it by another one, such as python3.13."
    )

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = ROOT / ".env"

# The tested versions of Blender and of bpy, newest first.
BPY = {"5.2": "5.2.3", "4.5": "4.5.15", "4.2": "4.2.23"}


class BuildError(Exception):
    """One line for whoever called: what is wrong and what to do."""
