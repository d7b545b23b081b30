"""A human desk that writes down what it is told, in DESK_DIRECTORY. A file `closed` there closes the desk."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request

from webchat.app import make_app as make_widget
from webchat.desk import Case


class RecordingDesk:
    """The desk."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def _record(self, what: str, **more: Any) -> None:
        if (self._directory / "closed").exists():
            raise ConnectionError("the desk is closed")
        with (self._directory / "told").open("a") as file:
            file.write(json.dumps({"what": what, **more}) + "\n")

    async def take_over(self, case: Case) -> None:
        """A new case."""
        said = [[line.who, line.text] for line in case.transcript]
        self._record(
            "case",
            reference=case.reference,
            destination=case.destination,
            reason=case.reason,
            raw=case.raw,
            conversation_id=case.conversation_id,
            said=said,
        )

    async def customer_says(self, reference: str, message_id: str, text: str) -> None:
        """What the customer says to the human."""
        self._record("says", reference=reference, message_id=message_id, text=text)

    async def customer_leaves(self, reference: str) -> None:
        """The customer has ended the chat."""
        self._record("leaves", reference=reference)


def make_app() -> FastAPI:
    """The widget's backend with this desk, and a route by which the desk answers."""
    app = make_widget(RecordingDesk(Path(os.environ["DESK_DIRECTORY"])))

    @app.post("/desk")
    async def answer(request: Request) -> bool:
        told = await request.json()
        if told["is_done"]:
            await app.state.conversations.human_is_done(told["reference"])
            return True
        is_there: bool = await app.state.conversations.human_says(told["reference"], told["text"])
        return is_there

    return app
