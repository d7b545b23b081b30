"""Messages that wait for the agent, and the outcomes of the others, to look at."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.http import HttpRequest

from .models import AgentMessage, AgentTicket


class _ReadOnly(admin.ModelAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(AgentMessage)
class AgentMessageAdmin(_ReadOnly):
    """The messages, newest first."""

    list_display: ClassVar = ["sender", "message_id", "state", "tries", "is_delivered"]
    list_filter: ClassVar = ["state", "is_delivered"]
    search_fields: ClassVar = ["sender", "message_id"]
    ordering: ClassVar = ["-id"]


@admin.register(AgentTicket)
class AgentTicketAdmin(_ReadOnly):
    """The tickets that the agent knows."""

    list_display: ClassVar = ["sender", "conversation_id", "handoff"]
    search_fields: ClassVar = ["sender", "conversation_id"]
    ordering: ClassVar = ["-id"]
