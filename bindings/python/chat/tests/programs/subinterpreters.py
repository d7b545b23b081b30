"""Imports the package in each kind of subinterpreter that this Python has, before and after the main one does."""

from __future__ import annotations

import os
import sys
from typing import Any

CODE = """
import os, sys
sys.path[:] = {path!r}
try:
    import polyai_chat
except ImportError as error:
    os.write({descriptor}, str(error).encode())
else:
    os.write({descriptor}, b"imported")
"""


def interpreters() -> Any:
    """The module of this Python for subinterpreters, whatever it is called."""
    for name in ("_interpreters", "_xxsubinterpreters"):
        try:
            return __import__(name)
        except ImportError:
            pass
    return None


def new_interpreters(module: Any) -> list[Any]:
    """One of each kind: with a lock of its own, and sharing that of the main interpreter."""
    if hasattr(module, "new_config"):
        return [module.create(kind) for kind in ("isolated", "legacy")]
    return [module.create(isolated=isolated) for isolated in (True, False)]


def said_in(module: Any, interpreter: Any) -> str:
    """The outcome of the import there."""
    reading, writing = os.pipe()
    module.run_string(interpreter, CODE.format(path=sys.path, descriptor=writing))
    os.close(writing)
    with os.fdopen(reading) as pipe:
        return pipe.read()


def main() -> None:
    """Tells a line for each import, and for a conversation of the main interpreter."""
    module = interpreters()
    if module is None:
        print("none", flush=True)
        return
    made = new_interpreters(module)
    for interpreter in made:
        print(said_in(module, interpreter), flush=True)

    from start import client_of_the_test

    conversation = client_of_the_test().create()
    print(conversation.respond("before").response, flush=True)
    for interpreter in made:
        print(said_in(module, interpreter), flush=True)
        module.destroy(interpreter)
    print(conversation.respond("afterwards").response, flush=True)


if __name__ == "__main__":
    main()
