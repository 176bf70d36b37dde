"""build.py on a machine where something is wrong: one line, no traceback, nothing half-done.

Never touches bpy, nor the network. The situations are real ones, in a mount namespace of their own
where that is what it takes.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import build
from tools import ENVIRONMENTS, ROOT, environments, pythons

on_linux = pytest.mark.skipif(
    not (sys.platform == "linux" and shutil.which("mount")),
    reason="does not apply: nothing can be mounted here",
)
on_posix = pytest.mark.skipif(os.name != "posix", reason="does not apply: it uses shell scripts")

COMMANDS = [[], ["render"], ["test"], ["bench"]]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What build.py needs of the repository."""
    folder = tmp_path / "checkout"
    (folder / "tests").mkdir(parents=True)
    for name in (
        "build.py",
        *build.NOTICES,
        "README.md",
        "tests/__init__.py",
        "tests/run.py",
    ):
        shutil.copy(ROOT / name, folder / name)
    for name in ("docs", "jobs", "tools"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    package = folder / build.PACKAGE.name
    package.mkdir()
    (package / "__init__.py").write_bytes(b"#" * 100_000)
    shutil.copy(build.MANIFEST, package)
    return folder


def run_build(
    checkout: Path, arguments: list[str], mounts: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run build.py where some mount commands have been run before, and pip finds nothing."""
    command = [sys.executable, "-B", str(checkout / "build.py"), *arguments]
    if arguments[:1] not in (["clean"], ["doctor"]):  # no test installs packages, as root either
        command.append("--no-system-packages")
    if mounts:
        unshare = ["unshare", "--mount", *(["--map-root-user"] if os.geteuid() else [])]
        command = [*unshare, "sh", "-ec", f'{mounts}\nexec "$@"', "sh", *command]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    return subprocess.run(
        command,
        env={**kept, "PIP_NO_INDEX": "1", **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )


def assert_one_line(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 1
    assert re.fullmatch(r"(Setting up [^\n]+\n)?build\.py: [^\n]+\n", done.stderr), done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stdout + done.stderr
    for word in words:
        assert word in done.stderr


def place(arguments: list[str]) -> str:
    """What a command makes first in the checkout."""
    return {"render": ".env", "bench": ".env", "test": "test-output"}.get(
        "".join(arguments), "dist"
    )


def assert_place_is_told(
    done: subprocess.CompletedProcess[str], arguments: list[str], reason: str
) -> None:
    if arguments == ["bench"] and "No suitable Python was found" in done.stderr:
        pytest.skip("does not apply: no Python for the newest bpy")  # which comes first
    assert_one_line(done, place(arguments), reason)


@on_linux
@pytest.mark.parametrize("arguments", COMMANDS, ids=str)
def test_a_read_only_checkout(checkout: Path, arguments: list[str]) -> None:
    quoted = shlex.quote(str(checkout))
    mounts = f"mount --bind {quoted} {quoted}\nmount -o remount,bind,ro {quoted}"
    done = run_build(checkout, arguments, mounts)
    assert_place_is_told(done, arguments, "Read-only file system")


@pytest.mark.parametrize("arguments", COMMANDS, ids=str)
def test_a_file_where_a_folder_must_be(checkout: Path, arguments: list[str]) -> None:
    (checkout / place(arguments)).write_text("not a folder", encoding="utf-8")
    assert_place_is_told(run_build(checkout, arguments), arguments, "File exists")
    assert (checkout / place(arguments)).read_text(encoding="utf-8") == "not a folder"


def test_a_lock_that_cannot_be_made(checkout: Path) -> None:
    (checkout / ".env" / "tools.lock").mkdir(parents=True)
    assert_one_line(run_build(checkout, ["test", "--checks"]), "tools.lock")


def test_another_run_sets_up_the_same_environment(checkout: Path) -> None:
    """The second one says for what it waits, and goes on when the first one has ended."""
    with environments.locked(checkout / ".env" / "tools.lock"):
        command = [sys.executable, "-B", str(checkout / "build.py"), "test", "--checks"]
        command.append("--no-system-packages")
        second = subprocess.Popen(
            command,
            env={**os.environ, "PIP_NO_INDEX": "1"},
            stderr=subprocess.PIPE,
            text=True,
        )
        assert second.stderr is not None
        folder = checkout / ".env" / "tools"
        assert second.stderr.readline() == f"Waiting: another run uses {folder}.\n"
        assert not folder.exists()
    rest = second.communicate(timeout=300)[1]
    assert re.fullmatch(r"Setting up [^\n]+\nbuild\.py: pip could not install [^\n]+\n", rest)


def let_it_make_the_guide(checkout: Path) -> None:
    """Give it the environment for that."""
    assert build.guide()  # by now it is there
    (checkout / ".env").mkdir()
    (checkout / ".env" / "guide").symlink_to(ENVIRONMENTS / "guide")


@on_linux
def test_no_space_for_the_zip(checkout: Path) -> None:
    (checkout / "dist").mkdir()
    let_it_make_the_guide(checkout)
    target = shlex.quote(str(checkout / "dist"))
    done = run_build(checkout, [], f"mount -t tmpfs -o size=64k none {target}")
    assert_one_line(done, "No space left on device", "free space")


@on_linux
@pytest.mark.parametrize("size", ["4k", "1m"])
def test_no_space_for_an_environment(checkout: Path, size: str) -> None:
    """Not even for its folders; and not for pip in it."""
    (checkout / ".env").mkdir()
    target = shlex.quote(str(checkout / ".env"))
    done = run_build(checkout, ["test", "--checks"], f"mount -t tmpfs -o size={size} none {target}")
    assert_one_line(done, "tools could not be made", "free space")


@on_posix
def test_an_environment_that_cannot_be_made(checkout: Path) -> None:
    """A Python that says what is wanted of it, and then has no venv that works."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    fake = checkout / "python"
    probe = f"CPython|{version}|True|True|venv,ensurepip|{fake}"
    fails = "echo 'Traceback (most recent call last):' >&2; echo 'NoLuck: not today.' >&2; exit 3"
    fake.write_text(f'#!/bin/sh\ncase "$*" in *"-m venv"*) {fails};; esac\necho "{probe}"\n')
    fake.chmod(0o755)
    bpy = "5.2" if version == "3.13" else "4.5"
    done = run_build(checkout, ["render", "--bpy", bpy, "--python", str(fake)])
    assert_one_line(done, f"bpy-{bpy} could not be made (NoLuck: not today)", "--python PATH")


def test_the_guide_cannot_be_made(checkout: Path) -> None:
    done = run_build(checkout, [])
    assert_one_line(done, "pip could not install markdown-it-py", "network")
    assert "--blender" not in done.stderr
    assert list((checkout / "dist").iterdir()) == []


def test_a_package_that_cannot_be_had(checkout: Path) -> None:
    done = run_build(checkout, ["test", "--checks"])
    assert_one_line(done, "pip could not install pytest", "from versions: none", "network")
    assert not (checkout / ".env" / "tools" / "installed").exists()


def test_a_broken_pip(checkout: Path, tmp_path: Path) -> None:
    broken = tmp_path / "path" / "pip"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise RuntimeError('this pip is broken')\n")
    done = run_build(checkout, ["test", "--checks"], PYTHONPATH=str(broken.parent))
    assert_one_line(done, "RuntimeError: this pip is broken")


@pytest.mark.parametrize("half_made", [False, True])
def test_what_stands_in_an_environments_place_goes(checkout: Path, half_made: bool) -> None:
    """It is made anew: pip is reached, and finds nothing here."""
    folder = checkout / ".env" / "tools"
    if half_made:
        (folder / "installed").mkdir(parents=True)
    else:
        folder.parent.mkdir()
        folder.write_bytes(b"no folder")
    assert_one_line(run_build(checkout, ["test", "--checks"]), "from versions: none")


@on_posix
def test_a_blender_that_does_not_start(checkout: Path) -> None:
    blender = checkout / "blender"
    blender.write_bytes(b"\x7fno program")
    blender.chmod(0o755)
    assert_one_line(run_build(checkout, ["render", "--blender", str(blender)]), str(blender))


@on_linux
def test_nobody_can_be_told(checkout: Path) -> None:
    let_it_make_the_guide(checkout)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, str(checkout / "build.py")],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 1
    assert re.fullmatch(r"build\.py: No space left on device\. [^\n]+\n", done.stderr)


@on_posix
def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    import pwd

    def unknown(user: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {user}")

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert all(path.name.startswith("python") for path in pythons.managed_pythons("3.13"))
