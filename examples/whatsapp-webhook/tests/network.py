"""Machines in a network: namespaces on a bridge, which nothing leaves."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class Network:
    """A namespace with the address 10.77.0.1, for what all machines share, and one for each of them. As root."""

    def __init__(self, machines: int) -> None:
        self._name = f"polyai-{uuid.uuid4().hex[:8]}"
        self._made: list[str] = []
        try:
            self._make(machines)
        except BaseException:
            self.close()
            raise

    def _make(self, machines: int) -> None:
        hub = self._add(0)
        _ip("-n", hub, "link", "add", "bridge", "type", "bridge")
        _ip("-n", hub, "address", "add", f"{address_of(0)}/24", "dev", "bridge")
        _ip("-n", hub, "link", "set", "bridge", "up")
        for number in range(1, machines + 1):
            machine, port = self._add(number), f"port{number}"
            _ip("-n", hub, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", machine)
            _ip("-n", hub, "link", "set", port, "master", "bridge", "up")
            _ip("-n", machine, "address", "add", f"{address_of(number)}/24", "dev", "eth0")
            _ip("-n", machine, "link", "set", "eth0", "up")

    def _add(self, number: int) -> str:
        name = f"{self._name}-{number}"
        _ip("netns", "add", name)
        self._made.append(name)
        _ip("-n", name, "link", "set", "lo", "up")
        return name

    @contextlib.contextmanager
    def on_machine(self, number: int) -> Iterator[str]:
        """Puts this thread on a machine, 0 for the shared one: the sockets, threads and processes that it makes there
        stay there. Gives its address."""
        with Path("/proc/thread-self/ns/net").open() as before:
            with Path(f"/run/netns/{self._name}-{number}").open() as there:
                _enter(there.fileno())
            try:
                yield address_of(number)
            finally:
                _enter(before.fileno())

    def close(self) -> None:
        """Removes the namespaces. A process that still runs in one has a network without neighbours."""
        while self._made:
            _ip("netns", "delete", self._made.pop())


def address_of(number: int) -> str:
    """The address of a machine."""
    return f"10.77.0.{number + 1}"


def why_not() -> str | None:
    """Why there can be no such network here; None where there can."""
    if os.geteuid() != 0:
        return "network namespaces take root"
    try:
        Network(1).close()
    except OSError:
        return "the program ip (on Debian: apt-get install iproute2)"
    except subprocess.CalledProcessError as error:
        return f"network namespaces cannot be made here: {error.stderr.strip()}"
    return None


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


def _enter(namespace: int) -> None:
    if _libc.setns(namespace, _CLONE_NEWNET) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"setns: {os.strerror(error)}")
