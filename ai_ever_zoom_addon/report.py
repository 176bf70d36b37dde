"""What scripts are told of a zoom: `--json`, and `scene.ever_zoom.report`. Never touches bpy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .core.findings import NEWS, Finding
from .core.image_settings import images_to_json
from .core.plan.plan import Plan
from .core.series import Series
from .settings import ZoomSettings
from .wording import Way, sentences


def report_of(
    series: Series,
    settings: ZoomSettings,
    plan: Plan,
    found: Mapping[str, Any],
    findings: Sequence[Finding],
    way: Way,
) -> dict[str, Any]:
    """What was found and chosen, as plain JSON values.

    Args:
        series: The images.
        settings: What the user chose.
        plan: What came of it.
        found: `Analysis.to_json`; nothing where nothing was measured.
        findings: All that there is to know.
        way: Whose words the warnings are in.
    """
    return {
        "order": [image.file.name for image in series.images],
        "zoom_factor": plan.zoom_factor,
        **found,
        "warnings": sentences((each for each in findings if each.kind not in NEWS), way),
        "findings": [finding.to_json() for finding in findings],
        "skipped": list(series.skipped),
        # What single images have has a place of its own, from which --timing takes it.
        "settings": {n: v for n, v in settings.to_dict().items() if n != "of_images"},
        "images": images_to_json(settings.of_images),
        "resolution": list(plan.resolution),
    }
