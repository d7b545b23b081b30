"""Prints what Python exposes, as JSON: by asking the installed package, its objects and their documentation.

Run by the Python that has the package.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import socket
from pathlib import Path
from typing import Any

import polyai_chat
from polyai_chat import AsyncClient, AsyncConversation, AsyncTurn, ChatError, Client, Conversation, _native, _types

PACKAGE = Path(polyai_chat.__file__).parent
CLASSES = ("Client", "Closed", "Conversation", "Greeting", "Handoff", "Reply", "Turn", "ChatError")
Surface = dict[str, dict[str, list[str]]]
# What a call is about, and no part of its request.
NO_FIELDS = ("self", "conversation_id")


def members(of_class: type) -> list[str]:
    """What is public of a class and not of its bases in Python itself."""
    of_python = set(dir(BaseException)) | set(dir(object))
    return [name for name in dir(of_class) if not name.startswith("_") and name not in of_python]


def parameters(function: Any) -> list[str]:
    found = []
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:  # it is said to be Unpack[...] of a type with the keywords
            found += getattr(_types, parameter.annotation[len("Unpack[") : -1]).__annotations__
        elif name not in NO_FIELDS:
            found.append(name)
    return found


def requests(classes: dict[str, tuple[str, ...]], operation: str) -> dict[str, list[str]]:
    """The parameters of every function that makes a request of this kind."""
    return {
        f"{of_class}.{function}": parameters(getattr(getattr(polyai_chat, of_class), function))
        for of_class, functions in classes.items()
        for function in functions
        if operation in function or (operation == "respond" and function == "start")
    }


CALLS = {
    "Client": ("create", "start_create", "respond", "start_respond", "close_conversation", "start_close_conversation"),
    "Conversation": ("respond", "start", "close", "start_close"),
}
ASYNC_CALLS = {"AsyncClient": ("create", "respond", "close_conversation"), "AsyncConversation": ("respond", "close")}


def accepted(make: Any) -> list[str]:
    """The keywords that something takes, by what it says to one that nobody knows."""
    try:
        make(no_such_name=1)
    except TypeError as error:
        listed = str(error).rpartition("known are ")[2].split(", ")
    # What is no option but may be given with them is not in that list.
    return listed + [name for name in keywords_of_stub() if name not in listed and not is_unknown(make, name)]


def is_unknown(make: Any, name: str) -> bool:
    try:
        make(**{name: object()})
    except TypeError as error:
        return "unexpected keyword" in str(error)
    except ChatError:
        return False
    return False


def stub(name: str) -> ast.Module:
    return ast.parse((PACKAGE / name).read_text(encoding="utf-8"))


def keywords_of_stub() -> list[str]:
    (options,) = [n for n in stub("_types.py").body if isinstance(n, ast.ClassDef) and n.name == "ClientOptions"]
    return [n.target.id for n in options.body if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)]


def literals(file: str, class_name: str, function: str) -> list[str]:
    """The texts of the Literal that a property is said to have, or of the alias that it is said to be."""
    module = stub(file)
    aliases = {
        n.targets[0].id: n.value
        for n in ast.walk(module)
        if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name)
    }
    of_class = next(n for n in module.body if isinstance(n, ast.ClassDef) and n.name == class_name)
    (found,) = [n for n in of_class.body if isinstance(n, ast.FunctionDef) and n.name == function]
    said: Any = found.returns
    if isinstance(said, ast.Name):
        said = aliases[said.id]
    return [n.value for n in ast.walk(said) if isinstance(n, ast.Constant) and isinstance(n.value, str)]


def documentation(of_what: Any) -> str:
    return " ".join((inspect.getdoc(of_what) or "").split())


def in_quotes(of_what: Any) -> list[str]:
    return re.findall(r"'([^']+)'", documentation(of_what))


def in_backticks(of_what: Any) -> list[str]:
    """What begins with a capital is a class, and on_attempt a keyword. What lies deeper is in parentheses or lists."""
    flat = re.sub(r"\([^()]*\)|, a list of .*", "", documentation(of_what))
    return [word for word in re.findall(r"`([^`]+)`", flat) if re.match(r"(?!on_)[a-z_]+$", word)]


def keys() -> tuple[list[str], list[str], list[str]]:
    """The keys of the counters of a client, of an attempt of a call that nobody answers, and of a setting."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        client = Client(
            base_url=f"http://127.0.0.1:{nobody.getsockname()[1]}",
            account_id="account",
            project_id="project",
            api_key="key",
            token="token",
            max_attempts=1,
        )
        try:
            client.create()
        except ChatError as error:
            return list(client.metrics()), list(error.attempts[0]), list(client.settings()[0])
    raise SystemExit("a port that nobody listens at has answered")


def exceptions() -> list[str]:
    """The classes of failures, each with the number of its kind."""
    numbers = {name: number for number, name, _ in _native.ERROR_KINDS}
    found = [getattr(polyai_chat, name) for name in polyai_chat.__all__]
    failures = [thing for thing in found if isinstance(thing, type) and issubclass(thing, ChatError)]
    return [f"{failure.__name__} = {numbers[failure.kind]}" for failure in failures if failure is not ChatError]


def blocking() -> Surface:
    metrics, attempt, setting = keys()
    found: Surface = {name: {"polyai_chat": members(getattr(polyai_chat, name))} for name in CLASSES}
    for operation in ("create", "respond", "close"):
        found[f"parameters of {operation}"] = requests(CALLS, operation)
    found["options"] = {
        "Client(...)": accepted(Client),
        "Client.from_env": accepted(Client.from_env),
        "_types.py": keywords_of_stub(),
    }
    found["variables"] = {"OPTIONS": [row["environment_variable"] for row in polyai_chat.OPTIONS]}
    found["exceptions"] = {"polyai_chat": exceptions()}
    found["deliveries"] = {
        "_errors.py": literals("_errors.py", "ChatError", "delivery"),
        "ChatError.delivery": in_quotes(ChatError.delivery),
    }
    found["states"] = {
        "_native.pyi": literals("_native.pyi", "Conversation", "state"),
        "_asyncio.py": literals("_asyncio.py", "AsyncConversation", "state"),
        "Conversation.state": in_quotes(Conversation.state),
        "AsyncConversation.state": in_quotes(AsyncConversation.state),
    }
    found["phases"] = {"ChatError.phase": in_quotes(ChatError.phase)}
    found["attempt"] = {"ChatError.attempts[0]": attempt, "ChatError.attempts": in_backticks(ChatError.attempts)}
    found["metrics"] = {"Client.metrics()": metrics, "Client.metrics": in_backticks(Client.metrics)}
    found["rows"] = {"OPTIONS": list(polyai_chat.OPTIONS[0])}
    found["settings"] = {"Client.settings()": setting}
    states_of_breaker = re.search(r"`breaker` \(([^()]*)\)", documentation(Client.metrics))
    found["breaker"] = {"Client.metrics": re.findall(r"'([^']+)'", states_of_breaker[1] if states_of_breaker else "")}
    public = {name: getattr(polyai_chat, name) for name in polyai_chat.__all__}
    is_failure = {n: isinstance(v, type) and issubclass(v, ChatError) and v is not ChatError for n, v in public.items()}
    found["types"] = {"__all__": [n for n, v in public.items() if isinstance(v, type) and not is_failure[n]]}
    found["constants"] = {"__all__": [n for n, v in public.items() if not isinstance(v, type)]}
    return found


def asynchronous() -> Surface:
    found: Surface = {
        "AsyncClient": {"polyai_chat": members(AsyncClient)},
        "AsyncConversation": {"polyai_chat": members(AsyncConversation)},
        "AsyncTurn": {"polyai_chat": members(AsyncTurn)},
        "options": {"AsyncClient(...)": accepted(AsyncClient), "AsyncClient.from_env": accepted(AsyncClient.from_env)},
    }
    for operation in ("create", "respond", "close"):
        found[f"parameters of {operation}"] = requests(ASYNC_CALLS, operation)
    return found


if __name__ == "__main__":
    print(json.dumps({"Python": blocking(), "Python, asyncio": asynchronous()}))
