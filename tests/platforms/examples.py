"""examples.py TARGET FOLDER: what a user does with a folder of `make install TARGET=...`, inside of packaging/target.

Compiles examples in C against it, starts the simulator over TLS, and holds conversations by the examples and by the program.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE_SECONDS = 120
NAME, FOLDER = sys.argv[1], Path(sys.argv[2])
IS_WINDOWS = "windows" in NAME
PROGRAM = FOLDER / ("bin/polyai-chat.exe" if IS_WINDOWS else "bin/polyai-chat")
# Otherwise zig takes stdin, stdout and stderr of the C library for one, and may link a C library of its own in.
OF_ZIG = ["-fPIE", "-pie", "-dynamic"]
START = ["wine"] if IS_WINDOWS else []


def built(example, directory):
    """By the compiler of the target, beside the library that it loads."""
    compiler = os.environ[f"CC_{NAME.replace('-', '_')}"]
    program = directory / f"{example}.exe"
    libraries = ["-Wl,-Bstatic", "-lwinpthread", "-Wl,-Bdynamic", "-lws2_32"] if IS_WINDOWS else ["-pthread", "-Wl,-rpath,$ORIGIN", *OF_ZIG]
    source = ROOT / f"examples/c/{example}.c"
    subprocess.run(
        [compiler, "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-I", FOLDER / "include", source]
        + ["-L", FOLDER / "lib", "-lpolyai_chat", *libraries, "-o", program],
        check=True,
    )
    return program


def ran(command, environment, said=""):
    done = subprocess.run([*START, *map(str, command)], env={**os.environ, **environment}, input=said, capture_output=True, text=True,
                          timeout=PATIENCE_SECONDS, check=False)  # fmt: skip
    print(f"{' '.join(map(str, command))}: {done.returncode}\n{done.stdout}{done.stderr}", flush=True)
    if done.returncode:
        sys.exit(1)
    return done.stdout.replace("\r", "")


def expect(words, text):
    if words not in text:
        sys.exit(f"{words!r} is not in {text!r}")


def main():
    directory = Path(tempfile.mkdtemp())
    for library in [*FOLDER.glob("bin/*.dll"), *FOLDER.glob("lib/*.so*")]:
        shutil.copy(library, directory)
    programs = {example: built(example, directory) for example in ("chat", "event_loop", "one_moment_please", "hang_up")}
    authority = directory / "ca.pem"
    simulator = subprocess.Popen(
        [*START, PROGRAM, "simulator", "--listen", "127.0.0.1:0", "--tls", "--ca-out", authority],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        # wine takes its time with many sockets.
        environment = {"POLYAI_CONNECT_TIMEOUT_MS": "60000", "POLYAI_TIMEOUT_MS": "60000"}
        while "POLYAI_CA_FILE" not in environment:
            line = simulator.stdout.readline()
            if not line:
                sys.exit("the simulator ended")
            if line.startswith("export "):
                variable, _, value = line.strip().removeprefix("export ").partition("=")
                environment[variable] = value.strip("'")
        expect("agent:", ran([programs["chat"]], environment, "Where is my order?\nbye\n"))
        expect("20 conversations, 40 replies, 0 failures", ran([programs["event_loop"], 20, "Where is my order?", "4821"], environment))
        expect("play:", ran([programs["one_moment_please"], "Where is my order?"], environment))
        ran([programs["hang_up"], "Where is my order?"], environment)
        talk = ran([PROGRAM, "chat", "-m", "Where is my order?", "-m", "Can I speak to a human, please?"], environment)
        expect("agent>", talk)
        print(ran([PROGRAM, "doctor"], environment))
    finally:
        simulator.kill()
        simulator.wait()
    print("20 conversations in an event loop, and one by each other program, over TLS")


main()
