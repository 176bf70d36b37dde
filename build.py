#!/usr/bin/env python3
"""Builds and runs AI Ever Zoom, and starts its tests. Needs nothing but Python 3.9 or newer.

python3 build.py                 writes the installable zip, dist/ai_ever_zoom-VERSION.zip
python3 build.py render [...]    renders a zoom; needs no installed Blender
python3 build.py test [...]      runs every check and test
python3 build.py bench [...]     prints the benchmark's table
python3 build.py fuzz [...]      tries nonsense of every kind and counts what came of it
python3 build.py release X.Y.Z   makes all that a release needs, or says what is missing

`--help` after render or test lists their options. What a command needs (the bpy wheel, test tools,
what makes pages of the guide) is installed into environments of its own in .env/, the first time
and whenever it changes.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import errno
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

ROOT = Path(__file__).resolve().parent
PACKAGE = ROOT / "ai_ever_zoom_addon"
DOCS = ROOT / "docs"
MANIFEST = PACKAGE / "blender_manifest.toml"  # and its copy at the top, see .gitattributes
ENVIRONMENTS = ROOT / ".env"

# Everything that is ever installed. bpy brings numpy, as Blender does.
BPY = {"5.2": "5.2.3", "4.5": "4.5.15", "4.2": "4.2.23"}  # the tested versions, newest first
PYTEST = ["pytest==9.2.0", "hypothesis==6.170.15", "av==18.1.0", "pillow==13.0.0"]
GUIDE = ["markdown-it-py==3.0.0"]
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


def guide() -> dict[str, bytes]:
    """The guide as the extension brings it: by their names in its folder, pages and pictures."""
    base, reason = judge_python([sys.executable], ".".join(map(str, sys.version_info[:2])))
    if base is None:
        raise BuildError(f"{sys.executable} cannot make the guide's pages: {reason}.")
    python = prepare("guide", base, GUIDE)
    with tempfile.TemporaryDirectory() as name:
        reason = failure([str(python), "-I", str(DOCS / "make_guide.py"), name])
        if reason:
            raise BuildError(f"The guide's pages could not be made: {reason}.")
        folder = Path(name)
        files = [path for path in folder.rglob("*") if path.is_file()]
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def build_zip(folder: Path = ROOT / "dist") -> Path:
    """Write the extension's zip and return its path; the same files give the same bytes.

    Blender wants the manifest and __init__.py side by side.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {"LICENSE": ROOT / "LICENSE"}
    for path in PACKAGE.rglob("*"):
        parts = path.relative_to(PACKAGE).parts
        left_out = any(part.startswith(".") or part == "__pycache__" for part in parts)
        if path.is_file() and not left_out:
            files["/".join(parts)] = path
    contents = {name: path.read_bytes() for name, path in files.items()}
    contents |= {f"guide/{name}": content for name, content in guide().items()}
    target = folder / f"ai_ever_zoom-{manifest_version()}.zip"
    partial = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with zipfile.ZipFile(partial, "w") as archive:
            for name, content in sorted(contents.items()):
                entry = zipfile.ZipInfo(name)  # dated 1980-01-01
                entry.create_system = 3  # the same on Windows
                entry.external_attr = 0o100644 << 16
                # Stored, not deflated: zlib's output differs from one of its versions to the next.
                archive.writestr(entry, content)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
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


def judge_python(command: Sequence[str], version: str) -> tuple[Path | None, str]:
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


def managed_pythons(version: str) -> Iterator[Path]:
    """Interpreters in the folders where version managers and installers put them."""
    home = Path(os.path.expanduser("~"))  # noqa: PTH111  # Path.home() fails where there is none
    local = Path(os.environ.get("LOCALAPPDATA", home))
    data = Path(os.environ.get("XDG_DATA_HOME", home / ".local" / "share"))
    pyenv = shutil.which("pyenv")
    bare = version.replace(".", "")
    places = [
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
            for folder in sorted(place.glob(pattern), reverse=True):
                yield folder / "bin" / f"python{version}"
                yield folder / "python.exe"


def find_python(version: str) -> Path | None:
    """CPython of that version with venv, or None."""
    seen = set()
    for command in python_candidates(version):
        program = Path(command[0])
        # Path.exists() fails in a folder that may not be read.
        there = not program.is_absolute() or os.path.exists(program)  # noqa: PTH110
        if tuple(command) in seen or not there:
            continue
        seen.add(tuple(command))
        path, _ = judge_python(command, version)
        if path is not None:
            return path
    return None


def choose_bpy(python: str | None, wanted: str | None) -> tuple[str, Path]:
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
        if not lock(handle, is_patient=False):
            print(f"Waiting: another run uses {path.with_suffix('')}.", file=sys.stderr, flush=True)
            while not lock(handle, is_patient=True):
                pass
        yield


def lock(handle: TextIO, *, is_patient: bool) -> bool:
    """Lock an open file; whether that was done. The patient wait until it can be."""
    try:
        if sys.platform == "win32":
            import msvcrt

            # The patient give up after ten tries, one a second.
            msvcrt.locking(handle.fileno(), msvcrt.LK_LOCK if is_patient else msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | (0 if is_patient else fcntl.LOCK_NB))
    except OSError as error:
        if error.errno not in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
            raise
        return False
    return True


def failure(command: Sequence[str]) -> str:
    """Run a command that shows its progress, but no errors; "", or why it failed, in a line.

    Standard output is the command's that comes after.
    """
    done = subprocess.run(
        command, stdout=sys.stderr, stderr=subprocess.PIPE, text=True, errors="replace"
    )
    if done.returncode == 0:
        return ""
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    named = [line[len("ERROR: ") :] for line in lines if line.startswith("ERROR: ")]
    return (named[:1] or lines[-1:] or [f"it ended with status {done.returncode}"])[0].rstrip(".")


def prepare(name: str, base: Path, requirements: Sequence[str]) -> Path:
    """The interpreter of the environment .env/NAME, with at least these requirements installed.

    The file "installed" in it, written last, says what is there: an environment without it was
    interrupted half-way. That one, and one that has another version of something, is made anew.
    """
    folder = ENVIRONMENTS / name
    record = folder / "installed"
    python = environment_python(folder)
    with locked(ENVIRONMENTS / f"{name}.lock"):
        whole = record.is_file() and python.exists()
        present = record.read_text("utf-8", "replace").splitlines() if whole else []
        missing = [line for line in requirements if line not in present]
        if whole and not missing:
            return python
        print(f"Setting up {folder}: {', '.join(missing)}", file=sys.stderr, flush=True)
        changed = {line.split("==")[0] for line in missing}
        if not whole or any(line.split("==")[0] in changed for line in present):
            present, missing = [], list(requirements)
            if folder.is_dir() and not folder.is_symlink():
                shutil.rmtree(folder)
            else:
                folder.unlink(missing_ok=True)
            reason = failure([str(base), "-m", "venv", str(folder)])
            if reason:
                raise BuildError(
                    f"The environment {folder} could not be made ({reason}). Check the permissions "
                    "and the free space, or use another Python (--python PATH)."
                )
        else:
            record.unlink()
        # What is imported is compiled then: of bpy's thousands of files few are, and compiling them
        # all takes longer than unpacking them.
        pip = [str(python), "-m", "pip", "install", "--no-compile", "--disable-pip-version-check"]
        reason = failure([*pip, *([] if sys.stderr.isatty() else ["-qq"]), *missing])  # -qq: errors
        if reason:
            otherwise = ", or name an installed Blender by --blender PATH" if "bpy" in name else ""
            raise BuildError(
                f"pip could not install {', '.join(missing)} ({reason}). Check the network and the "
                f"free space{otherwise}."
            )
        record.write_text("\n".join([*present, *missing]) + "\n", encoding="utf-8")
    return python


# --- Rendering ----------------------------------------------------------------------------------


def bpy_environment(
    python: str | None, version: str | None, extra: Sequence[str] = ()
) -> tuple[str, Path]:
    """The series, like "5.2", and the interpreter of an environment with bpy."""
    version, base = choose_bpy(python, version)
    series = ".".join(version.split(".")[:2])
    return series, prepare(f"bpy-{series}", base, [f"bpy=={version}", *extra])


def missing_libraries(message: str) -> list[str]:
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


def run_inside(arguments: list[str]) -> int:
    """Run the add-on's command line; called in an environment that has bpy."""
    open_standard_streams()
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


def hand_over(command: list[str]) -> int:
    """Run a command in our place: its exit status is ours, and Ctrl-C is its own business."""
    sys.stdout.flush()
    if os.name == "posix":
        try:
            os.execv(command[0], command)
        except OSError as error:
            raise BuildError(f"{command[0]} does not start ({error.strerror}).") from error
    with subprocess.Popen(command) as process:
        while True:
            with contextlib.suppress(KeyboardInterrupt):  # the console sent it to both
                return process.wait()


def render(arguments: list[str]) -> int:
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
        before = after = ""
        if os.name == "posix":  # what Blender says of itself goes to standard error
            output = os.dup(1)
            os.set_inheritable(output, True)
            os.dup2(2, 1)
            before = f"os.dup2({output}, 1); "
            after = "sys.stdout.flush(); os.dup2(2, 1); "
        code = (
            f"import os, sys; sys.path.insert(0, {str(ROOT)!r}); {before}"
            f"from ai_ever_zoom_addon.cli import main; status = main({rest!r}); {after}"
            "sys.exit(status)"
        )
        start = [blender, "--background", "--factory-startup", "--python-exit-code", "1"]
        return hand_over([*start, "--python-expr", code])
    _, python = bpy_environment(options.python, options.bpy)
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); "
        f"import build; sys.exit(build.run_inside({rest!r}))"
    )
    return hand_over([str(python), "-I", "-c", code])


# --- Commands ---------------------------------------------------------------------------------


def test(arguments: list[str]) -> int:
    from tests import run  # needs this module, under its own name

    return run.main(arguments)


def bench(arguments: list[str]) -> int:
    _, python = bpy_environment(None, next(iter(BPY)), [*PYTEST, *BENCHMARK])
    os.chdir(ROOT)
    return hand_over([str(python), "-m", "tests.bench", *arguments])


def fuzz(arguments: list[str]) -> int:
    """In every supported bpy wheel; 1 if something was found in one."""
    status = 0
    os.chdir(ROOT)
    for series in BPY:
        _, python = bpy_environment(None, series, PYTEST)
        print(f"bpy {series}", flush=True)
        status |= subprocess.run([str(python), "-m", "tests.fuzz", *arguments]).returncode
    return status


def release(arguments: list[str]) -> int:
    from docs import make_release  # as above

    return make_release.main(arguments)


def open_standard_streams() -> None:
    """Let what is closed lead nowhere: a file that is opened later would get its number."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


def main(arguments: list[str]) -> int:
    open_standard_streams()
    # Matrices are small here: numpy's threads would wait for each other, busily, and take the cores
    # from Blender. It reads this when it is loaded, in whatever process.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    commands = {"render": render, "test": test, "bench": bench, "fuzz": fuzz, "release": release}
    try:
        if not arguments:
            print(build_zip(), flush=True)
            return 0
        if arguments[0] in commands:
            return commands[arguments[0]](arguments[1:])
        print(__doc__)
        return 0 if arguments[0] in ("-h", "--help") else 2
    except BuildError as error:
        print(f"build.py: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        place = f"{error.filename} cannot be used: " if error.filename else ""
        reason = f"{place}{error.strerror or error}"
        print(f"build.py: {reason}. Check the permissions and the free space.", file=sys.stderr)
        # What could not be printed is not tried again at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except KeyboardInterrupt:
        print("build.py: stopped.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    import build  # under its own name, so that its errors are the same for whoever imports it

    sys.exit(build.main(sys.argv[1:]))
