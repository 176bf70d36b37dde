"""The contact sheet of a zoom as a file, with Blender as what opens pictures and knows letters."""

from __future__ import annotations

from pathlib import Path

from ..core.contact_sheet import sheet_steps
from ..core.files.image_writing import png_bytes
from ..core.files.writing import write_whole
from ..core.plan.plan import Plan
from ..core.steps import Steps
from ..errors import EverZoomError
from . import loading
from .lettering import lettered

SUFFIX = ".png"


def write_steps(plan: Plan, file: Path) -> Steps[None]:
    """Write one picture of all joins of a zoom, whole or not at all.

    Args:
        plan: The zoom.
        file: See `check_file`; what is there is replaced.

    Raises:
        EverZoomError: An image cannot be read, or the file cannot be written.
    """
    sheet = yield from sheet_steps(plan, loading.read_pixels, lettered)
    try:
        write_whole(file, png_bytes(sheet))
    except OSError as error:
        raise EverZoomError(
            "{file} cannot be written ({reason}): choose another place.",
            file=file,
            reason=error.strerror,
        ) from error
