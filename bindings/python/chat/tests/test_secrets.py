"""Canaries: unusual strings as key, token, password and private key, looked for wherever something may be shown."""

from __future__ import annotations

import gc
import logging
import os
import pickle
import subprocess
import sys
import traceback
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from conftest import SCRIPT
from polyai_chat import OPTIONS, Attempt, ChatError, Client, ConfigurationError, Conversation
from polyai_chat_testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY = "canary-key-8f3e"
TOKEN = "canary-token-1d7a"
PASSWORD = "canary-password-55c0"
PEM = "-----BEGIN PRIVATE KEY-----\ncanary-pem-90b2\n-----END PRIVATE KEY-----\n"
SAID = "canary-message-77d1"

CANARY = "canary-"


@pytest.fixture
def secretive() -> Iterator[Simulator]:
    """A simulator whose key and token are canaries."""
    with Simulator(script=SCRIPT, api_key=KEY, token=TOKEN) as running:
        yield running


def shown(error: BaseException) -> str:
    """All that a traceback shows of an exception, with the local variables of every frame but those of the tests."""
    captured = traceback.TracebackException(type(error), error, error.__traceback__, capture_locals=True)
    texts: list[str] = []
    current: traceback.TracebackException | None = captured
    while current is not None:
        texts.extend(current.format_exception_only())
        for frame in current.stack:
            if frame.filename != __file__:
                texts.extend((frame.locals or {}).values())
        current = current.__cause__ or current.__context__
    return "\n".join(texts)


def told(thing: object) -> str:
    """All that an object tells whoever asks: its representation, its attributes, and theirs."""
    texts: list[str] = [
        repr(thing),
        str(thing),
        f"{thing}",
        repr(getattr(thing, "__dict__", None)),
        repr(gc.get_referents(thing)),
    ]
    for name in dir(thing):
        value: Any = getattr(thing, name, None)
        texts.append(f"{name}={value!r} {getattr(value, '__doc__', None)}")
        if name in ("settings", "metrics", "recent_attempts", "__getstate__", "__reduce__", "__sizeof__", "__dir__"):
            try:
                texts.append(repr(value()))
            except TypeError as error:
                texts.append(repr(error))
    return "\n".join(texts)


def test_the_objects_of_a_client_tell_no_secret(secretive: Simulator) -> None:
    attempts: list[Attempt] = []
    client = Client(
        **secretive.options,
        proxy=f"http://sam:{PASSWORD}@proxy.invalid:3128",
        no_proxy="127.0.0.1",
        on_attempt=attempts.append,
    )
    behind_proxy = Client(**secretive.options, proxy=f"http://sam:{PASSWORD}@127.0.0.1:9", allow_plain_http=True)
    conversation = client.create()
    turn = conversation.start(SAID)
    reply = conversation.respond("x")
    assert turn.wait()
    for thing in (client, behind_proxy, conversation, turn, turn.result(), reply, reply.headers, conversation.greeting):
        # What the agent said may repeat what it was told; everything else must not.
        assert CANARY not in told(thing).replace(f"You said: {SAID}", "")
    assert CANARY not in repr(attempts)
    assert CANARY not in repr(client.recent_attempts())
    assert len(attempts) == 3
    assert {row["name"]: row["value"] for row in client.settings()}["api_key"] == "set"


def failures(secretive: Simulator) -> dict[str, Callable[[], object]]:
    """Ways in which a call fails while it holds secrets."""
    client = Client(**secretive.options, backoff=0.001)
    conversation = client.create()
    forms = (SAID, SAID.upper(), SAID.replace("-", "%2D"), b64encode(SAID.encode()).decode())
    echo = f"you sent {KEY} and {TOKEN} and {' and '.join(forms)}"
    secretive.fail(
        {
            "answer": {
                "status": 401,
                "error_code": f"CODE_{KEY}",
                "headers": [f"X-Echo: {echo}"],
                "body": {"text": echo},
            }
        },
        {"operation": "respond", "nth": 1},
    )
    secretive.fail(
        {"answer": {"status": 422, "headers": [f"X-Echo: {echo}"], "body": {"json": {"error_message": echo}}}},
        {"operation": "respond", "nth": 2},
    )
    secretive.fail({"garbage": {"text": echo}}, {"operation": "respond", "nth": 3})
    secretive.fail(
        {"answer": {"status": 200, "content_type": f"text/{KEY}", "body": {"text": "x" * 240 + echo}}},
        {"operation": "respond", "nth": 4},
    )
    secretive.fail({"reset": {"at": "after_turn"}}, {"operation": "respond", "nth": 5})

    def refused_proxy() -> object:
        proxy = f"http://sam:{PASSWORD}@127.0.0.1:9"
        return Client(**secretive.options, proxy=proxy, allow_plain_http=True, max_attempts=1).create()

    def without_service() -> object:
        with Simulator(api_key=KEY, token=TOKEN) as simulator:
            other = Client(**simulator.options, backoff=0.001)
        return other.create()

    return {
        "echo in 401": lambda: conversation.respond(SAID),
        "echo in 422": lambda: conversation.respond(SAID),
        "echo as garbage": lambda: conversation.respond(SAID),
        "echo in an excerpt": lambda: conversation.respond(SAID),
        "reset": lambda: conversation.respond(SAID),
        "proxy": refused_proxy,
        "no service": without_service,
    }


def test_the_errors_of_calls_tell_no_secret(secretive: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name, fail in failures(secretive).items():
        with pytest.raises(ChatError) as caught:
            fail()
        error = caught.value
        changed = (SAID.upper(), SAID.replace("-", "%2D"), b64encode(SAID.encode()).decode()[:-4])
        assert not [form for form in changed if form in told(error) + shown(error)], name
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            assert CANARY.encode() not in pickle.dumps(error, protocol), name
        assert CANARY not in told(error), name
        assert CANARY not in shown(error), name
        assert CANARY not in repr(list(error.headers.items())) + repr(error.headers.all("x-echo")), name
    assert len(caplog.records) > 5
    assert CANARY not in "".join(repr(vars(record)) + record.getMessage() for record in caplog.records)


@pytest.mark.parametrize(
    "options",
    [
        {"api_key": f"{KEY}\n"},
        {"api_key": f" {KEY}"},
        {"api_key": f"{KEY}\ud800"},
        {"api_key": KEY.encode()},
        {"api_key": [KEY]},
        {"token": f"{TOKEN}é"},
        {"token": f"{TOKEN}\x00"},
        {"token": (TOKEN,)},
        {"proxy": f"http://sam:{PASSWORD}@proxy:port"},
        {"proxy": f"gopher://sam:{PASSWORD}@proxy"},
        {"proxy": f"http://sam:{PASSWORD}@"},
        {"proxy": PASSWORD},
        {"proxy": f"http://sam:{PASSWORD}\ud800@proxy"},
        {"proxy": {"http": f"http://sam:{PASSWORD}@proxy"}},
        {"client_key_pem": PEM},
        {"client_key_pem": PEM, "client_cert_pem": "canary-cert"},
        {"client_key_pem": f"{PEM}\ud800"},
        {"client_key_pem": PEM.encode()},
        {"timeout": 0},
        {"timeout": "soon"},
        {"timeout": float("nan")},
        {"regoin": "uk"},
        {"regoin": KEY},
        {"on_attempt": KEY},
        {"max_attempts": 0},
        {"max_attempts": f"{KEY}"},
        {"region": "uk"},
        {"studio_url": "https://studio.example"},
        {"dialect": "ancient"},
        {"account_id": "a/b"},
        {"ca_file": "/nowhere"},
        {"retry_503": KEY},
    ],
    ids=lambda options: ",".join(f"{name}:{type(value).__name__}" for name, value in options.items()),
)
@pytest.mark.parametrize("way", ["Client", "from_env", "from_profile"])
def test_a_bad_argument_is_refused_without_telling_a_secret(
    secretive: Simulator, options: dict[str, Any], way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make: dict[str, Callable[..., Client]] = {
        "Client": Client,
        "from_env": Client.from_env,
        "from_profile": Client.from_profile,
    }
    monkeypatch.setenv("POLYAI_TOKEN", TOKEN)
    all_options = {**secretive.options, **options}
    with pytest.raises((ValueError, TypeError)) as caught:
        make[way](**all_options)
    error = caught.value
    assert CANARY not in shown(error)
    assert CANARY not in told(error)
    assert CANARY.encode() not in pickle.dumps(error)


@pytest.mark.parametrize("variable", ["POLYAI_API_KEY", "POLYAI_TOKEN", "POLYAI_PROXY", "POLYAI_CLIENT_KEY_PEM"])
def test_a_wrong_secret_of_the_environment_is_not_told(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv("POLYAI_REGION", "uk")
    monkeypatch.setenv("POLYAI_ACCOUNT_ID", "acme-uk")
    monkeypatch.setenv("POLYAI_PROJECT_ID", "acme-team-4")
    monkeypatch.setenv("POLYAI_API_KEY", "the-key")
    monkeypatch.setenv("POLYAI_TOKEN", "the-token")
    monkeypatch.setenv(variable, f"{CANARY}of the environment")
    with pytest.raises(ConfigurationError, match=variable) as caught:
        Client.from_env()
    assert CANARY not in shown(caught.value) + told(caught.value)


def test_replacing_credentials_tells_no_secret(secretive: Simulator) -> None:
    client = Client(**secretive.options)
    untyped: Any = client
    for pair in (
        (f"{KEY} x", TOKEN),
        (KEY, f"{TOKEN}\n"),
        (f"{KEY}\ud800", TOKEN),
        (KEY.encode(), TOKEN),
        (KEY, [TOKEN]),
    ):
        with pytest.raises((ValueError, TypeError)) as caught:
            untyped.replace_credentials(*pair)
        assert CANARY not in shown(caught.value) + told(caught.value)
        assert CANARY.encode() not in pickle.dumps(caught.value)


def test_what_cannot_be_pickled_tells_no_secret_either(secretive: Simulator) -> None:
    client = Client(**secretive.options)
    conversation = client.create()
    turn = conversation.start("x")
    for thing in (client, conversation, turn, {"all": [client, conversation]}):
        with pytest.raises(TypeError) as caught:
            pickle.dumps(thing)
        assert CANARY not in shown(caught.value) + told(caught.value)
    assert CANARY.encode() not in pickle.dumps(turn.result())


def test_what_went_wrong_with_a_message_does_not_repeat_it(client: Client, conversation: Conversation) -> None:
    untyped: Any = conversation
    for call in (
        lambda: conversation.respond(f"{SAID}\ud800"),
        lambda: conversation.respond("x", metadata={"a": f"{SAID}\ud800"}),
        lambda: conversation.respond("x", timeout=0),
        lambda: untyped.respond(SAID.encode()),
        lambda: untyped.respond([SAID]),
        lambda: untyped.respond(SAID, SAID),
        lambda: untyped.respond(SAID, mesage=SAID),
        lambda: client.attach("").respond(SAID),
    ):
        with pytest.raises((ValueError, TypeError)) as caught:
            call()
        assert CANARY not in shown(caught.value) + told(caught.value)


def test_an_uncaught_error_prints_no_secret(secretive: Simulator) -> None:
    program = f"""
import os, polyai_chat
client = polyai_chat.Client(
    base_url={secretive.url!r}, account_id="simulator-account", project_id="simulator-project",
    api_key=os.environ["CANARY_KEY"], token=os.environ["CANARY_TOKEN"])
client.respond("nobody-knows-it", "x")
"""
    child = subprocess.run(
        [sys.executable, "-X", "dev", "-c", program],
        env={**os.environ, "CANARY_KEY": KEY, "CANARY_TOKEN": TOKEN},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert child.returncode == 1
    assert "NotFoundError" in child.stderr
    assert CANARY not in child.stdout + child.stderr


def test_the_table_says_which_options_are_secret() -> None:
    secret = {row["keyword"] for row in OPTIONS if row["is_secret"]}
    assert secret == {"api_key", "token", "client_key_pem"}
    assert CANARY not in repr(OPTIONS)


def test_the_canaries_would_be_seen() -> None:
    """That what looks for them finds them."""

    class Careless:
        def __init__(self) -> None:
            self.key = KEY

    assert CANARY in told(Careless())
    namespace: dict[str, Any] = {}
    exec(compile("def fail(key):\n    raise ValueError('x')", "careless.py", "exec"), namespace)
    with pytest.raises(ValueError, match="x") as caught:
        namespace["fail"](KEY)
    assert CANARY in shown(caught.value)
