"""What the store keeps in Django's database. Only `store.py` writes here, and the admin site shows it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class State(models.TextChoices):
    """Where a message stands."""

    ACCEPTED = "accepted", "waits for the agent"
    CLAIMED = "claimed", "is about to be given to the agent"
    SENDING = "sending", "is being given to the agent"
    ANSWERED = "answered", "answered"
    HANDED_OFF = "handed_off", "left to the human who has the ticket"
    UNKNOWN = "unknown", "may have been heard; for a human"
    SETTLED = "settled", "dealt with by somebody else"


class AgentTicket(models.Model):
    """The agent's side of a ticket. `sender` is the ticket's number."""

    channel = models.CharField(max_length=100)
    sender = models.CharField(max_length=255)
    conversation_id = models.CharField(max_length=255, null=True)
    greeting = models.TextField(null=True)
    is_greeted = models.BooleanField(default=False)
    handoff = models.JSONField(null=True)
    last_message_at = models.FloatField(default=0.0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["channel", "sender"], name="polyai_one_ticket")]

    def __str__(self) -> str:
        return f"ticket {self.sender}"


class AgentMessage(models.Model):
    """One message of a customer. The order of the ids is the order in which a ticket's messages are answered."""

    channel = models.CharField(max_length=100)
    sender = models.CharField(max_length=255)
    message_id = models.CharField(max_length=512)
    state = models.CharField(max_length=20, choices=State.choices)
    was_accepted = models.BooleanField(default=False)  # it outlives its claim
    owner = models.CharField(max_length=255, null=True)  # the process that has taken it, or whose answer it is,
    until = models.FloatField(default=0.0)  # until then,
    token = models.CharField(max_length=64, null=True)  # and the call that has claimed it
    not_before = models.FloatField(default=0.0)
    tries = models.PositiveIntegerField(default=0)
    received_at = models.FloatField()
    done_at = models.FloatField(null=True)
    text = models.TextField(null=True)
    attributes = models.JSONField(null=True)
    answer = models.JSONField(null=True)
    is_delivered = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["channel", "sender", "message_id"], name="polyai_one_message")
        ]
        indexes: ClassVar = [
            models.Index(fields=["channel", "state", "is_delivered"], name="polyai_message_state"),
            models.Index(fields=["channel", "message_id"], name="polyai_message_id"),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} of ticket {self.sender}"


class LeftConversation(models.Model):
    """A conversation that no ticket goes on with, until it is closed."""

    channel = models.CharField(max_length=100)
    conversation_id = models.CharField(max_length=255)
    left_at = models.FloatField()
    handed_out = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["channel", "conversation_id"], name="polyai_one_left_conversation")
        ]

    def __str__(self) -> str:
        return self.conversation_id
