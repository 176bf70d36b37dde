"""tools/: what is found, made or named on machines of all kinds. Never touches bpy, nor a network.

Other machines are made by hiding what this one has, and by small programs in its place.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.build.test_build import THIS_VERSION, on_posix, script
from tests.build.test_mishaps import assert_one_line, checkout, run_build
from tools import (
    BPY,
    ROOT,
    BuildError,
    blenders,
    cleaning,
    environments,
    pythons,
    system,
)
from tools.environments import NO_WISHES, Content, Wishes
from tools.pythons import Python

assert checkout  # a fixture

# --- Locks ----------------------------------------------------------------------------------------


def locked(name: str) -> dict[str, str]:
    """Versions by the packages' names, as an index writes them."""
    lines = environments.locked_packages(name)
    return {re.sub(r"[-_.]+", "-", line.split("==")[0]).lower(): line for line in lines}


def test_locks_have_all_that_is_asked_for_with_hashes() -> None:
    for name, (packages, _) in environments.SOURCES.items():
        for package in packages:
            asked, version = package.split("==")
            found = locked(name)[re.sub(r"[-_.]+", "-", asked).lower()]
            assert found.endswith(f"=={version}"), f"{name}: build.py lock"
        text = (environments.LOCKS / f"{name}.txt").read_text(encoding="utf-8")
        for line in re.split(r"\n(?=\S)", text):
            assert re.search(r"--hash=sha256:[0-9a-f]{64}", line), line
    assert set(environments.SOURCES) == {path.stem for path in environments.LOCKS.iterdir()}


def test_locks_of_one_environment_agree() -> None:
    for series in BPY:
        together = ["tests", *(["benchmark"] if series == next(iter(BPY)) else [])]
        for other in together:
            ours, theirs = locked(f"bpy-{series}"), locked(other)
            for package in ours.keys() & theirs.keys():
                assert ours[package] == theirs[package]


# --- What the system lacks ------------------------------------------------------------------------

LACKS = [
    system.Lack("ensurepip", {"apt": "python3.13-venv"}),
    system.library_lack("libSM.so.6"),
    system.library_lack("libX11"),
    system.library_lack("libEGL.so.1"),
]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder where programs are found."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@on_posix
@pytest.mark.parametrize(
    ("program", "command"),
    [
        ("apt-get", "sudo apt-get install python3.13-venv libsm6 libx11-6 libegl1 libgl1-mesa-dri"),
        ("dnf", "sudo dnf install libSM libX11 libglvnd-egl mesa-dri-drivers"),
        ("zypper", "sudo zypper install libSM6 libX11-6 Mesa-libEGL1 Mesa-dri"),
        ("pacman", "sudo pacman -S libsm libx11 libglvnd mesa"),
    ],
)
def test_all_that_is_missing_is_named_in_one_command(
    path: Path, program: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(path / program, "exit 1")
    monkeypatch.setattr(system, "is_root", lambda: False)
    with pytest.raises(BuildError) as caught:
        system.provide(LACKS, is_allowed=True)
    names = "ensurepip, libSM.so.6, libX11.so.6"
    assert (
        str(caught.value) == f"Missing on this system: {names}. Install what is missing: {command}"
    )
    assert system.provide(LACKS[3:], is_allowed=True) == LACKS[3:]  # that can wait


@on_posix
def test_root_has_it_installed_unless_that_is_forbidden(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = path.parent / "log"
    script(path / "apt-get", f'echo "$@" >> "{log}"')
    monkeypatch.setattr(system, "is_root", lambda: True)
    with pytest.raises(BuildError, match=r": apt-get install python3\.13-venv libsm6"):
        system.provide(LACKS, is_allowed=False)
    assert not log.exists()
    assert system.provide(LACKS, is_allowed=True) == []
    packages = "python3.13-venv libsm6 libx11-6 libegl1 libgl1-mesa-dri"
    assert log.read_text().splitlines() == [
        "update",
        f"install -y --no-install-recommends {packages}",
    ]
    told = capsys.readouterr().err
    assert told == f"Installing by apt: {packages} (--no-system-packages forbids it).\n"


@on_posix
def test_packages_that_cannot_be_had(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(path / "apt-get", "echo Reading...; echo 'E: Unable to locate package libsm6'; exit 100")
    monkeypatch.setattr(system, "is_root", lambda: True)
    with pytest.raises(BuildError) as caught:
        system.provide(LACKS, is_allowed=True)
    assert "E: Unable to locate package libsm6" in str(caught.value)
    assert "\n" not in str(caught.value)


@on_posix
def test_what_can_wait_and_cannot_be_had_keeps_nothing_else_away(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = path.parent / "log"
    unknown = "case $* in *chromium*) echo 'E: Unable to locate package'; exit 100;; esac"
    script(path / "apt-get", f'echo "$@" >> "{log}"; {unknown}')
    monkeypatch.setattr(system, "is_root", lambda: True)
    (browser,) = system.missing_browser()
    assert system.provide([*LACKS, browser], is_allowed=True) == [browser]
    installed = [line.split()[3:] for line in log.read_text().splitlines() if line[0] == "i"]
    assert ["python3.13-venv", "libsm6", "libx11-6"] in installed
    assert ["libegl1", "libgl1-mesa-dri"] in installed


def test_what_an_interpreter_does_not_find_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """By asking the one that will run bpy."""
    if sys.platform != "linux":
        pytest.skip("does not apply: only for Linux the libraries are asked for")
    monkeypatch.setitem(system.LIBRARIES, "libnosuch.so.7", ("libnosuch7",))
    base = pythons.own_python()
    assert base is not None
    assert [lack.name for lack in system.missing_libraries(base, "5.2")] == ["libnosuch.so.7"]


# --- Systems without a wheel ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("there", "series", "lack"),
    [
        (("Linux", "x86_64", "glibc 2.28"), "5.2", ""),
        (("Linux", "x86_64", "glibc 2.27"), "4.2", "bpy wheels need glibc 2.28, and here is glibc"),
        (("Linux", "x86_64", " "), "5.2", "another C library"),
        (("Linux", "aarch64", "glibc 2.41"), "5.2", "no bpy wheel for Linux on aarch64"),
        (("Darwin", "arm64", " "), "5.2", ""),
        (("Darwin", "x86_64", " "), "5.2", "no bpy 5.2 wheel for macOS on x86_64"),
        (("Darwin", "x86_64", " "), "4.5", ""),
        (("Windows", "AMD64", " "), "4.2", ""),
        (("Windows", "ARM64", " "), "4.2", "no bpy 4.2 wheel for Windows on ARM64"),
        (("Windows", "ARM64", " "), "4.5", ""),
    ],
)
def test_for_which_systems_there_are_wheels(
    there: tuple[str, str, str], series: str, lack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "system", lambda: there[0])
    monkeypatch.setattr(platform, "machine", lambda: there[1])
    monkeypatch.setattr(platform, "libc_ver", lambda: tuple(there[2].split(" ")))
    told = pythons.lack_of_wheel(series)
    assert lack in told and bool(lack) == bool(told)


ON_RISCV = """
import platform, sys
platform.machine = lambda: "riscv64"
import build
from tools import blenders
blenders.home_folder = lambda: build.ROOT
sys.exit(build.main(["render", "-o", "a b.mp4"]))
"""


@on_posix
@pytest.mark.parametrize("version", ["4.2.0", "3.6.5", None])
def test_without_a_wheel_an_installed_blender_is_used_if_it_is_new_enough(
    checkout: Path, path: Path, version: str | None
) -> None:
    if version:
        answer = f'case "$1" in --version) echo "Blender {version}";; *) echo "$@";; esac'
        script(path / "blender", answer)
    command = [sys.executable, "-B", "-c", ON_RISCV]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True)
    assert not (checkout / ".env").exists()
    if version == "4.2.0":
        lines = done.stderr.splitlines()
        assert lines[0].startswith("bpy cannot be had: there is no bpy wheel for Linux on riscv64.")
        assert lines[0].endswith(f"Using Blender {version}: {path / 'blender'}.")
        assert lines[1].startswith("--background") and "'a b.mp4'" in lines[1]
    else:
        assert_one_line(done, "for Linux on riscv64", "--blender PATH", "--wheel FILE")


@on_posix
def test_the_newest_of_the_installed_blenders_is_found(
    tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if sys.platform != "linux":
        pytest.skip("does not apply: the places are those of Linux")
    monkeypatch.setenv("HOME", str(tmp_path))
    of_steam = tmp_path / ".steam/steam/steamapps/common/Blender/blender"
    of_flatpak = tmp_path / ".local/share/flatpak/exports/bin/org.blender.Blender"
    newest = tmp_path / "blender-4.10.1-linux-x64" / "blender"
    for program, version in ((of_steam, "4.9.2"), (newest, "4.10.1 LTS"), (of_flatpak, "3.0.0")):
        script(program, f'echo "Blender {version}"; echo "\tbuild date: 2026-01-01"')
    script(path / "blender", "echo 'no Blender'")
    of_home = [item for item in blenders.installed_blenders() if tmp_path in item[1].parents]
    assert of_home == [("4.10.1", newest), ("4.9.2", of_steam), ("3.0.0", of_flatpak)]


# --- Pythons that are not there -------------------------------------------------------------------


@on_posix
def test_a_python_is_fetched_by_uv_if_there_is_one(
    tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for module in (pythons, environments):
        monkeypatch.setattr(module, "ENVIRONMENTS", tmp_path / "env")
    mine = tmp_path / "env" / "pythons"
    monkeypatch.setattr(
        pythons,
        "python_candidates",
        lambda version: ([str(p)] for p in pythons.managed_pythons(version) if mine in p.parents),
    )
    monkeypatch.setattr(system, "is_root", lambda: False)
    with pytest.raises(environments.NoBpyError, match="--get-python fetches one"):
        environments.choose_bpy(None, NO_WISHES)
    place = f'"$UV_PYTHON_INSTALL_DIR/cpython-$3.9-{sys.platform}/bin"'
    made = f'exec "{sys.executable}" "$@"'
    script(
        path / "uv",
        f"export PATH=/usr/bin:/bin; [ $1.$2.$3 = python.install.{THIS_VERSION} ] || exit 1\n"
        f"mkdir -p {place}; printf '#!/bin/sh\\n%s\\n' '{made}' > {place}/python$3\n"
        f"chmod +x {place}/python$3",
    )
    version, python = environments.choose_bpy("5.2" if THIS_VERSION == "3.13" else "4.5", NO_WISHES)
    assert version in BPY.values() and python.version == THIS_VERSION
    told = capfd.readouterr().err
    assert told == f"Fetching CPython {THIS_VERSION} by uv into {mine}.\n"


def test_folders_that_may_not_be_read_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(folder: Path, pattern: str) -> list[Path]:
        raise PermissionError(13, "Permission denied", str(folder))  # as before Python 3.13

    monkeypatch.setattr(Path, "glob", refused)
    assert list(pythons.managed_pythons("3.13")) == []
    assert pythons.matches(tmp_path, "*") == []
    list(blenders.places())


# --- Environments ---------------------------------------------------------------------------------


def without_pips_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)


def test_a_python_without_ensurepip_makes_environments_by_its_pip(
    tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_pips_variables(monkeypatch)
    own = pythons.own_python()
    spec = importlib.util.find_spec("ensurepip")
    assert own is not None and spec is not None and spec.origin is not None
    # Debian has the wheel of pip somewhere else, and no pip but in environments such as this one.
    wheels = sysconfig.get_config_var("WHEEL_PKG_DIR") or Path(spec.origin).parent / "_bundled"
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    nothing = Python(own.path, own.version, frozenset({"venv"}))
    assert not environments.can_make(nothing)
    base = Python(Path(sys.executable), own.version, frozenset({"venv", "pip"}))
    assert environments.can_make(base)
    assert environments.make(base, tmp_path / "made") == ""
    python = environments.environment_python(tmp_path / "made")
    assert subprocess.run([python, "-m", "pip", "--version"], capture_output=True).returncode == 0


def write_wheel(folder: Path) -> str:
    """A tiny package; the hash of its file."""
    path = folder / "everzoomtrial-1.0-py3-none-any.whl"
    about = "everzoomtrial-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            f"{about}/METADATA", "Metadata-Version: 2.1\nName: everzoomtrial\nVersion: 1.0\n"
        )
        archive.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{about}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_folder_of_wheels_needs_no_network_and_is_held_to_the_hashes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_pips_variables(monkeypatch)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/")  # where nobody answers
    monkeypatch.setattr(environments, "ENVIRONMENTS", tmp_path / "env")
    monkeypatch.setattr(environments, "LOCKS", tmp_path)
    monkeypatch.setitem(environments.SOURCES, "trial", (["everzoomtrial==1.0"], "3.9"))
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    good = write_wheel(wheels)
    base = pythons.own_python()
    assert base is not None
    lock = tmp_path / "trial.txt"
    wishes = Wishes(wheel=wheels)
    lock.write_text(f"everzoomtrial==1.0 \\\n    --hash=sha256:{'0' * 64}\n")
    with pytest.raises(BuildError) as caught:
        environments.prepare("trial", base, Content(("trial",)), wishes)
    assert "DO NOT MATCH THE HASHES" in str(caught.value) and "\n" not in str(caught.value)
    lock.write_text(f"everzoomtrial==1.0 \\\n    --hash=sha256:{good}\n")
    environments.prepare("trial", base, Content(("trial",)), wishes)
    record = tmp_path / "env" / "trial" / "installed"
    assert record.read_text() == "everzoomtrial==1.0\n"
    # What is whole is used where nothing can be locked, nor written.
    (tmp_path / "env" / "trial.lock").unlink()
    (tmp_path / "env" / "trial.lock").mkdir()
    environments.prepare("trial", base, Content(("trial",)), NO_WISHES)


def test_a_wheel_of_ones_own_says_its_version(tmp_path: Path) -> None:
    file = tmp_path / "bpy-4.5.99-cp311-cp311-linux_riscv64.whl"
    file.touch()
    assert environments.own_wheel(Wishes(wheel=file)) == ("4.5.99", file)
    assert environments.own_wheel(Wishes(wheel=tmp_path)) is None
    with pytest.raises(BuildError, match="is no bpy wheel"):
        environments.own_wheel(Wishes(wheel=file.with_name("numpy-2.0.0-py3-none-any.whl")))


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (
            "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate "
            "verify failed: self-signed certificate (_ssl.c:1029)'))",
            "certificate verify failed: self-signed certificate",
        ),
        (
            "NewConnectionError('<Connection object at 0x7f>: Failed to establish a new "
            "connection: [Errno -2] Name or service not known')",
            "Name or service not known",
        ),
        ("ProxyError('Cannot connect to proxy.', X('refused'))", "the proxy cannot be reached"),
    ],
)
def test_a_network_that_fails_is_the_reason(broken: str, reason: str) -> None:
    said = environments.reason_in(
        f"WARNING: Retrying (Retry(total=0)) after connection broken by '{broken}': /simple/x/\n"
        "ERROR: Could not find a version that satisfies the requirement x (from versions: none)\n"
    )
    assert reason in said


def test_a_wheel_of_ones_own_takes_the_place_of_another_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environments, "ENVIRONMENTS", tmp_path)
    python = environments.environment_python(tmp_path / "trial")
    python.parent.mkdir(parents=True)
    python.touch()
    wheel = tmp_path / "bpy-4.5.15-cp311-cp311-linux_x86_64.whl"
    wheel.touch()
    own, other = Content((), ("bpy==4.5.15",), wheel), Content((), ("bpy==4.5.15",))
    record = tmp_path / "trial" / "installed"
    record.write_text("\n".join(other.packages()))
    assert environments.is_whole("trial", other) and not environments.is_whole("trial", own)
    record.write_text("\n".join(own.packages()))
    assert environments.is_whole("trial", own) and environments.is_whole("trial", other)
    os.utime(wheel, (1, 1))  # as when it is built anew
    assert not environments.is_whole("trial", own)


def test_the_host_of_the_repository_installs_what_build_py_would() -> None:
    workflow = (ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8")
    (command,) = re.findall(r"\$\(python (-m tools\.system apt)\)", workflow)
    packages = subprocess.run(
        [sys.executable, *command.split()], cwd=ROOT, capture_output=True, text=True
    ).stdout.split()
    known = {names[0] for names in system.LIBRARIES.values()} | {*system.MESA["apt"].split()}
    assert set(packages) == known and len(packages) == len(known)
    assert not any(package in workflow for package in packages)


# --- Commands -------------------------------------------------------------------------------------


@on_posix
def test_clean_removes_what_was_made_here(checkout: Path) -> None:
    video, elsewhere = checkout / "infinite_zoom.mp4", checkout.parent / "elsewhere"
    for file in (video, checkout / "dist" / "a.zip", elsewhere / "kept"):
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"x" * 1000)
    (checkout / ".env").symlink_to(elsewhere)
    before = set(checkout.rglob("*")) - {checkout / "dist", checkout / "dist/a.zip"}
    assert run_build(checkout, ["clean", "--dry-run"]).returncode == 0
    assert (checkout / "dist" / "a.zip").exists()
    done = run_build(checkout, ["clean"])
    assert (done.returncode, done.stderr) == (0, "")
    assert str(checkout / "dist") in done.stdout
    assert (elsewhere / "kept").exists() and not (checkout / "dist").exists()
    assert set(checkout.rglob("*")) == before - {checkout / ".env"}
    assert set(cleaning.MADE) & {"docs", "tests", "tools"} == set()


@on_posix
def test_an_environment_that_is_used_is_not_removed(checkout: Path) -> None:
    """It is waited for whoever uses it, also as another program."""
    (checkout / ".env" / "bpy-5.2").mkdir(parents=True)
    user = (
        "import os, sys; from tools import environments; environments.use('bpy-5.2'); "
        "os.execv(sys.executable, [sys.executable, '-c', 'print(1, flush=True); input()'])"
    )
    clean = [sys.executable, "-B", "build.py", "clean"]
    with subprocess.Popen(
        [sys.executable, "-B", "-c", user],
        cwd=checkout,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as using:
        assert using.stdout is not None and using.stdout.readline() == "1\n"
        with subprocess.Popen(clean, cwd=checkout, stderr=subprocess.PIPE, text=True) as cleaning_:
            assert cleaning_.stderr is not None
            waits = f"Waiting: another run uses {checkout / '.env' / 'bpy-5.2'}.\n"
            assert cleaning_.stderr.readline() == waits
            assert (checkout / ".env" / "bpy-5.2").exists()
            using.communicate("\n")
            assert cleaning_.wait(60) == 0
    assert not (checkout / ".env").exists()


@on_posix
def test_clean_and_a_run_do_not_wait_for_each_other(checkout: Path) -> None:
    """The run has what clean waits for, and then wants what clean would have by then."""
    (checkout / ".env" / "bpy-5.2").mkdir(parents=True)
    (checkout / ".env" / "bpy-5.2.lock").touch()
    run = (
        "from tools import ENVIRONMENTS, environments; environments.use('tools'); "
        "print(1, flush=True); input(); "
        "environments.locked(ENVIRONMENTS / 'bpy-5.2.lock').__enter__(); print(2, flush=True)"
    )
    clean = [sys.executable, "-B", "build.py", "clean"]
    with subprocess.Popen(
        [sys.executable, "-B", "-c", run],
        cwd=checkout,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None and running.stdout.readline() == "1\n"
        with subprocess.Popen(clean, cwd=checkout, stderr=subprocess.PIPE, text=True) as cleaning_:
            assert cleaning_.stderr is not None
            waits = f"Waiting: another run uses {checkout / '.env' / 'tools'}.\n"
            assert cleaning_.stderr.readline() == waits
            try:
                assert running.communicate("\n", timeout=60)[0] == "2\n"
                assert cleaning_.wait(60) == 0
            finally:
                running.kill()
                cleaning_.kill()
    assert not (checkout / ".env").exists()


def test_doctor_tells_what_there_is_and_no_secret(checkout: Path) -> None:
    secret = "https://someone:password@a.mirror/simple"
    done = run_build(checkout, ["doctor"], PIP_INDEX_URL=secret)
    assert (done.returncode, done.stderr) == (0, "")
    for words in ("AI Ever Zoom", f"bpy {BPY['5.2']}", "PIP_INDEX_URL", platform.python_version()):
        assert words in done.stdout
    assert "password" not in done.stdout
    assert not (checkout / ".env").exists()


def test_the_set_up_of_every_command_is_told(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    done = run_build(ROOT, ["test", "--help"])
    for option in re.findall(r"^  (--[\w-]+)", done.stdout, re.MULTILINE):
        if option not in ("--quick", "--checks", "--newest-bpy"):
            assert option in text, option
