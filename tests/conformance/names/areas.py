"""What is compared: areas of names of the core, each with its place in every language and the rule for a word."""

from __future__ import annotations

import re

import class_languages
from things import (
    c_functions,
    configuration,
    constants,
    functions,
    keys,
    kinds,
    nothing,
    options,
    replies,
    requests,
    types,
    variables,
    words,
)
from words import (
    ASYNCIO,
    COMMAND_LINE,
    CPP,
    LUA,
    PYTHON,
    RUST,
    Area,
    C,
    Place,
    Rule,
    Thing,
    camel,
    capitals,
    flag,
    numbered,
    same,
    snake,
    within,
    without_unit,
)


def field_of_c(word: str) -> str:
    """A field is a text for one function; the rest are functions."""
    return word if word.startswith("the ") else f"polyai_request_{word}"


def field_of_cpp(word: str) -> str:
    return word if word.startswith("the ") else f"Request::{word}"


def field(thing: Thing) -> list[str]:
    return [f'set("{thing.name}")']


def request_places(operation: str, of_type: str, flags: bool) -> dict[str, Place]:
    places = {
        RUST: Place(of_type, within(of_type + "::{}"), same),
        C: Place("polyai_request", field_of_c, field),
        CPP: Place("Request", field_of_cpp, field),
        LUA: Place("request", within("{}"), same),
        PYTHON: Place(f"parameters of {operation}", within("{}="), same),
        ASYNCIO: Place(f"parameters of {operation}", within("{}="), same),
    }
    if flags:
        places[COMMAND_LINE] = Place("chat", within("{}"), flag)
    return places


def reply_places(of_type: str, of_json: tuple[str, str] | None) -> dict[str, Place]:
    """The library of C has one type for the three replies."""
    places = {
        RUST: Place(of_type, within(of_type + "::{}"), same),
        C: Place("polyai_reply", within("polyai_reply_{}"), same),
        CPP: Place("Reply", within("Reply::{}"), same),
        LUA: Place(of_type.lower(), within(of_type.lower() + ".{}"), same),
        PYTHON: Place(of_type, within(of_type + ".{}"), same),
    }
    if of_json:
        part, pattern = of_json
        places[COMMAND_LINE] = Place(part, within(pattern), same)
    return places


def enum_places(
    of_type: str, prefix: str, of_cpp: str, of_python: str | None, of_lua: str | None = None
) -> dict[str, Place]:
    places = {
        RUST: Place(of_type, within(of_type + "::{}"), lambda thing: [thing.variant]),
        C: Place(prefix, within(prefix + "_{}"), capitals),
        CPP: Place(of_cpp, within(of_cpp + "::{}"), same),
    }
    if of_python:
        places[PYTHON] = Place(of_python, within("'{}'"), same)
    if of_lua:
        places[LUA] = Place(of_lua, within('"{}"'), same)
    return places


def text_places(part: str, of_rust: str, usual_of_rust: Rule) -> dict[str, Place]:
    """Names inside of what every language hands on as the core gives it."""
    places = {language: Place(part, within("{}"), same) for language in (C, CPP, LUA, PYTHON)}
    places[RUST] = Place(of_rust, within(of_rust + "::{}"), usual_of_rust)
    return places


def option_places(usual_of_c: Rule, shown_of_c: str) -> dict[str, Place]:
    return {
        C: Place("options", within(shown_of_c), usual_of_c),
        CPP: Place("options", within(shown_of_c), usual_of_c),
        LUA: Place("options", within("{}"), same),
        PYTHON: Place("options", within("{}="), without_unit),
        ASYNCIO: Place("options", within("{}="), without_unit),
        COMMAND_LINE: Place("chat", within("{}"), flag),
    }


def class_places(of_type: str, of_c: str, of_cpp: str, of_lua: str, of_python: str | None) -> dict[str, Place]:
    places = {
        RUST: Place(of_type, within(of_type + "::{}"), same),
        C: Place(of_c, within(of_c + "_{}"), same),
        CPP: Place(of_cpp, within(of_cpp + "::{}"), same),
        LUA: Place(of_lua, within("{}" if of_lua == "configuration" else of_lua + ".{}"), same),
    }
    if of_python:
        places[PYTHON] = Place(of_python, within(of_python + ".{}"), same)
    return places


def without_unit_of_time(thing: Thing) -> list[str]:
    """The name of a time where its type is one."""
    return [re.sub(r"(_unix)?_[mu]s$", "", thing.name)]


def asynchronous(places: dict[str, Place], of_python: str) -> dict[str, Place]:
    return {**places, ASYNCIO: Place(of_python, within(of_python + ".{}"), same)}


def with_numbers(places: dict[str, Place]) -> dict[str, Place]:
    """The words with the numbers that stand for them."""

    def rule(usual: Rule, first: int) -> Rule:
        return lambda thing: [numbered(word, (thing.number or 0) + first) for word in usual(thing)]

    # The program exits with 10 and the number of the kind.
    return {
        language: place._replace(usual=rule(place.usual, 10 if language == COMMAND_LINE else 0))
        for language, place in places.items()
    }


AREAS = [
    Area(
        "options",
        "Options",
        options,
        {RUST: Place("Config", within("Config::{}"), without_unit), **option_places(same, '"{}"')},
    ),
    Area(
        "variables",
        "Environment variables",
        variables,
        {language: Place("variables", within("{}"), same) for language in (C, CPP, LUA, PYTHON, COMMAND_LINE)},
    ),
    Area(
        "configuration",
        "Configuration",
        configuration,
        asynchronous(class_places("Config", "polyai_config", "Config", "configuration", "Client"), "AsyncClient"),
    ),
    Area(
        "client",
        "Client",
        functions("Client"),
        asynchronous(class_places("Client", "polyai_client", "Client", "client", "Client"), "AsyncClient"),
    ),
    Area("create", "Request of a create", requests("create", "Create"), request_places("create", "Create", True)),
    Area("respond", "Request of a turn", requests("respond", "Respond"), request_places("respond", "Respond", True)),
    Area("close", "Request of a close", requests("close", "Close"), request_places("close", "Close", False)),
    Area(
        "conversation",
        "Conversation",
        functions("Conversation"),
        asynchronous(
            class_places("Conversation", "polyai_conversation", "Conversation", "conversation", "Conversation"),
            "AsyncConversation",
        ),
    ),
    Area(
        "turn",
        "A call that was started",
        functions("Turn"),
        asynchronous(class_places("Turn", "polyai_turn", "Turn", "turn", "Turn"), "AsyncTurn"),
    ),
    Area(
        "cancel",
        "Cancelling",
        functions("CancelToken"),
        class_places("CancelToken", "polyai_cancel", "Cancel", "cancel", None),
    ),
    Area(
        "completions",
        "Many started calls behind one descriptor",
        functions("Completions"),
        class_places("Completions", "polyai_completions", "Completions", "completions", None),
    ),
    Area("greeting", "Greeting", replies("Greeting"), reply_places("Greeting", ("--json", "{}"))),
    Area("reply", "Reply", replies("Reply"), reply_places("Reply", ("turns of --json", "turns[].{}"))),
    Area(
        "handoff",
        "Handoff",
        functions("Handoff"),
        {
            RUST: Place("Handoff", within("Handoff::{}"), same),
            C: Place("polyai_reply", within("polyai_reply_{}"), lambda thing: ["handoff_" + thing.name]),
            CPP: Place("Handoff", within("Handoff::{}"), same),
            LUA: Place("handoff", within("handoff.{}"), same),
            PYTHON: Place("Handoff", within("Handoff.{}"), same),
        },
    ),
    Area("closed", "Answer to a close", replies("Closed"), reply_places("Closed", ("--json", "{}"))),
    Area(
        "error",
        "Error",
        functions("Error"),
        {
            **class_places("Error", "polyai_error", "Error", "error", "ChatError"),
            COMMAND_LINE: Place("error of --json", within("error.{}"), same),
        },
    ),
    Area(
        "kinds",
        "Kinds of failures",
        kinds,
        with_numbers(
            {
                **enum_places("ErrorKind", "POLYAI_STATUS", "Status", None),
                PYTHON: Place("exceptions", within("{}"), lambda thing: [camel(thing.name) + "Error"]),
                COMMAND_LINE: Place("exit status", within("{}"), same),
            }
        ),
    ),
    Area(
        "deliveries",
        "Deliveries",
        words("Delivery"),
        enum_places("Delivery", "POLYAI_DELIVERY", "Delivery", "deliveries", "deliveries"),
    ),
    Area("phases", "Phases", words("Phase"), text_places("phases", "Phase", lambda thing: [thing.variant])),
    Area(
        "states",
        "States of a conversation",
        words("ConversationState"),
        enum_places("ConversationState", "POLYAI_STATE", "State", "states", "states"),
    ),
    Area(
        "levels",
        "Log levels",
        words("LogLevel"),
        enum_places("LogLevel", "POLYAI_LOG", "LogLevel", None, "levels"),
    ),
    Area(
        "breaker",
        "States of the breaker",
        words("BreakerState"),
        text_places("breaker", "BreakerState", lambda t: [t.variant]),
    ),
    Area("attempt", "Attempt", keys("attempt"), text_places("attempt", "Attempt", without_unit_of_time)),
    Area("metrics", "Counters of a client", keys("metrics"), text_places("metrics", "Metrics", same)),
    Area("rows", "The table of options", keys("option"), text_places("rows", "OptionSpec", same)),
    Area("settings", "What holds for an option", keys("setting"), text_places("settings", "SettingDescription", same)),
    Area(
        "types",
        "Types",
        types,
        {
            RUST: Place("types", within("{}"), same),
            C: Place("types", within("polyai_{}"), lambda thing: [snake(thing.name)]),
            CPP: Place("types", within("{}"), same),
            PYTHON: Place("types", within("{}"), same),
        },
    ),
    Area(
        "library",
        "The library itself",
        constants,
        {
            RUST: Place("constants", within("{}"), same),
            C: Place("library", within("polyai_{}"), lambda thing: [thing.name.lower()]),
            CPP: Place("library", within("{}"), lambda thing: [thing.name.lower()]),
            LUA: Place("library", within("polyai.{}"), same),
            PYTHON: Place("constants", within("{}"), same),
        },
    ),
    Area(
        "ownership",
        "Ownership of handles",
        nothing,
        {
            C: Place("ownership", within("polyai_..._{}"), same),
            CPP: Place("ownership", within("{}"), same),
            LUA: Place("ownership", within("{}"), same),
        },
    ),
    Area(
        "c_functions",
        "Functions of C",
        c_functions,
        {
            C: Place("declared", within("{}"), same),
            CPP: Place("calls", within("{}"), same),
            LUA: Place("calls", within("{}"), same),
        },
    ),
]

for _area in AREAS:
    _area.places.update(class_languages.places(_area.key))
