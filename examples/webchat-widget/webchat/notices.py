"""What this server itself tells customers, in their words. The widget's own texts are in `widget/words.js`."""

from __future__ import annotations

# What is in neither table is not shown: a destination may be the address of a queue, or of a person.
DESTINATIONS = {
    "returns-desk": "our returns desk",
    "billing-desk": "our billing team",
}
REASONS = {
    "customer_request": "as you asked",
    "agent_unable": "because they can help you better",
}

RENEWED = "The conversation before had ended. This is a new one."


def handed_over(destination: str | None, reason: str | None) -> str:
    """A human goes on."""
    why = REASONS.get(reason or "")
    return f"You are now with {_desk(destination)}{f', {why}' if why else ''}. What you write goes to them."


def not_handed_over(destination: str | None) -> str:
    """The desk did not take over."""
    return f"We could not reach {_desk(destination)}. You can go on here, or ask for them again in a while."


def back_with_the_agent() -> str:
    """The human is done."""
    return "You are back with our assistant."


def _desk(destination: str | None) -> str:
    return DESTINATIONS.get(destination or "", "a colleague")
