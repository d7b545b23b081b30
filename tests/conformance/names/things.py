"""The names of the core that are compared, as each area lists them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from words import Thing


def functions(of_type: str) -> Callable[[dict[str, Any]], list[Thing]]:
    """The public functions of a type of the core."""
    return lambda core: [Thing(name) for name in core["items"][of_type]["functions"]]


def requests(operation: str, of_type: str) -> Callable[[dict[str, Any]], list[Thing]]:
    """The fields of a request, by the core's table, and what its builder has beside them. Which conversation is meant
    is no field but an argument of the call."""

    def things(core: dict[str, Any]) -> list[Thing]:
        fields = [name for name in core["request_fields"].get(operation, []) if name != "conversation_id"]
        builder = core["items"][of_type]["functions"]
        return [Thing(name) for name in [*fields, *(name for name in builder if name not in fields)]]

    return things


def replies(of_type: str) -> Callable[[dict[str, Any]], list[Thing]]:
    """The fields of a reply, by the core's table, and what can be asked of it beside them."""

    def things(core: dict[str, Any]) -> list[Thing]:
        fields = core["reply_fields"][of_type]
        beside = [name for name in core["items"][of_type]["functions"] if name not in fields]
        return [Thing(name) for name in [*fields, *beside]]

    return things


def words(of_type: str) -> Callable[[dict[str, Any]], list[Thing]]:
    """The words that the members of an enum of the core are called by in every language."""

    def things(core: dict[str, Any]) -> list[Thing]:
        variants = core["items"][of_type]["variants"]
        return [Thing(word, variant=name) for name, word in variants.items()]

    return things


def keys(of_what: str) -> Callable[[dict[str, Any]], list[Thing]]:
    """The keys of what the core gives as JSON."""
    return lambda core: [Thing(name) for name in core["keys"][of_what]]


def options(core: dict[str, Any]) -> list[Thing]:
    return [Thing(option["name"], option["unit"]) for option in core["options"]]


def variables(core: dict[str, Any]) -> list[Thing]:
    return [Thing(option["environment_variable"]) for option in core["options"]]


def configuration(core: dict[str, Any]) -> list[Thing]:
    """The functions of the configuration, but for those that set one option."""
    setters = {option.without_unit() for option in options(core)}
    return [thing for thing in functions("Config")(core) if thing.name not in setters]


def kinds(core: dict[str, Any]) -> list[Thing]:
    return [Thing(kind["name"], number=kind["number"], variant=kind["variant"]) for kind in core["kinds"]]


def types(core: dict[str, Any]) -> list[Thing]:
    return [Thing(name) for name in core["exports"] if name in core["items"]]


def constants(core: dict[str, Any]) -> list[Thing]:
    return [Thing(name) for name in core["exports"] if name not in core["items"]]


def c_functions(core: dict[str, Any]) -> list[Thing]:
    return [Thing(function["name"]) for function in core["manifest"]["functions"]]


def nothing(_: dict[str, Any]) -> list[Thing]:
    return []
