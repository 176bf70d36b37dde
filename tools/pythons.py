"""Interpreters: which one a bpy wheel needs, whether there is such a wheel, and where they lie."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import ENVIRONMENTS

# For which systems and processors there are bpy wheels: the first and the last series that has
# them, "" where they go on. Looked up in the package index on 2026-11-29.
WHEELS = {
    ("Linux", "x86_64"): ("4.2", ""),
    ("Darwin", "arm64"): ("4.2", ""),
    ("Darwin", "x86_64"): ("4.2", "4.5"),
    ("Windows", "AMD64"): ("4.2", ""),
    ("Windows", "ARM64"): ("4.4", ""),
}
OLDEST_GLIBC = (2, 28)  # of the wheels for Linux


def numbers(version: str) -> tuple[int, ...]:
    """ "4.5" as (4, 5), to compare."""
    return tuple(int(part) for part in version.split("."))


def python_for(series: str) -> str:
    """The version of CPython, like "3.13", that the bpy wheels of a series like "5.2" need."""
    return "3.13" if numbers(series) >= (5, 1) else "3.11"


def lack_of_wheel(series: str) -> str:
    """Why there is no bpy wheel of a series for this system and processor; "" if there is one."""
    system, machine = platform.system(), platform.machine()
    name = f"{'macOS' if system == 'Darwin' else system} on {machine}"
    if (system, machine) not in WHEELS:
        return f"there is no bpy wheel for {name}"
    first, last = WHEELS[system, machine]
    if numbers(series) < numbers(first) or (last and numbers(series) > numbers(last)):
        return f"there is no bpy {series} wheel for {name}"
    if system == "Linux":
        library, version = platform.libc_ver()
        if library != "glibc" or numbers(version) < OLDEST_GLIBC:
            found = f"{library} {version}" if library == "glibc" else "another C library"
            return f"bpy wheels need glibc {'.'.join(map(str, OLDEST_GLIBC))}, and here is {found}"
    return ""


@dataclass(frozen=True)
class Python:
    """An interpreter, and what it has to make environments with: modules, by their names."""

    path: Path
    version: str
    modules: frozenset[str]


# Asked of every candidate by running it: one that is there may still refuse to run.
PROBE = """
import importlib.util, platform, sys, sysconfig
modules = [m for m in ("venv", "ensurepip", "pip", "virtualenv") if importlib.util.find_spec(m)]
print(platform.python_implementation(), "%d.%d" % sys.version_info[:2], sys.maxsize > 2**32,
      not sysconfig.get_config_var("Py_GIL_DISABLED"), ",".join(modules), sys._base_executable,
      sep="|")
"""


def judge_python(command: Sequence[str], version: str | None) -> tuple[Python | None, str]:
    """The interpreter that a command starts and "", or None and why it will not do.

    Args:
        command: What starts it.
        version: What it must be, like "3.13"; None for any.
    """
    try:
        done = subprocess.run(
            [*command, "-I", "-c", PROBE],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        kind, found, wide, locked, modules, path = done.stdout.strip().split("|")
    except (OSError, ValueError, subprocess.SubprocessError):
        return None, "it does not run"
    if kind != "CPython" or found != (version or found):
        return None, f"it is {kind} {found}"
    if wide != "True":
        return None, "it is a 32 bit build"
    if locked != "True":
        return None, "it is a free-threaded build"
    return Python(Path(path), found, frozenset(filter(None, modules.split(",")))), ""


def own_python() -> Python | None:
    """The interpreter that runs this."""
    return judge_python([sys.executable], None)[0]


def python_candidates(version: str) -> Iterator[list[str]]:
    """Commands that may start CPython of that version, likely ones first; not all exist."""
    yield [sys.executable]
    names = [f"python{version}", "python3", "python"]
    if os.name == "nt":
        yield ["py", f"-{version}"]
        names = [f"{name}.exe" for name in names]
    folders = [Path(folder) for folder in os.get_exec_path()]
    folders += [Path(f) for f in ("/usr/local/bin", "/usr/bin", "/opt/homebrew/bin")]
    for name in names:
        for folder in folders:
            yield [str(folder / name)]
    yield from ([str(path)] for path in managed_pythons(version))


def home_folder() -> Path:
    """The user's home; "~" itself where there is none, as for a user without a name."""
    return Path(os.path.expanduser("~"))  # noqa: PTH111  # Path.home() fails there


def matches(folder: Path, pattern: str) -> list[Path]:
    """What is in a folder, the last by name first; nothing of one that may not be read."""
    try:
        return sorted(folder.glob(pattern), reverse=True)
    except OSError:
        return []


def managed_pythons(version: str) -> Iterator[Path]:
    """Interpreters in the folders where version managers and installers put them."""
    home = home_folder()
    local = Path(os.environ.get("LOCALAPPDATA", home))
    data = Path(os.environ.get("XDG_DATA_HOME", home / ".local" / "share"))
    pyenv = shutil.which("pyenv")
    bare = version.replace(".", "")
    places = [
        ENVIRONMENTS / "pythons",  # fetched before
        *([Path(pyenv).resolve().parent.parent / "versions"] if pyenv else []),
        Path(os.environ.get("PYENV_ROOT", home / ".pyenv")) / "versions",
        home / ".pyenv" / "pyenv-win" / "versions",
        Path(os.environ.get("UV_PYTHON_INSTALL_DIR", data / "uv" / "python")),
        Path(os.environ.get("APPDATA", home)) / "uv" / "python",
        home / ".asdf" / "installs" / "python",
        data / "mise" / "installs" / "python",
        Path("/Library/Frameworks/Python.framework/Versions"),
        local / "Programs" / "Python",
        Path(os.environ.get("PROGRAMFILES", home)),
        Path("/opt"),
    ]
    for place in places:
        for pattern in (f"{version}*", f"[cPp]*ython*{version}*", f"Python{bare}"):
            for folder in matches(place, pattern):
                yield folder / "bin" / f"python{version}"
                yield folder / "python.exe"


def find_python(version: str) -> Python | None:
    """CPython of that version, if possible one that makes environments by itself, or None."""
    seen = set()
    second_best = None
    for command in python_candidates(version):
        program = Path(command[0])
        # Path.exists() fails in a folder that may not be read.
        there = not program.is_absolute() or os.path.exists(program)  # noqa: PTH110
        if tuple(command) in seen or not there:
            continue
        seen.add(tuple(command))
        python, _ = judge_python(command, version)
        if python is not None and {"venv", "ensurepip"} <= python.modules:
            return python
        second_best = second_best or python
    return second_best
