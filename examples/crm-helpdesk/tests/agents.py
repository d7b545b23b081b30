"""The agents of these tests: scripts of the simulator, and what they heard."""

from __future__ import annotations

from polyai_chat_testing import Simulator

SCRIPT = r"""
greeting = "Hello, how can I help?"
default_reply = "You said: {message}"

[[rules]]
pattern = 'order (\d+)'
reply = "Order {1} of {attribute.customer_email} was dispatched."

[[rules]]
pattern = 'send it back'
reply = "I am putting you through."
handoff = { destination = "returns-desk", reason = "customer_request", text_chat = { team = 7 } }

[[rules]]
pattern = 'talk to a human'
reply = "One moment."
handoff = { destination = "somebody", reason = "no words for it" }

[[rules]]
pattern = 'that is all'
reply = "Goodbye."
end = true

[[rules]]
pattern = 'strange'
reply = "<b>bold</b> & {{{{ ticket.title }}}} {{% if %}} %}} {{# gone? #}} <script>alert(1)</script>"
"""


def heard(simulator: Simulator) -> list[list[str]]:
    """What each conversation has heard, in order."""
    return [one["messages"] for one in simulator.conversations()]
