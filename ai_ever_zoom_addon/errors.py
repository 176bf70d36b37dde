"""The one kind of error that is meant for the user. Never touches bpy."""

from __future__ import annotations

import traceback


class EverZoomError(Exception):
    """Something the user can mend.

    The message is one line that says what is wrong and what to do about it; the panel shows it as a
    report and the command line prints it, both without a traceback.
    """


class UnusableError(EverZoomError):
    """An image that is of no use by itself: a zoom may do without it.

    Attributes:
        wrong: What is wrong with it and what to do, to be read after "which".
    """

    def __init__(self, name: str, wrong: str) -> None:
        super().__init__(f"The image {name} {wrong}, or remove it.")
        self.wrong = wrong


def reason_of(error: Exception) -> str:
    """What Blender says of what it could not do, in one line."""
    return " ".join(str(error).split()).removeprefix("Error: ")


def in_one_line(error: Exception, *, is_undone: bool = True) -> str:
    """What to tell the user of an error; of one that is not meant for them the console tells all.

    Call it while the error is handled.

    Args:
        error: What went wrong.
        is_undone: Whether Blender's Undo takes back what was done before it went wrong.
    """
    if isinstance(error, EverZoomError):
        return str(error)
    traceback.print_exc()
    reason = " ".join(str(error).split())
    remedy = "undo it, and please" if is_undone else "please"
    return (
        f"Something unexpected happened ({type(error).__name__}: {reason[:200]}): {remedy} report "
        "it together with what the console says."
    )
