"""The one kind of error that is meant for the user. Never touches bpy."""

from __future__ import annotations

import traceback

from .texts import Text


class EverZoomError(Exception):
    """Something the user can mend.

    The message is one line that says what is wrong and what to do about it; the panel shows it as a
    report and the command line prints it, both without a traceback.

    Attributes:
        text: The message.
    """

    def __init__(self, template: str, **values: object) -> None:
        """Args: template, values: As of `Text`."""
        self.text = Text(template, **values)
        super().__init__(self.text)


class UnusableError(EverZoomError):
    """An image that is of no use by itself: a zoom may do without it.

    Attributes:
        wrong: What is wrong with it and what to do, to be read after "which".
    """

    wrong: Text

    def __init__(self, name: str, wrong: str) -> None:
        self.wrong = Text(wrong)
        super().__init__("The image {name} {wrong}, or remove it.", name=name, wrong=self.wrong)


def text_of(error: Exception) -> str:
    """What an error says: a `Text`, where it was raised with one."""
    first = error.args[0] if error.args else None
    return first if isinstance(first, Text) else str(error)


def reason_of(error: Exception) -> str:
    """What Blender says of what it could not do, in one line."""
    return " ".join(str(error).split()).removeprefix("Error: ")


def in_one_line(error: Exception, *, is_undone: bool = True) -> Text:
    """What to tell the user of an error; of one that is not meant for them the console tells all.

    Call it while the error is handled.

    Args:
        error: What went wrong.
        is_undone: Whether Blender's Undo takes back what was done before it went wrong.
    """
    if isinstance(error, EverZoomError):
        return error.text
    traceback.print_exc()
    reason = " ".join(str(error).split())
    what = f"{type(error).__name__}: {reason[:200]}"
    if is_undone:
        return Text(
            "Something unexpected happened ({what}): undo it, and please report it together with "
            "what the console says.",
            what=what,
        )
    return Text(
        "Something unexpected happened ({what}): please report it together with what the console "
        "says.",
        what=what,
    )
