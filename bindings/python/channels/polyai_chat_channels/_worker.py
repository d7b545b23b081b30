"""This process as a worker of a store: its heartbeat, and its wake-ups."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import socket
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ._errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from ._store import Store

_BEAT_TIMEOUT = 5.0
_REST_AFTER_SECONDS = 330.0
"""How long nothing may have been asked of the store until its thread ends: longer than anything is kept to itself."""

_log = logging.getLogger("polyai_chat_channels")


class Worker:
    """The identity of this process in a store.

    Its one thread runs while the store is used, and for five minutes after.
    """

    def __init__(self, store: Store) -> None:
        self.id = uuid.uuid4().hex
        self._store = store
        self._about = f"{socket.gethostname()} {os.getpid()} {Path(sys.argv[0] or 'python').name}"[:200]
        self.pid = os.getpid()
        self._lock = threading.Lock()
        self._watches: dict[str, list[Watch]] = {}
        self._thread: threading.Thread | None = None
        self._is_to_stop = threading.Event()
        self._used_at = time.monotonic()
        self._debts: list[tuple[float, Callable[[Store], object]]] = []
        before_close: list[Callable[[], None]] = getattr(store, "_before_close", [])
        before_close.append(self.stop)

    @property
    def is_at_work(self) -> bool:
        """Whether its heart beats."""
        self._used_at = time.monotonic()
        return self._thread is not None and self._thread.is_alive() and not self._is_to_stop.is_set()

    def begin(self) -> None:
        """Lets its heart beat. Blocks for the first one, so that the store knows of it before it has anything."""
        with self._lock:
            if self.is_at_work:
                return
            due = self._store.beat(self.id, self._about, timeout=_BEAT_TIMEOUT)
            self._is_to_stop.clear()
            name = f"polyai-channel {self.id[:8]}"
            self._thread = threading.Thread(target=self._work, args=(due,), name=name, daemon=True)
            self._thread.start()
            _at_work.add(self)

    def stop(self) -> None:
        """Ends its thread, until it is asked to begin again."""
        thread = self._thread
        if self.pid != os.getpid() or thread is None or thread is threading.current_thread():
            return
        self._is_to_stop.set()
        self._store.wake(self.id)
        thread.join(_BEAT_TIMEOUT)
        _at_work.discard(self)

    def owes(self, until: float, call: Callable[[Store], object]) -> None:
        """Has something done that the store could not do, when it can again, but not after that time."""
        with self._lock:
            self._debts.append((until, call))

    @contextlib.contextmanager
    def watch(self, *words: str) -> Generator[Watch, None, None]:
        """Something that is told when this worker is told one of these words."""
        watch = self.keep_watch(*words)
        try:
            yield watch
        finally:
            with self._lock:
                for word in words:
                    watches = self._watches[word]
                    watches.remove(watch)
                    if not watches:
                        del self._watches[word]

    def keep_watch(self, *words: str) -> Watch:
        """The same for as long as the store lives."""
        watch = Watch()
        with self._lock:
            for word in words:
                self._watches.setdefault(word, []).append(watch)
        return watch

    def tell(self, word: str) -> None:
        """Passes a word to the watches for it in this process."""
        with self._lock:
            if word:
                watches = list(self._watches.get(word, ()))
            else:  # nobody knows what: all look
                watches = [watch for watched in self._watches.values() for watch in watched]
        for watch in watches:
            watch.tell()

    def _work(self, due: float) -> None:
        is_failing = False
        while not self._is_to_stop.is_set():
            if time.monotonic() - self._used_at > _REST_AFTER_SECONDS:
                return
            try:
                until = time.monotonic() + due
                while (left := until - time.monotonic()) > 0 and not self._is_to_stop.is_set():
                    for word in self._store.wait(self.id, left):
                        self.tell(word)
                if not self._is_to_stop.is_set():
                    due = self._store.beat(self.id, self._about, timeout=_BEAT_TIMEOUT)
                    self._pay()
                is_failing = False
            except StoreError as error:
                if not is_failing:
                    _log.warning("the store cannot be told that this process lives, and is asked again: %s", error)
                is_failing = True
                due = 0.0
                self._is_to_stop.wait(1.0)

    def _pay(self) -> None:
        while self._debts:
            until, call = self._debts[0]
            if time.monotonic() < until:
                call(self._store)
            with self._lock:
                del self._debts[0]


class Watch:
    """A wake-up that somebody waits for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_told = False
        self._callbacks: list[Callable[[], None]] = []

    def tell(self) -> None:
        """Has every waiting call look again."""
        with self._lock:
            self._is_told = True
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def forget(self) -> None:
        """Forgets earlier words."""
        with self._lock:
            self._is_told = False

    def then(self, callback: Callable[[], None]) -> None:
        """Calls a function when it is told, at once if it was since the last time, by whatever thread."""
        with self._lock:
            if not self._is_told:
                self._callbacks.append(callback)
                return
        callback()

    def was_told(self, callback: Callable[[], None]) -> bool:
        """Whether it was told since the last time; calls that function no more."""
        with self._lock:
            with contextlib.suppress(ValueError):
                self._callbacks.remove(callback)
            was_told, self._is_told = self._is_told, False
            return was_told

    def wait(self, seconds: float) -> bool:
        """Waits until it is told, blocking; whether it was."""
        event = threading.Event()
        self.then(event.set)
        event.wait(seconds)
        return self.was_told(event.set)


_workers: WeakKeyDictionary[Any, Worker] = WeakKeyDictionary()
_at_work: set[Worker] = set()


def worker_of(store: Any) -> Worker:
    """This process as a worker of a store; in a forked child it is another one."""
    worker = _workers.get(store)
    if worker is None or worker.pid != os.getpid():
        worker = _workers[store] = Worker(getattr(store, "blocking", store))
    return worker


@atexit.register
def _stop_all() -> None:
    for worker in list(_at_work):
        with contextlib.suppress(Exception):
            worker.stop()
