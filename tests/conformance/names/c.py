"""What C exposes: the manifest, the header, and what the built library says when it is asked."""

from __future__ import annotations

import ctypes
import json
import re
import socket
from pathlib import Path
from typing import Any

import texts
from areas import numbered

MANIFEST = "polyai_chat.json"
HEADER = "polyai_chat.h"
CONSTANTS = ("POLYAI_STATUS", "POLYAI_DELIVERY", "POLYAI_STATE", "POLYAI_LOG")
NUL_TERMINATED = ctypes.c_size_t(-1)
UNKNOWN = b"no_such_name"


class Library:
    """The built library, as far as it is asked for names."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.library = ctypes.CDLL(str(path))
        for function in ("config_new", "request_new"):
            getattr(self.library, f"polyai_{function}").restype = ctypes.c_void_p
        for function in ("options_json", "error_message", "error_attempts_json", "status_name"):
            getattr(self.library, f"polyai_{function}").restype = ctypes.c_char_p

    def options(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads(self.library.polyai_options_json(None))
        return rows

    def refusal(self, function: str, handle: int) -> str:
        """What is said to a name that nobody knows."""
        error = ctypes.c_void_p()
        value = (ctypes.c_char_p(b""), NUL_TERMINATED)
        of_name = (ctypes.c_char_p(UNKNOWN), NUL_TERMINATED)
        getattr(self.library, function)(ctypes.c_void_p(handle), *of_name, *value, ctypes.byref(error))
        message: bytes = self.library.polyai_error_message(error, None)
        self.library.polyai_error_free(error)
        return message.decode()

    def known_options(self) -> list[str]:
        config = self.library.polyai_config_new()
        try:
            return texts.known(self.refusal("polyai_config_set", config))
        finally:
            self.library.polyai_config_free(ctypes.c_void_p(config))

    def known_fields(self) -> list[str]:
        request = self.library.polyai_request_new()
        try:
            return texts.known(self.refusal("polyai_request_set", request))
        finally:
            self.library.polyai_request_free(ctypes.c_void_p(request))

    def metrics_and_attempt(self) -> tuple[list[str], list[str]]:
        """The keys of the counters of a client, and those of an attempt, of a call that nobody answers."""
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))  # and does not listen
            config = ctypes.c_void_p(self.library.polyai_config_new())
            given = {"base_url": f"http://127.0.0.1:{nobody.getsockname()[1]}", "max_attempts": "1"}
            given.update(account_id="account", project_id="project", api_key="key", token="token")
            for name, value in given.items():
                texts_in = (name.encode(), NUL_TERMINATED, value.encode(), NUL_TERMINATED)
                self.library.polyai_config_set(config, *texts_in, None)
            client, conversation, error = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
            self.library.polyai_client_new(config, ctypes.byref(client), None)
            self.library.polyai_client_create(client, None, ctypes.byref(conversation), ctypes.byref(error))
        attempts = json.loads(self.library.polyai_error_attempts_json(error, None))
        metrics = json.loads(self.text("polyai_client_metrics_json", client))
        for handle, of_type in ((error, "error"), (client, "client"), (config, "config")):
            getattr(self.library, f"polyai_{of_type}_free")(handle)
        return list(metrics), list(attempts[0])

    def settings(self) -> list[str]:
        """The keys of what holds for an option."""
        config = ctypes.c_void_p(self.library.polyai_config_new())
        found = json.loads(self.text("polyai_config_describe_json", config))
        self.library.polyai_config_free(config)
        return list(found[0])

    def text(self, function: str, handle: ctypes.c_void_p) -> bytes:
        """What a function writes into a buffer."""
        room = ctypes.create_string_buffer(65_536)
        length = ctypes.c_size_t()
        getattr(self.library, function)(handle, room, ctypes.c_size_t(len(room)), ctypes.byref(length), None)
        return room.value

    def kinds(self) -> list[str]:
        """The names of the statuses, for as long as the numbers go on."""
        found: list[str] = []
        while name := self.library.polyai_status_name(len(found)):
            found.append(numbered(name.decode().upper(), len(found)))
        return found


def parts_of(functions: list[str], manifest: dict[str, Any]) -> dict[str, list[str]]:
    """The functions by the types that they are about, each without the prefix."""
    handles = {kind["name"]: kind["free"] for kind in manifest["types"] if kind["kind"] == "opaque"}
    parts: dict[str, list[str]] = {name: [] for name in handles}
    parts.update(library=[], ownership=[])
    for function in functions:
        of_type = next((name for name in handles if function.startswith(name + "_")), None)
        if function in handles.values():
            parts["ownership"] = ["free"]
        elif of_type:
            parts[of_type].append(function[len(of_type) + 1 :])
        else:
            parts["library"].append(function[len("polyai_") :])
    return parts


def summary(manifest: dict[str, Any], name: str) -> str:
    (found,) = [function["summary"] for function in manifest["functions"] if function["name"] == name]
    return str(found)


def arguments(manifest: dict[str, Any]) -> list[str]:
    """What of a request is an argument of its call and no field."""
    of_turns = [f for f in manifest["functions"] if f["name"].endswith(("_respond", "_start_respond"))]
    names = [{p["name"] for p in f["parameters"] if p["role"] == "text"} - {"conversation_id"} for f in of_turns]
    return [f"the argument `{name}`" for name in sorted(set.intersection(*names))]


def surface(
    manifest: dict[str, Any], header: Path, declared: list[str], library: Library
) -> dict[str, dict[str, list[str]]]:
    """The parts of the surface, each as manifest, header and library show it."""
    functions = [function["name"] for function in manifest["functions"]]
    found = {part: {MANIFEST: words} for part, words in parts_of(functions, manifest).items()}
    fields = [f'set("{name}")' for name in library.known_fields()]
    of_request = [word for word in found["polyai_request"][MANIFEST] if word != "set"]
    found["polyai_request"] = {"polyai_request": of_request + fields + arguments(manifest)}
    found["declared"] = {HEADER: declared}
    written = dict(re.findall(r"^#define (POLYAI_\w+) (\d+)u$", header.read_text(encoding="utf-8"), flags=re.M))
    in_manifest = {c["name"]: c["value"] for c in manifest["constants"]}
    for prefix in CONSTANTS:
        for source, constants in ((MANIFEST, in_manifest), (HEADER, written)):
            of_prefix = {n[len(prefix) + 1 :]: v for n, v in constants.items() if n.startswith(prefix + "_")}
            if prefix == "POLYAI_STATUS":
                words = [numbered(word, int(value)) for word, value in of_prefix.items()]
            else:
                words = list(of_prefix)
            found.setdefault(prefix, {})[source] = words
    metrics, attempt = library.metrics_and_attempt()
    of_callback = summary(manifest, "polyai_config_set_attempt_callback")
    library_name = library.path.name
    found["POLYAI_STATUS"][library_name] = library.kinds()
    rows = library.options()
    found["options"] = {
        "polyai_options_json": [row["name"] for row in rows],
        "polyai_config_set": library.known_options(),
    }
    of_rows, of_settings = (summary(manifest, f"polyai_{f}_json") for f in ("options", "config_describe"))
    found["rows"] = {"polyai_options_json": list(rows[0]), MANIFEST: texts.keys(of_rows)}
    found["settings"] = {"polyai_config_describe_json": library.settings(), MANIFEST: texts.keys(of_settings)}
    found["variables"] = {"polyai_options_json": [row["environment_variable"] for row in rows]}
    found["phases"] = {"polyai_error_phase": texts.in_backticks(summary(manifest, "polyai_error_phase"))}
    found["attempt"] = {
        "polyai_error_attempts_json": attempt,
        "polyai_config_set_attempt_callback": texts.keys(of_callback),
    }
    of_metrics = summary(manifest, "polyai_client_metrics_json")
    found["metrics"] = {"polyai_client_metrics_json": metrics, MANIFEST: texts.keys(of_metrics)}
    found["breaker"] = {MANIFEST: texts.values(of_metrics, "breaker")}
    names = [kind["name"][len("polyai_") :] for kind in manifest["types"]]
    found["types"] = {MANIFEST: names}
    return found
