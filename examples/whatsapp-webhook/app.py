"""A WhatsApp number that a PolyAI agent answers: the webhook that Meta calls.

Started with `uvicorn app:app --timeout-graceful-shutdown 5`; README.md says which environment variables it needs.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import logging
from collections.abc import AsyncIterator

from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import PlainTextResponse
from polyai_chat import AsyncClient
from polyai_chat_channels import StoreError, open_async_store

import settings
import webhook
from answering import Answering
from graph import Graph
from humans import Humans

MOST_BYTES = 4 * 1024 * 1024  # Meta sends 3 MB at most

log = logging.getLogger("whatsapp")


def without_query(record: logging.LogRecord) -> bool:
    """Takes the query out of a line of uvicorn's access log: Meta puts the verify token there."""
    if isinstance(record.args, tuple) and len(record.args) == 5:
        client, method, path, version, status = record.args
        record.args = (client, method, str(path).partition("?")[0], version, status)
    return True


logging.getLogger("uvicorn.access").addFilter(without_query)


@contextlib.asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """What a worker holds open; at the end, turns under way are waited for."""
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
    humans = Humans(settings.FOR_HUMANS)
    async with open_async_store(settings.DATABASE, migrate=True) as store:
        client = AsyncClient.from_env(timeout=settings.TURN_SECONDS, user_agent="whatsapp/1.0")
        graph = Graph(settings.GRAPH_URL, settings.GRAPH_VERSION, settings.read_access_token)
        async with client, graph, Answering(client, store, graph, humans) as app.state.answering:
            yield


app = FastAPI(lifespan=lifespan, openapi_url=None)


@app.get("/webhook")
async def verify(
    mode: str = Query("", alias="hub.mode"),
    token: str = Query("", alias="hub.verify_token"),
    challenge: str = Query("", alias="hub.challenge"),
) -> Response:
    """Meta asks once, when the webhook is entered in the app's settings."""
    if mode != "subscribe" or not hmac.compare_digest(token.encode(), settings.VERIFY_TOKEN.encode()):
        return Response(status_code=403)
    return PlainTextResponse(challenge)


@app.post("/webhook")
async def receive(request: Request) -> Response:
    """Takes messages in. Meta waits a few seconds for the 200 and delivers again without it, so the agent is asked
    afterwards: what was confirmed is in the store."""
    body = await body_of(request)
    if body is None:
        return Response(status_code=413)
    if not webhook.is_signed(body, request.headers.get("X-Hub-Signature-256", ""), settings.APP_SECRET):
        log.warning("a request without a valid signature was refused")
        return Response(status_code=401)
    try:
        messages = webhook.messages(json.loads(body))
    except (ValueError, RecursionError):
        return Response(status_code=400)
    try:
        await request.app.state.answering.take_in(messages)
    except StoreError as error:
        log.error("%s", error)
        return Response(status_code=503)  # it is delivered again
    return Response(status_code=200)


async def body_of(request: Request) -> bytes | None:
    """The bytes of the body, as they were signed; None where there are too many."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            return None
    return body
