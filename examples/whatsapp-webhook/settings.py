"""What is set by environment variables. The client reads its own: POLYAI_STUDIO_URL, POLYAI_API_KEY, POLYAI_TOKEN."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

# From the app's settings at Meta.
APP_SECRET = os.environ["WHATSAPP_APP_SECRET"]
# Any text, entered there too.
VERIFY_TOKEN = os.environ["WHATSAPP_VERIFY_TOKEN"]
GRAPH_URL = os.environ.get("WHATSAPP_GRAPH_URL", "https://graph.facebook.com")
GRAPH_VERSION = os.environ.get("WHATSAPP_GRAPH_VERSION", "v23.0")

# On a local disk, in a folder of this service alone: it holds what customers wrote, for as long as it is needed.
STORE = Path(os.environ.get("WHATSAPP_STORE", "whatsapp.sqlite"))
# What the agent did not deal with. Your inbox goes into humans.py.
FOR_HUMANS = Path(os.environ.get("WHATSAPP_FOR_HUMANS", "for_humans.jsonl"))

TURN_SECONDS = float(os.environ.get("WHATSAPP_TURN_SECONDS", "30"))
# A message that could not be given to the agent, or an answer that could not be sent, is tried for so long.
GIVE_UP_SECONDS = float(os.environ.get("WHATSAPP_GIVE_UP_SECONDS", "600"))
TICK_SECONDS = float(os.environ.get("WHATSAPP_TICK_SECONDS", "5"))
STOP_SECONDS = float(os.environ.get("WHATSAPP_STOP_SECONDS", "25"))
# WhatsApp's own window: 24 hours after a customer's last message a business may not answer freely any more.
IDLE_AFTER = timedelta(hours=24)
# Meta delivers a message again for up to 7 days.
REMEMBERED_FOR = timedelta(days=8)


def read_access_token() -> str:
    """The token that sends messages: from a file where there is one, so that it can be replaced while this runs."""
    file = os.environ.get("WHATSAPP_ACCESS_TOKEN_FILE")
    return Path(file).read_text(encoding="ascii").strip() if file else os.environ["WHATSAPP_ACCESS_TOKEN"]
