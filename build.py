#!/usr/bin/env python3
"""Builds and runs AI Ever Zoom, and starts its tests. Needs nothing but Python 3.9 or newer.

python3 build.py                 writes the installable zip, dist/ai_ever_zoom-VERSION.zip
python3 build.py render [...]    renders a zoom; needs no installed Blender
python3 build.py test [...]      runs every check and test
python3 build.py bench [...]     prints the benchmark's table
python3 build.py fuzz [...]      tries nonsense of every kind and counts what came of it
python3 build.py release X.Y.Z   makes all that a release needs, or says what is missing
python3 build.py doctor          tells what there is on this machine, for a report of a problem
python3 build.py clean           removes all that was made here, but for what you rendered
python3 build.py languages [..]  collects what the window says, for its translators
python3 build.py lock            looks up all packages anew, for tools/locks/ (developers)

`--help` after a command tells what it takes. What a command needs (the bpy wheel, test tools,
what makes pages of the guide) is installed into environments of its own in .env/, the first time
and whenever it changes; tools/ finds or makes them.
"""

# Older ones are told so: they can read this file, but not those below.
import sys

if sys.version_info < (3, 9):
    sys.exit(
        "build.py: it needs Python 3.9 or newer, and this is {}.{}: start it by another one, such "
        "as python3.13 build.py.".format(*sys.version_info)
    )

import argparse
import ast
import contextlib
import ctypes
import os
import re
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

from tools import BPY
from tools import ROOT as ROOT
from tools import BuildError as BuildError
from tools.blenders import find_blender
from tools.environments import (
    NO_WISHES,
    Content,
    NoBpyError,
    Wishes,
    add_options,
    bpy_environment,
    failure,
    is_whole,
    prepare,
    provide,
    wishes_of,
)
from tools.pythons import judge_python
from tools.system import SOFTWARE_OPENGL, advice, library_lack

PACKAGE = ROOT / "ai_ever_zoom_addon"
DOCS = ROOT / "docs"
NOTICES = ("LICENSE", "THIRD_PARTY.md")
MANIFEST = PACKAGE / "blender_manifest.toml"  # and its copy at the top, see .gitattributes


# --- The zip ------------------------------------------------------------------------------------


def manifest_version() -> str:
    """The add-on's version, as the manifest has it."""
    match = re.search(r'^version = "([^"]+)"$', MANIFEST.read_text(encoding="utf-8"), re.MULTILINE)
    if match is None:
        raise BuildError(f'{MANIFEST.name} has no line like version = "1.2.3"; add one.')
    return match[1]


def guide(wishes: Wishes = NO_WISHES) -> dict[str, bytes]:
    """The guide as the extension brings it: by their names in its folder, pages and pictures."""
    base, reason = judge_python([sys.executable], None)
    if base is None:
        raise BuildError(f"{sys.executable} cannot make the guide's pages: {reason}.")
    content = Content(("guide",))
    provide([] if is_whole("guide", content) else [base], wishes)
    python = prepare("guide", base, content, wishes)
    with tempfile.TemporaryDirectory() as name:
        reason = failure([str(python), "-I", str(DOCS / "make_guide.py"), name])
        if reason:
            raise BuildError(f"The guide's pages could not be made: {reason}.")
        folder = Path(name)
        files = [path for path in folder.rglob("*") if path.is_file()]
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def build_zip(folder: Path = ROOT / "dist", wishes: Wishes = NO_WISHES) -> Path:
    """Write the extension's zip and return its path; the same files give the same bytes.

    Blender wants the manifest and __init__.py side by side.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: ROOT / name for name in NOTICES}
    for path in PACKAGE.rglob("*"):
        parts = path.relative_to(PACKAGE).parts
        left_out = any(part.startswith(".") or part == "__pycache__" for part in parts)
        if path.is_file() and not left_out:
            files["/".join(parts)] = path
    contents = {name: path.read_bytes() for name, path in files.items()}
    contents |= {f"guide/{name}": content for name, content in guide(wishes).items()}
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


# --- Rendering ----------------------------------------------------------------------------------


def explain_import_error(error: ImportError) -> str:
    """One line for a bpy that does not load."""
    names = set(re.findall(r"(lib[\w+-]+\.so[.\d]*): cannot open shared object", str(error)))
    if not names:
        return f"bpy does not load: {error}. Name an installed Blender by --blender PATH."
    missing = ", ".join(sorted(names))
    return f"bpy does not load for want of {missing}. {advice([library_lack(n) for n in names])}"


def run_inside(arguments: list[str]) -> int:
    """Run the add-on's command line; called in an environment that has bpy."""
    open_standard_streams()
    output = os.dup(1)
    os.dup2(2, 1)  # what Blender has to say as it starts belongs to no report
    try:
        import bpy  # noqa: F401
    except ImportError as error:
        print(f"build.py: {explain_import_error(error)}", file=sys.stderr)
        return 1
    finally:
        os.dup2(output, 1)
        os.close(output)
    if sys.platform == "linux":
        try:
            ctypes.CDLL(SOFTWARE_OPENGL)
        except OSError:  # Blender would only abort, in the middle of the work
            lack = library_lack(SOFTWARE_OPENGL)
            print(
                f"build.py: EEVEE and Workbench will not work for want of libEGL. {advice([lack])}",
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


def run_in_blender(blender: str, arguments: list[str]) -> int:
    """Run the add-on's command line in an installed Blender."""
    before = after = ""
    if os.name == "posix":  # what Blender says of itself goes to standard error
        output = os.dup(1)
        os.set_inheritable(output, True)
        os.dup2(2, 1)
        before = f"os.dup2({output}, 1); "
        after = "sys.stdout.flush(); os.dup2(2, 1); "
    code = (
        f"import os, sys; sys.path.insert(0, {str(ROOT)!r}); {before}"
        f"from ai_ever_zoom_addon.cli import main; status = main({arguments!r}); {after}"
        "sys.exit(status)"
    )
    start = [blender, "--background", "--factory-startup", "--python-exit-code", "1"]
    return hand_over([*start, "--python-expr", code])


def render(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="build.py render",
        allow_abbrev=False,
        add_help=False,
        usage="python3 build.py render [OPTIONS OF THE SET-UP] [OPTIONS]",
        description="Renders a zoom, the built-in sample series if no other is named. All other "
        "options are the add-on's own, listed below.",
    )
    parser.add_argument("--bpy", metavar="VERSION", help=f"of the wheel; default {max(BPY)}")
    parser.add_argument("--blender", metavar="PATH", help="an installed Blender to use instead")
    add_options(parser)
    options, rest = parser.parse_known_args(arguments)
    if "-h" in rest or "--help" in rest:
        parser.print_help()
        print()
    if options.blender:
        blender = shutil.which(options.blender)
        if blender is None:
            raise BuildError(f"--blender {options.blender} is not a program that can be run.")
        return run_in_blender(blender, rest)
    wishes = wishes_of(options)
    try:
        _, python = bpy_environment(options.bpy, wishes)
    except NoBpyError as error:
        installed = find_blender() if not (options.bpy or wishes.python) else None
        if installed is None:
            raise
        version, program = installed
        reason = str(error).split(". ")[0]
        print(f"{reason}. Using Blender {version}: {program}.", file=sys.stderr, flush=True)
        return run_in_blender(str(program), rest)
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); "
        f"import build; sys.exit(build.run_inside({rest!r}))"
    )
    return hand_over([str(python), "-I", "-c", code])


# --- Commands ---------------------------------------------------------------------------------


def test(arguments: list[str]) -> int:
    from tests import run

    return run.main(arguments)


def clean(arguments: list[str]) -> int:
    from tools import cleaning

    return cleaning.main(arguments)


def doctor(arguments: list[str]) -> int:
    from tools import doctor

    return doctor.main(arguments)


def lock(arguments: list[str]) -> int:
    from tools import locking

    return locking.main(arguments)


def set_up_options(arguments: list[str], program: str = "") -> tuple[Wishes, list[str]]:
    """What of the arguments is about the set-up, and the rest; help is told before any set-up.

    Args:
        arguments: Of the command.
        program: The file of what gets the rest, whose docstring tells what that may be.
    """
    parser = argparse.ArgumentParser(allow_abbrev=False, add_help=False)
    if program and not {"-h", "--help"}.isdisjoint(arguments):
        text = ast.get_docstring(ast.parse((ROOT / program).read_text(encoding="utf-8")))
        parser = argparse.ArgumentParser(
            prog=f"build.py {Path(program).parts[1].partition('.')[0]}",
            description=text,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    add_options(parser)
    options, rest = parser.parse_known_args(arguments)
    return wishes_of(options), rest


def bench(arguments: list[str]) -> int:
    wishes, rest = set_up_options(arguments, "tests/bench/__main__.py")
    _, python = bpy_environment(next(iter(BPY)), wishes, ["tests", "benchmark"])
    os.chdir(ROOT)
    return hand_over([str(python), "-m", "tests.bench", *rest])


def fuzz(arguments: list[str]) -> int:
    """In every supported bpy wheel; 1 if something was found in one."""
    wishes, rest = set_up_options(arguments, "tests/fuzz/__main__.py")
    status = 0
    os.chdir(ROOT)
    for series in BPY:
        _, python = bpy_environment(series, wishes, ["tests"])
        print(f"bpy {series}", flush=True)
        status |= subprocess.run([str(python), "-m", "tests.fuzz", *rest]).returncode
    return status


def languages(arguments: list[str]) -> int:
    wishes, rest = set_up_options(arguments, "tools/languages.py")
    _, python = bpy_environment(next(iter(BPY)), wishes)
    os.chdir(ROOT)
    return hand_over([str(python), "-m", "tools.languages", *rest])


def release(arguments: list[str]) -> int:
    from tools import releasing

    return releasing.main(arguments)


def zip_(arguments: list[str]) -> int:
    wishes, rest = set_up_options(arguments)
    if rest:
        raise BuildError(f"{' '.join(rest)} is not understood; build.py --help lists all there is.")
    print(build_zip(wishes=wishes), flush=True)
    return 0


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
    commands = {"render": render, "test": test, "bench": bench, "fuzz": fuzz}
    commands |= {"clean": clean, "doctor": doctor, "languages": languages, "lock": lock}
    commands |= {"release": release}
    try:
        first = arguments[0] if arguments else "-"
        if first in commands:
            status = commands[first](arguments[1:])
        elif first.startswith("-") and first not in ("-h", "--help"):
            status = zip_(arguments)
        else:
            print(__doc__)
            status = 0 if first in ("-h", "--help") else 2
            if status:
                print(f"build.py: {first} is no command; these are all.", file=sys.stderr)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # whoever read it has enough, such as head
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 128 + 13  # as a program that the signal SIGPIPE ends
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
