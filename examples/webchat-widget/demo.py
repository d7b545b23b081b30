"""Somebody's shop with the widget in its page, to try it with. `uvicorn --factory demo:make_app` serves both."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import RedirectResponse, Response
from fastapi.staticfiles import StaticFiles

from webchat.app import make_app as make_widget
from webchat.conversations import Conversations
from webchat.desk import Case
from webchat.gate import AnswerHeaders

# As strict as a policy can be: the widget needs a script and a connection, from where it comes, and nothing else.
POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class DemoDesk:
    """A human desk at which nobody sits. It answers by itself, and gives the customer back on the word "back"."""

    conversations: Conversations

    async def take_over(self, case: Case) -> None:
        """A colleague introduces himself a moment later, as colleagues do."""
        self._later = asyncio.create_task(self._greet(case.reference))

    async def customer_says(self, reference: str, message_id: str, text: str) -> None:
        """What the customer says to the human."""
        if text.strip().lower() == "back":
            await self.conversations.human_is_done(reference)
        else:
            await self.conversations.human_says(reference, "(Nobody is here: this is a demonstration. Say “back”.)")

    async def customer_leaves(self, reference: str) -> None:
        """The customer has ended the chat."""

    async def _greet(self, reference: str) -> None:
        await asyncio.sleep(1)
        await self.conversations.human_says(reference, "Sam from the returns desk here. How can I help?")


def make_app() -> FastAPI:
    """The widget's backend, and a page that has the widget."""
    desk = DemoDesk()
    app = make_widget(desk)
    desk.conversations = app.state.conversations

    @app.get("/")
    async def home() -> Response:
        return RedirectResponse("/shop/")

    app.add_middleware(AnswerHeaders, path="/", headers={"Content-Security-Policy": POLICY})
    app.mount("/shop", StaticFiles(directory=Path(__file__).with_name("shop"), html=True), name="shop")
    return app
