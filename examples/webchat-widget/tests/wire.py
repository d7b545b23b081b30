"""A wire between two programs that can be cut, can lose answers, and can hold a request for as long as a test wants."""

from __future__ import annotations

import contextlib
import socket
import threading


class Wire:
    """Carries connections to a port, from a port of its own."""

    def __init__(self) -> None:
        """Takes a free port."""
        self.loses_answers = False
        self.lost = threading.Event()
        self.held = threading.Event()
        self._to_be_held = b""
        self._released = threading.Event()
        self._to = ("127.0.0.1", 0)
        self._lock = threading.Lock()
        self._ends: set[socket.socket] = set()
        self.port = 0
        self.mend()

    @property
    def url(self) -> str:
        """Where it begins."""
        return f"http://127.0.0.1:{self.port}"

    def lead_to(self, url: str) -> None:
        """Says where it ends."""
        self._to = ("127.0.0.1", int(url.rpartition(":")[2]))

    def hold(self, text: str) -> None:
        """Holds each request with this text in it, until `release`."""
        self.held.clear()
        self._released.clear()
        self._to_be_held = text.encode()

    def release(self) -> None:
        """Lets them go."""
        self._to_be_held = b""
        self._released.set()

    def cut(self) -> None:
        """Ends every connection; who connects is refused."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listening.close()
        with self._lock:
            for end in self._ends:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Carries again, from the same port."""
        self._listening = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
        self.port = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, args=(self._listening,), daemon=True)
        self._thread.start()

    def _accept(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listening.accept()
                try:
                    far = socket.create_connection(self._to)
                except OSError:
                    near.close()
                    continue
                with self._lock:
                    self._ends |= {near, far}
                threading.Thread(target=self._carry, args=(near, far, False), daemon=True).start()
                threading.Thread(target=self._carry, args=(far, near, True), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket, is_answer: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if is_answer and self.loses_answers:
                    self.lost.set()
                    break
                if not is_answer and self._to_be_held and self._to_be_held in data:
                    self.held.set()
                    self._released.wait()
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
