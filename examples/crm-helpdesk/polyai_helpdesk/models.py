"""What the store keeps in Django's database, to look at: views of its tables, which only the store writes."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class State(models.TextChoices):
    """Where a message stands."""

    ACCEPTED = "accepted", "waits for the agent"
    TAKEN = "taken", "is taken by a worker"
    WAITING = "waiting", "waits behind an earlier one"
    CLAIMED = "claimed", "is about to be given to the agent"
    SENDING = "sending", "is being given to the agent"
    ANSWERED = "answered", "answered"
    HANDED_OFF = "handed_off", "left to the human who has the ticket"
    UNKNOWN = "unknown", "may have been heard; for a human"
    REFUSED = "refused", "cannot be given to the agent; for a human"
    EXHAUSTED = "exhausted", "was tried for too long; for a human"
    KILLED_ITS_WORKER = "killed_its_worker", "has killed its workers; for a human"
    SETTLED = "settled", "dealt with by somebody else"
    DIED = "died", "was given up"


class AgentTicket(models.Model):
    """The agent's side of a ticket. `sender` is the ticket's number."""

    channel = models.TextField()
    sender = models.TextField()
    conversation_id = models.TextField(null=True)
    handoff = models.TextField(null=True)

    class Meta:
        managed: ClassVar = False

    def __str__(self) -> str:
        return f"ticket {self.sender}"


class AgentMessage(models.Model):
    """One message of a customer. The order of the ids is the order in which a ticket's messages are answered."""

    channel = models.TextField()
    sender = models.TextField()
    message_id = models.TextField()
    state = models.CharField(max_length=20, choices=State.choices)
    tries = models.PositiveIntegerField()
    text = models.TextField(null=True)
    done_at = models.FloatField(null=True)  # on the clock of the store
    is_delivered = models.BooleanField()

    class Meta:
        managed: ClassVar = False

    def __str__(self) -> str:
        return f"{self.message_id} of ticket {self.sender}"
