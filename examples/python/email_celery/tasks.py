"""The worker that answers e-mails. A thread of e-mails is one conversation, and no e-mail is put to the agent twice.

Started with `celery -A tasks worker --pool prefork`.
"""

from __future__ import annotations

import hashlib
import os
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from celery import Task
from celery.utils.log import get_task_logger
from polyai_chat import ChatError, Client, Conversation

import ledger
from broker import app

# What a create and what a turn may take. When the claim is over, its owner has therefore finished, or has died.
TURN_SECONDS = float(os.environ.get("MAIL_TURN_SECONDS", "60"))
CLAIM_SECONDS = 3 * TURN_SECONDS
MOST_RETRIES = 20  # about two hours
OUTBOX = Path(os.environ.get("MAIL_OUTBOX", "outbox"))

log = get_task_logger(__name__)
client = Client.from_env(timeout=TURN_SECONDS, user_agent="mail/1.0")  # once, before the pool forks


@app.task(bind=True, max_retries=None)
def answer(self: Task[Any, Any], mail: dict[str, str]) -> None:
    """Answers one e-mail. May be run any number of times for it, also at the same time."""
    claim = ledger.claim(mail["message_id"], mail["thread_id"], CLAIM_SECONDS)
    if claim.state == "busy":
        raise self.retry(countdown=claim.seconds)
    if claim.state in ("answered", "handed_off"):
        send(mail, claim.note)  # by whoever died between the two
        return
    if claim.state != "mine":
        log.warning("for a human: %s, %s", mail["message_id"], claim.note)
        return
    conversation = None
    try:
        conversation = conversation_of(mail)
        reply = conversation.respond(mail["text"])
    except ChatError as error:
        if conversation is not None and conversation.ended:  # after days of silence, say: the next try begins another
            ledger.set_conversation(mail["thread_id"], None)
        if error.may_resend and self.request.retries < MOST_RETRIES:
            seconds = error.retry_after or min(2.0**self.request.retries, 600)
            ledger.settle(claim, "waiting", str(error), seconds + CLAIM_SECONDS)
            raise self.retry(exc=error, countdown=seconds) from error
        ledger.settle(claim, "for_a_human", str(error))
        log.warning("for a human: %s, %s", mail["message_id"], error)
        return
    if reply.end_conversation:
        ledger.set_conversation(mail["thread_id"], None)
    if ledger.settle(claim, "handed_off" if reply.handoff else "answered", reply.response):
        send(mail, reply.response)
    else:
        log.warning("for a human: %s, the agent's reply came after its claim was over", mail["message_id"])


def conversation_of(mail: dict[str, str]) -> Conversation:
    """The conversation of the e-mail's thread; a new one where it has none."""
    conversation_id = ledger.conversation_of(mail["thread_id"])
    if conversation_id is not None:
        return client.attach(conversation_id)
    conversation = client.create(integration_attributes={"channel": "email", "subject": mail["subject"]})
    ledger.set_conversation(mail["thread_id"], conversation.id)
    return conversation


def send(mail: dict[str, str], text: str) -> None:
    """Leaves the answer in the outbox, for a mail server. Done twice it is still one file with one Message-ID."""
    name = hashlib.sha256(mail["message_id"].encode()).hexdigest()
    letter = EmailMessage()
    letter["From"], letter["To"] = mail["recipient"], mail["sender"]
    letter["Subject"] = "Re: " + mail["subject"]
    letter["Message-ID"] = f"<{name}@answers.example>"  # your domain
    letter["In-Reply-To"] = mail["message_id"]
    letter["References"] = " ".join(dict.fromkeys((mail["thread_id"], mail["message_id"])))
    letter["Auto-Submitted"] = "auto-replied"  # other robots do not answer it
    letter.set_content(text)
    OUTBOX.mkdir(exist_ok=True)
    unfinished = OUTBOX / f"{name}.{os.getpid()}"
    unfinished.write_bytes(letter.as_bytes())
    unfinished.replace(OUTBOX / f"{name}.eml")
