"""What Rust exposes: what rustdoc shows of the core."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from words import ENUMS, numbered, snake

SOURCE = "crates/core"
PARTS = ("method", "structfield", "variant")
OF_OTHERS = ("Descriptor", "Map", "Value")  # types of std and serde_json
WITH_FUNCTIONS = (
    "CancelToken",
    "Client",
    "Close",
    "Closed",
    "Completions",
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


def read(pages: Path) -> dict[str, Any]:
    """The public names of the core, by the pages that `cargo doc` has written: what is hidden there is not public."""
    listed = set(re.findall(r'<a href="(\w+)\.(\w+)\.html">', (pages / "all.html").read_text(encoding="utf-8")))
    exports = sorted(name for _, name in listed if name not in OF_OTHERS)
    items = {}
    for kind, name in sorted(listed):
        if kind in ("struct", "enum") and name not in OF_OTHERS:
            page = (pages / f"{kind}.{name}.html").read_text(encoding="utf-8")
            of_type = re.split(r'id="(?:trait|synthetic|blanket)-implementations', page)[0]
            found = {part: sorted(set(re.findall(rf'id="{part}\.(\w+)"', of_type))) for part in PARTS}
            # The word of a variant is its name in lower case; the cases of the suite see that it is.
            words = {variant: snake(variant) for variant in found["variant"]}
            items[name] = {"functions": found["method"], "fields": found["structfield"], "variants": words}
    return {"exports": exports, "items": items}


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
