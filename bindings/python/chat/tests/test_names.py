"""Names and documentation: the tables, the stub and the module say the same, and everything public is documented."""

from __future__ import annotations

import ast
import inspect
import pydoc
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import polyai_chat
import polyai_chat_channels
import polyai_chat_testing
from polyai_chat import OPTIONS, ChatError, Client, ConnectError, NotConnectedError, _errors, _native, _types

PACKAGE = Path(polyai_chat.__file__).parent
STUB = ast.parse((PACKAGE / "_native.pyi").read_text(encoding="utf-8"))

CLASSES = [thing for name in polyai_chat.__all__ if isinstance(thing := getattr(polyai_chat, name), type)]
CLASSES += [getattr(polyai_chat_testing, name) for name in polyai_chat_testing.__all__]
CHANNELS = [getattr(polyai_chat_channels, name) for name in polyai_chat_channels.__all__]
OF_CHANNELS: list[type] = [thing for thing in CHANNELS if isinstance(thing, type)]
FUNCTIONS_OF_CHANNELS = [thing for thing in CHANNELS if inspect.isfunction(thing)]


def test_the_types_have_the_options_of_the_table() -> None:
    assert list(polyai_chat.ClientOptions.__annotations__) == [*(row["keyword"] for row in OPTIONS), "on_attempt"]


def test_the_types_have_the_keys_of_what_is_given(client: Client) -> None:
    client.create()
    assert set(client.metrics()) == set(polyai_chat.Metrics.__annotations__)
    assert set(client.recent_attempts()[0]) == set(polyai_chat.Attempt.__annotations__)
    assert set(client.settings()[0]) == set(polyai_chat.Setting.__annotations__)


def test_the_client_takes_the_options_of_the_table_and_no_others() -> None:
    untyped: Any = Client
    for row in OPTIONS:
        # None is an option that was not given: only a keyword that is none can be wrong with it.
        with pytest.raises(polyai_chat.ConfigurationError, match="not configured"):
            untyped(**{row["keyword"]: None})
    with pytest.raises(TypeError) as caught:
        untyped(no_option=1)
    listed = str(caught.value).split("known are ")[1].split(", ")
    assert set(listed) >= {row["keyword"] for row in OPTIONS}


def test_each_option_has_its_name_its_variable_and_a_sentence() -> None:
    assert len({row["keyword"] for row in OPTIONS}) == len(OPTIONS)
    for row in OPTIONS:
        assert row["environment_variable"] == f"POLYAI_{row['name'].upper()}"
        assert row["keyword"] == (row["name"][: -len("_ms")] if row["unit"] == "ms" else row["name"])
        assert row["summary"].endswith(".")
        assert isinstance(row["is_secret"], bool)


def test_the_stub_has_the_parameters_of_every_method() -> None:
    """What stubtest compares too; here it is seen without it."""
    for node in STUB.body:
        if not isinstance(node, ast.ClassDef) or not hasattr(_native, node.name):
            continue
        of_class = getattr(_native, node.name)
        for method in (line for line in node.body if isinstance(line, ast.FunctionDef)):
            if method.name.startswith("__") or any(ast.dump(d).count("'property'") for d in method.decorator_list):
                continue
            parameters = [p for p in inspect.signature(getattr(of_class, method.name)).parameters if p != "self"]
            written = [argument.arg for argument in (*method.args.posonlyargs, *method.args.args)][1:]
            written += [argument.arg for argument in method.args.kwonlyargs]
            if method.args.kwarg and method.args.kwarg.arg == "fields":
                written += of_fields(ast.unparse(method.args.kwarg.annotation or method))
            elif method.args.kwarg:
                written.append(method.args.kwarg.arg)
            assert sorted(parameters) == sorted(written), f"{node.name}.{method.name}"


def of_fields(annotation: str) -> list[str]:
    """The keywords in `Unpack[CreateFields]`."""
    of_type = getattr(_types, annotation[len("Unpack[") : -1])
    return [*of_type.__annotations__]


def test_every_kind_of_error_has_its_class() -> None:
    kinds = [name for _, name, _ in _native.ERROR_KINDS]
    assert [number for number, _, _ in _native.ERROR_KINDS] == list(range(1, len(kinds) + 1))
    classes = [of_class for of_class in CLASSES if issubclass(of_class, ChatError)]
    by_kind = {of_class.kind: of_class for of_class in classes if of_class not in (ChatError, NotConnectedError)}
    assert set(by_kind) == set(kinds)
    assert len(classes) == len(kinds) + 2
    assert NotConnectedError.kind == ConnectError.kind
    for kind, of_class in by_kind.items():
        made = _errors._make(kind, {"text": "made", "delivery": "unknown"})
        assert type(made) is of_class
        assert of_class.__name__.endswith("Error")


def test_what_is_announced_is_there_and_what_is_there_is_announced() -> None:
    assert polyai_chat.__all__ == sorted(polyai_chat.__all__, key=lambda name: (name != "OPTIONS", name))
    for name in polyai_chat.__all__:
        assert getattr(polyai_chat, name) is not None
    for module in (polyai_chat, polyai_chat_testing, polyai_chat_channels):
        assert dir(module) == sorted(module.__all__)
        public = {
            name
            for name, value in vars(module).items()
            if not name.startswith(("_", "@")) and not inspect.ismodule(value)  # the second are pytest's
        }
        assert public - {"annotations", "TYPE_CHECKING"} <= set(module.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Cleint'"):
        getattr(polyai_chat, "Cleint")  # noqa: B009
    namespace: dict[str, Any] = {}
    exec("from polyai_chat import *", namespace)
    assert set(polyai_chat.__all__) <= set(namespace)


def test_the_version_is_that_of_the_native_module() -> None:
    assert polyai_chat.__version__ == _native.VERSION
    assert re.fullmatch(r"\d+\.\d+\.\d+", polyai_chat.__version__)


@pytest.mark.parametrize("of_class", CLASSES + OF_CHANNELS, ids=lambda of_class: of_class.__name__)
def test_every_class_is_documented_and_so_are_its_public_members(of_class: type) -> None:
    assert of_class.__doc__
    assert "ince 0.1.0." in " ".join(of_class.__doc__.split()) or issubclass(of_class, ChatError)
    for name, member in vars(of_class).items():
        if name.startswith("_") or name == "kind" or name in getattr(of_class, "__dataclass_fields__", {}):
            continue
        documentation = " ".join((inspect.getdoc(getattr(of_class, name)) or "").split())
        assert documentation, f"{of_class.__name__}.{name}"
        if callable(member) or isinstance(member, (classmethod, staticmethod)):
            is_like_another = re.match(r"As `\w+\.\w+`", documentation)
            is_of_a_mapping = of_class is polyai_chat.Headers
            assert "Since 0.1.0." in documentation or is_like_another or is_of_a_mapping, f"{of_class.__name__}.{name}"


@pytest.mark.parametrize("of_class", CLASSES + OF_CHANNELS, ids=lambda of_class: of_class.__name__)
def test_every_class_says_where_it_is_public(of_class: type) -> None:
    module = sys.modules[of_class.__module__]
    assert getattr(module, of_class.__name__) is of_class
    if issubclass(of_class, ChatError) or of_class.__module__.startswith("polyai_chat._"):
        return
    assert of_class.__module__ in ("polyai_chat", "polyai_chat_channels", "polyai_chat_testing")


def test_every_function_of_channels_is_documented_and_says_where_it_is_public() -> None:
    assert {function.__name__ for function in FUNCTIONS_OF_CHANNELS} == {"open_store", "open_async_store"}
    for function in FUNCTIONS_OF_CHANNELS:
        assert "Since 0.1.0." in (inspect.getdoc(function) or "")
        assert function.__module__ == "polyai_chat_channels"


def test_help_shows_how_to_call_what_there_is() -> None:
    shown = pydoc.plain(pydoc.render_doc(Client))
    assert "class Client" in shown
    for method in ("create", "respond", "close", "close_conversation", "from_env", "from_profile", "warm_up"):
        assert re.search(rf"\b{method}\(", shown), method
    assert "Talks to one project of the service." in shown
    assert "timeout=None" in shown
    for thing in (polyai_chat, polyai_chat_channels, *CLASSES, *CHANNELS):
        assert pydoc.plain(pydoc.render_doc(thing))


def test_a_channel_of_asyncio_has_the_words_of_the_blocking_one() -> None:
    blocking, of_loop = polyai_chat_channels.Channel, polyai_chat_channels.AsyncChannel
    public = {name for name in vars(blocking) if not name.startswith("_")}
    assert public == {name for name in vars(of_loop) if not name.startswith("_")}
    for name in public - {"name"}:
        of_one, of_other = (inspect.signature(getattr(of_class, name)) for of_class in (blocking, of_loop))
        assert of_one == of_other, name
        assert inspect.iscoroutinefunction(getattr(of_loop, name)), name
        for parameter in of_one.parameters:
            assert parameter == "self" or parameter in documented(getattr(blocking, name)).lower(), (
                f"{name}: {parameter}"
            )


def documented(method: Any) -> str:
    """What the docstring says, with that of the methods to which it refers."""
    text = " ".join((inspect.getdoc(method) or "").split())
    for name in re.findall(r"those of `(\w+)`", text):
        text += inspect.getdoc(getattr(polyai_chat_channels.Channel, name)) or ""
    return text


def test_every_call_names_its_keywords_in_its_signature() -> None:
    for method in (Client.create, Client.start_create):
        assert {"integration_attributes", "variant_id", "timeout", "correlation_id", "extra"} <= set(
            inspect.signature(method).parameters
        )
    for turn in (Client.respond, polyai_chat.Conversation.respond, polyai_chat.Conversation.start):
        parameters = inspect.signature(turn).parameters
        assert {"message", "integration_attributes", "metadata", "timeout", "extra"} <= set(parameters)
        assert parameters["message"].default is None
        assert parameters["timeout"].kind is inspect.Parameter.KEYWORD_ONLY


def test_importing_the_package_imports_neither_asyncio_nor_the_network() -> None:
    program = """
import sys
before = set(sys.modules)
import polyai_chat
new = {name.partition(".")[0] for name in set(sys.modules) - before}
print(*sorted(new & {"asyncio", "ssl", "socket", "http", "urllib", "multiprocessing", "pytest", "typing_extensions"}))
"""
    child = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}\n{program}"],
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    )
    assert child.stdout.strip() == ""
