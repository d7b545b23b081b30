"""Where Java, .NET and Node.js have the words of an area."""

from __future__ import annotations

from collections.abc import Callable

from words import (
    DOTNET,
    JAVA,
    NODE,
    Place,
    Rule,
    Thing,
    camel,
    capitals,
    lower_camel,
    numbered,
    same,
    variant,
    within,
)

# The options that have a method of their own in Java, beside `option` for all of them.
SETTERS_OF_JAVA = (
    *("api_key", "token", "studio_url", "account_id", "project_id", "region", "base_url"),
    *("dialect", "proxy", "user_agent"),
    *("timeout_ms", "close_timeout_ms", "connect_timeout_ms", "conversation_timeout_ms", "max_attempts"),
)
# Java and .NET have the same classes, and write their members each in its own way.
CLASSES = {
    "configuration": "ChatClientBuilder",
    "client": "ChatClient",
    "conversation": "Conversation",
    "turn": "Turn",
    "greeting": "Greeting",
    "reply": "Reply",
    "handoff": "Handoff",
    "closed": "Closed",
    "library": "ChatLibrary",
}
REQUESTS = ("create", "respond", "close")
ENUMS_OF_CLASSES = {"deliveries": "Delivery", "states": "ConversationState", "levels": "LogLevel"}
ALIKE = {name: name for name in ("variables", "attempt", "metrics", "rows", "settings", "types")} | {
    "c_functions": "calls"
}


def option_of_java(thing: Thing) -> list[str]:
    setter = [lower_camel(thing.without_unit())] if thing.name in SETTERS_OF_JAVA else []
    return [f'option("{thing.name}")', *setter]


def method(write: Callable[[str], str]) -> Rule:
    return lambda thing: [write(thing.name)]


def exception(rule: Rule, prefix: str) -> Rule:
    """A member of ErrorKind, and the class of its exceptions."""
    return lambda thing: [
        numbered(word, thing.number) for word in (*rule(thing), f"{prefix}{camel(thing.name)}Exception")
    ]


def field_of_managed(word: str) -> str:
    return word if word.startswith("the ") else f"Request.{word}"


def within_class(name: str, rule: Rule) -> Place:
    return Place(name, within(name + ".{}"), rule)


def places_of_classes(area: str, write: Callable[[str], str], of_enum: Rule) -> Place | None:
    """The place in a language of classes, by its way to write a member and a member of an enum."""
    if area in CLASSES:
        # The names of the library itself are capitals in the core.
        return within_class(CLASSES[area], method(lambda name: write(name.lower())))
    if area in REQUESTS:
        return Place("Request", field_of_managed, method(write))
    if area in ENUMS_OF_CLASSES:
        return within_class(ENUMS_OF_CLASSES[area], of_enum)
    return Place(ALIKE[area], within("{}"), same) if area in ALIKE else None


PLACES_OF_JAVA = {
    "options": Place("options", within("{}"), option_of_java),
    "error": within_class("ChatException", method(lower_camel)),
    "kinds": Place("kinds", within("{}"), exception(capitals, "")),
    "cancel": within_class("CancelToken", method(lower_camel)),
    # They are not public: log lines go to the host's own logger.
    "levels": None,
}
PLACES_OF_DOTNET = {
    "options": Place("options", within("{}"), lambda thing: [camel(thing.without_unit())]),
    "error": within_class("IChatError", method(camel)),
    "kinds": Place("kinds", within("{}"), exception(variant, "Chat")),
}


def of_node(part: str, pattern: str = "{}", usual: Rule | None = None) -> Place:
    return Place(part, within(pattern), usual or method(lower_camel))


# Where Node.js has the words of an area. They stand together, for the rule is the same in most of them.
NODE_PLACES = {
    "options": of_node("options"),
    "configuration": of_node("ChatClient", "ChatClient.{}"),
    "client": of_node("ChatClient", "ChatClient.{}"),
    "create": of_node("options of create"),
    "respond": of_node("options of respond"),
    "close": of_node("options of close"),
    "conversation": of_node("Conversation", "Conversation.{}"),
    "turn": of_node("Turn", "Turn.{}"),
    "greeting": of_node("Greeting", "Greeting.{}"),
    "reply": of_node("Reply", "Reply.{}"),
    "handoff": of_node("Handoff", "Handoff.{}"),
    "closed": of_node("Closed", "Closed.{}"),
    "error": of_node("ChatError", "ChatError.{}"),
    "kinds": of_node("exceptions", usual=lambda thing: [camel(thing.name) + "Error"]),
    "deliveries": of_node("deliveries", "'{}'", same),
    "phases": of_node("phases", "'{}'", same),
    "states": of_node("states", "'{}'", same),
    "levels": of_node("levels", "'{}'", same),
    "breaker": of_node("breaker", "'{}'", same),
    "attempt": of_node("attempt"),
    "metrics": of_node("metrics"),
    "settings": of_node("settings"),
    "types": of_node("types", usual=same),
    "library": of_node("constants", usual=same),
}


def places(area: str) -> dict[str, Place]:
    """The places of an area in these languages."""
    found = {
        JAVA: PLACES_OF_JAVA.get(area, places_of_classes(area, lower_camel, capitals)),
        DOTNET: PLACES_OF_DOTNET.get(area, places_of_classes(area, camel, variant)),
        NODE: NODE_PLACES.get(area),
    }
    return {language: place for language, place in found.items() if place}
