"""Refuses to be imported in a subinterpreter.

The native module would belong to the interpreter that imports it first, and refuse all others, the main one among them.
"""

from __future__ import annotations

import _thread


def _is_main_interpreter() -> bool:
    try:
        return bool(_thread._is_main_interpreter())  # type: ignore[attr-defined]
    except AttributeError:
        # Before 3.12.
        try:
            interpreters = __import__("_xxsubinterpreters")
        except ImportError:
            return True
        return bool(interpreters.get_current() == interpreters.get_main())


if not _is_main_interpreter():
    raise ImportError(
        "polyai_chat works in the main interpreter of a process only, and this is a subinterpreter "
        "(for mod_wsgi: WSGIApplicationGroup %{GLOBAL})"
    )
