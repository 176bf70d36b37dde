"""The one kind of error that is meant for the user. Never touches bpy."""

from __future__ import annotations


class EverZoomError(Exception):
    """Something the user can mend.

    The message is one line that says what is wrong and what to do about it; the panel shows it as a
    report and the command line prints it, both without a traceback.
    """
