"""Drives a browser as a person would: wheel, mouse, fingers, keys, pictures of what it shows.

By the Chrome DevTools Protocol (chromedevtools.github.io), through a pair of pipes.
"""

from __future__ import annotations

import base64
import fcntl
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Place = tuple[float, float]

_PATIENCE = 60.0  # seconds
_OPTIONS = (
    "--headless",
    "--no-sandbox",  # it refuses to run as root otherwise
    "--use-angle=swiftshader",  # no graphics card is needed
    "--enable-unsafe-swiftshader",
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--no-first-run",
    "--remote-debugging-pipe",
    "about:blank",
)


class Browser:
    """A browser with one page and an empty profile."""

    def __init__(self, program: str, folder: Path) -> None:
        reads, sends = os.pipe()
        receives, answers = os.pipe()
        # It expects them as numbers 3 and 4.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (reads, answers)]
        for end in (reads, answers):
            os.close(end)
        start = (
            f"import os, sys; os.dup2({ends[0]}, 3); os.dup2({ends[1]}, 4); "
            "os.execvp(sys.argv[1], sys.argv[1:])"
        )
        command = [program, f"--user-data-dir={folder}", *_OPTIONS]
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-S", "-c", start, *command],
                pass_fds=ends,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        for end in ends:
            os.close(end)
        self._sends, self._receives = os.fdopen(sends, "wb"), os.fdopen(receives, "rb")
        self._unread = b""
        self._number = 0
        self._session = ""
        self.errors: list[str] = []  # of the pages' scripts
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network"):
            self.send(f"{domain}.enable")

    def close(self) -> None:
        """End it."""
        self._session = ""
        try:
            self.send("Browser.close")
            self._process.wait(10.0)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        self._sends.close()
        self._receives.close()

    def send(self, method: str, **parameters: Any) -> Any:
        """Have something done, and wait for what it comes to."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._sends.write(json.dumps(message).encode() + b"\0")
        self._sends.flush()
        while True:
            answer = self._next()
            if answer.get("method") == "Runtime.exceptionThrown":
                self.errors.append(str(answer["params"]["exceptionDetails"]))
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]

    def _next(self) -> Any:
        while b"\0" not in self._unread:
            data = self._receives.read1(1 << 20)
            if not data:
                raise OSError("the browser has ended: see its log")
            self._unread += data
        message, _, self._unread = self._unread.partition(b"\0")
        return json.loads(message)

    # --- The page ---

    def open(
        self,
        file: Path,
        size: tuple[int, int],
        ratio: float = 1.0,
        *,
        is_calm: bool = True,
        has_scripts: bool = True,
    ) -> None:
        """Open a page.

        Args:
            file: Of the page.
            size: Of the window, in CSS pixels.
            ratio: The screen's pixels for each.
            is_calm: The user prefers reduced motion.
            has_scripts: Whether scripts run.
        """
        self.resize(size, ratio)
        motion = {"name": "prefers-reduced-motion", "value": "reduce" if is_calm else ""}
        self.send("Emulation.setEmulatedMedia", features=[motion])
        self.send("Emulation.setScriptExecutionDisabled", value=not has_scripts)
        self.send("Page.navigate", url=file.as_uri())
        self.wait("document.readyState === 'complete'")

    def resize(self, size: tuple[int, int], ratio: float = 1.0) -> None:
        """Give the window another size."""
        width, height = size
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=ratio,
            mobile=False,
        )

    def ask(self, script: str) -> Any:
        """What a script comes to in the page."""
        answer = self.send(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, script: str) -> None:
        """Wait until something is true in the page."""
        end = time.monotonic() + _PATIENCE
        while not self.ask(f"!!({script})"):
            assert time.monotonic() < end, f"{script} never became true: {self.errors}"
            time.sleep(0.02)

    def shot(self) -> NDArray[np.uint8]:
        """What the page shows, (height, width, 3), in the screen's pixels."""
        data = base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"])
        with Image.open(io.BytesIO(data)) as picture:
            return np.asarray(picture.convert("RGB"))

    # --- The user ---

    def press(self, key: str) -> None:
        """Press a key and let it go."""
        for kind in ("keyDown", "keyUp"):
            self.send("Input.dispatchKeyEvent", type=kind, key=key)

    def wheel(self, place: Place, pixels: float, *, with_ctrl: bool = False) -> None:
        """Turn the wheel; what is above 0 scrolls down."""
        x, y = place
        self.send(
            "Input.dispatchMouseEvent",
            type="mouseWheel",
            x=x,
            y=y,
            deltaX=0,
            deltaY=pixels,
            modifiers=2 if with_ctrl else 0,
        )

    def drag(self, places: Sequence[Place]) -> None:
        """Press the mouse's button at the first place and let it go at the last; one: a click."""
        for number, (x, y) in enumerate(places):
            kind = "mouseMoved" if number else "mousePressed"
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
        x, y = places[-1]
        self.send(
            "Input.dispatchMouseEvent", type="mouseReleased", x=x, y=y, button="left", clickCount=1
        )

    def touch(self, moments: Sequence[Sequence[Place]]) -> None:
        """Lay fingers on the screen, move them, and lift them."""
        for number, places in enumerate(moments):
            points = [{"x": x, "y": y, "id": finger} for finger, (x, y) in enumerate(places)]
            kind = "touchMove" if number else "touchStart"
            self.send("Input.dispatchTouchEvent", type=kind, touchPoints=points)
        self.send("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
