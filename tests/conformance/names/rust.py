"""What Rust exposes: what is public of the core's source."""

from __future__ import annotations

from typing import Any

from areas import ENUMS, numbered

SOURCE = "crates/core"
WITH_FUNCTIONS = (
    "CancelToken",
    "Client",
    "Close",
    "Closed",
    "Config",
    "Conversation",
    "Create",
    "Error",
    "Greeting",
    "Handoff",
    "Reply",
    "Respond",
    "Turn",
)
RECORDS = ("Attempt", "Metrics", "OptionSpec", "SettingDescription")


def surface(core: dict[str, Any]) -> dict[str, dict[str, list[str]]]:
    """The parts of the surface, each as its source shows it."""
    items = core["items"]
    found = {name: items[name]["functions"] for name in WITH_FUNCTIONS}
    found.update({name: list(items[name]["variants"]) for name in ENUMS})
    found.update({name: items[name]["fields"] for name in RECORDS})
    found["OptionSpec"] = [*found["OptionSpec"], *items["OptionSpec"]["functions"]]
    found["ErrorKind"] = [numbered(kind["variant"], kind["number"]) for kind in core["kinds"]]
    found["types"] = [name for name in core["exports"] if name in items]
    found["constants"] = [name for name in core["exports"] if name not in items]
    return {part: {SOURCE: list(words)} for part, words in found.items()}
