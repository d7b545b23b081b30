"""look.py TARGET: what the files that packaging/foreign has built for a target need of its system, and what they show."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILT = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()

# What every Windows has, 10 and Server 2016 or newer.
OF_WINDOWS = {
    *("advapi32.dll", "bcrypt.dll", "bcryptprimitives.dll", "crypt32.dll", "kernel32.dll", "msvcrt.dll", "ntdll.dll", "user32.dll"),
    *("userenv.dll", "ws2_32.dll"),
}
OF_GLIBC = {"libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libutil.so.1"}
OF_MUSL = {"libc.so", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"}
OLDEST_GLIBC = (2, 17)
MACHINES = {"x86_64": "Advanced Micro Devices X86-64", "aarch64": "AArch64"}
MOST_BYTES = 4_500_000


def output(*command):
    return subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True).stdout


def functions():
    manifest = json.loads((ROOT / "include/polyai_chat.json").read_text(encoding="utf-8"))
    return {function["name"] for function in manifest["functions"]}


def differences(what, found, right):
    if found != right:
        yield f"{what}: {sorted(found - right)} should not be there, {sorted(right - found)} is missing"


def of_windows(shipped):
    objdump = lambda *arguments: output("packaging/toolchain", "x86_64-w64-mingw32-objdump", *map(str, arguments))  # noqa: E731
    for name in ("polyai_chat.dll", "polyai-chat.exe"):
        headers = objdump("-p", shipped / name)
        needed = {needed.lower() for needed in re.findall(r"DLL Name: (\S+)", headers)}
        of_others = {name for name in needed - OF_WINDOWS if not name.startswith("api-ms-win-")}
        if of_others:
            yield f"{name} needs {sorted(of_others)}, which not every Windows has"
        for flag in ("DYNAMIC_BASE", "NX_COMPAT", "HIGH_ENTROPY_VA"):
            if flag not in headers:
                yield f"{name} is linked without {flag}"
        if ".rsrc" not in objdump("-h", shipped / name):
            yield f"{name} has no version resource"
    exported = re.findall(r"^\s+\[\s*\d+\] \+base\[\s*\d+\]\s+[0-9a-f]+ (\w+)$", objdump("-p", shipped / "polyai_chat.dll"), flags=re.M)
    yield from differences("polyai_chat.dll exports", set(exported), functions())
    listed = re.findall(r"^(polyai_\w+)", (shipped / "polyai_chat.def").read_text(encoding="utf-8"), flags=re.M)
    yield from differences("polyai_chat.def names", set(listed), functions())
    for library in ("libpolyai_chat.dll.a", "polyai_chat.lib"):
        names = set(re.findall(r"\bT (polyai_\w+)", output("packaging/toolchain", "x86_64-w64-mingw32-nm", str(shipped / library))))
        yield from differences(f"{library} gives", names, functions())


def of_linux(shipped, name):
    architecture = name.split("-")[0]
    is_musl = name.endswith("musl")
    for file in ("libpolyai_chat.so", "polyai-chat"):
        told = output("readelf", "--wide", "--file-header", "--dynamic", "--program-headers", str(shipped / file))
        if MACHINES[architecture] not in told:
            yield f"{file} is not for {architecture}"
        needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", told))
        allowed = (set() if file == "polyai-chat" else OF_MUSL) if is_musl else OF_GLIBC | {"ld-linux-aarch64.so.1", "ld-linux-x86-64.so.2"}
        if needed - allowed:
            yield f"{file} needs {sorted(needed - allowed)}"
        versions = {tuple(map(int, version.split("."))) for version in re.findall(r"GLIBC_(\d+\.\d+)", output("readelf", "--wide", "--version-info", str(shipped / file)))}
        if any(version > OLDEST_GLIBC for version in versions) or (is_musl and versions):
            yield f"{file} needs glibc {max(versions)}"
        if re.search(r"GNU_STACK .* RWE", told):
            yield f"{file} has a stack that can be executed"
    symbols = output("readelf", "--wide", "--dyn-syms", str(shipped / "libpolyai_chat.so"))
    exported = set(re.findall(r"(?:GLOBAL|WEAK) +DEFAULT +\d+ (\w+)", symbols))
    yield from differences("libpolyai_chat.so exports", exported, functions())
    if f"[{output('python3', 'packaging/facts.py', 'soname').strip()}]" not in output("readelf", "--dynamic", str(shipped / "libpolyai_chat.so")):
        yield "libpolyai_chat.so has another name inside"


def main():
    (name,) = sys.argv[1:]
    shipped = BUILT / "shipped" / name
    found = list(of_windows(shipped) if "windows" in name else of_linux(shipped, name))
    for file in sorted(shipped.iterdir()):
        print(f"{file.stat().st_size:10,} {file.name}")
        if file.suffix in (".so", ".dll") and file.stat().st_size > MOST_BYTES:
            found.append(f"{file.name} is larger than {MOST_BYTES:,} bytes")
        traces = str(Path.home() / ".cargo").encode(), str(ROOT).encode()
        if file.suffix != ".txt" and any(trace in file.read_bytes() for trace in traces):
            found.append(f"{file.name} names a directory of this machine")
    for line in found:
        print(line)
    sys.exit(1 if found else 0)


main()
