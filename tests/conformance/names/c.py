"""What C exposes: all of it is in the manifest, which is made from the functions themselves."""

from __future__ import annotations

from typing import Any

import texts
from words import numbered

MANIFEST = "polyai_chat.json"
# The types whose constants are the members of an enum of the core, by their prefix.
CONSTANTS = {
    "POLYAI_STATUS": "polyai_status",
    "POLYAI_DELIVERY": "polyai_delivery",
    "POLYAI_STATE": "polyai_state",
    "POLYAI_LOG": "polyai_log_level",
}


def arguments(manifest: dict[str, Any]) -> list[str]:
    """What of a request is an argument of its call and no field."""
    of_turns = [f for f in manifest["functions"] if f["method"] in ("respond", "start_respond")]
    names = [{p["name"] for p in f["parameters"] if p["role"] == "text"} - {"conversation_id"} for f in of_turns]
    return [f"the argument `{name}`" for name in sorted(set.intersection(*names))]


def parts(manifest: dict[str, Any]) -> dict[str, list[str]]:
    """The words of each part of the surface."""
    functions, options = manifest["functions"], manifest["options"]
    found = {"library": [f["method"] for f in functions if "receiver" not in f], "ownership": ["free"]}
    for handle in (kind for kind in manifest["types"] if kind["kind"] == "opaque"):
        of_handle = [f for f in functions if f.get("receiver") == handle["object"] and f["kind"] != "free"]
        found[handle["name"]] = [f["method"] for f in of_handle]
    fields = [f'set("{field["name"]}")' for field in manifest["request_fields"]]
    of_request = [word for word in found["polyai_request"] if word != "set"]
    found["polyai_request"] = of_request + fields + arguments(manifest)
    found["declared"] = [f["name"] for f in functions]
    for prefix, of_type in CONSTANTS.items():
        rows = [row for row in manifest["constants"] if row["type"] == of_type]
        words = [(row["name"].removeprefix(prefix + "_"), row["value"]) for row in rows]
        found[prefix] = [numbered(*pair) if prefix == "POLYAI_STATUS" else pair[0] for pair in words]
    found["options"] = [option["name"] for option in options]
    found["variables"] = [option["environment_variable"] for option in options]
    found["types"] = [kind["name"].removeprefix("polyai_") for kind in manifest["types"]]
    # What is handed out as JSON, by its documentation.
    said = {f["name"]: f["summary"] for f in functions}
    found["rows"] = texts.keys(said["polyai_options_json"])
    found["settings"] = texts.keys(said["polyai_config_describe_json"])
    found["phases"] = texts.in_backticks(said["polyai_error_phase"])
    found["attempt"] = texts.keys(said["polyai_config_set_attempt_callback"])
    found["metrics"] = texts.keys(said["polyai_client_metrics_json"])
    found["breaker"] = texts.values(said["polyai_client_metrics_json"], "breaker")
    return found


def surface(manifest: dict[str, Any]) -> dict[str, dict[str, list[str]]]:
    return {part: {MANIFEST: words} for part, words in parts(manifest).items()}
