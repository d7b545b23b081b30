"""For the tests of programs that use polyai_chat: the simulator in the process of the test.

With pytest, the fixtures ``polyai_simulator`` and ``polyai_client`` are there as soon as the package is installed.

Example:
    >>> with Simulator() as simulator:
    ...     client = Client(**simulator.options)
    ...     print(client.create().respond("Where is my order?").response)
    I can look that up. What is your order number?
"""

from __future__ import annotations

from ._native import Simulator

__all__ = ["Simulator"]
