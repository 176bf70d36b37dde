"""The one kind of error that is meant for the user. Never touches bpy."""

from __future__ import annotations

import traceback


class EverZoomError(Exception):
    """Something the user can mend.

    The message is one line that says what is wrong and what to do about it; the panel shows it as a
    report and the command line prints it, both without a traceback.
    """


def in_one_line(error: Exception) -> str:
    """What to tell the user of an error; of one that is not meant for them the console tells all.

    Call it while the error is handled.
    """
    if isinstance(error, EverZoomError):
        return str(error)
    traceback.print_exc()
    reason = " ".join(str(error).split())
    return (
        f"Something unexpected happened ({type(error).__name__}: {reason[:200]}): undo it, and "
        "please report it together with what the console says."
    )
