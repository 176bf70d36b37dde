"""What the system lacks: found all at once before anything is downloaded; installed, or named."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from . import BuildError
from .pythons import Python, numbers

# The package managers that are known, and how each installs packages without a question.
MANAGERS = {
    "apt": ["apt-get", "install", "-y", "--no-install-recommends"],
    "dnf": ["dnf", "install", "-y", "--setopt=install_weak_deps=False"],
    "zypper": ["zypper", "--non-interactive", "install"],
    "pacman": ["pacman", "-S", "--noconfirm", "--needed"],
    "brew": ["brew", "install"],
}
TRUSTED = ("apt", "dnf")  # these are started for root, who has a container or a server

# The libraries that the bpy wheels for Linux do not bring, and the packages that have them, by apt,
# dnf, zypper and pacman.
LIBRARIES = {
    "libGL.so.1": ("libgl1", "libglvnd-glx", "Mesa-libGL1", "libglvnd"),
    "libICE.so.6": ("libice6", "libICE", "libICE6", "libice"),
    "libSM.so.6": ("libsm6", "libSM", "libSM6", "libsm"),
    "libX11.so.6": ("libx11-6", "libX11", "libX11-6", "libx11"),
    "libXext.so.6": ("libxext6", "libXext", "libXext6", "libxext"),
    "libXfixes.so.3": ("libxfixes3", "libXfixes", "libXfixes3", "libxfixes"),
    "libXi.so.6": ("libxi6", "libXi", "libXi6", "libxi"),
    "libXrender.so.1": ("libxrender1", "libXrender", "libXrender1", "libxrender"),
    "libXxf86vm.so.1": ("libxxf86vm1", "libXxf86vm", "libXxf86vm1", "libxxf86vm"),
    "libgomp.so.1": ("libgomp1", "libgomp", "libgomp1", "gcc-libs"),
    "libstdc++.so.6": ("libstdc++6", "libstdc++", "libstdc++6", "gcc-libs"),
    "libxkbcommon.so.0": ("libxkbcommon0", "libxkbcommon", "libxkbcommon0", "libxkbcommon"),
}
# Without a GPU, EEVEE and Workbench draw with Mesa's software OpenGL, loaded while rendering.
SOFTWARE_OPENGL = "libEGL.so.1"
MESA = {
    "apt": "libegl1 libgl1-mesa-dri",
    "dnf": "libglvnd-egl mesa-dri-drivers",
    "zypper": "Mesa-libEGL1 Mesa-dri",
    "pacman": "libglvnd mesa",
}
ONLY_OLD = ("libXxf86vm.so.1", "libgomp.so.1")  # which bpy needs before 4.5
BROWSER = {"apt": "chromium-headless-shell", "dnf": "chromium-headless", "zypper": "chromium"}
BROWSER |= {"pacman": "chromium", "brew": "--cask chromium"}
BROWSERS = (  # what they may be called: Debian's two, Fedora's and Ubuntu's, Google's
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
)


@dataclass(frozen=True)
class Lack:
    """Something that is not there: its name, the packages that have it, whether it can wait."""

    name: str
    packages: Mapping[str, str]
    is_needed: bool = True


def library_lack(name: str) -> Lack:
    """A library that is missing, by its file's name or the beginning of it."""
    if name.startswith("libEGL"):
        return Lack(SOFTWARE_OPENGL, MESA, is_needed=False)
    known = (full for full in LIBRARIES if full.startswith(f"{name.split('.so')[0]}.so"))
    full = next(known, name)
    return Lack(full, dict(zip(("apt", "dnf", "zypper", "pacman"), LIBRARIES.get(full, ()))))


def manager() -> str | None:
    """The package manager of this system, if it is a known one."""
    return next((name for name in MANAGERS if shutil.which(MANAGERS[name][0])), None)


def is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def packages_of(lacks: Iterable[Lack], name: str) -> list[str]:
    """What to name to a package manager, each package once."""
    words = (word for lack in lacks for word in lack.packages.get(name, "").split())
    return list(dict.fromkeys(words))


def advice(lacks: Sequence[Lack]) -> str:
    """One command that installs all of it, as a user of this system writes it; no full stop."""
    name = manager()
    if name is None or not packages_of(lacks, name):
        packages = " ".join(packages_of(lacks, "apt"))
        return f"On Debian they are in these packages: {packages}"
    command = [*MANAGERS[name][:2], *packages_of(lacks, name)]
    if name == "zypper" or name == "pacman":
        command = [name, "install" if name == "zypper" else "-S", *command[2:]]
    before = "" if is_root() or name == "brew" else "sudo "
    return f"Install what is missing: {before}{' '.join(command)}"


def missing_libraries(python: Python, series: str) -> list[Lack]:
    """The libraries that the bpy wheels of a series need, and that an interpreter does not find."""
    if sys.platform != "linux":
        return []
    names = [name for name in LIBRARIES if numbers(series) < (4, 5) or name not in ONLY_OLD]
    code = (
        "import ctypes, sys\n"
        "for name in sys.argv[1:]:\n"
        "    try: ctypes.CDLL(name)\n"
        "    except OSError: print(name)"
    )
    command = [str(python.path), "-I", "-c", code, *names, SOFTWARE_OPENGL]
    done = subprocess.run(command, capture_output=True, text=True)
    told = done.stdout.split()
    return [library_lack(name) for name in (*names, SOFTWARE_OPENGL) if name in told]


def missing_browser() -> list[Lack]:
    """A browser, for the tests of pages, if there is none."""
    there = any(map(shutil.which, BROWSERS))
    return [] if there else [Lack("a browser", BROWSER, is_needed=False)]


def missing_venv(python: Python) -> Lack:
    """What a Python lacks that cannot make environments; Debian has that in a package."""
    name = f"python{python.version}-venv"
    return Lack(f"ensurepip of {python.path}", {"apt": name})


def may_install(is_allowed: bool) -> bool:
    """Whether packages are installed without asking: for root, unless that was forbidden."""
    return is_allowed and is_root() and manager() in TRUSTED


def install(lacks: Sequence[Lack]) -> str:
    """Install packages as root, and say so; "", or why it failed, in a line."""
    name = manager()
    packages = packages_of(lacks, name) if name else []
    if name is None or not packages:
        return "no package is known that has them"
    print(
        f"Installing by {name}: {' '.join(packages)} (--no-system-packages forbids it).",
        file=sys.stderr,
        flush=True,
    )
    steps = [[*MANAGERS[name], *packages]]
    if name == "apt":
        steps.insert(0, ["apt-get", "update"])
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in steps:
        done = subprocess.run(
            step,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        if done.returncode:
            lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
            errors = [line for line in lines if line.lower().startswith(("e:", "err", "no match"))]
            reason = (errors or lines or [f"status {done.returncode}"])[-1]
            return f"{' '.join(step[:2])}: {reason.rstrip('.')}"
    return ""


def provide(lacks: Sequence[Lack], *, is_allowed: bool) -> list[Lack]:
    """Install what is missing, if that may be, or say how; what can wait and is still missing.

    Raises:
        BuildError: Something that is needed is missing.
    """
    needed = [lack for lack in lacks if lack.is_needed]
    reason = ""
    if lacks and may_install(is_allowed):
        reason = install(lacks)
        if not reason:
            return []
        if 1 < len(lacks) > len(needed):  # perhaps for the sake of one that can wait
            reason = install(needed) if needed else ""
            if not reason:
                return [lack for lack in lacks if not lack.is_needed and install([lack])]
    if needed:
        names = ", ".join(lack.name for lack in needed)
        why = f" ({reason})" if reason else ""
        raise BuildError(f"Missing on this system{why}: {names}. {advice(lacks)}")
    return list(lacks)


def python_packages(version: str) -> Lack | None:
    """CPython of a version as packages of this system, if it has them."""
    name = manager()
    bare = version.replace(".", "")
    names = {
        "apt": f"python{version} python{version}-venv",
        "dnf": f"python{version}",
        "zypper": f"python{bare}",
        "brew": f"python@{version}",
    }
    if name not in names:
        return None
    ask = {"apt": ["apt-cache", "show"], "dnf": ["dnf", "-q", "info"]}.get(name)
    if ask:
        known = subprocess.run([*ask, f"python{version}"], capture_output=True)
        if known.returncode or not known.stdout.strip():
            return None
    return Lack(f"CPython {version}", names)


def main(arguments: list[str]) -> int:
    """Print all packages of a package manager that some bpy wheel may need, there or not."""
    lacks = map(library_lack, [*LIBRARIES, SOFTWARE_OPENGL])
    print(*packages_of(lacks, arguments[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
