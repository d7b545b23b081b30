"""What `POLYAI_HELPDESK` in Django's settings may hold, and what is so without it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured
from helpdesk.models import Ticket

CHANNEL = "helpdesk"


@dataclass(frozen=True)
class Desk:
    """Where a ticket goes when a human takes over. What is not given stays as it is."""

    assign_to: str | None = None
    """The user name of the person; None: nobody in person."""
    queue: str | None = None
    """The slug of the queue."""
    priority: int | None = None
    """From 1, critical, to 5."""
    checklist: str | None = None
    """The name of a checklist template of the helpdesk, whose tasks the ticket gets."""


@dataclass(frozen=True)
class Configuration:
    """The settings, in lower case and checked."""

    queues: tuple[str, ...] | None = None
    """The slugs of the queues in which the agent answers; None: in all."""
    agent_username: str = "polyai-agent"
    """As whom it writes. A ticket that is assigned to this user is the agent's."""
    handoffs: Mapping[str, Desk] = field(default_factory=dict)
    """The desk for each destination of a handoff; "*" for all others, and for what the agent could not answer."""
    at_end: str = "leave"
    """When the agent ends a conversation: "resolve" the ticket, or "leave" it as it is."""
    customer_accounts: tuple[str, ...] = ()
    """User names of programs, such as a customer portal, whose public follow-ups are what the customer says."""
    with_greeting: bool = False
    """Whether the agent's first sentence, said before it has heard the customer, comes before its first reply."""
    attributes: Callable[[Ticket], Mapping[str, Any]] | None = None
    """What the agent may know of a ticket; None: its number, queue, title and the customer's address."""
    create_options: Mapping[str, Any] = field(default_factory=dict)
    """What a conversation is created with: keywords of `Client.create`, such as `variant_id`."""
    turn_seconds: float = 60.0
    """What an answer may take, the creation of a conversation included."""
    give_up_seconds: float = 6 * 3600.0
    """For how long a message is tried that the agent has not heard; then it is for a human."""
    most_turns: int = 30
    """How many answers a ticket may have in a day. It ends what two robots have to say to each other."""
    idle_seconds: float = 7 * 24 * 3600.0
    """After so long without a message, a conversation is closed."""
    keep_seconds: float = 90 * 24 * 3600.0
    """For how long it is remembered which messages were answered."""

    def desk(self, destination: str | None) -> Desk:
        """Where a handoff to this destination goes."""
        return self.handoffs.get(destination or "*") or self.handoffs.get("*") or Desk()

    def serves(self, queue: str) -> bool:
        """Whether the agent answers in this queue."""
        return self.queues is None or queue in self.queues


def configuration() -> Configuration:
    """The settings as they are now."""
    given = dict(getattr(settings, "POLYAI_HELPDESK", {}))
    handoffs = {name: _made(Desk, f"HANDOFFS[{name!r}]", desk) for name, desk in given.pop("HANDOFFS", {}).items()}
    made = _made(Configuration, "POLYAI_HELPDESK", {**given, "HANDOFFS": handoffs})
    if made.at_end not in ("resolve", "leave"):
        raise ImproperlyConfigured(f"POLYAI_HELPDESK['AT_END'] is {made.at_end!r}; it may be 'resolve' or 'leave'")
    for name in ("queues", "customer_accounts"):
        value = getattr(made, name)
        if value is not None and not (isinstance(value, tuple) and all(isinstance(one, str) and one for one in value)):
            raise ImproperlyConfigured(f"POLYAI_HELPDESK[{name.upper()!r}] is {value!r}; it must be a list of names")
    if not isinstance(made.agent_username, str) or not made.agent_username.strip():
        raise ImproperlyConfigured("POLYAI_HELPDESK['AGENT_USERNAME'] is empty")
    for name in ("turn_seconds", "give_up_seconds", "idle_seconds", "keep_seconds", "most_turns"):
        value = getattr(made, name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
            raise ImproperlyConfigured(f"POLYAI_HELPDESK[{name.upper()!r}] is {value!r}; it must be a number above 0")
    return made


def _made(kind: type[Any], where: str, given: Mapping[str, Any]) -> Any:
    """A value of this kind from a dict with names in capitals."""
    known = {one.name.upper(): one.name for one in fields(kind)}
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ImproperlyConfigured(f"{where} holds {', '.join(unknown)}; known are {', '.join(known)}")
    return kind(**{known[name]: tuple(value) if isinstance(value, list) else value for name, value in given.items()})


@register()
def check(**_: Any) -> list[CheckMessage]:
    """Has `manage.py check`, and every start, tell what is wrong with the settings."""
    try:
        configuration()
    except ImproperlyConfigured as error:
        return [Error(str(error), id="polyai_helpdesk.E001")]
    return []
