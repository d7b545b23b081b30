"""The routes of the widget's backend, and the files of the widget.

What a browser gets is the view of its own conversation (`Transcripts.view`), or `{"problem": CODE}`, which the widget
puts into words. Keys stay in this process.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles
from polyai_chat import AsyncClient, ChatError
from polyai_chat_channels import AsyncChannel, SQLiteStore, open_store
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from .conversations import Conversations, Over
from .database import Database, DatabaseAway, InFile, InPostgres
from .desk import Desk, NoDesk
from .gate import LONGEST_TEXT, AnswerHeaders, SmallBodies, address_of, is_from_our_pages
from .limits import Limits
from .settings import Settings
from .transcripts import Session, Transcripts, new_cookie, session_id_of

WIDGET = Path(__file__).resolve().parents[1] / "widget"

log = logging.getLogger("webchat")


# More than anybody has, and less than what no database holds.
MOST_CONVERSATIONS = 2**31 - 1


class Begin(BaseModel):
    """The next conversation after this one, counted from 0."""

    after: int = Field(ge=0, le=MOST_CONVERSATIONS)


class Sentence(BaseModel):
    """What the customer says, with the id that the page has made for it."""

    number: int = Field(ge=1, le=MOST_CONVERSATIONS)
    id: UUID
    text: str = Field(min_length=1, max_length=LONGEST_TEXT)


class End(BaseModel):
    """The conversation that the customer leaves."""

    number: int = Field(ge=1, le=MOST_CONVERSATIONS)


class Refusal(Exception):
    """An answer other than a view."""

    def __init__(self, status: int, problem: str, **more: Any) -> None:
        super().__init__(problem)
        self.status = status
        self.body = {"problem": problem, **more}


def make_app(desk: Desk | None = None, settings: Settings | None = None) -> FastAPI:
    """The application; each process makes one. The client's options are in `POLYAI_…`, the rest is in `WEBCHAT_…`."""
    settings = settings or Settings.from_env()
    if "://" not in settings.database:
        Path(settings.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    client = AsyncClient.from_env(user_agent="webchat-widget/1.0")
    store = open_store(settings.database, migrate=True)
    channel = AsyncChannel(
        client,
        store,
        "webchat",
        timeout=settings.turn_seconds,
        create_options={"channel": "webchat"} if client.dialect == "current" else None,
    )
    if isinstance(store, SQLiteStore):
        database: Database = InFile(store.path.with_name(store.path.name + "-transcripts"))
    else:
        database = InPostgres(settings.database)
    transcripts, limits = Transcripts(database), Limits(database)
    conversations = Conversations(channel, transcripts, limits, desk or NoDesk(), settings)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        """At the end uvicorn has waited for the turns under way. Conversations stay open: customers go on in the next
        process, or are idle some day.
        """
        upkeep = asyncio.create_task(conversations.keep_up())
        yield
        upkeep.cancel()
        await asyncio.wait((upkeep,))
        await client.aclose()
        database.close()
        store.close()

    app = FastAPI(lifespan=lifespan, openapi_url=None)
    app.state.conversations = conversations
    cookie_name = "__Host-webchat" if settings.cookie_needs_tls else "webchat"

    async def session_of(request: Request) -> Session | None:
        cookie = request.cookies.get(cookie_name, "")
        return await asyncio.to_thread(transcripts.session, session_id_of(cookie)) if cookie else None

    async def known(request: Request) -> Session:
        session = await session_of(request)
        if session is None:
            raise Refusal(401, "no_session")
        return session

    async def from_our_pages(request: Request) -> None:
        if not is_from_our_pages(request, settings.origins):
            log.warning("refused, since WEBCHAT_ORIGINS does not list it: %.200r", request.headers.get("origin"))
            raise Refusal(403, "origin")
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            raise Refusal(415, "content_type")

    async def limit(bucket: str, most: int, seconds: float) -> None:
        wait_s = math.ceil(await asyncio.to_thread(limits.wait_for, bucket, most, seconds))
        if wait_s:
            raise Refusal(429, "too_many", wait_s=wait_s)

    async def view_of(session: Session, status: int = 200) -> JSONResponse:
        return JSONResponse(await asyncio.to_thread(transcripts.view, session.id), status)

    @app.post("/chat/open", dependencies=[Depends(from_our_pages)])
    async def open_chat(request: Request) -> Response:
        """Finds what this browser has, and gives it a cookie if it has none."""
        cookie = request.cookies.get(cookie_name, "")
        session = await session_of(request)
        if session is None:
            await limit(f"open {address_of(request)}", 2 * settings.conversations_an_hour, 3600)
            await limit("open", 2 * settings.all_conversations_an_hour, 3600)
            cookie = new_cookie()
            session = await asyncio.to_thread(transcripts.add_session, session_id_of(cookie))
        response = await view_of(session)
        response.set_cookie(
            cookie_name,
            cookie,
            max_age=int(settings.keep_seconds),
            secure=settings.cookie_needs_tls,
            httponly=True,
            samesite="strict",
        )
        return response

    @app.post("/chat/begin", dependencies=[Depends(from_our_pages)])
    async def begin(asked: Begin, request: Request) -> Response:
        """Begins a conversation, unless one is open."""
        session = await known(request)
        if session.state != "open":
            await limit(f"begin {address_of(request)}", settings.conversations_an_hour, 3600)
            await limit("begin", settings.all_conversations_an_hour, 3600)
        try:
            await conversations.begin(session, asked.after)
        except ChatError as error:
            log.warning("begin: %s", error)
            raise Refusal(503, "unavailable") from error
        return await view_of(session)

    @app.post("/chat/say", dependencies=[Depends(from_our_pages)])
    async def say(sentence: Sentence, request: Request) -> Response:
        """One sentence; its answer is in the view. 202: it is still being answered; ask again."""
        session = await known(request)
        message_id = str(sentence.id)
        # One that is known may be on its way already, and asking what became of it is not saying more.
        if not await asyncio.to_thread(transcripts.knows, session.id, sentence.number, message_id):
            await limit(f"say {session.id}", settings.messages_a_minute, 60)
            await limit(f"say {address_of(request)}", settings.address_messages_a_minute, 60)
            await limit("say", settings.all_messages_a_minute, 60)
        try:
            is_done = await conversations.say(session, sentence.number, message_id, sentence.text)
        except Over:
            raise Refusal(409, "over", view=await asyncio.to_thread(transcripts.view, session.id)) from None
        return await view_of(session, 200 if is_done else 202)

    @app.post("/chat/end", dependencies=[Depends(from_our_pages)])
    async def end(asked: End, request: Request) -> Response:
        """The customer leaves."""
        session = await known(request)
        await conversations.end(session, asked.number)
        return await view_of(session)

    @app.get("/chat/view")
    async def view(request: Request) -> Response:
        """How things stand. No page of another site can read it, since the browser asks for leave first."""
        return await view_of(await known(request))

    @app.exception_handler(Refusal)
    async def refusal(_request: Request, refusal: Refusal) -> JSONResponse:
        wait_s = refusal.body.get("wait_s")
        return JSONResponse(refusal.body, refusal.status, {"Retry-After": str(wait_s)} if wait_s else None)

    @app.exception_handler(DatabaseAway)
    async def database_is_away(_request: Request, error: DatabaseAway) -> Response:
        """Nobody knows what became of the request, so it is no JSON: as at any failure on the way, the page repeats
        it until it knows."""
        log.error("the database of the transcripts: %s", error)
        return PlainTextResponse("The database is away.", 503)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        is_long = any(found["type"] == "string_too_long" for found in error.errors())
        return JSONResponse({"problem": "too_long" if is_long else "invalid"}, 422)

    @app.exception_handler(HTTPException)
    async def not_here(_request: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"problem": "too_long" if error.status_code == 413 else "invalid"}, error.status_code)

    app.mount("/widget", StaticFiles(directory=WIDGET), name="widget")
    app.add_middleware(SmallBodies)
    app.add_middleware(AnswerHeaders, path="/chat/", headers={"Cache-Control": "no-store"})
    app.add_middleware(AnswerHeaders, path="/widget/", headers={"Cache-Control": "no-cache"})
    app.add_middleware(AnswerHeaders, path="/", headers={"X-Content-Type-Options": "nosniff"})
    app.add_middleware(
        CORSMiddleware,
        allow_origins=list(settings.origins),
        allow_credentials=True,
        allow_methods=["GET", "POST"],
        allow_headers=["Content-Type"],
        max_age=3600,
    )
    return app
