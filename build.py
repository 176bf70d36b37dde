#!/usr/bin/env python3
"""Builds, runs and tests AI Ever Zoom. Needs nothing but Python 3.9 or newer.

python3 build.py                 writes the installable zip, dist/ai_ever_zoom-VERSION.zip
python3 build.py render [...]    renders a zoom; needs no installed Blender
python3 build.py test [...]      runs every check and test
python3 build.py bench [...]     prints the benchmark's table

`--help` after render or test lists their options. What a command needs (the bpy wheel, test tools)
is installed into environments of its own in .env/, the first time and whenever it changes.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

ROOT = Path(__file__).resolve().parent
PACKAGE = ROOT / "ai_ever_zoom_addon"
MANIFEST = ROOT / "blender_manifest.toml"
ENVIRONMENTS = ROOT / ".env"
TEST_OUTPUT = ROOT / "test-output"

# Everything that is ever installed. bpy brings numpy, as Blender does.
BPY = {"5.2": "5.2.3", "4.5": "4.5.15", "4.2": "4.2.23"}  # the tested versions, newest first
PYTEST = ["pytest==9.2.0", "hypothesis==6.170.15", "av==18.1.0", "pillow==13.0.0"]
BENCHMARK = ["opencv-python-headless==5.0.0.93"]
TOOLS = [
    *PYTEST,
    "numpy==2.4.6",
    "openjd-cli==0.8.0",
    "ruff==0.17.5",
    "mypy==2.4.1",
    "fake-bpy-module-5.2==20260730",
]

# The system libraries that bpy does not bring: name -> (Debian and Ubuntu, Fedora) package.
SYSTEM_LIBRARIES = {
    "libGL": ("libgl1", "libglvnd-glx"),
    "libICE": ("libice6", "libICE"),
    "libSM": ("libsm6", "libSM"),
    "libX11": ("libx11-6", "libX11"),
    "libXext": ("libxext6", "libXext"),
    "libXfixes": ("libxfixes3", "libXfixes"),
    "libXi": ("libxi6", "libXi"),
    "libXrender": ("libxrender1", "libXrender"),
    "libXxf86vm": ("libxxf86vm1", "libXxf86vm"),
    "libgomp": ("libgomp1", "libgomp"),
    "libstdc++": ("libstdc++6", "libstdc++"),
    "libxkbcommon": ("libxkbcommon0", "libxkbcommon"),
}
# Without a GPU, EEVEE and Workbench draw with Mesa's software OpenGL, loaded while rendering.
SOFTWARE_OPENGL = ("libegl1 libgl1-mesa-dri", "libglvnd-egl mesa-dri-drivers")


class BuildError(Exception):
    """One line for whoever called: what is wrong and what to do."""


# --- The zip ------------------------------------------------------------------------------------


def manifest_version() -> str:
    """The add-on's version, as the manifest has it."""
    match = re.search(r'^version = "([^"]+)"$', MANIFEST.read_text(encoding="utf-8"), re.MULTILINE)
    if match is None:
        raise BuildError(f'{MANIFEST.name} has no line like version = "1.2.3"; add one.')
    return match[1]


def build_zip(folder: Path = ROOT / "dist") -> Path:
    """Write the extension's zip and return its path; the same files give the same bytes.

    Blender wants the manifest and __init__.py side by side at the top of the zip.
    """
    files = {"LICENSE": ROOT / "LICENSE", MANIFEST.name: MANIFEST}
    for path in PACKAGE.rglob("*"):
        parts = path.relative_to(PACKAGE).parts
        left_out = any(part.startswith(".") or part == "__pycache__" for part in parts)
        if path.is_file() and not left_out:
            files["/".join(parts)] = path
    target = folder / f"ai_ever_zoom-{manifest_version()}.zip"
    folder.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.{os.getpid()}.part")
    with zipfile.ZipFile(partial, "w") as archive:
        for name, path in sorted(files.items()):
            entry = zipfile.ZipInfo(name)  # dated 1980-01-01
            entry.create_system = 3  # the same on Windows
            entry.external_attr = 0o100644 << 16
            # Stored, not deflated: zlib's output differs from one of its versions to the next.
            archive.writestr(entry, path.read_bytes())
    partial.replace(target)
    return target


# --- Interpreters -------------------------------------------------------------------------------


def python_for(series: str) -> str:
    """The version of CPython, like "3.13", that the bpy wheels of a series like "5.2" need."""
    return "3.13" if tuple(map(int, series.split("."))) >= (5, 1) else "3.11"


# Asked of every candidate by running it: one that is there may still refuse to run.
PROBE = """
import platform, sys, sysconfig
try:
    import ensurepip, venv
    complete = True
except ImportError:
    complete = False
print(platform.python_implementation(), "%d.%d" % sys.version_info[:2], sys.maxsize > 2**32,
      not sysconfig.get_config_var("Py_GIL_DISABLED"), complete, sys._base_executable, sep="|")
"""


def judge_python(command: Sequence[str], version: str) -> Tuple[Optional[Path], str]:
    """The interpreter that a command starts and "", or None and why it will not do."""
    try:
        done = subprocess.run(
            [*command, "-I", "-c", PROBE],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        kind, found, wide, locked, complete, path = done.stdout.strip().split("|")
    except (OSError, ValueError, subprocess.SubprocessError):
        return None, "it does not run"
    if (kind, found) != ("CPython", version):
        return None, f"it is {kind} {found}"
    if wide != "True":
        return None, "it is a 32 bit build"
    if locked != "True":
        return None, "it is a free-threaded build"
    if complete != "True":
        return None, f"it has no venv module (Debian and Ubuntu: apt install python{version}-venv)"
    return Path(path), ""


def python_candidates(version: str) -> Iterator[List[str]]:
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


def managed_pythons(version: str) -> Iterator[Path]:
    """Interpreters in the folders where version managers and installers put them."""
    home = Path.home()
    local = Path(os.environ.get("LOCALAPPDATA", home))
    data = Path(os.environ.get("XDG_DATA_HOME", home / ".local" / "share"))
    pyenv = shutil.which("pyenv")
    bare = version.replace(".", "")
    places = [
        *([Path(pyenv).resolve().parents[1] / "versions"] if pyenv else []),
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
            for folder in sorted(place.glob(pattern), reverse=True):
                yield folder / "bin" / f"python{version}"
                yield folder / "python.exe"


def find_python(version: str) -> Optional[Path]:
    """CPython of that version with venv, or None."""
    seen = set()
    for command in python_candidates(version):
        program = Path(command[0])
        if tuple(command) in seen or (program.is_absolute() and not program.exists()):
            continue
        seen.add(tuple(command))
        path, _ = judge_python(command, version)
        if path is not None:
            return path
    return None


def choose_bpy(python: Optional[str], wanted: Optional[str]) -> Tuple[str, Path]:
    """A version of bpy, like "5.2.3" or "5.1.*", and the interpreter that runs it.

    Args:
        python: The interpreter that the user named, if any.
        wanted: The version of bpy that the user named, like "4.5" or "4.5.15", if any.
    """
    if wanted is None:
        choices = list(BPY)
    elif re.fullmatch(r"\d+\.\d+(\.\d+)?", wanted):
        choices = [".".join(wanted.split(".")[:2])]
    else:
        raise BuildError(f"--bpy {wanted} is no version; name one like 4.5 or 5.2.3.")
    reasons = []
    for series in choices:
        version = python_for(series)
        if python is None:
            path, reason = find_python(version), f"no CPython {version} was found"
        else:
            path, reason = judge_python([python], version)
        if path is not None:
            exact = wanted if wanted and wanted.count(".") == 2 else None
            return exact or BPY.get(series, f"{series}.*"), path
        reasons.append(f"bpy {series} needs CPython {version}")
    needs = "; ".join(reasons)
    if python is not None:
        raise BuildError(f"{python} cannot be used: {reason} ({needs}). Name another by --python.")
    raise BuildError(
        f"No suitable Python was found: {needs}. Install one (python.org, uv, pyenv), name it by "
        "--python PATH, or name an installed Blender by --blender PATH."
    )


# --- Environments -------------------------------------------------------------------------------


def environment_python(folder: Path) -> Path:
    """The interpreter of an environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock that other runs wait for; the system lets it go however this one ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        if sys.platform == "win32":
            import msvcrt

            while True:
                with contextlib.suppress(OSError):  # given up after ten tries, one a second
                    msvcrt.locking(handle.fileno(), msvcrt.LK_LOCK, 1)
                    break
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def prepare(name: str, base: Path, requirements: Sequence[str]) -> Path:
    """The interpreter of the environment .env/NAME, with at least these requirements installed.

    The file "installed" in it, written last, says what is there: an environment without it was
    interrupted half-way. That one, and one that has another version of something, is made anew.
    """
    folder = ENVIRONMENTS / name
    record = folder / "installed"
    python = environment_python(folder)
    with locked(ENVIRONMENTS / f"{name}.lock"):
        whole = record.exists() and python.exists()
        present = record.read_text(encoding="utf-8").splitlines() if whole else []
        missing = [line for line in requirements if line not in present]
        if whole and not missing:
            return python
        print(f"Setting up {folder}: {', '.join(missing)}", flush=True)
        changed = {line.split("==")[0] for line in missing}
        if not whole or any(line.split("==")[0] in changed for line in present):
            present, missing = [], list(requirements)
            if folder.exists():
                shutil.rmtree(folder)
            subprocess.run([str(base), "-m", "venv", str(folder)], check=True)
        else:
            record.unlink()
        pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check"]
        pip += [] if sys.stdout.isatty() else ["-qq"]  # errors only
        if subprocess.run([*pip, *missing]).returncode != 0:
            raise BuildError(
                f"pip could not install {', '.join(missing)} (its reason is above). Check the "
                "network, or name an installed Blender by --blender PATH."
            )
        record.write_text("\n".join([*present, *missing]) + "\n", encoding="utf-8")
    return python


# --- Rendering ----------------------------------------------------------------------------------


def bpy_environment(
    python: Optional[str], version: Optional[str], extra: Sequence[str] = ()
) -> Tuple[str, Path]:
    """The series, like "5.2", and the interpreter of an environment with bpy."""
    version, base = choose_bpy(python, version)
    series = ".".join(version.split(".")[:2])
    return series, prepare(f"bpy-{series}", base, [f"bpy=={version}", *extra])


def missing_libraries(message: str) -> List[str]:
    """The system libraries without which bpy does not load, as far as can be told."""
    names = set(re.findall(r"(lib[\w+-]+)\.so[.\d]*: cannot open shared object", message))
    if names and shutil.which("ldd"):  # the message names only the first one
        for site in (Path(folder) for folder in sys.path):
            if (site / "bpy" / "__init__.so").exists():
                listing = subprocess.run(
                    ["ldd", str(site / "bpy" / "__init__.so")], capture_output=True, text=True
                ).stdout
                names |= set(re.findall(r"(lib[\w+-]+)\.so[.\d]* => not found", listing))
    return sorted(names)


def explain_import_error(error: ImportError) -> str:
    """One line for a bpy that does not load."""
    names = missing_libraries(str(error))
    if not names:
        return f"bpy does not load: {error}. Name an installed Blender by --blender PATH."
    debian, fedora = (
        " ".join(SYSTEM_LIBRARIES[name][system] for name in names if name in SYSTEM_LIBRARIES)
        for system in (0, 1)
    )
    return (
        f"bpy does not load for want of {', '.join(names)}. "
        f"Debian and Ubuntu: apt install {debian} {SOFTWARE_OPENGL[0]}. "
        f"Fedora: dnf install {fedora} {SOFTWARE_OPENGL[1]}."
    )


def run_inside(arguments: List[str]) -> int:
    """Run the add-on's command line; called in an environment that has bpy."""
    try:
        import bpy  # noqa: F401
    except ImportError as error:
        print(f"build.py: {explain_import_error(error)}", file=sys.stderr)
        return 1
    if sys.platform == "linux":
        try:
            ctypes.CDLL("libEGL.so.1")
        except OSError:  # Blender would only abort, in the middle of the work
            print(
                "build.py: EEVEE and Workbench will not work for want of libEGL. "
                f"Debian and Ubuntu: apt install {SOFTWARE_OPENGL[0]}. "
                f"Fedora: dnf install {SOFTWARE_OPENGL[1]}.",
                file=sys.stderr,
            )
    from ai_ever_zoom_addon.cli import main

    return main(arguments)


def hand_over(command: List[str]) -> int:
    """Run a command in our place: its exit status is ours, and Ctrl-C is its own business."""
    sys.stdout.flush()
    if os.name == "posix":
        os.execv(command[0], command)
    with subprocess.Popen(command) as process:
        while True:
            with contextlib.suppress(KeyboardInterrupt):  # the console sent it to both
                return process.wait()


def render(arguments: List[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="build.py render",
        allow_abbrev=False,
        add_help=False,
        usage="python3 build.py render [--python PATH | --blender PATH] [--bpy VERSION] [OPTIONS]",
        description="Renders a zoom, the built-in sample series if no other is named. All other "
        "options are the add-on's own, listed below.",
    )
    parser.add_argument("--python", metavar="PATH", help="the Python to run bpy with")
    parser.add_argument("--bpy", metavar="VERSION", help=f"of the wheel; default {max(BPY)}")
    parser.add_argument("--blender", metavar="PATH", help="an installed Blender to use instead")
    options, rest = parser.parse_known_args(arguments)
    if "-h" in rest or "--help" in rest:
        parser.print_help()
        print()
    if options.blender:
        blender = shutil.which(options.blender)
        if blender is None:
            raise BuildError(f"--blender {options.blender} is not a program that can be run.")
        code = (
            f"import sys; sys.path.insert(0, {str(ROOT)!r}); "
            f"from ai_ever_zoom_addon.cli import main; sys.exit(main({rest!r}))"
        )
        start = [blender, "--background", "--factory-startup", "--python-exit-code", "1"]
        return hand_over([*start, "--python-expr", code])
    _, python = bpy_environment(options.python, options.bpy)
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); "
        f"import build; sys.exit(build.run_inside({rest!r}))"
    )
    return hand_over([str(python), "-I", "-c", code])


# --- Testing ------------------------------------------------------------------------------------


@dataclass
class Result:
    """What one part of the tests came to."""

    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    note: str = ""


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() in ("1", "true")


def run_shown(name: str, command: Sequence[str], environment: Dict[str, str]) -> int:
    """Run a command and show its output as it comes, each line led by the name."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            print(f"[{name}] {line.rstrip()}", flush=True)
    return process.returncode


def run_check(name: str, command: Sequence[str]) -> Result:
    """A check that passes or fails as a whole."""
    start = time.monotonic()
    good = run_shown(name, command, {}) == 0
    return Result(name, int(good), int(not good), 0, time.monotonic() - start)


@dataclass
class Session:
    """One run of pytest."""

    name: str
    python: Path
    targets: List[str]
    environment: Dict[str, str]

    def run(self, options: Sequence[str]) -> Result:
        """Run it; all of it once more if Blender itself crashed, which the closing table says.

        What crashes it every time fails all the same.
        """
        result, status = self._run_once(options)
        if status < 0:  # ended by a signal
            print(f"[{self.name}] CRASHED by signal {-status}: once more", flush=True)
            result, again = self._run_once(options)
            result.note = f"after a crash by signal {-status} {result.note}".rstrip()
            if again < 0:
                result.failed = max(1, result.failed)
        return result

    def _run_once(self, options: Sequence[str]) -> Tuple[Result, int]:
        report = TEST_OUTPUT / f"{self.name}.xml"
        report.unlink(missing_ok=True)
        start = time.monotonic()
        command = [str(self.python), "-m", "pytest", "-q", f"--junitxml={report}"]
        environment = {"EVER_ZOOM_SESSION": self.name, **self.environment}
        status = run_shown(self.name, [*command, *options, *self.targets], environment)
        result = Result(self.name, seconds=time.monotonic() - start)
        if report.exists():
            suite = next(ElementTree.parse(report).getroot().iter("testsuite"))
            result.failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            result.skipped = int(suite.get("skipped", 0))
            result.passed = int(suite.get("tests", 0)) - result.failed - result.skipped
        if status == 5 and options:
            result.note = "no test was selected"
        elif status != 0 and result.failed == 0:  # a crash, or nothing was collected
            result.failed = 1
            result.note = f"pytest ended with status {status}"
        return result, status


def shared_folder() -> Optional[Path]:
    """The folder of test material beside (or in) the checkout, if it is there."""
    for folder in (ROOT.parent / "shared", ROOT / "shared"):
        if folder.is_dir():
            return folder.resolve()
    return None


def complete_blenders(executable: Optional[str]) -> Tuple[List[Tuple[str, Dict[str, str]]], str]:
    """Complete Blenders to test in: a name and what tests/window finds each by.

    Returns them and, where there are none, why.
    """
    if executable:
        path = shutil.which(executable)
        if path is None:
            raise BuildError(f"--blender {executable} is not a program that can be run.")
        return [("blender", {"EVER_ZOOM_BLENDER": path})], ""
    shared = shared_folder()
    if shared is None or not (shared / "blender-gui" / "setup.sh").exists():
        return [], "../shared/blender-gui is not there; name a Blender by --blender PATH"
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return [], "../shared/blender-gui needs root on Debian; name a Blender by --blender PATH"
    found = []
    for suite in ("sid", "trixie"):
        scripts = shared / "blender-gui"
        if run_shown(suite, ["bash", str(scripts / "setup.sh")], {"BG_SUITE": suite}) != 0:
            return [], f"../shared/blender-gui/setup.sh failed for {suite}"
        variables = {"EVER_ZOOM_BLENDER_GUI": str(scripts / "run.sh"), "BG_SUITE": suite}
        found.append((f"blender-{suite}", variables))
    return found, ""


def absent(name: str, reason: str) -> Result:
    """A part that cannot run here: skipped, and in CI a failure."""
    print(f"[{name}] NOT RUN: {reason}", flush=True)
    return Result(name, failed=int(in_ci()), skipped=int(not in_ci()), note=f"NOT RUN: {reason}")


def targets_in(folder: str, paths: Sequence[str]) -> List[str]:
    """What to hand to pytest: the folder, or those of the named paths that lie in it."""
    if not paths:
        return [folder]
    inside = ROOT / folder
    return [path for path in paths if Path(path.split("::")[0]).resolve().is_relative_to(inside)]


def test(arguments: List[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="build.py test",
        allow_abbrev=False,
        usage="python3 build.py test [OPTIONS] [PYTEST OPTIONS AND PATHS]",
        description="Checks the code's style and types, then tests it without Blender, in every "
        "supported bpy wheel, and in complete Blenders. All other arguments go to pytest.",
    )
    parser.add_argument("--quick", action="store_true", help="the newest bpy only, no window")
    parser.add_argument(
        "--python", metavar="PATH", action="append", default=[], help="to use where it fits"
    )
    parser.add_argument("--blender", metavar="PATH", help="a complete Blender to test in")
    options, rest = parser.parse_known_args(arguments)
    paths = [a for a in rest if not a.startswith("-") and Path(a.split("::")[0]).exists()]
    rest = [a for a in rest if a not in paths]
    TEST_OUTPUT.mkdir(exist_ok=True)
    results: List[Result] = []
    sessions: List[Session] = []

    def python_of(version: str) -> Optional[Path]:
        named = (judge_python([path], version)[0] for path in options.python)
        return next((path for path in named if path), None) or find_python(version)

    def plan(name: str, python: Path, folders: List[str], variables: Dict[str, str]) -> Session:
        return Session(name, python, [t for f in folders for t in targets_in(f, paths)], variables)

    base = python_of("3.13") or python_of("3.11")
    if base is None:
        raise BuildError(
            "No suitable Python was found: the tests need CPython 3.13 (bpy 5.2) and 3.11 (bpy 4.5 "
            "and 4.2). Install them, or name each by --python PATH."
        )
    tools = prepare("tools", base, TOOLS)
    if not paths:
        ruff, mypy = [str(tools), "-m", "ruff"], [str(tools), "-m", "mypy"]
        results.append(run_check("ruff", [*ruff, "check", "--output-format=concise", "."]))
        results.append(run_check("format", [*ruff, "format", "--check", "."]))
        results.append(run_check("mypy", mypy))
    sessions.append(plan("core", tools, ["tests/core", "tests/build"], {}))
    for series in list(BPY)[: 1 if options.quick else None]:
        name, version = f"bpy-{series}", python_for(series)
        python = python_of(version)
        if python is None:
            reason = f"no CPython {version} was found; name one by --python PATH"
            results.append(absent(name, reason))
            continue
        python = prepare(name, python, [f"bpy=={BPY[series]}", *PYTEST])
        sessions.append(plan(name, python, ["tests/scene", "tests/install"], {}))
    sessions = [session for session in sessions if session.targets]
    with ThreadPoolExecutor(max_workers=2) as pool:
        results += pool.map(lambda session: session.run(rest), sessions)
    if not options.quick and targets_in("tests/window", paths):
        blenders, reason = complete_blenders(options.blender)
        if not blenders:
            results.append(absent("window", reason))
        for name, variables in blenders:  # one after the other: they are about time and the mouse
            results.append(plan(name, tools, ["tests/window"], variables).run(rest))
    return close(results)


def close(results: Sequence[Result]) -> int:
    """Print the closing table and line; the exit status."""
    print(f"\n{'':15}{'passed':>8}{'failed':>8}{'skipped':>8}{'seconds':>9}")
    for part in results:
        counts = f"{part.passed:8}{part.failed:8}{part.skipped:8}{part.seconds:9.0f}"
        print(f"{part.name:15}{counts}  {part.note}".rstrip())
    passed, failed, skipped = (
        sum(getattr(result, key) for result in results) for key in ("passed", "failed", "skipped")
    )
    print(f"\n{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return int(failed > 0 or passed == 0)


def bench(arguments: List[str]) -> int:
    _, python = bpy_environment(None, next(iter(BPY)), [*PYTEST, *BENCHMARK])
    os.chdir(ROOT)
    return hand_over([str(python), "-m", "tests.bench", *arguments])


def main(arguments: List[str]) -> int:
    commands = {"render": render, "test": test, "bench": bench}
    try:
        if not arguments:
            print(build_zip())
            return 0
        if arguments[0] in commands:
            return commands[arguments[0]](arguments[1:])
        print(__doc__)
        return 0 if arguments[0] in ("-h", "--help") else 2
    except BuildError as error:
        print(f"build.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("build.py: stopped.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
