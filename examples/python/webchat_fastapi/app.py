"""A web-chat backend: the browser talks to this program, and this program to the agent. Keys never leave it.

Started with `WEBCHAT_COOKIE_KEY=... uvicorn app:app --timeout-graceful-shutdown 25`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections import OrderedDict
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from gate import Limit, SmallBodies, address_of, check_page, origin_of
from polyai_chat import AsyncClient, AsyncConversation, ChatError, Reply
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.middleware.sessions import SessionMiddleware


def setting(name: str, *choices: str) -> str:
    """What the environment says; empty is not set. Of choices the first is the default; without any it must be set."""
    value = os.environ.get(name, "").strip() or next(iter(choices), "")
    if not value:
        raise ValueError(f"{name} is not set")
    if choices and value not in choices:
        raise ValueError(f"{name} is {value!r}: {' or '.join(choices)}")
    return value


def number(name: str, default: int) -> int:
    """A whole number from 1 on."""
    value = os.environ.get(name, "").strip() or str(default)
    if not value.isdecimal() or not 1 <= int(value[:10]) < 10**9:
        raise ValueError(f"{name} is {value!r}: a number from 1 on")
    return int(value)


# A long random text, the same in all processes and after a restart. Who knows it can make cookies.
COOKIE_KEY = setting("WEBCHAT_COOKIE_KEY")
# "no" is for a developer's machine, where there is no TLS.
COOKIE_NEEDS_TLS = setting("WEBCHAT_COOKIE_NEEDS_TLS", "yes", "no") == "yes"
# "keep" is for deployments: customers go on with the next process. "close" is for taking the chat away.
CLOSE_AT_SHUTDOWN = setting("WEBCHAT_AT_SHUTDOWN", "keep", "close") == "close"
# The pages that may use the chat, such as https://chat.example.com. Those under localhost or an IP address may anyway.
ORIGINS = tuple(origin_of(one.strip()) for one in os.environ.get("WEBCHAT_ORIGINS", "").split(",") if one.strip())
# For each address, and for all: what bounds what anybody can cost you.
STARTS = Limit(number("WEBCHAT_STARTS_AN_HOUR", 60), number("WEBCHAT_ALL_STARTS_AN_HOUR", 1200), 3600)
TURNS = Limit(number("WEBCHAT_TURNS_A_MINUTE", 120), number("WEBCHAT_ALL_TURNS_A_MINUTE", 2000), 60)
LONGEST_WAIT = 3600  # seconds that a customer is asked for
SHUTDOWN_SECONDS = 5.0
MOST_REMEMBERED = 10_000

log = logging.getLogger("webchat")
client = AsyncClient.from_env(timeout=20, user_agent="webchat/1.0")

# Turns that go through the same object are sent one at a time, in their order. A conversation that is no longer
# remembered, or is older than this process, is attached to by its id: nothing is lost with this dict.
conversations: OrderedDict[str, AsyncConversation] = OrderedDict()


@contextlib.asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """At the end, when uvicorn has waited for the turns under way."""
    yield
    if CLOSE_AT_SHUTDOWN:
        await close_all()
    await client.aclose()


app = FastAPI(lifespan=lifespan, openapi_url=None)
app.add_middleware(
    SessionMiddleware,  # signs the cookie and makes it HttpOnly
    secret_key=COOKIE_KEY,
    session_cookie="webchat",
    same_site="strict",
    https_only=COOKIE_NEEDS_TLS,
    max_age=8 * 60 * 60,
)
app.add_middleware(SmallBodies)


async def from_our_page(request: Request) -> None:
    """Every POST, since each does something for the customer whose cookie comes with it."""
    check_page(request, ORIGINS)


OURS = [Depends(from_our_page)]


class Sentence(BaseModel):
    """What the customer says."""

    text: str = Field(min_length=1, max_length=4000)


@app.get("/")
async def page() -> FileResponse:
    """A page to try it with."""
    return FileResponse(Path(__file__).with_name("page.html"))


@app.post("/chat/start", dependencies=OURS)
async def start(request: Request) -> Response:
    """Begins a conversation, or finds the one that this browser has, also after a restart of this program."""
    conversation = conversation_of(request)
    if conversation is None:
        STARTS.take(address_of(request))
        try:
            conversation = await client.create()
        except ChatError as error:
            return failure(error, is_over=True)
        remember(conversation)
        request.session["conversation"] = conversation.id
    return JSONResponse(
        {
            "agent": conversation.greeting.response or None,
            # The last sentence got no answer, and the agent may have heard it.
            "in_doubt": conversation.state == "in_doubt",
        }
    )


@app.post("/chat/say", dependencies=OURS)
async def say(sentence: Sentence, request: Request) -> Response:
    """One turn. When the browser leaves before the answer, the turn is cancelled."""
    conversation = conversation_of(request)
    if conversation is None:
        return JSONResponse(problem("This conversation is over.", may_send_again=False, is_over=True), 410)
    TURNS.take(address_of(request))
    try:
        reply = await while_connected(request, conversation, sentence.text)
    except ChatError as error:
        if conversation.ended:
            forget(request, conversation)
        return failure(error, is_over=conversation.ended)
    if reply is None:
        log.info("the browser left during a turn of %s, which is now %s", conversation.id, conversation.state)
        return Response(status_code=499)  # which nobody reads
    if reply.end_conversation:
        forget(request, conversation)
    handoff = reply.handoff
    return JSONResponse(
        {
            "agent": reply.response,
            "is_over": reply.end_conversation,
            # For the page to open what comes next. What else a handoff holds (`handoff.raw`) may not be for customers.
            "handoff": {"destination": handoff.destination, "reason": handoff.reason} if handoff else None,
        }
    )


@app.post("/chat/end", dependencies=OURS)
async def end(request: Request) -> Response:
    """The customer is done. To them it always succeeds."""
    conversation = conversation_of(request)
    if conversation is not None:
        forget(request, conversation)
        try:
            await conversation.close()
        except ChatError as error:  # the service ends it by itself, later
            log.warning("close: %s", error)
    return Response(status_code=204)


def conversation_of(request: Request) -> AsyncConversation | None:
    """The conversation that the browser's cookie names."""
    conversation_id = request.session.get("conversation")
    if conversation_id is None:
        return None
    conversation = conversations.get(conversation_id)
    if conversation is None:
        conversation = client.attach(conversation_id)
    remember(conversation)
    return conversation


def remember(conversation: AsyncConversation) -> None:
    """Keeps it as the one used last."""
    conversations[conversation.id] = conversation
    conversations.move_to_end(conversation.id)
    if len(conversations) > MOST_REMEMBERED:
        conversations.popitem(last=False)


def forget(request: Request, conversation: AsyncConversation) -> None:
    """For one that is over: the next start begins another."""
    conversations.pop(conversation.id, None)
    request.session.clear()


async def while_connected(request: Request, conversation: AsyncConversation, text: str) -> Reply | None:
    """The agent's reply; None when the browser has left, and the turn with it."""
    turn = asyncio.ensure_future(conversation.respond(text))
    left = asyncio.ensure_future(request.receive())  # the body has been read, so what comes next is the disconnect
    try:
        await asyncio.wait((turn, left), return_when=asyncio.FIRST_COMPLETED)
        if turn.done():
            return turn.result()
        turn.cancel()
        await asyncio.wait((turn,))  # milliseconds; then it is known whether the agent may have heard it
        return None
    finally:
        turn.cancel()
        left.cancel()


def failure(error: ChatError, *, is_over: bool) -> JSONResponse:
    """What a customer may see of an error. The log gets the rest, with the id that the service's support asks for."""
    log.warning("%s", error)
    if is_over:
        return JSONResponse(problem("Please start again.", may_send_again=False, is_over=True), 410)
    if not error.may_resend:
        text = "We cannot tell whether the agent got your message. Please ask before you repeat it."
        return JSONResponse(problem(text, may_send_again=False, is_over=False), 502)
    headers = {"Retry-After": str(int(min(error.retry_after + 1, LONGEST_WAIT)))} if error.retry_after else None
    text = "Your message did not get through. Please send it again in a moment."
    return JSONResponse(problem(text, may_send_again=True, is_over=False), 503, headers)


@app.exception_handler(HTTPException)
async def refused(_request: Request, error: HTTPException) -> JSONResponse:
    """What the gate does not let through."""
    text = problem(error.detail, may_send_again=error.status_code == 429, is_over=False)
    return JSONResponse(text, error.status_code, error.headers)


@app.exception_handler(RequestValidationError)
async def invalid(_request: Request, _error: RequestValidationError) -> JSONResponse:
    """Says nothing of what was sent."""
    return JSONResponse(problem("The agent cannot take this.", may_send_again=False, is_over=False), 422)


def problem(text: str, *, may_send_again: bool, is_over: bool) -> dict[str, object]:
    """The form of all problems."""
    return {"problem": text, "may_send_again": may_send_again, "is_over": is_over}


async def close_all() -> None:
    """Closes what is open, a few at a time, and gives up what is not closed when the time is over."""
    a_few = asyncio.Semaphore(32)

    async def close(conversation: AsyncConversation) -> None:
        async with a_few:
            await conversation.close()

    closing = asyncio.gather(*map(close, conversations.values()), return_exceptions=True)
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(closing, SHUTDOWN_SECONDS)
