"""For the tests of programs that use polyai_chat: the simulator in the process of the test.

`StoreConformance` holds the tests for stores of `polyai_chat.channels`. With pytest, the fixtures
``polyai_simulator`` and ``polyai_client`` are there as soon as the package is installed.

Example:
    >>> with Simulator() as simulator:
    ...     client = Client(**simulator.options)
    ...     print(client.create().respond("Where is my order?").response)
    I can look that up. What is your order number?
"""

from __future__ import annotations

from ._native import Simulator
from ._store_conformance import StoreConformance

StoreConformance.__module__ = __name__

__all__ = ["Simulator", "StoreConformance"]
