"""The ways to make a turn that are compared, each in a process of its own: `stacks.py STACK URL`.

Whoever starts it writes a number of turns, one number a line; it makes them and answers with a line of JSON: the median
wall time and the processor time of a turn, in microseconds. A stack does what its user would do, JSON included, on one
connection that is kept, with a deadline of 30 s for the whole call where the stack knows such a thing.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from http.client import HTTPConnection
from io import BytesIO
from statistics import median
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

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


def polyai_chat(url: str) -> Turn:
    import polyai_chat

    conversation = polyai_chat.Client(base_url=url, timeout=DEADLINE_S, **OPTIONS).create()
    return lambda: conversation.respond(MESSAGE).response


def polyai_chat_started(url: str) -> Turn:
    import polyai_chat

    conversation = polyai_chat.Client(base_url=url, timeout=DEADLINE_S, **OPTIONS).create()

    return lambda: conversation.start(MESSAGE).result().response


async def polyai_chat_async(url: str) -> AsyncTurn:
    from polyai_chat import AsyncClient

    conversation = await AsyncClient(base_url=url, timeout=DEADLINE_S, **OPTIONS).create()

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


async def aiohttp(url: str) -> AsyncTurn:
    from aiohttp import ClientSession, ClientTimeout, TCPConnector

    conversation_id = create(url)
    session = ClientSession(
        url, headers=HEADERS, timeout=ClientTimeout(total=DEADLINE_S), connector=TCPConnector(keepalive_timeout=600)
    )

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
    "aiohttp": aiohttp,
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


def measured(run: Callable[[], list[int]]) -> dict[str, Any]:
    """The median wall time of a turn, and the processor time (user and system, all threads) of one, in microseconds."""
    before = time.process_time_ns()
    walls = run()
    spent = time.process_time_ns() - before
    return {"wall_us": median(walls) / 1000, "cpu_us": spent / len(walls) / 1000}


def serve(run: Callable[[int], list[int]]) -> None:
    """Makes as many turns as are asked for, until nobody asks any more."""
    for line in sys.stdin:
        turns = int(line)
        run(max(turns // 20, 3))  # the caches were the other stacks' meanwhile
        print(json.dumps(measured(lambda turns=turns: run(turns))), flush=True)  # type: ignore[misc]


def main(name: str, url: str) -> None:
    if name in STACKS:
        turn = STACKS[name](url)
        serve(lambda turns: timed(turn, turns))
        return
    loop = asyncio.new_event_loop()
    async_turn = loop.run_until_complete(_made(ASYNC_STACKS[name](url)))
    serve(lambda turns: loop.run_until_complete(timed_async(async_turn, turns)))


async def _made(making: Awaitable[AsyncTurn]) -> AsyncTurn:
    return await making


if __name__ == "__main__":
    main(*sys.argv[1:])
