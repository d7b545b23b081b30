"""The ways to make a turn that are compared, each in a process of its own: `stacks.py STACK URL`.

It takes the options of `c/turns.c`, but for `--first`, and answers its input as that does. A stack does what its user
would do, JSON included, on one connection that is kept, with a deadline of 30 s for the whole call where it knows such
a thing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from http.client import HTTPConnection
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import aiohttp
    import polyai_chat as polyai_chat_package

    Turn = Callable[[], str]
    AsyncTurn = Callable[[], Awaitable[str]]

MESSAGE = "Where is my order?"
REPLY = "Your order was dispatched yesterday, and should be with you by Thursday. Is there anything else?"
DEADLINE_S = 30.0

OPTIONS: dict[str, Any] = {
    "account_id": "simulator-account",
    "project_id": "simulator-project",
    "api_key": "simulator-key",
    "token": "simulator-token",
}
HEADERS = {"X-API-KEY": OPTIONS["api_key"], "X-TOKEN": OPTIONS["token"]}
CHAT = f"/v1/{OPTIONS['account_id']}/{OPTIONS['project_id']}/chat"
RESPOND = f"{CHAT}/respond"


def create(url: str) -> str:
    """Creates a conversation for a stack that only makes turns, and returns its id."""
    connection = HTTPConnection(urlsplit(url).netloc)
    connection.request("POST", f"{CHAT}/create", "{}", {**HEADERS, "Content-Type": "application/json"})
    conversation_id: str = json.load(connection.getresponse())["conversation_id"]
    connection.close()
    return conversation_id


def turn_of(conversation_id: str) -> dict[str, str]:
    """What a turn says, before it is JSON."""
    return {"conversation_id": conversation_id, "message": MESSAGE}


def bare_socket(url: str) -> Turn:
    """The floor: a request that is ready, and an answer that nobody reads."""
    import socket

    address = urlsplit(url)
    body = json.dumps(turn_of(create(url)))
    headers = {**HEADERS, "Host": address.netloc, "Content-Type": "application/json", "Content-Length": len(body)}
    head = [f"POST {RESPOND} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    request = ("\r\n".join(head) + "\r\n\r\n" + body).encode()
    connection = socket.create_connection((address.hostname, address.port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def turn() -> str:
        connection.sendall(request)
        answer = connection.recv(65536)
        while not answer.endswith(b"}"):
            answer += connection.recv(65536)
        return REPLY

    return turn


@cache
def client(url: str) -> polyai_chat_package.Client:
    """One for all conversations."""
    from polyai_chat import Client

    return Client(base_url=url, timeout=DEADLINE_S, **OPTIONS)


def polyai_chat(url: str) -> Turn:
    conversation = client(url).create()
    return lambda: conversation.respond(MESSAGE).response


def polyai_chat_started(url: str) -> Turn:
    conversation = client(url).create()
    return lambda: conversation.start(MESSAGE).result().response


async def polyai_chat_async(url: str) -> AsyncTurn:
    from polyai_chat import AsyncClient

    conversation = await AsyncClient(client(url)).create()

    async def turn() -> str:
        return (await conversation.respond(MESSAGE)).response

    return turn


def http_client(url: str) -> Turn:
    conversation_id = create(url)
    connection = HTTPConnection(urlsplit(url).netloc, timeout=DEADLINE_S)
    headers = {**HEADERS, "Content-Type": "application/json"}

    def turn() -> str:
        connection.request("POST", RESPOND, json.dumps(turn_of(conversation_id)), headers)
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise RuntimeError(body)
        return str(json.loads(body)["response"])

    return turn


def requests(url: str) -> Turn:
    from requests import Session

    conversation_id = create(url)
    session = Session()
    session.headers.update(HEADERS)

    def turn() -> str:
        response = session.post(url + RESPOND, json=turn_of(conversation_id), timeout=DEADLINE_S)
        response.raise_for_status()
        return str(response.json()["response"])

    return turn


def httpx(url: str) -> Turn:
    from httpx import Client, Limits

    conversation_id = create(url)
    # By itself it would close the connection while the other stacks have their turns.
    client = Client(base_url=url, headers=HEADERS, timeout=DEADLINE_S, limits=Limits(keepalive_expiry=None))

    def turn() -> str:
        response = client.post(RESPOND, json=turn_of(conversation_id))
        response.raise_for_status()
        return str(response.json()["response"])

    return turn


def pycurl(url: str) -> Turn:
    from pycurl import RESPONSE_CODE, Curl  # type: ignore[import-untyped, unused-ignore]

    conversation_id = create(url)
    curl = Curl()
    curl.setopt(curl.URL, url + RESPOND)
    headers = {**HEADERS, "Content-Type": "application/json"}
    curl.setopt(curl.HTTPHEADER, [f"{name}: {value}" for name, value in headers.items()])
    curl.setopt(curl.TIMEOUT_MS, int(DEADLINE_S * 1000))

    def turn() -> str:
        body = BytesIO()
        curl.setopt(curl.POSTFIELDS, json.dumps(turn_of(conversation_id)))
        curl.setopt(curl.WRITEDATA, body)
        curl.perform()
        if curl.getinfo(RESPONSE_CODE) != 200:
            raise RuntimeError(body.getvalue())
        return str(json.loads(body.getvalue())["response"])

    return turn


@cache
def aiohttp_session(url: str) -> aiohttp.ClientSession:
    """One for all conversations, with as many connections as they need."""
    from aiohttp import ClientSession, ClientTimeout, TCPConnector

    connector = TCPConnector(keepalive_timeout=600, limit=0)
    return ClientSession(url, headers=HEADERS, timeout=ClientTimeout(total=DEADLINE_S), connector=connector)


async def aiohttp_turn(url: str) -> AsyncTurn:
    session = aiohttp_session(url)
    async with session.post(f"{CHAT}/create", json={}) as greeting:
        conversation_id = (await greeting.json())["conversation_id"]

    async def turn() -> str:
        async with session.post(RESPOND, json=turn_of(conversation_id)) as response:
            response.raise_for_status()
            return str((await response.json())["response"])

    return turn


STACKS: dict[str, Callable[[str], Turn]] = {
    "bare socket": bare_socket,
    "polyai_chat": polyai_chat,
    "polyai_chat, started": polyai_chat_started,
    "http.client": http_client,
    "pycurl": pycurl,
    "requests": requests,
    "httpx": httpx,
}
ASYNC_STACKS: dict[str, Callable[[str], Awaitable[AsyncTurn]]] = {
    "polyai_chat, async": polyai_chat_async,
    "aiohttp": aiohttp_turn,
}


def check(reply: str) -> None:
    """A stack that is fast because it fails would be of no interest."""
    if reply != REPLY:
        raise RuntimeError(f"this is not the reply: {reply!r}")


def timed(turn: Turn, turns: int) -> list[int]:
    """The wall time of each turn, in nanoseconds."""
    clock, walls = time.perf_counter_ns, []
    for _ in range(turns):
        began = clock()
        reply = turn()
        walls.append(clock() - began)
        check(reply)
    return walls


async def timed_async(turn: AsyncTurn, turns: int) -> list[int]:
    """As `timed`, with one turn in flight."""
    clock, walls = time.perf_counter_ns, []
    for _ in range(turns):
        began = clock()
        reply = await turn()
        walls.append(clock() - began)
        check(reply)
    return walls


def measured(run: Callable[[], list[int]]) -> dict[str, float]:
    """What the turns took: the processor time is user and system, of all threads."""
    began, before = time.perf_counter_ns(), time.process_time_ns()
    walls = run()
    spent, took = time.process_time_ns() - before, time.perf_counter_ns() - began
    walls.sort()
    return {
        "wall_us": walls[len(walls) // 2] / 1e3,
        "p99_us": walls[len(walls) * 99 // 100] / 1e3,
        "cpu_us": spent / len(walls) / 1e3,
        "turns_per_s": len(walls) * 1e9 / took,
    }


def serve(run: Callable[[int], list[int]]) -> None:
    """Makes as many turns as are asked for, until nobody asks any more."""
    print("ready", flush=True)
    for line in sys.stdin:
        turns = int(line)
        print(json.dumps(measured(lambda turns=turns: run(turns))), flush=True)  # type: ignore[misc]


def timed_by_threads(conversations: list[Turn], turns: int) -> list[int]:
    """As many turns in flight as there are conversations."""
    with ThreadPoolExecutor(len(conversations)) as threads:
        return [wall for walls in threads.map(lambda turn: timed(turn, turns), conversations) for wall in walls]


async def opened(open_one: Callable[[str], Awaitable[AsyncTurn]], url: str, count: int) -> list[AsyncTurn]:
    return list(await asyncio.gather(*(open_one(url) for _ in range(count))))


async def timed_together(conversations: list[AsyncTurn], turns: int) -> list[int]:
    """As many turns in flight as there are conversations."""
    walls = await asyncio.gather(*(timed_async(turn, turns) for turn in conversations))
    return [wall for of_one in walls for wall in of_one]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stack", choices=[*STACKS, *ASYNC_STACKS])
    parser.add_argument("url")
    parser.add_argument("--ca", metavar="FILE")
    parser.add_argument("--conversations", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.ca:
        OPTIONS["ca_file"] = arguments.ca
    if arguments.stack in STACKS:
        held = [STACKS[arguments.stack](arguments.url) for _ in range(arguments.conversations)]
        serve(lambda turns: timed(held[0], turns) if len(held) == 1 else timed_by_threads(held, turns))
        return
    loop = asyncio.new_event_loop()
    making = opened(ASYNC_STACKS[arguments.stack], arguments.url, arguments.conversations)
    conversations = loop.run_until_complete(making)
    serve(lambda turns: loop.run_until_complete(timed_together(conversations, turns)))


if __name__ == "__main__":
    main()
