"""Subinterpreters: the import is refused in words there, whoever comes first, and the main interpreter goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from children import Child

if TYPE_CHECKING:
    from polyai_chat_testing import Simulator


def test_the_import_is_refused_and_the_main_interpreter_goes_on(simulator: Simulator) -> None:
    with Child("subinterpreters.py", options=simulator.options) as child:
        first = child.line()
        if first == "none":
            pytest.skip("this Python has no module for subinterpreters")
        refusals = [first, child.line()]
        child.expect("You said: before")
        refusals += [child.line(), child.line()]
        child.expect("You said: afterwards")
        assert child.ended() == 0
    for refusal in refusals:
        assert refusal.startswith("polyai_chat works in the main interpreter of a process only")
