"""Ports for servers that a test starts, where the server cannot take any free port and say which it got."""

from __future__ import annotations

import random
import socket

# Linux takes the port of a connection, or of a socket that asks for any, from 32768 on.
_PORTS = range(12_000, 20_000)
_locks: list[socket.socket] = []


def free_port() -> int:
    """A port for TCP and UDP on loopback, which no other test gets until this process ends.

    A port that the kernel gives, and takes back before the server starts, may be that of somebody's connection by then.
    """
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
