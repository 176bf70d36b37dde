"""`build.py doctor`: what there is on a machine, for a report of a problem. Changes nothing."""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator

from . import BPY, ENVIRONMENTS, ROOT, blenders, system
from .environments import Content, can_make, environment_python, is_whole
from .pythons import find_python, lack_of_wheel, python_for

Line = tuple[str, str]

GPU = """
import sys; sys.path.insert(0, sys.argv[1])
from ai_ever_zoom_addon.scene.output.gpu import gpu_name
print("GPU:", gpu_name() or "none; software draws")
"""


def about_the_project() -> Iterator[Line]:
    manifest = (ROOT / "ai_ever_zoom_addon" / "blender_manifest.toml").read_text(encoding="utf-8")
    version = re.search(r'^version = "([^"]+)"$', manifest, re.MULTILINE)
    yield "AI Ever Zoom", version[1] if version else "no version in its manifest"
    git = shutil.which("git")
    if git and (ROOT / ".git").exists():
        command = [git, "-C", str(ROOT), "describe", "--always", "--dirty"]
        yield "commit", subprocess.run(command, capture_output=True, text=True).stdout.strip()


def name_of_the_system() -> str:
    """As people call it."""
    if sys.platform == "darwin":
        return f"macOS {platform.mac_ver()[0]}"
    try:
        with open("/etc/os-release", encoding="utf-8") as file:  # noqa: PTH123
            name = re.search(r'^PRETTY_NAME="?([^"\n]+)', file.read(), re.MULTILINE)
        return name[1] if name else platform.platform()
    except OSError:
        return platform.platform()


def about_the_machine() -> Iterator[Line]:
    library = " ".join(platform.libc_ver())
    yield "system", f"{name_of_the_system()}, {platform.machine()}, {library}".rstrip(", ")
    yield "cores", str(os.cpu_count())
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        yield "memory", f"{memory / 1e9:.0f} GB"
    yield "free disk", f"{shutil.disk_usage(ROOT).free / 1e9:.0f} GB"
    yield "packages by", system.manager() or "no manager that is known"
    variables = [name for name in os.environ if re.match(r"(?i)(PIP_|UV_|\w+_proxy$)", name)]
    yield "set", ", ".join(sorted(variables)) or "no variables of pip, uv or a proxy"  # no values


def about_pythons() -> Iterator[Line]:
    yield "this Python", f"{platform.python_version()}, {sys.executable}"
    for version in dict.fromkeys(map(python_for, BPY)):
        python = find_python(version)
        how = "" if python is None or can_make(python) else ", cannot make environments"
        yield f"CPython {version}", f"{python.path}{how}" if python else "not found"
    for name in ("uv", "conda"):
        yield name, shutil.which(name) or "not found"


def about_bpy() -> Iterator[Line]:
    for series, version in BPY.items():
        name = f"bpy-{series}"
        lack = lack_of_wheel(series)
        if is_whole(name, Content((name,))):
            yield f"bpy {version}", "set up"
            python = environment_python(ENVIRONMENTS / name)
            command = [str(python), "-I", "-c", GPU, str(ROOT)]
            done = subprocess.run(command, capture_output=True, text=True, errors="replace")
            drawn = re.search(r"^GPU: (.+)$", done.stdout, re.MULTILINE)
            errors = done.stderr.strip().splitlines()
            yield "  its GPU", drawn[1] if drawn else (errors or ["it crashes"])[-1]
        else:
            yield f"bpy {version}", lack or "not set up"
        python_of_it = find_python(python_for(series))
        if python_of_it and not lack:
            lacks = system.missing_libraries(python_of_it, series)
            if lacks:
                yield "  missing", ", ".join(lack.name for lack in lacks)
                yield "", system.advice(lacks)
    for version, program in blenders.installed_blenders():
        yield f"Blender {version}", str(program)


def main(arguments: list[str]) -> int:
    """Print it, in a form that can be pasted."""
    argparse.ArgumentParser(prog="build.py doctor", description=__doc__).parse_args(arguments)
    for part in (about_the_project, about_the_machine, about_pythons, about_bpy):
        for name, value in part():
            print(f"{name:14} {value}".rstrip(), flush=True)
    return 0
