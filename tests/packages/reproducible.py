#!/usr/bin/env python3
"""Builds everything that is shipped twice, and compares the files byte for byte.

    reproducible.py [--portable]

Clones HEAD into two directories and builds there what packaging/build, packaging/wheel and packaging/npm build, with --portable for
every glibc from 2.17 on and the Debian packages too. Sources, cargo's packages, caches and results are in other places each time, and umask, time zone,
language, number of jobs and the times of the source files are others. Takes many minutes. Exit status 1: a file differs, and the
output says where; both builds stay in TARGET/reproducible then.
"""

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()
CARGO = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
SCRATCH = TARGET / "reproducible"
SHOWN = 32  # bytes before and behind the first difference


def build(name, portable, umask, modified=None, **environment):
    """The files of a build, by name."""
    home = SCRATCH / name
    clone, target = home / "sources", home / "results"
    home.mkdir(parents=True)
    subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
    if modified:
        for path in clone.rglob("*"):
            os.utime(path, (modified, modified), follow_symlinks=False)
    shutil.copytree(CARGO / "registry", home / "cargo/registry", symlinks=True)
    for configuration in CARGO.glob("config*"):
        shutil.copy(configuration, home / "cargo")
    usual = {"UV_CACHE_DIR": Path.home() / ".cache/uv", **os.environ}
    changed = {"CARGO_HOME": home / "cargo", "CARGO_TARGET_DIR": target, "XDG_CACHE_HOME": home / "cache", **environment}
    # What the caller has set for compilers would be the same for both.
    whole = {name: str(value) for name, value in {**usual, **changed}.items() if name not in ("RUSTFLAGS", "CFLAGS", "SOURCE_DATE_EPOCH")}
    flags = ["--portable"] * portable
    for command in [["packaging/build", *flags], ["packaging/wheel", *flags], ["packaging/npm", *flags], *[["packaging/deb"]] * portable]:
        print(f"reproducible: {name}: {' '.join(command)}", flush=True)
        with (home / "log").open("ab") as log:
            done = subprocess.run(command, cwd=clone, env=whole, umask=umask, stdout=log, stderr=log, check=False)
        if done.returncode:
            sys.exit(f"{(home / 'log').read_text(errors='replace')}reproducible: {command[0]} failed, see {home / 'log'}")
    directories = [target / "shipped" / folder for folder in (["portable", "debian"] if portable else ["native"])]
    return {path.name: path for directory in directories for path in sorted(directory.iterdir()) if path.is_file()}


def members(name, content):
    """What an archive holds: of each member what is said of it, and its bytes. Nothing where it is no archive."""
    if name.endswith(".whl"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {
                entry.filename: (f"{entry.date_time} {entry.external_attr:#o} {entry.compress_type} {entry.extra!r}", archive.read(entry))
                for entry in archive.infolist()
            }
    if content.startswith(b"!<arch>\n"):
        found, at = {}, 8
        while at < len(content):
            header = content[at : at + 60].decode("ascii")
            size = int(header[48:58])
            found[header[:16].rstrip(" /") or "/"] = (header, content[at + 60 : at + 60 + size])
            at += 60 + size + size % 2
        return found
    if ".tar" in name or name.endswith(".tgz"):
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            return {
                entry.name: (
                    f"{entry.mtime} {entry.mode:#o} {entry.uid} {entry.gid} {entry.uname} {entry.linkname}",
                    archive.extractfile(entry).read() if entry.isfile() else b"",
                )
                for entry in archive
            }
    return {}


def first_difference(one, other):
    at = next((number for number, (a, b) in enumerate(zip(one, other)) if a != b), min(len(one), len(other)))
    shown = slice(max(0, at - SHOWN), at + SHOWN)
    return f"byte {at:,} of {len(one):,} and {len(other):,}: {one[shown]!r} and {other[shown]!r}"


def differences(name, one, other):
    """Where two files of one name differ, as deep as can be told."""
    if one == other:
        return
    in_one, in_other = members(name, one), members(name, other)
    deeper = [f"{name}: {member} is only in the {'first' if member in in_one else 'second'}" for member in sorted(in_one.keys() ^ in_other.keys())]
    for member in [member for member in in_one if member in in_other]:
        (said, content), (said_other, content_other) = in_one[member], in_other[member]
        if said != said_other:
            deeper.append(f"{name}: of {member} they say {said} and {said_other}")
        deeper += [f"{name}: {fault}" for fault in differences(member, content, content_other)]
    if not deeper and list(in_one) != list(in_other):
        deeper.append(f"{name}: the order is another")
    yield from deeper or [f"{name}: {first_difference(one, other)}"]


def compared(one, other):
    for name in sorted(one.keys() | other.keys()):
        if name not in one or name not in other:
            yield f"{name} is only in the {'first' if name in one else 'second'}"
        else:
            yield from differences(name, one[name].read_bytes(), other[name].read_bytes())


def main():
    if sys.argv[1:] not in ([], ["--portable"]):
        sys.exit(__doc__)
    portable = bool(sys.argv[1:])
    if subprocess.run(["git", "diff", "--quiet", "HEAD"], cwd=ROOT, check=False).returncode:
        print("reproducible: HEAD is built, without what is not committed", file=sys.stderr)
    shutil.rmtree(SCRATCH, ignore_errors=True)
    first = build("first", portable, 0o022, TZ="UTC", LC_ALL="C.UTF-8")
    second = build("second/elsewhere", portable, 0o077, modified=1_000_000_000, TZ="Asia/Kathmandu", LC_ALL="C", CARGO_BUILD_JOBS="1")
    faults = list(compared(first, second))
    for name, path in first.items():
        print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}")
    for fault in faults:
        print(f"  DIFFERS: {fault}")
    print(f"reproducible: {len(first)} files, {len(faults)} differences")
    if faults or not first:
        sys.exit(1)
    shutil.rmtree(SCRATCH)


if __name__ == "__main__":
    main()
