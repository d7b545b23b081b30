"""What the agent does in a ticket: its replies, handing over to humans, notes for them. All by the helpdesk's own
`update_ticket`, so that mails, webhooks and the list of changes are as for a human.
"""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from helpdesk.models import ChecklistTemplate, FollowUp, Queue, Ticket
from helpdesk.update_ticket import update_ticket
from polyai_chat_channels import HandoffRecord

from .configuration import Desk, configuration

NOBODY = 0  # as `update_ticket` has it
MOST_OF_A_HANDOFF = 2000  # characters of each of its parts


def agent() -> AbstractBaseUser:
    """The agent's account, made when it is first needed. Nobody can log in with it."""
    users = get_user_model()
    name = configuration().agent_username
    # Staff, since the helpdesk names the author of nobody else's follow-ups, and offers nobody else as an owner.
    account, is_new = users.objects.get_or_create(
        **{users.USERNAME_FIELD: name}, defaults={"is_staff": True, "last_name": "PolyAI agent"}
    )
    if is_new:
        account.set_unusable_password()
        account.save()
    return account


def is_agents(ticket: Ticket) -> bool:
    """Whether the agent is the owner: so a human gives a ticket back."""
    return ticket.assigned_to is not None and ticket.assigned_to.get_username() == configuration().agent_username


def is_a_humans(ticket: Ticket) -> bool:
    """Whether a human is the owner, or the ticket is closed, or merged into another."""
    has_owner = ticket.assigned_to is not None and not is_agents(ticket)
    is_over = ticket.status in (Ticket.CLOSED_STATUS, Ticket.DUPLICATE_STATUS) or ticket.merged_to_id is not None
    return has_owner or is_over


def add_reply(ticket: Ticket, text: str, *, ends: bool) -> None:
    """The agent's words, for the customer: in the thread and by mail."""
    status = ticket.status
    if ends and configuration().at_end == "resolve" and ticket.can_be_resolved:
        status = Ticket.RESOLVED_STATUS
    elif not ends and status == Ticket.RESOLVED_STATUS:
        status = Ticket.REOPENED_STATUS  # the customer has gone on
    _update(ticket, text, public=True, title="Reply of the agent", new_status=status)


def add_note(ticket: Ticket, text: str) -> None:
    """Something that only the staff sees."""
    _update(ticket, text, public=False, title="Note of the agent")


def hand_over(ticket: Ticket, handoff: HandoffRecord) -> None:
    """Puts a ticket where the settings have humans for this destination, with a note that says why."""
    lines = ["The agent has handed over to a human."]
    lines.append(f"Destination: {_one_line(handoff.destination) or 'not given'}")
    lines.append(f"Reason: {_one_line(handoff.reason) or 'not given'}")
    further = {
        name: value
        for name, value in (handoff.raw.items() if isinstance(handoff.raw, dict) else ())
        if name not in ("destination", "reason")
    }
    if further:
        lines.append(f"Further: {_one_line(json.dumps(further, ensure_ascii=False))}")
    _give_to(ticket, configuration().desk(handoff.destination), "Handoff to a human", lines)


def _one_line(text: str | None) -> str:
    """The agent's words among ours: they are no lines of their own, and not endless."""
    return " ".join((text or "").split())[:MOST_OF_A_HANDOFF]


def leave_to_a_human(ticket: Ticket, why: str) -> None:
    """For a message that the agent did not answer, or may have heard without a reply that came back."""
    if is_a_humans(ticket):
        add_note(ticket, why)
    else:
        _give_to(ticket, configuration().desk(None), "For a human", [why])


def _give_to(ticket: Ticket, desk: Desk, title: str, lines: list[str]) -> None:
    """What is missing in the helpdesk is named in the note, and does not keep the ticket from the humans."""
    changes: dict[str, Any] = {"owner": NOBODY}
    if desk.assign_to is not None:
        users = get_user_model()
        person = users.objects.filter(**{users.USERNAME_FIELD: desk.assign_to}, is_active=True).first()
        if person is None:
            lines.append(f"There is no active user {desk.assign_to!r}, so the ticket is assigned to nobody.")
        else:
            changes["owner"] = person.pk
    if desk.queue is not None:
        queue = Queue.objects.filter(slug=desk.queue).first()
        if queue is None:
            lines.append(f"There is no queue {desk.queue!r}, so the ticket stays in its own.")
        else:
            changes["queue"] = queue.pk
    if desk.priority is not None:
        changes["priority"] = desk.priority
    if desk.checklist is not None:
        template = ChecklistTemplate.objects.filter(name=desk.checklist).first()
        if template is None:
            lines.append(f"There is no checklist template {desk.checklist!r}.")
        elif not ticket.checklists.filter(name=template.name).exists():
            ticket.checklists.create(name=template.name).create_tasks_from_template(template)
    lines.append(f"The agent is silent in this ticket until it is assigned to {configuration().agent_username}.")
    _update(ticket, "\n".join(lines), public=False, title=title, **changes)


def _update(ticket: Ticket, text: str, *, public: bool, title: str, **changes: Any) -> None:
    followup: FollowUp = update_ticket(agent(), ticket, comment=_as_template(text), public=public, **changes)
    # It gives follow-ups the title of the ticket.
    FollowUp.objects.filter(pk=followup.pk).update(title=title)


def _as_template(text: str) -> str:
    """`update_ticket` takes a comment for a Django template. This is one that says exactly the text, whatever is in it:
    an agent that writes "{{" would otherwise name a variable, or make the update fail.
    """
    quoted = {"{": '{{ "{" }}', "}": '{{ "}" }}', "\0": "\N{REPLACEMENT CHARACTER}"}
    return "".join(quoted.get(character, character) for character in text)
