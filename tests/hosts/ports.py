"""Ports for servers that cannot choose a free port themselves and report it."""

from __future__ import annotations

import random
import socket
from pathlib import Path

_PORTS = range(12_000, 20_000)
_locks: list[socket.socket] = []


def free_port() -> int:
    """A port for TCP and UDP on loopback, which no other test gets until this process ends.

    Not one that the kernel has chosen and taken back: before the server starts, it may become the port of a connection.
    The kernel never chooses these.
    """
    chosen_from = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    if chosen_from < _PORTS.stop:
        raise OSError(f"net.ipv4.ip_local_port_range begins at {chosen_from}, and has to at {_PORTS.stop} or higher")
    for port in random.sample(_PORTS, len(_PORTS)):
        lock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            lock.bind(f"\0polyai-chat-test-port-{port}")  # a name that only one process can have, and that ends with it
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                with socket.socket(socket.AF_INET, kind) as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            lock.close()
            continue
        _locks.append(lock)
        return port
    raise OSError(f"no port of {_PORTS} is free")
