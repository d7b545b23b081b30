"""Runs a program on a pseudo-terminal: terminal.py STEPS PROGRAM ARGUMENTS...

STEPS is a JSON list of pairs: a text to wait for in what the program prints, and what to type then. Prints everything that
the terminal showed, and exits with the program's status as a shell would give it.
"""

import json
import os
import pty
import select
import signal
import sys
import termios
import time

steps = json.loads(sys.argv[1])
deadline = time.monotonic() + 30
process, terminal = pty.fork()
if process == 0:
    os.environ["TERM"] = "xterm"
    os.execv(sys.argv[2], sys.argv[2:])

shown = b""


def read():
    """Whether there was something to read before the deadline."""
    global shown
    ready, _, _ = select.select([terminal], [], [], max(0, deadline - time.monotonic()))
    if not ready:
        os.kill(process, signal.SIGKILL)
        sys.exit(f"timed out; the terminal showed {shown!r}")
    try:
        data = os.read(terminal, 65536)
    except OSError:  # the other side is closed
        data = b""
    shown += data
    return bool(data)


def wait_until_it_listens():
    """A line is typed when the program has switched the terminal's own echo off; it prints its prompt a moment sooner."""
    while termios.tcgetattr(terminal)[3] & termios.ECHO and time.monotonic() < deadline:
        time.sleep(0.001)


seen = 0
for expected, typed in steps:
    while (found := shown.find(expected.encode(), seen)) < 0:
        if not read():
            sys.exit(f"ended before {expected!r}; the terminal showed {shown!r}")
    seen = found + len(expected)
    if typed == "SIGTERM":
        os.kill(process, signal.SIGTERM)
    elif typed:
        if typed.endswith("\r"):
            wait_until_it_listens()
        os.write(terminal, typed.encode())
while read():
    pass
_, status = os.waitpid(process, 0)
sys.stdout.write(shown.decode(errors="replace"))
code = os.waitstatus_to_exitcode(status)
sys.exit(code if code >= 0 else 128 - code)
