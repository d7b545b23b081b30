"""A FastAGI server: Asterisk's dialplan hands calls to it, which chat with a PolyAI agent by text.

Started with `python server.py [--listen 127.0.0.1:4573]`; key, token and agent come from the environment (POLYAI_...).
A thread for each call, one client for all of them. SIGTERM and Ctrl-C end it: no more calls are taken, callers who wait
for nothing go on in the dialplan, and turns under way have a while to end.
"""

from __future__ import annotations

import argparse
import logging
import math
import signal
import socket
import threading
import time

from agi import Channel, HungUp
from call import Call, Manners
from polyai_chat import Client

log = logging.getLogger("fastagi")


class Server:
    """Takes connections, each on a thread of its own."""

    def __init__(self, listener: socket.socket, client: Client, manners: Manners, most_calls: int) -> None:
        self._listener = listener
        self._client = client
        self._manners = manners
        self._places = threading.BoundedSemaphore(most_calls)
        self._stopping = threading.Event()
        self._calls: set[threading.Thread] = set()

    def run(self) -> None:
        """Serves until somebody stops it."""
        self._listener.settimeout(0.5)
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except (TimeoutError, socket.timeout):  # one and the same from Python 3.10 on
                self._calls = {call for call in self._calls if call.is_alive()}
                continue
            except OSError as error:  # no descriptor is left, for instance
                log.error("no call can be taken: %s", error)
                time.sleep(0.1)
                continue
            if not self._places.acquire(blocking=False):
                log.error("too many calls at once: the dialplan goes on without the agent")
                connection.close()
                continue
            call = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._calls.add(call)
            call.start()

    def stop(self) -> None:
        """Has `run` return, and callers who wait for nothing leave."""
        self._stopping.set()

    def finish(self, seconds: float) -> None:
        """Gives the calls so much time, then ends them."""
        self._listener.close()
        until = time.monotonic() + seconds
        for call in self._calls:
            call.join(max(0.0, until - time.monotonic()))
        self._client.close()  # each turn says what the agent may have heard
        for call in self._calls:
            call.join(5)

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                Call(self._client, Channel(connection), self._manners, self._stopping).run()
        except (HungUp, OSError):
            log.info("a connection ended before it said which call it is")
        except Exception:
            log.exception("a call has ended by a defect")
        finally:
            self._places.release()


def positive(text: str) -> float:
    """A number above 0, as an argument of the command line."""
    number = float(text)
    if not 0 < number < math.inf:
        raise ValueError
    return number


def count(text: str) -> int:
    """A whole number from 1 on, as an argument of the command line."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def address(text: str) -> tuple[str, int]:
    """HOST:PORT, as an argument of the command line."""
    host, _, port = text.rpartition(":")
    if not host or not 0 <= int(port) < 65536:
        raise ValueError
    return host, int(port)


def main() -> None:
    """Runs until a signal."""
    given = Manners()
    parser = argparse.ArgumentParser(description="Holds chats of Asterisk's calls with a PolyAI agent, over FastAGI.")
    parser.add_argument(
        "--listen", type=address, default="127.0.0.1:4573", help="FastAGI knows no passwords: stay on loopback"
    )
    parser.add_argument("--filler", default=given.filler, help="sent once in a turn that takes long; empty for none")
    parser.add_argument("--filler-after", type=positive, default=given.filler_after, help="seconds")
    parser.add_argument(
        "--silence", type=positive, default=given.silence, help="seconds that the caller may say nothing"
    )
    parser.add_argument("--turn-timeout", type=positive, default=12, help="seconds that a turn may take")
    parser.add_argument("--calls", type=count, default=200, help="at once")
    parser.add_argument(
        "--stop-within", type=positive, default=25, help="seconds that SIGTERM leaves to turns under way"
    )
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")

    client = Client.from_env(timeout=arguments.turn_timeout, user_agent="fastagi/1.0", breaker_failures=5)
    host, port = arguments.listen
    listener = socket.create_server((host, port), backlog=128)
    manners = Manners(arguments.filler, arguments.filler_after, arguments.silence)
    server = Server(listener, client, manners, arguments.calls)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    print(f"listening on {host}:{listener.getsockname()[1]}", flush=True)
    server.run()
    server.finish(arguments.stop_within)


if __name__ == "__main__":
    main()
