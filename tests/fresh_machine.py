"""The two commands of README on bare Debians, which have git and python3 and nothing else.

By hand, before a release, as root on a Debian:

    python3 tests/fresh_machine.py                  # Debian 13 and 12, an hour on two cores
    python3 tests/fresh_machine.py --render trixie  # the video alone, in minutes

What was committed is tried. mmdebstrap makes the machines, in a folder for temporary files; the
mirror of packages, a proxy, certificates and pip's variables are this machine's own.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUITES = {"trixie": "13, which has Python 3.13", "bookworm": "12, which has Python 3.11"}
HERE = "/opt/zoom"  # of the checkout, in there
CERTIFICATES = "/opt/network.crt"

# In a mount namespace of its own, so that nothing stays mounted; as a certain user, if named.
ENTER = """
set -e; root=$1; user=$2; shift 2
mount -t proc proc "$root/proc"; mount --rbind /dev "$root/dev"; mount --rbind /sys "$root/sys"
exec chroot ${user:+--userspec="$user"} "$root" "$@"
"""


def mirror() -> str:
    """Where this machine's own apt has Debian's packages from."""
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]
    told = subprocess.run([*asked, "Origin: Debian"], capture_output=True, text=True, check=True)
    places = [place for place in told.stdout.split() if place.rstrip("/").endswith("/debian")]
    if not places:
        raise SystemExit("This machine's apt names no mirror of Debian: run apt-get update.")
    return places[0]


def make(suite: str, root: Path) -> None:
    """A bare machine with a clone of this repository."""
    checks = ["Acquire::Check-Valid-Until=false", "Acquire::Check-Date=false"]
    options = [f"--aptopt={option.replace('=', ' ')}" for option in checks]
    command = ["mmdebstrap", "--quiet", "--mode=root", "--variant=apt", "--include=git,python3"]
    subprocess.run([*command, *options, suite, str(root), mirror()], check=True)
    shutil.copy("/etc/resolv.conf", root / "etc" / "resolv.conf")
    (root / "etc" / "mtab").symlink_to("../proc/self/mounts")  # as whatever starts it makes it
    certificates = os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE")
    if certificates:
        shutil.copy(certificates, f"{root}{CERTIFICATES}")
    subprocess.run(["git", "clone", "-q", str(ROOT), f"{root}{HERE}"], check=True)


def inside(root: Path, command: Sequence[str], user: str = "") -> tuple[int, str]:
    """The status of a command there, and what it said, which is shown as it comes."""
    kept = re.compile(
        r"PIP_(INDEX_URL|EXTRA_INDEX_URL|TRUSTED_HOST|DEFAULT_TIMEOUT)|\w+_proxy", re.I
    )
    environment = {name: value for name, value in os.environ.items() if kept.fullmatch(name)}
    environment |= {"HOME": "/root", "LC_ALL": "C.UTF-8"}
    environment["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    if Path(f"{root}{CERTIFICATES}").exists():
        environment["PIP_CERT"] = CERTIFICATES
    in_folder = ["sh", "-c", f'cd {HERE}; exec "$@"', "sh", *command]
    with subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", ENTER, "sh", str(root), user, *in_folder],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            print(f"[{root.name}] {line.rstrip()}", flush=True)
    return process.returncode, "".join(said)


def try_out(suite: str, root: Path, *, only_render: bool) -> list[str]:
    """What is wrong, in lines."""
    wrong = []
    print(f"Debian {SUITES[suite]}", flush=True)
    make(suite, root)
    status, said = inside(root, ["python3", "build.py", "render"], user="1000:1000")
    if status != 1 or not re.fullmatch(r"build\.py: .*: sudo apt-get install [\w .+-]+\n", said):
        wrong.append("a user without rights is not told one command")
    if Path(f"{root}{HERE}/.env").exists():
        wrong.append("something was made before all was found that is missing")
    status, _ = inside(root, ["python3", "build.py", "render"])
    video = Path(f"{root}{HERE}/infinite_zoom.mp4")
    if status != 0 or not video.exists() or video.read_bytes()[4:8] != b"ftyp":
        wrong.append("build.py render made no video")
    if not only_render and inside(root, ["python3", "build.py", "test", "--quick"])[0] != 0:
        wrong.append("build.py test --quick is not green")
    return wrong


def main() -> int:
    """Try them all; 1 if something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"of {', '.join(SUITES)}")
    parser.add_argument("--render", action="store_true", help="without the tests")
    options = parser.parse_args()
    if not shutil.which("mmdebstrap"):
        parser.error("mmdebstrap is not installed: apt-get install mmdebstrap")
    results = {}
    for suite in options.suites or SUITES:
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            wrong = try_out(suite, Path(folder) / suite, only_render=options.render)
        results[suite] = "; ".join(wrong) or "all is well"
        results[suite] += f" ({time.monotonic() - start:.0f} s)"
    for suite, result in results.items():
        print(f"Debian {suite}: {result}")
    return int(any("all is well" not in result for result in results.values()))


if __name__ == "__main__":
    sys.exit(main())
