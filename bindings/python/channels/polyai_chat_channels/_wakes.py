"""How the processes that share a file wake each other: each has a socket in a folder beside it."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import stat
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

_LONGEST_PATH = 100
"""How many bytes the path of a socket may have on all systems."""


class Wakes:
    """The sockets. A lost word does no harm: waiting calls ask again now and then."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._folder = file.with_name(file.name + "-wake")
        self._sockets: dict[str, socket.socket] = {}
        self._pid = os.getpid()

    def wait(self, worker: str, seconds: float) -> list[str]:
        """The words for a worker, at the latest after so many seconds."""
        try:
            listening = self._socket_of(worker)
        except OSError:  # a folder in which no socket can be: what is new is found by asking
            time.sleep(min(seconds, 0.1))
            return [""]
        select.select([listening], [], [], seconds)
        words: list[str] = []
        with contextlib.suppress(OSError, UnicodeDecodeError):
            while True:
                words.append(listening.recv(4096).decode())
        return list(dict.fromkeys(word for word in words if word))

    def tell_all(self, word: str) -> None:
        """Tells all workers that listen something."""
        with contextlib.suppress(OSError):  # none of them does
            for listening in self._folder.iterdir():
                self.tell(listening.name, word)

    def tell(self, worker: str, word: str) -> None:
        """Tells a worker something, if it listens."""
        with contextlib.suppress(OSError), self._path_of(worker) as path, _datagrams() as mine:
            mine.sendto(word.encode(), path)

    def remove(self, worker: str) -> None:
        """Removes the socket of a dead worker."""
        with contextlib.suppress(OSError):
            (self._folder / worker).unlink()

    def close(self) -> None:
        """Listens no more."""
        self._forget_those_of_a_parent()
        while self._sockets:
            worker, listening = self._sockets.popitem()
            listening.close()
            self.remove(worker)
        with contextlib.suppress(OSError):
            self._folder.rmdir()  # if that was the last one

    def _socket_of(self, worker: str) -> socket.socket:
        self._forget_those_of_a_parent()
        listening = self._sockets.get(worker)
        if listening is None:
            mode = stat.S_IMODE(self._file.stat().st_mode)
            with contextlib.suppress(FileExistsError):
                self._folder.mkdir(mode=0o700)
                self._folder.chmod(mode | (mode & 0o444) >> 2)  # who may read the file may enter
            listening = _datagrams()
            try:
                with self._path_of(worker) as path:
                    listening.bind(path)
                (self._folder / worker).chmod(mode)
            except OSError:
                listening.close()
                raise
            self._sockets[worker] = listening
        return listening

    def _forget_those_of_a_parent(self) -> None:
        if self._pid != os.getpid():
            for inherited in self._sockets.values():
                inherited.close()
            self._sockets, self._pid = {}, os.getpid()

    @contextlib.contextmanager
    def _path_of(self, worker: str) -> Generator[str, None, None]:
        path = f"{self._folder}/{worker}"
        if len(os.fsencode(path)) <= _LONGEST_PATH:
            yield path
            return
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield f"/proc/self/fd/{folder}/{worker}"
        finally:
            os.close(folder)


def _datagrams() -> socket.socket:
    one = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    one.setblocking(False)
    return one
