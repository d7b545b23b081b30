"""The fixtures for pytest, found by the package's entry point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from polyai_chat import Client

    from . import Simulator


@pytest.fixture
def polyai_simulator() -> Iterator[Simulator]:
    """A simulator of its own for each test: a local simulation of the service, no PolyAI service is contacted."""
    from . import Simulator

    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def polyai_client(polyai_simulator: Simulator) -> Client:
    """A client of the test's simulator; needs polyai-chat."""
    from polyai_chat import Client

    return Client(**polyai_simulator.options)
