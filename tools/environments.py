"""Environments in .env/, each made once, of locked packages, and what a run asks for of them."""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from . import BPY, ENVIRONMENTS, BuildError, system
from .pythons import (
    Python,
    find_python,
    judge_python,
    lack_of_wheel,
    own_python,
    python_for,
)

LOCKS = Path(__file__).resolve().parent / "locks"

# What locks/ is made from by `build.py lock`: packages, and the oldest Python they must suit. bpy
# brings numpy, as Blender does.
TESTS = ["pytest==9.2.0", "hypothesis==6.170.15", "av==18.1.0", "pillow==13.0.0"]
SOURCES = {
    **{
        f"bpy-{series}": ([f"bpy=={version}"], python_for(series))
        for series, version in BPY.items()
    },
    "tests": (TESTS, "3.11"),
    "tools": (
        [
            *TESTS,
            "numpy==2.4.6",
            "openjd-cli==0.8.0",
            "ruff==0.17.5",
            "mypy==2.4.1",
            "fake-bpy-module-5.2==20260730",
        ],
        "3.11",
    ),
    "benchmark": (["opencv-python-headless==5.0.0.93"], "3.13"),
    "guide": (["markdown-it-py==3.0.0"], "3.9"),
    "uv": (["uv==0.13.9"], "3.9"),
}


@dataclass(frozen=True)
class Wishes:
    """What whoever called wants of the set-up."""

    python: tuple[str, ...] = ()
    wheel: Path | None = None
    get_python: bool = False
    system_packages: bool = True

    def has_folder(self) -> bool:
        """Whether everything is to come from a folder of wheels."""
        return self.wheel is not None and self.wheel.is_dir()


NO_WISHES = Wishes()


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the set-up, the same for every command."""
    parser.add_argument(
        "--python",
        metavar="PATH",
        action="append",
        default=[],
        help="a Python to use where it fits; may be given several times",
    )
    parser.add_argument(
        "--wheel",
        metavar="PATH",
        type=Path,
        help="a bpy wheel to use; or a folder of wheels to take everything from, without a network",
    )
    parser.add_argument(
        "--get-python",
        action="store_true",
        help="where no suitable Python is found, fetch one into .env by uv, which is fetched, too",
    )
    parser.add_argument(
        "--no-system-packages",
        action="store_true",
        help="install nothing by apt or dnf, which is done for root alone",
    )


def wishes_of(options: argparse.Namespace) -> Wishes:
    """What was asked for by these options."""
    if options.wheel is not None and not options.wheel.exists():
        raise BuildError(f"--wheel {options.wheel} is not there.")
    return Wishes(
        tuple(options.python),
        options.wheel and options.wheel.resolve(),
        options.get_python,
        not options.no_system_packages,
    )


class NoBpyError(BuildError):
    """No bpy can be had here; an installed Blender may do."""


# --- Making them --------------------------------------------------------------------------------


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


@contextlib.contextmanager
def all_locked(find: Callable[[], Sequence[Path]]) -> Iterator[Sequence[Path]]:
    """Hold locks that other runs wait for, and none of them while one is waited for.

    Whoever has that one may want another: they would wait for each other.

    Args:
        find: Gives their files, which may be others after a while.
    """
    while True:
        with contextlib.ExitStack() as stack:
            paths = find()
            handles = [stack.enter_context(path.open("a")) for path in paths]
            pairs = zip(paths, handles)
            taken = next((path for path, file in pairs if not lock(file, is_patient=False)), None)
            if taken is None:
                yield paths
                return
        with locked(taken):
            pass


def lock(handle: TextIO, *, is_patient: bool) -> bool:
    """Lock an open file; whether that was done. The patient wait until it can be.

    Where a file system knows no locks, everybody gets them.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            # The patient give up after ten tries, one a second.
            msvcrt.locking(handle.fileno(), msvcrt.LK_LOCK if is_patient else msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | (0 if is_patient else fcntl.LOCK_NB))
    except OSError as error:
        if error.errno in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
            return True
        if error.errno not in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
            raise
        return False
    return True


_in_use: dict[str, TextIO] = {}


def use(name: str) -> None:
    """Keep an environment from being removed while this process lives, also as another program.

    Where that cannot be said, as in a folder where nothing may be written, nothing happens.
    """
    place = str(ENVIRONMENTS / f"{name}.use")
    if sys.platform == "win32" or place in _in_use:  # Windows keeps what is open by itself
        return
    import fcntl

    with contextlib.suppress(OSError):
        _in_use[place] = open(place, "a")  # noqa: PTH123, SIM115  # for as long as that
        fcntl.flock(_in_use[place], fcntl.LOCK_SH | fcntl.LOCK_NB)
        os.set_inheritable(_in_use[place].fileno(), True)


@contextlib.contextmanager
def unused(name: str) -> Iterator[None]:
    """Wait until no other process uses an environment."""
    ours = _in_use.pop(str(ENVIRONMENTS / f"{name}.use"), None)
    if ours is not None:
        ours.close()
    with locked(ENVIRONMENTS / f"{name}.use"):
        yield


def reason_in(messages: str) -> str:
    """Why a command failed, in a line, by what it printed."""
    lines = [line.strip() for line in messages.splitlines() if line.strip()]
    errors = [line[len("ERROR: ") :] for line in lines if line.startswith("ERROR: ")]
    # pip tells of a network that fails in warnings, and then that nothing was found.
    if any("from versions: none" in line for line in errors):
        broken = re.search(r"after connection broken by '(.+)': /", "\n".join(lines))
        if broken and "ProxyError" in broken[1]:
            return "the proxy cannot be reached"
        if broken:
            return re.sub(r"^.*?(\[|: )", r"\1", broken[1]).strip("[():' .")
    by_uv = [line.split(": ", 1)[1] for line in lines if re.match(r"error: |cause: ", line)]
    if by_uv:
        return ": ".join(dict.fromkeys([by_uv[0], by_uv[-1]])).rstrip(".")
    return (errors[:1] or lines[-1:] or [""])[0].rstrip(".")


def failure(command: Sequence[str], **environment: str) -> str:
    """Run a command that shows its progress, but no errors; "", or why it failed, in a line.

    Standard output is the command's that comes after.
    """
    done = subprocess.run(
        command,
        env={**os.environ, **environment},
        stdout=sys.stderr,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    if done.returncode == 0:
        return ""
    return reason_in(done.stderr) or f"it ended with status {done.returncode}"


def ways(base: Python) -> Iterator[list[str]]:
    """Commands that make an environment with pip in it, the plain one first; a folder follows."""
    if {"venv", "ensurepip"} <= base.modules:
        yield [str(base.path), "-m", "venv"]
    if "virtualenv" in base.modules:
        yield [str(base.path), "-m", "virtualenv", "-q"]
    for name in ("virtualenv", "uv"):
        program = shutil.which(name)
        if program and name == "uv":
            yield [program, "venv", "-q", "--seed", "--python", str(base.path)]
        elif program:
            yield [program, "-q", "-p", str(base.path)]


def can_make(base: Python) -> bool:
    """Whether an environment can be made with an interpreter."""
    return any(True for _ in ways(base)) or {"venv", "pip"} <= base.modules


def make(base: Python, folder: Path) -> str:
    """Make an empty environment with pip; "", or why that failed, in a line."""
    if not can_make(base):  # perhaps it can since it was asked: packages were installed
        base = judge_python([str(base.path)], base.version)[0] or base
    way = next(ways(base), None)
    if way is not None:
        return failure([*way, str(folder)])
    if not can_make(base):
        return f"{base.path} has no ensurepip"
    # Its own pip puts another one into the environment.
    python = environment_python(folder)
    return failure([str(base.path), "-m", "venv", "--without-pip", str(folder)]) or failure(
        [str(base.path), "-m", "pip", "--python", str(python), "install", "-q", "pip"], PIP_USER="0"
    )


def remove(folder: Path) -> None:
    """Remove an environment, or whatever stands in its place; of a link only the link."""
    if folder.is_dir() and not folder.is_symlink():
        if (folder / "installed").is_file():
            (folder / "installed").unlink()  # first: it is whole no more
        shutil.rmtree(folder)
    else:
        folder.unlink(missing_ok=True)


def locked_packages(name: str) -> list[str]:
    """The lines NAME==VERSION of a lock."""
    text = (LOCKS / f"{name}.txt").read_text(encoding="utf-8")
    return re.findall(r"^(\S+==[^\s;]+)", text, re.MULTILINE)


@dataclass(frozen=True)
class Content:
    """What an environment has to have: locks by their names, and packages that no lock has."""

    locks: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    wheel: Path | None = None  # what to install in place of these others, as it is now

    def packages(self) -> list[str]:
        """As lines NAME==VERSION."""
        from_locks = (package for name in self.locks for package in locked_packages(name))
        # A wheel that was built anew is another one, whatever its version.
        stamp = self.wheel and f"{self.wheel} of {self.wheel.stat().st_mtime_ns}"
        own = [f"{other.split('==')[0]}=={stamp}" for other in self.others if stamp]
        return list(dict.fromkeys([*from_locks, *self.others, *own]))

    def names(self) -> str:
        """For people: what was asked for, without what that brings along."""
        asked = (package for name in self.locks for package in SOURCES[name][0])
        return ", ".join(dict.fromkeys([*asked, *self.others]))


def is_whole(name: str, content: Content) -> bool:
    """Whether an environment has everything."""
    folder = ENVIRONMENTS / name
    record = folder / "installed"
    if not record.is_file() or not environment_python(folder).exists():
        return False
    present = record.read_text("utf-8", "replace").splitlines()
    return set(content.packages()) <= set(present)


def prepare(name: str, base: Python, content: Content, wishes: Wishes) -> Path:
    """The interpreter of the environment .env/NAME, with at least that content.

    The file "installed" in it, written last, says what is there: an environment without it was
    interrupted half-way. That one, and one that has another version of something, is made anew;
    what was downloaded by then lies in pip's cache.
    """
    if not is_whole(name, content):  # otherwise perhaps in a folder where nothing may be written
        with locked(ENVIRONMENTS / f"{name}.lock"):
            if not is_whole(name, content):
                set_up(name, base, content, wishes)
    use(name)
    return environment_python(ENVIRONMENTS / name)


def set_up(name: str, base: Python, content: Content, wishes: Wishes) -> None:
    """Make an environment, or add to it; while it is locked."""
    folder = ENVIRONMENTS / name
    record = folder / "installed"
    python = environment_python(folder)
    whole = record.is_file() and python.exists()
    present = record.read_text("utf-8", "replace").splitlines() if whole else []
    missing = [line for line in content.packages() if line not in present]
    print(f"Setting up {folder}: {content.names()}", file=sys.stderr, flush=True)
    changed = {line.split("==")[0] for line in missing}
    if not whole or any(line.split("==")[0] in changed for line in present):
        present, missing = [], content.packages()
        with unused(name):
            remove(folder)
        reason = make(base, folder)
        if reason:
            raise BuildError(
                f"The environment {folder} could not be made ({reason}). Check the permissions "
                "and the free space, or use another Python (--python PATH)."
            )
    else:
        record.unlink()
    # With hashes everything has to have them: what is in no lock comes before.
    steps = [[str(content.wheel)] if content.wheel else list(content.others)]
    steps.append([word for lock in content.locks for word in ("-r", str(LOCKS / f"{lock}.txt"))])
    for step in filter(None, steps):
        hashed = ["--require-hashes"] if step[0] == "-r" else []
        reason = pip_install(python, [*hashed, *step], wishes)
        if reason:
            otherwise = ", or name an installed Blender by --blender PATH" * ("bpy" in name)
            raise BuildError(
                f"pip could not install {content.names()} ({reason}). Check the network and "
                f"the free space{otherwise}."
            )
    record.write_text("\n".join([*present, *missing]) + "\n", encoding="utf-8")


def pip_install(python: Path, arguments: Sequence[str], wishes: Wishes) -> str:
    """Install into an environment; "", or why that failed, in a line.

    pip obeys its own variables and files (an index mirror, a proxy, certificates) all the same.
    """
    # What is imported is compiled then: of bpy's thousands of files few are, and compiling them all
    # takes longer than unpacking them.
    options = ["--no-compile", "--disable-pip-version-check"]
    options += [] if sys.stderr.isatty() else ["-q"]  # that leaves warnings, which tell of networks
    if wishes.wheel is not None and wishes.has_folder():
        options += ["--no-index", "--find-links", str(wishes.wheel)]
    elif wishes.wheel is not None:
        options += ["--find-links", str(wishes.wheel.parent)]
    variables = {"PIP_USER": "0", "PIP_RESUME_RETRIES": "5"}  # the latter since pip 25.1
    return failure([str(python), "-m", "pip", "install", *options, *arguments], **variables)


# --- Interpreters that are not there --------------------------------------------------------------


def fetch_python(version: str, wishes: Wishes) -> Python | None:
    """CPython of a version, fetched by uv or conda, if the user has either or agrees to the first.

    It lies in .env, as everything does.
    """
    folder = ENVIRONMENTS / "pythons"
    uv = shutil.which("uv")
    conda = next(filter(None, map(shutil.which, ("micromamba", "mamba", "conda"))), None)
    if uv is None and wishes.get_python and not conda:
        base = own_python()
        if base is None:
            return None
        provide([base], wishes)
        python = prepare("uv", base, Content(("uv",)), wishes)
        uv = str(python.with_name("uv.exe" if os.name == "nt" else "uv"))
    if uv is not None:
        command = [uv, "python", "install", version]
    elif conda is not None:
        place = folder / f"conda-python{version}"
        command = [conda, "create", "-q", "-y", "-p", str(place), f"python={version}"]
    else:
        return None
    by = Path(command[0]).stem
    print(f"Fetching CPython {version} by {by} into {folder}.", file=sys.stderr, flush=True)
    with locked(ENVIRONMENTS / "pythons.lock"):
        reason = failure(command, UV_PYTHON_INSTALL_DIR=str(folder), UV_PYTHON_INSTALL_BIN="0")
    if reason:
        print(f"{by} could not fetch CPython {version}: {reason}.", file=sys.stderr, flush=True)
    return find_python(version)


def missing_python(needs: str, versions: Sequence[str], wishes: Wishes) -> NoBpyError:
    """What to do on this system where there is no suitable Python."""
    packages = [system.python_packages(version) for version in versions]
    known = next(filter(None, packages), None)
    if known:
        how = system.advice([known]).replace("what is missing", "one") + "."
    elif os.name == "nt":
        how = f"Install one: winget install Python.Python.{versions[0]}."
    else:
        how = "Install one by uv, pyenv or conda."
    offer = "" if wishes.get_python else "--get-python fetches one into .env. "
    return NoBpyError(
        f"No suitable Python was found: {needs}. {offer}{how} Or name one by --python PATH, or an "
        "installed Blender by --blender PATH."
    )


def named_python(version: str, wishes: Wishes) -> Python | None:
    """The first of the named interpreters that is CPython of that version."""
    judged = (judge_python([path], version)[0] for path in wishes.python)
    return next(filter(None, judged), None)


def get_python(version: str, wishes: Wishes) -> Python | None:
    """CPython of a version that is not there yet, if that may be."""
    python = fetch_python(version, wishes)
    if python is None and system.may_install(wishes.system_packages):
        packages = system.python_packages(version)
        if packages and not system.install([packages]):
            return find_python(version)
    return python


def choices_of_bpy(wanted: str | None, wishes: Wishes) -> list[str]:
    """The series of bpy that come into question, newest first.

    Raises:
        BuildError: What is wanted is no version, or there is none for this system.
    """
    if wanted is None:
        choices = list(BPY)
    elif re.fullmatch(r"\d+\.\d+(\.\d+)?", wanted):
        choices = [".".join(wanted.split(".")[:2])]
    else:
        raise BuildError(f"--bpy {wanted} is no version; name one like 4.5 or 5.2.3.")
    lacks = {series: "" if wishes.wheel else lack_of_wheel(series) for series in choices}
    if all(lacks.values()):
        reasons = "; ".join(dict.fromkeys(lacks.values()))
        raise NoBpyError(
            f"bpy cannot be had: {reasons}. Name an installed Blender by --blender PATH, or a "
            "wheel of your own by --wheel FILE."
        )
    return [series for series in choices if not lacks[series]]


def choose_bpy(wanted: str | None, wishes: Wishes) -> tuple[str, Python]:
    """A version of bpy, like "5.2.3" or "5.1.*", and the interpreter that runs it.

    Args:
        wanted: The version of bpy that the user named, like "4.5" or "4.5.15", if any.
        wishes: What else the user wants.

    Raises:
        BuildError: There is none for this system, or no interpreter for it.
    """
    choices = choices_of_bpy(wanted, wishes)
    needed = {series: python_for(series) for series in choices}
    versions = list(dict.fromkeys(needed.values()))
    found = {}
    for version in versions:
        python = named_python(version, wishes) if wishes.python else find_python(version)
        if python:
            found[version] = python
            if can_make(python):
                break
    needs = "; ".join(f"bpy {series} needs CPython {v}" for series, v in needed.items())
    if wishes.python and not found:
        reason = judge_python([wishes.python[0]], versions[0])[1]
        raise BuildError(
            f"{wishes.python[0]} cannot be used: {reason} ({needs}). Name another by --python."
        )
    for version in versions if not found else ():
        python = get_python(version, wishes)
        if python:
            found[version] = python
            break
    if not found:
        raise missing_python(needs, versions, wishes)
    able = (version for version, python in found.items() if can_make(python))
    version = next(able, next(iter(found)))
    series = next(series for series in choices if needed[series] == version)
    exact = wanted if wanted and wanted.count(".") == 2 else None
    return exact or BPY.get(series, f"{series}.*"), found[version]


# --- Of bpy ---------------------------------------------------------------------------------------


def provide(
    bases: Iterable[Python],
    wishes: Wishes,
    series: Mapping[str, Python] | None = None,
    *,
    browser: bool = False,
) -> None:
    """See to it that the system has what is needed, all at once.

    Args:
        bases: Interpreters that environments are to be made with.
        wishes: Whether packages may be installed.
        series: Those of bpy that are to run, and what runs them.
        browser: Whether the tests of pages want one.

    Raises:
        BuildError: Something is missing, with a command that installs all of it.
    """
    lacks = [
        *(system.missing_venv(base) for base in bases if not can_make(base)),
        *(
            lack
            for name, base in (series or {}).items()
            for lack in system.missing_libraries(base, name)
        ),
        *(system.missing_browser() if browser else []),
    ]
    once = {lack.name: lack for lack in lacks}
    system.provide(list(once.values()), is_allowed=wishes.system_packages)


def bpy_content(version: str, locks: Sequence[str] = (), wheel: Path | None = None) -> Content:
    """What an environment with a version of bpy has, with the tests' locks if these are named."""
    series = ".".join(version.split(".")[:2])
    is_locked = wheel is None and BPY.get(series) == version
    if is_locked:
        return Content((f"bpy-{series}", *locks))
    return Content(tuple(locks), (f"bpy=={version}",), wheel)


def own_wheel(wishes: Wishes) -> tuple[str, Path] | None:
    """The version of the bpy wheel that the user named, and its file, if that is not locked."""
    if wishes.wheel is None or wishes.has_folder():
        return None
    match = re.match(r"bpy-(\d+\.\d+\.\d+)\S*\.whl$", wishes.wheel.name)
    if match is None:
        raise BuildError(f"--wheel {wishes.wheel} is no bpy wheel, nor a folder of wheels.")
    return match[1], wishes.wheel


def bpy_environment(
    version: str | None, wishes: Wishes, locks: Sequence[str] = ()
) -> tuple[str, Path]:
    """The series, like "5.2", and the interpreter of an environment with bpy."""
    own = own_wheel(wishes)
    if own is not None:
        version = own[0]
    version, base = choose_bpy(version, wishes)
    series = ".".join(version.split(".")[:2])
    content = bpy_content(version, locks, own and own[1])
    name = f"bpy-{series}"
    provide([] if is_whole(name, content) else [base], wishes, {series: base})
    return series, prepare(name, base, content, wishes)
