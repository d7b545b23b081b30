"""What customers write, kept for the agent at the moment when the helpdesk has it. Nothing is sent here.

It runs in the web process that saves the ticket, or in `get_email`, and in their transaction where they have one.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from functools import partial
from typing import Any

from django.db import transaction
from django.dispatch import Signal, receiver
from helpdesk.decorators import is_helpdesk_staff
from helpdesk.email import parse_email_content
from helpdesk.models import FollowUp, Ticket
from helpdesk.signals import new_ticket_done, update_ticket_done
from polyai_chat_channels import HandoffRecord, Message

from .configuration import CHANNEL, configuration
from .mails import is_address, is_of_one, is_same_address, key_of, reply_to, sender_of
from .models import AgentMessage
from .store import django_store
from .thread import add_note, is_agents

STORE_SECONDS = 5.0

message_waiting = Signal()
"""Sent, with `ticket_id`, when a message that is to be answered has been committed."""

_log = logging.getLogger("polyai_helpdesk")


@receiver(new_ticket_done, dispatch_uid="polyai_helpdesk")
def take_ticket(ticket: Ticket, **_: Any) -> None:
    """A ticket by the public form, the staff, the API or e-mail: title and description are what the customer says."""
    followup = ticket.followup_set.order_by("id").first()
    sender = sender_of(followup) if followup else None
    text = "\n\n".join(part for part in (ticket.title, ticket.description) if part and part.strip())
    if followup is None or sender is None:
        _keep(ticket, f"follow-up {followup.pk}" if followup else f"ticket {ticket.pk}", text)
    elif not is_address(sender) or not is_of_one(followup):
        add_note(ticket, "Not given to the agent: this e-mail does not say who wrote it.")
    elif _is_automatic(followup):
        add_note(ticket, "Not given to the agent: it seems to be an automatic e-mail.")
    else:
        _keep(ticket, key_of(followup, sender), text)  # the agent is told who wrote: that is what mail servers check
        wanted = reply_to(followup)
        if wanted is not None and not is_same_address(wanted, ticket.submitter_email):
            ticket.submitter_email = wanted
            ticket.save(update_fields=["submitter_email"])


@receiver(update_ticket_done, dispatch_uid="polyai_helpdesk")
def take_followup(followup: FollowUp, **_: Any) -> None:
    """A follow-up: what the customer says goes to the agent; a human's public word takes the ticket from it."""
    desk = configuration()
    ticket = followup.ticket
    text = (followup.comment or "").strip()
    if not text or not followup.public or ticket.status in (Ticket.CLOSED_STATUS, Ticket.DUPLICATE_STATUS):
        return
    name = followup.user.get_username() if followup.user else None
    sender = sender_of(followup)
    if name == desk.agent_username:
        return
    if name in desk.customer_accounts or (followup.user is not None and not is_helpdesk_staff(followup.user)):
        _keep(ticket, f"follow-up {followup.pk}", text)
    elif followup.user is not None:
        record = HandoffRecord(None, f"{name} has answered")
        django_store().set_handoff(CHANNEL, str(ticket.pk), record, timeout=STORE_SECONDS)
    elif sender is None:
        _keep(ticket, f"follow-up {followup.pk}", text)
    elif not is_of_one(followup):
        add_note(ticket, "Not given to the agent: this e-mail is not from the customer.")
    elif _is_automatic(followup):
        add_note(ticket, "Not given to the agent: it seems to be an automatic e-mail.")
    elif not is_same_address(sender, ticket.submitter_email):
        add_note(ticket, "Not given to the agent: this e-mail is not from the customer.")
    else:
        _keep(ticket, key_of(followup, sender), parse_email_content(text, False) or text)


def attributes_of(ticket: Ticket) -> dict[str, Any]:
    """What the agent is told about a ticket, unless the settings say otherwise."""
    return {
        "ticket": ticket.ticket_for_url,
        "queue": ticket.queue.slug,
        "title": " ".join((ticket.title or "").split())[:200],
        "customer_email": ticket.submitter_email or "",
    }


def _keep(ticket: Ticket, message_id: str, text: str) -> None:
    desk = configuration()
    is_served = desk.serves(ticket.queue.slug) or is_agents(ticket)
    if not text or not is_served or ticket.merged_to_id is not None:
        return
    elsewhere = AgentMessage.objects.filter(channel=CHANNEL, message_id=message_id).exclude(sender=ticket.pk).first()
    if elsewhere is not None:
        add_note(ticket, f"Not given to the agent: the same e-mail is in ticket {elsewhere.sender}.")
        return
    attributes: Mapping[str, Any] = (desk.attributes or attributes_of)(ticket)
    message = Message(str(ticket.pk), message_id, text.replace("\r\n", "\n"), dict(attributes))
    token = uuid.uuid4().hex
    if django_store().accept(CHANNEL, message, token, worker=None, lease=STORE_SECONDS, timeout=STORE_SECONDS):
        transaction.on_commit(partial(message_waiting.send_robust, sender=None, ticket_id=ticket.pk))
    else:
        _log.info("%s: known already, %s", ticket.ticket_for_url, message_id)


def _is_automatic(followup: FollowUp) -> bool:
    """Whether an e-mail came from a robot. Of that the helpdesk keeps only that it confirmed it to nobody."""
    return followup.email_recipients == []
