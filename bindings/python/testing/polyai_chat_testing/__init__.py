"""For the tests of programs that use polyai_chat: the simulator in the process of the test.

With pytest, the fixtures ``polyai_simulator`` and ``polyai_client`` are there as soon as the package is installed.
`StoreConformance` holds the tests for stores of `polyai_chat_channels`.

Example:
    >>> with Simulator() as simulator:
    ...     client = Client(**simulator.options)
    ...     print(client.create().respond("Where is my order?").response)
    I can look that up. What is your order number?
"""

from __future__ import annotations

from ._simulator import Simulator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._store_conformance import StoreConformance

__all__ = ["Simulator", "StoreConformance"]


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:  # who would take any name for one that is here

    def __getattr__(name: str) -> object:
        # Only needed to test a store, so polyai_chat_channels may be missing.
        if name == "StoreConformance":
            from ._store_conformance import StoreConformance

            return StoreConformance
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
