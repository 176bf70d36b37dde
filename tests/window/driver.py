"""Drives a complete Blender, headless or in its window, as a person would. Never touches bpy.

Which Blender is said by the environment (`python3 build.py test` sets it):
EVER_ZOOM_BLENDER      an executable; its window needs Xvfb, xdotool and ImageMagick's import, and
                       openbox for windows beside the main one
EVER_ZOOM_BLENDER_GUI  the run.sh of ../shared/blender-gui, with BG_SUITE
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
AGENT = Path(__file__).with_name("agent.py")
# Room for the sidebar's panels, and little else: each picture of a 3D View costs software OpenGL
# 0.1 to 0.3 s of the processor, by its pixels.
WIDTH, HEIGHT = 1000, 900

Place = tuple[int, int]

_DONE = "---done---"  # how a shell says that a command has ended

# Python for `Window.ask`.
CONTROLS = "[o.name for o in bpy.context.scene.objects if o.get('ever_zoom_role') == 'control']"
WORK = "sys.modules['bl_ext.user_default.ai_ever_zoom.ui.work'].Work.running"
WORKING = f"({WORK} is not None)"
EVERYTHING = """{
    kind: sorted(item.name for item in getattr(bpy.data, kind))
    for kind in ("scenes", "collections", "objects", "meshes", "cameras", "materials", "images",
                 "node_groups", "actions")
}"""


def has_area(kind: str) -> str:
    """Python that tells whether any window has an area of that kind."""
    windows = "bpy.context.window_manager.windows"
    return f"any(a.type == {kind!r} for w in {windows} for a in w.screen.areas)"


class Blender(ABC):
    """A complete Blender with a configuration of its own, factory-fresh, in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.size = (WIDTH, HEIGHT)  # of the screen and the window in it
        folder.mkdir(parents=True, exist_ok=True)

    @abstractmethod
    def headless_command(self, *arguments: str) -> list[str]:
        """The command that runs Blender with these arguments and no screen."""

    @abstractmethod
    def screen_command(self, *command: str) -> list[str]:
        """The command that runs another program on Blender's screen."""

    @abstractmethod
    def start(self, *arguments: str) -> None:
        """Start the screen and Blender's window, and return when it is there."""

    @abstractmethod
    def stop(self) -> None:
        """End what `start` started; does nothing where nothing runs."""

    @abstractmethod
    def log(self) -> str:
        """What Blender has printed since `start`."""

    def missing_programs(self) -> list[str]:
        """Programs that `start` and the mouse need and that are not there."""
        return []

    def environment(self) -> dict[str, str]:
        return dict(os.environ)

    def headless(self, *arguments: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """Run Blender with no screen; what it prints, also as errors, is in `stdout`."""
        return self._run(self.headless_command(*arguments), timeout)

    def on_screen(self, *command: str) -> str:
        """Run another program on Blender's screen and return what it prints."""
        done = self._run(self.screen_command(*command), 60)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)} failed: {done.stdout}")
        return done.stdout

    def install(self, zip_path: Path) -> None:
        """Install and enable an extension, as `blender --command` does it for anyone."""
        done = self.headless(
            *("--command", "extension", "install-file", "--repo", "user_default", "--enable"),
            str(zip_path),
        )
        if done.returncode != 0:
            raise RuntimeError(f"the installation failed: {done.stdout}")

    def _run(self, command: list[str], timeout: float) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
        )


class ChrootBlender(Blender):
    """The Blender of ../shared/blender-gui."""

    script = os.environ.get("EVER_ZOOM_BLENDER_GUI", "")

    def __init__(self, folder: Path) -> None:
        """Blenders in folders side by side share what Mesa compiles: it takes 20 seconds."""
        super().__init__(folder)
        self.shell: subprocess.Popen[str] | None = None  # on the screen: a new one takes 0.1 s
        for name in ("mesa_shader_cache", "mesa_shader_cache_db"):  # the second in some versions
            common = folder.resolve().parent / name
            common.mkdir(exist_ok=True)
            own = folder / "home" / ".cache" / name
            own.parent.mkdir(parents=True, exist_ok=True)
            if not own.exists():
                own.symlink_to(common)

    def environment(self) -> dict[str, str]:
        own = {
            "BG_RUN": str(self.folder),
            "BG_BIND": f"{ROOT}:{Path(self.script).parents[1]}:",  # run.sh needs the last colon
            "BG_SIZE": f"{self.size[0]}x{self.size[1]}",
            "BG_DISPLAY": f":{100 + os.getpid() % 10000}",
        }
        return {**os.environ, **own}

    def headless_command(self, *arguments: str) -> list[str]:
        return ["bash", self.script, "bare", "blender", *arguments]

    def screen_command(self, *command: str) -> list[str]:
        return ["bash", self.script, "cmd", *command]

    def on_screen(self, *command: str) -> str:
        """As any Blender's, but each command is one of the same shell."""
        shell = self.shell
        assert shell is not None, "there is no window"
        assert shell.stdin is not None and shell.stdout is not None
        shell.stdin.write(f"timeout 60 {shlex.join(command)} </dev/null; echo; echo {_DONE} $?\n")
        shell.stdin.flush()
        printed: list[str] = []
        while not (line := shell.stdout.readline()).startswith(_DONE):
            if not line:
                raise RuntimeError(f"the shell on the screen has ended: {''.join(printed)}")
            printed.append(line)
        text = "".join(printed)[:-1]  # the line that was added, in case that the last had no end
        if line.split()[1] != "0":
            raise RuntimeError(f"{' '.join(command)} failed: {text}")
        return text

    def start(self, *arguments: str) -> None:
        done = self._run(["bash", self.script, "start", *arguments], 120)
        if done.returncode != 0:
            raise RuntimeError(f"Blender's window did not start: {done.stdout}")
        self.shell = subprocess.Popen(
            self.screen_command("sh"),
            cwd=ROOT,
            env=self.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )

    def stop(self) -> None:
        if self.shell is not None:
            self.shell.communicate()
            self.shell = None
        for name in ("blender", "wm", "xvfb"):
            process = self.folder / f"{name}.pid"
            if process.exists():
                end_process(int(process.read_text()))
                process.unlink()  # run.sh would wait until somebody has noticed its end

    def log(self) -> str:
        return (self.folder / "blender.log").read_text(encoding="utf-8", errors="replace")


def end_process(identity: int) -> None:
    """End a process whose parent may never notice."""
    state = Path(f"/proc/{identity}/stat")
    with suppress(OSError):
        os.kill(identity, signal.SIGTERM)
        deadline = time.monotonic() + 5
        while state.read_text().rpartition(")")[2].split()[0] != "Z":
            if time.monotonic() > deadline:
                os.kill(identity, signal.SIGKILL)
            time.sleep(0.02)


class LocalBlender(Blender):
    """A Blender that is installed on this machine, on a virtual screen of its own."""

    executable = os.environ.get("EVER_ZOOM_BLENDER", "")

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.display = ""
        self.running: list[subprocess.Popen[bytes]] = []

    def environment(self) -> dict[str, str]:
        own = {"BLENDER_USER_RESOURCES": str(self.folder / "resources"), "DISPLAY": self.display}
        return {**os.environ, **own}

    def missing_programs(self) -> list[str]:
        return [name for name in ("Xvfb", "xdotool", "import") if not shutil.which(name)]

    def headless_command(self, *arguments: str) -> list[str]:
        return [self.executable, *arguments]

    def screen_command(self, *command: str) -> list[str]:
        return list(command)

    def start(self, *arguments: str) -> None:
        read_end, write_end = os.pipe()
        width, height = self.size
        screen = ["-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp", "-noreset"]
        self._begin("xvfb", ["Xvfb", "-displayfd", str(write_end), *screen], pass_fds=(write_end,))
        os.close(write_end)
        with os.fdopen(read_end) as numbers:
            self.display = f":{numbers.readline().strip()}"
        if shutil.which("openbox"):
            self._begin("wm", ["openbox"])
        place = ["-p", "0", "0", str(width), str(height)]
        self._begin("blender", [self.executable, *place, *arguments])
        deadline = time.monotonic() + 60
        while self._run(["xdotool", "search", "--class", "Blender"], 20).returncode != 0:
            if time.monotonic() > deadline or self.running[-1].poll() is not None:
                raise RuntimeError(f"Blender's window did not start: {self.log()}")
            time.sleep(0.1)

    def _begin(self, name: str, command: list[str], pass_fds: tuple[int, ...] = ()) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            self.running.append(
                subprocess.Popen(
                    command,
                    cwd=ROOT,
                    env=self.environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    pass_fds=pass_fds,
                )
            )

    def stop(self) -> None:
        for process in reversed(self.running):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.running.clear()

    def log(self) -> str:
        return (self.folder / "blender.log").read_text(encoding="utf-8", errors="replace")


def blender_of_the_environment(folder: Path) -> Blender | None:
    """The Blender that the environment names, with a fresh configuration in `folder`."""
    if ChrootBlender.script:
        return ChrootBlender(folder)
    if LocalBlender.executable:
        return LocalBlender(folder)
    return None


class Window:
    """Blender's window, with mouse, keyboard and eyes.

    Places are pixels of Blender's window, (x, y) with y upwards, as Blender itself counts.
    """

    _tabs: ClassVar[dict[str, int]] = {}  # how far from the sidebar's top each was found last
    _met: ClassVar[dict[tuple[str, str, str | None], Place]] = {}  # where a button was found last

    def __init__(self, blender: Blender, pictures: Path) -> None:
        """Start it; pictures go to the folder `pictures`."""
        self.blender = blender
        self.pictures = pictures
        self._questions = blender.folder / "questions"
        shutil.rmtree(self._questions, ignore_errors=True)
        self._questions.mkdir()
        self._asked = 0
        self._windows: list[str] = []  # in the order in which they were opened
        self.clicks = 0  # how many times a button of the mouse was used; a double click is one
        try:
            blender.start("--python", str(AGENT), "--", str(self._questions))
            self.wait_for_line("agent is listening")
        except Exception:
            blender.stop()
            raise

    def stop(self) -> None:
        """Take a last picture and end Blender."""
        try:
            self.picture("at-the-end")
        finally:
            self.blender.stop()

    def ask(self, code: str, timeout: float = 180) -> Any:
        """Run Python in Blender; the value of an expression (as JSON has it), else None."""
        return self._question({"code": code}, timeout)

    def wait_until(self, expression: str, timeout: float = 30) -> Any:
        """Wait until a Python expression in Blender is true, and return it."""
        deadline = time.monotonic() + timeout
        while not (value := self.ask(expression)):
            if time.monotonic() > deadline:
                self.picture("waited-in-vain")
                raise TimeoutError(f"still not true after {timeout} s: {expression}")
            time.sleep(0.1)
        return value

    def wait_for_line(self, text: str, timeout: float = 60) -> None:
        """Wait until Blender has printed a line with that text."""
        deadline = time.monotonic() + timeout
        while text not in self.blender.log():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{text!r} was not printed: {self.blender.log()}")
            time.sleep(0.1)

    def buttons(
        self,
        wanted: str | None = None,
        area: str = "VIEW_3D",
        region: str = "UI",
        patience: int = 2,
    ) -> dict[str, Place]:
        """Where the visible buttons of a region are, found by moving the mouse over it.

        A button is named after the property that it shows, or by the Python of what it does, like
        "bpy.ops.object.delete()". The search ends where a name has the text `wanted`, if given;
        `patience` is how many ticks Blender gets to notice that the mouse has moved.
        """
        asked = [area, region, wanted, patience, self._met.get((area, region, wanted), ())]
        found = self._question({"buttons": asked}, 240)
        return {identity: (x, y) for identity, x, y in found}

    def find(self, wanted: str, area: str = "VIEW_3D", region: str = "UI") -> Place:
        """Where the one visible button is whose name (see `buttons`) has that text."""
        for patience in (2, 10):
            found = self.buttons(wanted, area, region, patience)
            places = [place for identity, place in found.items() if wanted in identity]
            if places:
                break
        if len(places) != 1:
            self.picture("not-found")
            raise LookupError(f"{len(places)} of the buttons are {wanted!r}: {sorted(found)}")
        self._met[area, region, wanted] = places[0]
        return places[0]

    def hover(self, place: Place, *then: str, area: str = "VIEW_3D") -> None:
        """Move the mouse there, and wait until Blender has noticed what is under it.

        Keys go to the region under the mouse.

        Args:
            place: Where to.
            then: What xdotool does next.
            area: In the window that has an area of this kind.
        """
        identity, height = self._window_with(area)
        x, down = place[0], str(height - place[1])
        move = ("mousemove", "--window", identity)
        # A button notices the mouse when it moves, not when it appears.
        self.blender.on_screen(
            "xdotool", *move, str(x - 3), down, "sleep", "0.05", *move, str(x), down
        )
        for _ in range(3):  # by then all events before were handled
            self.ask("None")
        if then:
            self.blender.on_screen("xdotool", *then)
            self.ask("None")

    def click(self, place: Place, area: str = "VIEW_3D") -> None:
        """Move the mouse there and click."""
        self.clicks += 1
        self.hover(place, "click", "1", area=area)

    def drag(self, place: Place, to: Place) -> None:
        """Press the mouse's button at a place, move to another one and let go."""
        self.clicks += 1
        self.hover(place, "mousedown", "1")
        self.hover(to, "mouseup", "1")

    def scroll(self, notches: int) -> None:
        """Turn the mouse's wheel over the sidebar: downwards, or upwards if negative."""
        wheel = "5" if notches > 0 else "4"
        turn = ("click", "--repeat", str(abs(notches)), "--delay", "20", wheel, "sleep", "0.3")
        self.hover(self.middle("VIEW_3D", "UI"), *turn)

    def press(self, *keys: str) -> None:
        """Press keys, by their names in xdotool (Return, ctrl+z, F12), one after the other."""
        self.blender.on_screen("xdotool", "key", "--delay", "60", *keys)

    def write(self, text: str) -> None:
        """Type a text."""
        self.blender.on_screen("xdotool", "type", "--delay", "40", text)

    def enter(self, place: Place, text: str, area: str = "VIEW_3D") -> None:
        """Type a text or number into the field at a place, instead of what is there."""
        self.clicks += 1
        twice = ("click", "--repeat", "2", "--delay", "80", "1", "sleep", "0.3")
        self.hover(place, *twice, "key", "ctrl+a", area=area)
        self.write(text)
        self.press("Return")

    def open_folder(self, folder: Path) -> None:
        """Show a folder in the file browser; the mouse is then over its files."""
        browser = "FILE_BROWSER"
        self.wait_until(has_area(browser))
        self.enter(self.find("directory", browser, "UI"), str(folder), browser)
        self.click(self.middle(browser), browser)  # away from the suggestions that a path has

    def region(self, area: str = "VIEW_3D", region: str = "WINDOW") -> tuple[int, int, int, int]:
        """Where a region lies: (left, bottom, width, height)."""
        x, y, width, height = self.ask(
            f"[(r.x, r.y, r.width, r.height) for r in [find_region({area!r}, {region!r})[2]]][0]"
        )
        return x, y, width, height

    def middle(self, area: str = "VIEW_3D", region: str = "WINDOW") -> Place:
        """The middle of a region."""
        x, y, width, height = self.region(area, region)
        return x + width // 2, y + height // 2

    def pixels(
        self, rectangle: tuple[float, float, float, float] | None = None, area: str = "VIEW_3D"
    ) -> NDArray[np.uint8]:
        """What is seen in a rectangle (left, bottom, right, top): (height, width, 3), 0 to 255.

        Without one it is the whole window that has an area of this kind.
        """
        path = self.blender.folder / "seen.bmp"  # packing it takes longer than all else
        self.blender.on_screen(
            "import", "-silent", "-window", self._window_with(area)[0], str(path)
        )
        with Image.open(path) as image:
            seen = image.convert("RGB")
        if rectangle is not None:
            left, bottom, right, top = (round(side) for side in rectangle)
            seen = seen.crop((left, seen.height - top, right, seen.height - bottom))
        return np.asarray(seen)

    def camera_frame(self) -> tuple[float, float, float, float]:
        """Where the camera's frame lies in the 3D View: (left, bottom, right, top)."""
        left, bottom, right, top = self.ask("camera_frame()")
        return left, bottom, right, top

    def build(self, folder: Path) -> None:
        """Build a zoom as a user does it: the tab, the folder, the button."""
        self.open_sidebar("Ever Zoom")
        self.enter(self.find("folder"), str(folder))
        self.click(self.find("ever_zoom.build("))
        self.wait_until(f"{CONTROLS} and not {WORKING}", 120)

    def picture(self, name: str) -> Path:
        """Take a picture of the whole screen."""
        path = self.pictures / f"{name}.png"
        self.blender.on_screen("import", "-silent", "-window", "root", str(path))
        return path

    def open_sidebar(self, tab: str) -> None:
        """Open the 3D View's sidebar and click its tab."""
        if self.region("VIEW_3D", "UI")[2] <= 1:
            self.hover(self.middle(), "key", "n")
            self.wait_until("find_region('VIEW_3D', 'UI')[2].width > 1")
        x, y, width, height = self.region("VIEW_3D", "UI")
        before = self.clicks
        # Nothing tells where the tabs are, but where it was the last time.
        for down in (self._tabs.get(tab, 40), *range(40, height, 36)):
            if self.ask("find_region('VIEW_3D', 'UI')[2].active_panel_category") == tab:
                self.clicks = min(self.clicks, before + 1)  # who sees needs one click
                return
            self.click((x + width - 10, y + height - down))
            self._tabs[tab] = down
        self.picture("no-tab")
        raise LookupError(f"there is no tab {tab!r}")

    def _window_with(self, area: str) -> tuple[str, int]:
        """The window that has an area: its identity for xdotool and its height."""
        number, height = self.ask(
            f"[(n, w.height) for n, w in enumerate(bpy.context.window_manager.windows)"
            f" if any(a.type == {area!r} for a in w.screen.areas)][0]"
        )
        if number >= len(self._windows):
            search = ("search", "--onlyvisible", "--class", "Blender")
            self._windows = sorted(self.blender.on_screen("xdotool", *search).split(), key=int)
        return self._windows[number], height

    def _question(self, content: dict[str, Any], timeout: float) -> Any:
        question = self._questions / f"{self._asked}.json"
        partial = question.with_suffix(".part-question")
        partial.write_text(json.dumps(content), encoding="utf-8")
        partial.replace(question)
        answer = self._questions / f"{self._asked}.answer.json"
        self._asked += 1
        deadline = time.monotonic() + timeout
        while not answer.exists():
            if time.monotonic() > deadline:
                raise TimeoutError(f"Blender did not answer {content}: {self.blender.log()}")
            time.sleep(0.02)
        said = json.loads(answer.read_text(encoding="utf-8"))
        if "error" in said:
            raise RuntimeError(said["error"])
        return said["value"]
