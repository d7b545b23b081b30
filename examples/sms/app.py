"""A number for SMS that a PolyAI agent answers: what Kannel calls.

Started with `uvicorn app:app --timeout-graceful-shutdown 5`; README.md says which environment variables it needs.
"""

from __future__ import annotations

import contextlib
import hmac
import logging
import os
from collections.abc import AsyncIterator

from fastapi import FastAPI, Request, Response
from polyai_chat import AsyncClient
from polyai_chat_channels import StoreError, open_async_store

import settings
from answering import Answering
from gateway import Gateway
from humans import Humans
from incoming import fields, message_of, report_of

log = logging.getLogger("sms")


def without_query(record: logging.LogRecord) -> bool:
    """Takes the query out of a line of uvicorn's access log: the key and texts are there."""
    if isinstance(record.args, tuple) and len(record.args) == 5:
        client, method, path, version, status = record.args
        record.args = (client, method, str(path).partition("?")[0], version, status)
    return True


logging.getLogger("uvicorn.access").addFilter(without_query)


@contextlib.asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """What a worker holds open; at the end, turns under way are waited for."""
    os.umask(0o077)
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
    humans = Humans(settings.FOR_HUMANS)
    async with open_async_store(settings.DATABASE, migrate=True) as store:
        client = AsyncClient.from_env(timeout=settings.TURN_SECONDS, user_agent="sms/1.0")
        gateway = Gateway()
        async with client, gateway, Answering(client, store, gateway, humans) as app.state.answering:
            yield


app = FastAPI(lifespan=lifespan, openapi_url=None)


@app.get("/message")
async def message(request: Request) -> Response:
    """Takes a message in. Kannel brings it again, with the same id, until it gets a 200: then it is in the store."""
    given = given_by_kannel(request)
    if given is None:
        return Response(status_code=403)
    found = message_of(given)
    if found is None:
        log.info("a message that cannot be answered is passed by")
        return Response(status_code=200)
    try:
        await request.app.state.answering.take_in(found)
    except StoreError as error:
        log.error("%s", error)
        return Response(status_code=503)
    return Response(status_code=200)


@app.get("/report")
async def report(request: Request) -> Response:
    """Records what became of an answer."""
    given = given_by_kannel(request)
    if given is None:
        return Response(status_code=403)
    found = report_of(given)
    try:
        if found is not None:
            await request.app.state.answering.take_report(found)
    except (StoreError, OSError) as error:
        log.error("%s", error)
        return Response(status_code=503)
    return Response(status_code=200)


def given_by_kannel(request: Request) -> dict[str, bytes] | None:
    """The fields of a call; None where it is not Kannel's."""
    try:
        given = fields(request.scope["query_string"])
    except ValueError:
        return None
    if not hmac.compare_digest(given.get("key", b""), settings.KEY.encode()):
        log.warning("a call without the key was refused")
        return None
    return given
