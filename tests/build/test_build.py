"""build.py where it meets somebody's machine. Never touches bpy, nor the network."""

from __future__ import annotations

import ast
import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import build
from tools import ROOT, BuildError, environments, pythons, system
from tools.environments import NO_WISHES, Content
from tools.pythons import Python, judge_python

BUILD = ROOT / "build.py"
THIS_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"

on_posix = pytest.mark.skipif(os.name != "posix", reason="does not apply: it uses shell scripts")


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_an_older_python_is_told_so() -> None:
    """It can read build.py, and nothing else is read before."""
    text = BUILD.read_text(encoding="utf-8")
    ast.parse(text, feature_version=(3, 6))
    assert "from __future__" not in text  # what it has of it was new in 3.7
    code = "import runpy, sys; sys.version_info = (3, 8, 18); runpy.run_path(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", code, BUILD], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "build.py: it needs Python 3.9 or newer, and this is 3.8: start it by another one, such "
        "as python3.13 build.py.\n"
    )


@on_posix
@pytest.mark.parametrize("arguments", [["doctor"], ["--help"]], ids=str)
def test_who_has_read_enough_is_told_nothing(arguments: list[str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-B", BUILD, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None and running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == ""
        assert running.wait(60) == 141


def test_takes_an_interpreter_for_what_it_says_when_run() -> None:
    python, reason = judge_python([sys.executable], THIS_VERSION)
    assert python is not None and python.path.exists() and reason == ""
    assert {"venv", "ensurepip"} <= python.modules
    assert judge_python([sys.executable], "3.8") == (None, f"it is CPython {THIS_VERSION}")
    assert judge_python(["no-such-python"], THIS_VERSION)[0] is None


@on_posix
def test_passes_over_a_shim_that_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shim = script(tmp_path / "shims" / f"python{THIS_VERSION}", "echo 'not set up' >&2; exit 127")
    assert judge_python([str(shim)], THIS_VERSION) == (None, "it does not run")
    real = script(tmp_path / "real" / "python3", f'exec "{sys.executable}" "$@"')
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python-that-went-away"))
    monkeypatch.setattr(pythons, "managed_pythons", lambda version: iter(()))
    monkeypatch.setenv("PATH", f"{shim.parent}{os.pathsep}{real.parent}")
    found = pythons.find_python(THIS_VERSION)
    assert found is not None
    assert judge_python([str(found.path)], THIS_VERSION)[0] is not None


def test_finds_the_interpreters_of_version_managers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "uv"))
    (tmp_path / "pyenv" / "versions" / "3.13.1").mkdir(parents=True)
    (tmp_path / "uv" / "cpython-3.13.2-linux-x86_64-gnu").mkdir(parents=True)
    found = list(pythons.managed_pythons("3.13"))
    assert tmp_path / "pyenv" / "versions" / "3.13.1" / "bin" / "python3.13" in found
    uv = tmp_path / "uv" / "cpython-3.13.2-linux-x86_64-gnu"
    assert {uv / "bin" / "python3.13", uv / "python.exe"} <= set(found)


def test_without_a_suitable_python_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "find_python", lambda version: None)
    monkeypatch.setattr(environments, "fetch_python", lambda version, wishes: None)
    monkeypatch.setattr(system, "python_packages", lambda version: None)
    with pytest.raises(BuildError) as caught:
        environments.choose_bpy(None, NO_WISHES)
    message = str(caught.value)
    assert "\n" not in message
    options = ("--get-python", "--python PATH", "--blender PATH")
    for word in ("CPython 3.13", "CPython 3.11", *options):
        assert word in message


@pytest.mark.parametrize(
    ("wanted", "version", "needed"),
    [
        (None, "5.2.3", "3.13"),
        ("5.1", "5.1.*", "3.13"),
        ("5.0.1", "5.0.1", "3.11"),
        ("4.5", "4.5.15", "3.11"),
        ("4.2.1", "4.2.1", "3.11"),
    ],
)
def test_each_bpy_gets_its_python(
    wanted: str | None, version: str, needed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def python_of(version: str) -> Python:
        return Python(Path(f"python{version}"), version, frozenset({"venv", "ensurepip"}))

    monkeypatch.setattr(environments, "find_python", python_of)
    monkeypatch.setattr(environments, "lack_of_wheel", lambda series: "")
    assert environments.choose_bpy(wanted, NO_WISHES) == (version, python_of(needed))


def test_names_the_package_of_a_missing_library() -> None:
    error = ImportError("libSM.so.6: cannot open shared object file: No such file or directory")
    line = build.explain_import_error(error)
    assert "libSM.so.6" in line and re.search("libsm6?", line)
    assert "\n" not in line


def wheel(folder: Path, version: str) -> str:
    """A tiny package that pip can install without a network; how a requirement names it."""
    path = folder / f"everzoomtrial-{version}-py3-none-any.whl"
    about = f"everzoomtrial-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("everzoomtrial.py", f"version = {version!r}\n")
        metadata = f"Metadata-Version: 2.1\nName: everzoomtrial\nVersion: {version}\n"
        archive.writestr(f"{about}/METADATA", metadata)
        tags = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        archive.writestr(f"{about}/WHEEL", tags)
        archive.writestr(f"{about}/RECORD", "")
    return f"everzoomtrial=={version}"


def test_an_environment_is_made_once_and_anew_when_it_must(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setattr(environments, "ENVIRONMENTS", tmp_path / "env")
    first, second = wheel(tmp_path, "1.0"), wheel(tmp_path, "2.0")

    def made(requirement: str) -> str:
        base, _ = judge_python([sys.executable], None)
        assert base is not None
        content = Content(others=(requirement,))
        python = environments.prepare("trial", base, content, NO_WISHES)
        code = "import everzoomtrial; print(everzoomtrial.version)"
        done = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True)
        return done.stdout.strip()

    assert made(first) == "1.0"
    trace = tmp_path / "env" / "trial" / "trace"
    trace.touch()
    assert made(first) == "1.0" and trace.exists()  # nothing to do
    assert made(second) == "2.0" and not trace.exists()  # another version
    trace.touch()
    (tmp_path / "env" / "trial" / "installed").unlink()  # as if it was interrupted half-way
    assert made(second) == "2.0" and not trace.exists()


def run_build(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(BUILD), *arguments], capture_output=True, text=True, timeout=120
    )


@on_posix
def test_a_named_blender_gets_the_options_and_its_status_is_ours(tmp_path: Path) -> None:
    fake = script(tmp_path / "my blender", 'for a in "$@"; do echo "<$a>"; done; exit 7')
    done = run_build("render", "--blender", str(fake), "-zf", "1.5", "-o", "a b.mp4")
    assert done.returncode == 7
    assert "<--background>" in done.stderr and "<--factory-startup>" in done.stderr
    assert "main(['-zf', '1.5', '-o', 'a b.mp4'])" in done.stderr


@on_posix
@pytest.mark.parametrize(("chosen", "threads"), [(None, "1"), ("3", "3")])
def test_numpy_keeps_to_one_core_unless_told(
    chosen: str | None, threads: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    if chosen:
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", chosen)
    fake = script(tmp_path / "blender", 'echo "$OPENBLAS_NUM_THREADS threads"')
    done = run_build("render", "--blender", str(fake), "-o", "a.mp4")
    assert f"{threads} threads" in done.stderr


@on_posix
def test_what_a_blender_says_of_itself_is_not_on_standard_output(tmp_path: Path) -> None:
    """A Blender that runs the code between two lines of its own, and an add-on that prints one."""
    checkout = tmp_path / "checkout"
    (checkout / build.PACKAGE.name).mkdir(parents=True)
    (checkout / "build.py").write_bytes(BUILD.read_bytes())
    shutil.copytree(ROOT / "tools", checkout / "tools")
    (checkout / build.PACKAGE.name / "__init__.py").touch()
    (checkout / build.PACKAGE.name / "cli.py").write_text(
        "def main(arguments):\n    print('report', *arguments)\n    return 7\n"
    )
    runs = f'for last; do :; done; "{sys.executable}" -c "$last"; status=$?'
    fake = script(tmp_path / "blender", f"echo Blender 4.2; {runs}; echo quit; exit $status")
    done = subprocess.run(
        [sys.executable, str(checkout / "build.py"), "render", "--blender", str(fake), "-x"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (7, "report -x\n", "Blender 4.2\nquit\n")


@on_posix
def test_ctrl_c_reaches_the_program(tmp_path: Path) -> None:
    trap = "trap 'kill $!; echo stopping; exit 5' INT"
    fake = script(tmp_path / "blender", f"{trap}\nsleep 30 &\necho ready; wait")
    with subprocess.Popen(
        [sys.executable, str(BUILD), "render", "--blender", str(fake)],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "ready\n"
        os.killpg(process.pid, signal.SIGINT)
        assert process.stderr.readline() == "stopping\n"
        assert process.wait(20) == 5


@on_posix
def test_that_test_passes_in_the_background_of_a_shell() -> None:
    """Where processes ignore Ctrl-C, and so does what they start, unless they see to it."""
    test = f"{__file__}::{test_ctrl_c_reaches_the_program.__name__}"
    pytest_ = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test]
    done = subprocess.run(
        ["sh", "-c", "trap '' INT; exec \"$@\"", "sh", *pytest_],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (["render", "--blender", "/no/such/blender"], "/no/such/blender"),
        (["render", "--bpy", "newest"], "newest"),
        (["render", "--python", "/no/such/python"], "/no/such/python"),
    ],
)
def test_a_wrong_option_is_one_line(arguments: list[str], wrong: str) -> None:
    done = run_build(*arguments)
    assert done.returncode == 1
    assert re.fullmatch(r"build\.py: [^\n]+\n", done.stderr) and wrong in done.stderr
    assert done.stdout == ""


def test_an_unknown_command_shows_what_there_is() -> None:
    done = run_build("rendr")
    assert done.returncode == 2
    assert "rendr is no command" in done.stderr
    assert "build.py render" in done.stdout


@pytest.mark.parametrize("command", ["bench", "fuzz", "languages"])
def test_help_is_told_before_anything_is_set_up(command: str) -> None:
    # Without the packages' folders there is nothing that it could be set up by.
    program = [sys.executable, "-S", str(build.ROOT / "build.py"), command, "--help"]
    done = subprocess.run(program, capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"build.py {command}" in done.stdout and "--no-system-packages" in done.stdout
