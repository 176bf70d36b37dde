"""What single images have of their own, in the form that reports have. Never touches bpy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .. import plain
from ..errors import EverZoomError, text_of
from ..settings import ImageSettings
from ..texts import Text


def images_from_json(values: Any) -> tuple[ImageSettings, ...]:
    """The settings of a list of images.

    Raises:
        ValueError: It is not of that form.
    """
    images: dict[str, ImageSettings] = {}
    for number, item in enumerate(plain.row(values), 1):
        try:
            image = ImageSettings.from_json(item)
        except ValueError as error:
            raise ValueError(
                Text("entry {number}: {error}", number=number, error=text_of(error))
            ) from None
        if image.image in images:
            raise ValueError(
                Text("entry {number}: {image} is named once more", number=number, image=image.image)
            )
        images[image.image] = image
    return tuple(image for image in images.values() if image.own)


def images_to_json(images: Iterable[ImageSettings]) -> list[dict[str, Any]]:
    """What `images_from_json` reads."""
    return [image.to_json() for image in images]


def read_timing(text: str, name: str) -> tuple[ImageSettings, ...]:
    """The settings of single images in a file, `{"images": [...]}`, such as a report.

    Args:
        text: What is in the file.
        name: What the file is called.

    Raises:
        EverZoomError: It is no JSON, or not of that form.
    """
    try:
        values = plain.read_json(text)
        if not isinstance(values, Mapping) or not isinstance(values.get("images"), list):
            raise ValueError(Text('there is no list of "images"'))
        return images_from_json(values["images"])
    except ValueError as error:
        raise EverZoomError(
            "{name} says no settings of images ({error}): take the form that a report has.",
            name=name,
            error=text_of(error),
        ) from None
