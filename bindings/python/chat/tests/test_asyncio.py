"""The asyncio façade, under asyncio's own loop and uvloop: the same words, cancelling, the end of a scope, and many
at once."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import inspect
import json
import os
import pickle
import resource
import signal
import sys
import threading
import time
import urllib.request
import weakref
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from children import PATIENCE, Child
from polyai_chat import (
    AsyncClient,
    AsyncConversation,
    AsyncTurn,
    AuthenticationError,
    CallCancelledError,
    ChatError,
    Client,
    ConfigurationError,
    Conversation,
    ConversationEndedError,
    DeadlineExceededError,
    InvalidArgumentError,
    NotConnectedError,
    Reply,
    _types,
)
from polyai_chat_testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from typing import Protocol, TypeVar

    T = TypeVar("T")

    class Run(Protocol):
        """What runs a coroutine in an event loop of its own."""

        def __call__(self, main: Coroutine[Any, Any, T]) -> T: ...


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a coroutine, in debug mode: a callback that is slow fails the test by its warning."""
    if request.param == "asyncio":
        return run_in_asyncio
    uvloop = pytest.importorskip("uvloop")

    def run_in_uvloop(main: Coroutine[Any, Any, T]) -> T:
        result: T = uvloop.run(main, debug=True)
        return result

    return run_in_uvloop


def run_in_asyncio(main: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine in asyncio's own loop."""
    return asyncio.run(main, debug=True)


@pytest.fixture
def chat(client: Client) -> AsyncClient:
    """An asynchronous client of the test's simulator."""
    return AsyncClient(client)


def hold(simulator: Simulator, operation: str = "respond", before: str = "turn", **when: int) -> None:
    """Has the service keep its reply for longer than any test, by default before it takes the turn."""
    simulator.fail({"delay": {"before": before, "ms": 600_000}}, {"operation": operation, **when})


async def until(is_so: Callable[[], bool]) -> None:
    """Waits for something that comes at once, while the loop goes on."""
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end
        await asyncio.sleep(0.001)


async def received(simulator: Simulator, operation: str, count: int) -> None:
    """Waits until the service has received so many requests, while the loop goes on."""
    await until(lambda: simulator.requests_to(operation) >= count)  # type: ignore[arg-type]


def open_connections(simulator: Simulator) -> int:
    """How many connections the service sees open, without the one that asks."""
    with urllib.request.urlopen(f"{simulator.url}/_simulator/counts") as answer:
        count: int = json.load(answer)["open_connections"]
    return count - 1


def verdict(cancellation: BaseException) -> CallCancelledError:
    """What a cancellation says of the call that it ended."""
    assert isinstance(cancellation.__cause__, CallCancelledError)
    return cancellation.__cause__


def descriptors() -> int:
    """How many descriptors this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def threads_of_turns() -> int:
    """How many started calls have a thread now."""
    names = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # it has ended meanwhile
            names.append((task / "comm").read_text())
    return sum(name.startswith("polyai-turn") for name in names)


# The same words


def test_a_connection_is_opened_ahead(run: Run, chat: AsyncClient, simulator: Simulator) -> None:
    async def main() -> None:
        await chat.warm_up(10)
        await chat.warm_up(timeout=10)
        await until(lambda: simulator.connections == 1)
        assert simulator.received() == []
        await chat.create()
        assert simulator.connections == 1
        options: dict[str, Any] = {**simulator.options, "base_url": "http://127.0.0.1:1", "max_attempts": 1}
        with pytest.raises(NotConnectedError):
            await AsyncClient(**options).warm_up(10)

    run(main())


def test_a_turn_is_started_waited_for_and_awaited(run: Run, chat: AsyncClient, simulator: Simulator) -> None:
    async def main() -> None:
        conversation = await chat.create()
        hold(simulator, before="headers", nth=1)
        slow = conversation.start("one", correlation_id="turn-1")
        assert (slow.done, slow.correlation_id) == (False, "turn-1")
        assert await slow.wait(0) is False
        assert await slow.wait(0.02) is False
        assert await slow.wait(timedelta(milliseconds=20)) is False
        assert not slow.done, "waiting leaves the call alone"
        await received(simulator, "respond", 1)
        slow.cancel()
        with pytest.raises(CallCancelledError) as caught:
            await slow
        assert caught.value.delivery == "unknown"

        turn = conversation.start("two")
        assert await turn.wait() is True
        assert turn.done
        assert (await turn).response == (await turn).response == "You said: two"
        assert turn.sync.result().response == "You said: two"
        for wrong in (-1, float("nan"), 86_401):
            with pytest.raises(InvalidArgumentError, match="seconds"):
                await turn.wait(wrong)
        with pytest.raises(TypeError, match="seconds"):
            await turn.wait("1")  # type: ignore[arg-type]
        assert "AsyncTurn" in repr(turn)

    run(main())


def test_a_task_that_is_cancelled_while_it_awaits_a_turn_cancels_the_call(
    run: Run, chat: AsyncClient, simulator: Simulator
) -> None:
    async def main() -> None:
        conversation = await chat.create()
        hold(simulator, before="headers")
        turn = conversation.start("one")

        async def wait_for_it() -> CallCancelledError:
            with pytest.raises(asyncio.CancelledError) as cancelled:
                await turn
            return verdict(cancelled.value)

        task = asyncio.create_task(wait_for_it())
        await asyncio.sleep(0)  # it awaits the turn now
        await received(simulator, "respond", 1)
        task.cancel()
        assert (await task).delivery == "unknown"
        assert turn.done

        waiting = asyncio.create_task(conversation.start("two").wait())
        await received(simulator, "respond", 2)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    run(main())


def test_a_turn_is_started_inside_a_running_loop(chat: AsyncClient, client: Client) -> None:
    conversation = AsyncConversation(client.create())
    with pytest.raises(RuntimeError, match="running event loop"):
        conversation.start("one")


def names_of_the_client() -> list[str]:
    """What is not started, and does not close: that is `aclose` for asyncio."""
    closes = ("close", "close_and_wait")
    return [name for name in dir(Client) if name[0] != "_" and not name.startswith("start_") and name not in closes]


@pytest.mark.parametrize("name", names_of_the_client())
def test_the_client_has_the_same_words(name: str) -> None:
    of_client, of_async_client = inspect.getattr_static(Client, name), inspect.getattr_static(AsyncClient, name)
    if not callable(getattr(Client, name)):
        assert isinstance(of_async_client, property)
    elif not isinstance(of_client, classmethod) and not isinstance(of_async_client, classmethod):
        assert parameters(of_async_client) == parameters(of_client)
    assert getattr(AsyncClient, name).__doc__


@pytest.mark.parametrize("name", ["id", "greeting", "state", "ended", "respond", "close"])
def test_the_conversation_has_the_same_words(name: str) -> None:
    if callable(getattr(Conversation, name)):
        assert parameters(getattr(AsyncConversation, name)) == parameters(getattr(Conversation, name))
    assert getattr(AsyncConversation, name).__doc__


def parameters(of: Any) -> list[tuple[str, Any, Any]]:
    """Names, kinds and defaults, sorted; with the keywords of `Unpack[...]` one by one."""
    found: list[tuple[str, Any, Any]] = []
    for each in inspect.signature(of).parameters.values():
        if each.name == "fields":
            keywords = getattr(_types, each.annotation[len("Unpack[") : -1]).__annotations__
            found += [(name, inspect.Parameter.KEYWORD_ONLY, None) for name in keywords]
        else:
            found.append((each.name, each.kind, each.default))
    return sorted(found[1:], key=lambda parameter: parameter[0])


def test_what_does_not_wait_needs_no_event_loop(simulator: Simulator) -> None:
    chat = AsyncClient(**simulator.options)
    assert (chat.base_url, chat.proxy, chat.dialect) == (simulator.url, None, "current")
    assert chat.metrics()["attempts"] == 0
    assert chat.recent_attempts() == []
    assert chat.settings() == chat.sync.settings()
    conversation = chat.attach("an-id")
    assert (conversation.id, conversation.state, conversation.ended) == ("an-id", "open", False)
    assert conversation.sync.id == "an-id"
    assert repr(chat) == f"<AsyncClient of {simulator.url}>"
    assert repr(conversation) == '<AsyncConversation "an-id", open>'
    for holds_keys in (chat, conversation):
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(holds_keys)


def test_a_client_is_made_from_options_or_shared(
    run: Run, client: Client, simulator: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in simulator.options.items():
        monkeypatch.setenv(f"POLYAI_{name.upper()}", str(value))
    profile = tmp_path / "config.toml"
    lines = [f"{name} = {json.dumps(value)}" for name, value in simulator.options.items()]
    profile.write_text("\n".join(["[uk]", *lines]))

    async def main() -> None:
        for chat in (
            AsyncClient.from_env(timeout=20),
            AsyncClient.from_profile("uk", file=profile),
            AsyncClient(**simulator.options),
        ):
            assert type(chat) is AsyncClient
            assert (await chat.create()).greeting is not None
        shared = AsyncClient(client)
        await shared.create()
        assert shared.sync is client
        assert client.metrics()["create"]["calls"] == 1

    run(main())
    with pytest.raises(TypeError, match="or options, not both"):
        AsyncClient(client, timeout=20)
    with pytest.raises(ConfigurationError):
        AsyncClient(base_url=simulator.url)


def test_errors_are_those_of_the_client(run: Run, chat: AsyncClient, simulator: Simulator) -> None:
    async def main() -> None:
        conversation = await chat.create()
        for refused in (
            conversation.respond("x", timeout=100_000),
            chat.respond("", "x"),
            chat.create(correlation_id="\n"),
        ):
            with pytest.raises(InvalidArgumentError):
                await refused
        with pytest.raises(ValueError, match="timeout"):
            await conversation.respond("x", timeout=-1)
        with pytest.raises(TypeError):
            await conversation.respond(3)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            await conversation.respond("x", mesage="y")  # type: ignore[call-arg]
        assert simulator.requests_to("respond") == 0
        hold(simulator, before="headers", nth=1)
        with pytest.raises(DeadlineExceededError) as late:
            await conversation.respond("x", timeout=0.3)
        assert (late.value.delivery, conversation.state) == ("unknown", "in_doubt")
        chat.replace_credentials("another-key", "another-token")
        with pytest.raises(AuthenticationError):
            await conversation.respond("x")

    run(main())


# One loop, many calls


def test_the_loop_goes_on_and_every_task_gets_its_own_reply(run: Run, chat: AsyncClient, simulator: Simulator) -> None:
    async def main() -> None:
        held = await chat.create()
        hold(simulator, nth=1)
        waits = asyncio.ensure_future(held.respond("never"))
        await received(simulator, "respond", 1)

        async def talk(number: int) -> list[str]:
            async with await chat.create() as conversation:
                return [(await conversation.respond(f"{number}-{turn}")).response for turn in range(3)]

        spoken = await asyncio.gather(*(talk(number) for number in range(20)))
        assert spoken == [[f"You said: {number}-{turn}" for turn in range(3)] for number in range(20)]
        assert not waits.done()
        waits.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waits

    run(main())


def test_several_loops_in_several_threads_share_a_client(run: Run, chat: AsyncClient, simulator: Simulator) -> None:
    loops, turns = 4, 25
    failures: list[BaseException] = []
    all_there = threading.Barrier(loops)

    async def main(number: int, shared: AsyncConversation) -> None:
        all_there.wait(PATIENCE)
        async with await chat.create() as conversation:
            for turn in range(turns):
                own, _ = await asyncio.gather(conversation.respond(f"{number}-{turn}"), shared.respond(str(number)))
                assert own.response == f"You said: {number}-{turn}"

    def thread(number: int, shared: AsyncConversation) -> None:
        try:
            run(main(number, shared))
        except BaseException as error:
            failures.append(error)

    shared = AsyncConversation(chat.sync.create())
    threads = [threading.Thread(target=thread, args=(number, shared)) for number in range(loops)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(PATIENCE)
    assert failures == []
    assert simulator.requests_to("respond") == 2 * loops * turns


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_512_turns_at_once_with_1024_descriptors(loop: str, simulator: Simulator) -> None:
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    with Child("many_turns.py", loop, "512", "1024", options=simulator.options) as child:
        child.expect("conversations")
        hold(simulator)
        child.tell("go on")
        assert simulator.wait_for("respond", 512, PATIENCE)
        # All are under way at the same time, each on a connection and a thread of its own.
        assert open_connections(simulator) == 512
        child.tell("cancel")
        assert child.value() == {"cancelled": 512, "unknown": 512}
        simulator.clear_faults()
        child.tell("go on")
        assert child.value() == {"own replies": 512}
        assert child.ended() == 0
        assert child.errors() == ""


def test_nothing_is_left_behind(run: Run, chat: AsyncClient, simulator: Simulator) -> None:
    async def main() -> None:
        simulator.clear_faults()
        async with await chat.create() as conversation:
            await asyncio.gather(*(conversation.respond("x") for _ in range(20)))
            hold(simulator)
            for _ in range(20):
                before = simulator.requests_to("respond")
                turn = asyncio.ensure_future(conversation.respond("x"))
                await received(simulator, "respond", before + 1)
                turn.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await turn
        await until(lambda: threads_of_turns() == 0)

    run(main())
    before = descriptors()
    for _ in range(3):
        run(main())
    end = time.monotonic() + PATIENCE
    while descriptors() > before:  # the service sees a moment later that connections are gone
        assert time.monotonic() < end


def test_a_failure_is_not_kept(run: Run, chat: AsyncClient, simulator: Simulator) -> None:
    async def main() -> weakref.ref[ChatError]:
        simulator.fail({"answer": {"status": 500}}, {"operation": "respond"})
        conversation = await chat.create()
        with pytest.raises(ChatError) as caught:
            await conversation.respond("x")
        return weakref.ref(caught.value)

    failure = run(main())
    gc.collect()
    assert failure() is None


def test_debug_mode_has_nothing_to_say() -> None:
    with Child("quiet.py", flags=["-X", "dev", "-W", "error"], environment={"PYTHONASYNCIODEBUG": "1"}) as child:
        child.expect("done")
        assert child.ended() == 0
        assert child.errors() == ""


def test_who_does_not_use_it_does_not_wait_for_asyncio() -> None:
    with Child("without_asyncio.py") as child:
        assert child.value() == {"before": [], "after": ["asyncio"]}
        assert child.ended() == 0


# Cancelling


def test_cancelling_the_task_cancels_the_turn_on_the_wire(run: Run, chat: AsyncClient, simulator: Simulator) -> None:
    async def main() -> None:
        conversation = await chat.create()
        hold(simulator)
        turn = asyncio.ensure_future(conversation.respond("x", correlation_id="turn-1"))
        await received(simulator, "respond", 1)
        assert open_connections(simulator) == 1
        began = time.monotonic()
        turn.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await turn
        assert time.monotonic() - began < 5
        # The connection is gone, which the service sees, and so is the thread.
        await until(lambda: open_connections(simulator) == 0 and threads_of_turns() == 0)
        assert conversation.state == "in_doubt"
        if sys.version_info >= (3, 11):  # before, the task makes another one
            assert verdict(caught.value).delivery == "unknown"
            assert verdict(caught.value).correlation_id == "turn-1"

    run(main())
    assert simulator.conversations()[0]["turns"] == 0
    assert simulator.requests_to("respond") == 1


def test_what_happened_to_a_cancelled_turn_is_its_cause(run: Run, chat: AsyncClient, simulator: Simulator) -> None:
    async def caused(of: Awaitable[object]) -> CallCancelledError:
        try:
            await of
        except asyncio.CancelledError as cancellation:
            return verdict(cancellation)
        raise AssertionError

    async def main() -> None:
        conversation = await chat.create()
        hold(simulator)
        sent = asyncio.ensure_future(caused(conversation.respond("sent")))
        await received(simulator, "respond", 1)
        waiting = asyncio.ensure_future(caused(conversation.respond("waiting for the turn before")))
        await asyncio.sleep(0)
        waiting.cancel()
        outcomes = [((await waiting).delivery, conversation.state)]
        sent.cancel()
        outcomes.append(((await sent).delivery, conversation.state))
        assert outcomes == [("not_sent", "open"), ("unknown", "in_doubt")]
        assert simulator.requests_to("respond") == 1

        hold(simulator, "create", "headers")
        create = asyncio.ensure_future(caused(chat.create()))
        await received(simulator, "create", 2)
        create.cancel()
        assert "a conversation may be open that nobody can reach" in (await create).message

    run(main())


def test_a_cancellation_that_comes_after_the_answer_is_a_cancellation(
    run: Run, chat: AsyncClient, simulator: Simulator
) -> None:
    async def cancelled_after_the_answer(of: Coroutine[Any, Any, object]) -> CallCancelledError:
        def ended() -> int:
            metrics = chat.metrics()
            return metrics["create"]["calls"] + metrics["respond"]["calls"] + metrics["close"]["calls"]

        calls = ended()
        cause: list[CallCancelledError] = []

        async def call() -> None:
            try:
                await of
            except asyncio.CancelledError as cancellation:
                cause.append(verdict(cancellation))
                raise

        task = asyncio.ensure_future(call())
        await asyncio.sleep(0)
        # The loop does not look up until the answer is there.
        end = time.monotonic() + PATIENCE
        while ended() == calls:
            assert time.monotonic() < end
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return cause[0]

    async def main() -> None:
        conversation = await chat.create()
        lost = await cancelled_after_the_answer(conversation.respond("x", correlation_id="turn-1"))
        assert (lost.delivery, lost.may_resend, lost.correlation_id) == ("unknown", False, "turn-1")
        assert "the answer was there already" in lost.message
        assert str(lost).startswith("cancelled: ")
        assert pickle.loads(pickle.dumps(lost)).message == lost.message

        lost = await cancelled_after_the_answer(chat.create())
        created = simulator.conversations()[-1]["id"]
        assert f"the conversation {created} is open" in lost.message
        assert (await chat.attach(created).respond("x")).response == "You said: x"

    asyncio.run(main())


def test_a_loop_without_a_descriptor_sends_nothing(run: Run, chat: AsyncClient, simulator: Simulator) -> None:
    """The connection is there already, so that only the loop lacks something."""
    conversation = run(chat.create())

    async def main() -> None:
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        with Path(os.devnull).open() as lowest:
            free = lowest.fileno()
        resource.setrlimit(resource.RLIMIT_NOFILE, (free, before[1]))
        try:
            with pytest.raises(ChatError, match=r"descriptor|open files") as caught:
                await conversation.respond("x")
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        assert (caught.value.kind, caught.value.delivery) == ("unavailable", "not_sent")
        assert simulator.requests_to("respond") == 0
        assert (await conversation.respond("y")).response == "You said: y"

    run(main())


def test_a_started_turn_is_awaited_without_a_descriptor(chat: AsyncClient) -> None:
    """In another loop than the one that started it, which has nothing yet to hear of its calls."""

    async def started() -> AsyncTurn[Reply]:
        return (await chat.create()).start("x")

    async def main(turn: AsyncTurn[Reply]) -> str:
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        with Path(os.devnull).open() as lowest:
            free = lowest.fileno()
        resource.setrlimit(resource.RLIMIT_NOFILE, (free, before[1]))
        try:
            assert await turn.wait(PATIENCE)
            return (await turn).response
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)

    assert asyncio.run(main(asyncio.run(started()))) == "You said: x"


@pytest.mark.parametrize("is_empty", [True, False], ids=["an empty context", "another context"])
def test_a_task_keeps_its_context(run: Run, chat: AsyncClient, is_empty: bool) -> None:
    variable: contextvars.ContextVar[int] = contextvars.ContextVar("variable")
    context = contextvars.Context()
    if not is_empty:
        context.run(contextvars.ContextVar[int]("another").set, 1)

    async def main() -> None:
        conversation = await chat.create()
        token = variable.set(1)
        await conversation.respond("x")
        assert variable.get() == 1
        await asyncio.sleep(0)
        assert variable.get() == 1
        variable.reset(token)

    context.run(run, main())


def test_a_task_that_never_ran_sends_nothing(run: Run, chat: AsyncClient, simulator: Simulator) -> None:
    async def main() -> None:
        conversation = await chat.create()
        turn = asyncio.ensure_future(conversation.respond("x"))
        turn.cancel()
        with pytest.raises(asyncio.CancelledError):
            await turn
        assert conversation.state == "open"

    run(main())
    assert simulator.requests_to("respond") == 0


def test_time_limits_of_asyncio_cancel_the_turn(run: Run, chat: AsyncClient, simulator: Simulator) -> None:
    async def main() -> None:
        conversation = await chat.create()
        hold(simulator)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(conversation.respond("x"), 0.2)
        assert conversation.state == "in_doubt"
        simulator.clear_faults()
        assert (await asyncio.wait_for(conversation.respond("y"), PATIENCE)).response == "You said: y"
        if sys.version_info >= (3, 11):
            hold(simulator)
            with pytest.raises(TimeoutError) as caught:
                async with asyncio.timeout(0.2):
                    await conversation.respond("x")
            assert caught.value.__cause__ is not None
            assert verdict(caught.value.__cause__).delivery == "unknown"

    run(main())
    assert simulator.conversations()[0]["messages"] == ["y"]


def test_who_waits_for_a_moment_only_leaves_the_turn_alone(run: Run, chat: AsyncClient, simulator: Simulator) -> None:
    async def main() -> None:
        conversation = await chat.create()
        simulator.fail({"delay": {"before": "turn", "ms": 2000}}, {"operation": "respond"})
        turn = asyncio.ensure_future(conversation.respond("x"))
        done, _ = await asyncio.wait({turn}, timeout=0.05)
        assert done == set(), "one moment, please"
        assert (await turn).response == "You said: x"

    run(main())
    assert simulator.requests_to("respond") == 1


@pytest.mark.skipif(sys.version_info < (3, 11), reason="task groups came with Python 3.11")
def test_a_task_group_ends_the_turns_of_its_tasks(run: Run, chat: AsyncClient, simulator: Simulator) -> None:
    async def main() -> None:
        conversations = [await chat.create() for _ in range(3)]
        hold(simulator)

        async def fail() -> None:
            await received(simulator, "respond", 3)
            raise ConversationEndedError("as soon as all are under way")

        with pytest.raises(ExceptionGroup) as caught:  # noqa: F821, PT012
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(conversation.respond("x")) for conversation in conversations]
                group.create_task(fail())
        assert [type(error) for error in caught.value.exceptions] == [ConversationEndedError]
        assert all(task.cancelled() for task in tasks)
        assert [conversation.state for conversation in conversations] == ["in_doubt"] * 3

    run(main())


def test_closing_the_client_is_no_cancellation_of_the_task(run: Run, chat: AsyncClient, simulator: Simulator) -> None:
    async def main() -> None:
        conversations = [await chat.create() for _ in range(3)]
        hold(simulator)
        turns = [asyncio.ensure_future(conversation.respond("x")) for conversation in conversations]
        await received(simulator, "respond", 3)
        await chat.aclose()
        outcomes = await asyncio.gather(*turns, return_exceptions=True)
        for outcome in outcomes:
            assert isinstance(outcome, CallCancelledError)
            assert outcome.delivery == "unknown"
        with pytest.raises(CallCancelledError) as later:
            await chat.create()
        assert later.value.delivery == "not_sent"

    run(main())


def test_a_coroutine_that_is_thrown_away_cancels_its_call(run: Run, chat: AsyncClient, simulator: Simulator) -> None:
    async def main() -> None:
        conversation = await chat.create()
        hold(simulator)
        turn = conversation.respond("x")
        turn.send(None)
        await received(simulator, "respond", 1)
        turn.close()
        await until(lambda: open_connections(simulator) == 0 and threads_of_turns() == 0)
        simulator.clear_faults()
        assert (await conversation.respond("y")).response == "You said: y"

    run(main())


def test_a_loop_that_ends_before_its_calls(chat: AsyncClient, simulator: Simulator) -> None:
    conversation = AsyncConversation(chat.sync.create())
    before = descriptors()
    loop = asyncio.new_event_loop()
    told: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: told.append(context))
    hold(simulator)
    turn = loop.create_task(conversation.respond("x"))
    loop.run_until_complete(received(simulator, "respond", 1))
    loop.close()
    # The task that is thrown away with its loop ends the call, whose thread finds nobody to tell.
    assert threads_of_turns() == 1
    del turn
    gc.collect()
    # Those of the loop, and the two ends of the call's connection.
    end = time.monotonic() + PATIENCE
    while threads_of_turns() > 0 or descriptors() > before - 2:
        assert time.monotonic() < end
    assert [context["message"] for context in told] == ["Task was destroyed but it is pending!"]


def test_a_task_that_ends_the_loop_takes_no_reply_from_others(simulator: Simulator) -> None:
    # In a process of its own: after a SystemExit, CPython 3.11 miscounts how deep it is, and compiles no more modules.
    with Child("exit_in_a_loop.py", options=simulator.options) as child:
        child.expect("the loop has ended")
        child.expect("You said: a")
        assert child.ended() == 0


def test_a_fork_in_the_middle_of_a_call(simulator: Simulator) -> None:
    simulator.fail({"delay": {"before": "turn", "ms": 1000}}, {"operation": "respond", "nth": 1})
    with Child("fork_in_a_loop.py", options=simulator.options) as child:
        child.expect("You said: in the child")
        child.expect("You said: by its id")
        assert child.value() == 0
        child.expect("You said: slowly")
        assert child.ended() == 0


@pytest.mark.skipif(sys.version_info < (3, 11), reason="before, asyncio did not cancel the task on Ctrl-C")
def test_ctrl_c_ends_the_turn(simulator: Simulator) -> None:
    hold(simulator)
    with Child("interrupted_task.py", options=simulator.options) as child:
        assert simulator.wait_for("respond", 1, PATIENCE)
        child.send(signal.SIGINT)
        assert child.value() == {"delivery": "unknown", "state": "in_doubt"}
        child.expect("KeyboardInterrupt")
        assert child.ended() == 0
    assert simulator.requests_to("close") == 1


# The end of a scope


def test_what_goes_wrong_at_the_end_is_raised_only_where_nothing_was(
    run: Run, chat: AsyncClient, simulator: Simulator
) -> None:
    async def main() -> None:
        simulator.fail({"answer": {"status": 401}}, {"operation": "close"})
        with pytest.raises(AuthenticationError):
            async with await chat.create():
                pass
        with pytest.raises(KeyError):
            async with await chat.create():
                raise KeyError
        assert simulator.requests_to("close") == 2
        with pytest.raises(CallCancelledError) as late:
            async with await chat.create():
                await chat.aclose()
        assert late.value.delivery == "not_sent"

    run(main())


def test_a_task_that_is_cancelled_closes_its_conversation(run: Run, chat: AsyncClient, simulator: Simulator) -> None:
    conversations: list[AsyncConversation] = []

    async def talk() -> None:
        async with await chat.create() as conversation:
            conversations.append(conversation)
            await conversation.respond("x")

    async def main() -> None:
        hold(simulator)
        task = asyncio.ensure_future(talk())
        await received(simulator, "respond", 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled()
        assert conversations[0].state == "closed"

    run(main())
    assert simulator.requests_to("close") == 1


@pytest.mark.parametrize("answer", ["closed", "refused"])
@pytest.mark.parametrize("block", ["nothing", "cancelled", "failed"])
def test_a_cancellation_during_the_close_waits_for_it(
    run: Run, chat: AsyncClient, simulator: Simulator, answer: str, block: str
) -> None:
    async def talk(conversation: AsyncConversation) -> None:
        async with conversation:
            if block == "failed":
                raise KeyError
            if block == "cancelled":
                await asyncio.sleep(PATIENCE)

    async def main() -> None:
        conversation = await chat.create()
        simulator.fail({"delay": {"before": "turn", "ms": 500}}, {"operation": "close"})
        if answer == "refused":
            simulator.fail({"answer": {"status": 401}}, {"operation": "close"})
        task = asyncio.ensure_future(talk(conversation))
        await asyncio.sleep(0)
        if block == "cancelled":
            task.cancel()
        await received(simulator, "close", 1)
        for _ in range(3):
            assert not task.done()
            task.cancel()
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled()
        assert conversation.state == ("closed" if answer == "closed" else "open")

    run(main())
    assert simulator.requests_to("close") == 1


def test_a_close_at_the_end_has_a_small_budget(run: Run, simulator: Simulator) -> None:
    async def talk(conversation: AsyncConversation) -> None:
        async with conversation:
            await conversation.respond("x")

    async def main() -> None:
        options: dict[str, Any] = {**simulator.options, "close_timeout": 0.3}
        chat = AsyncClient(**options)
        conversation = await chat.create()
        hold(simulator)
        hold(simulator, "close")
        task = asyncio.ensure_future(talk(conversation))
        await received(simulator, "respond", 1)
        began = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - began < 10

    run(main())


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_scope_of_anyio_that_is_cancelled(backend: str, chat: AsyncClient, simulator: Simulator) -> None:
    anyio = pytest.importorskip("anyio")
    pytest.importorskip(backend)

    async def main() -> None:
        conversation = await chat.create()
        hold(simulator)
        # A close that takes its time: the scope must not be asked again and again meanwhile.
        simulator.fail({"delay": {"before": "turn", "ms": 1000}}, {"operation": "close"})
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:

                async def cancel_when_sent() -> None:
                    # On a thread of its own: the time that this one spends is measured.
                    assert await anyio.to_thread.run_sync(simulator.wait_for, "respond", 1)
                    scope.cancel()

                group.start_soon(cancel_when_sent)
                async with conversation:
                    began = time.thread_time()
                    await conversation.respond("x")
        assert scope.cancelled_caught
        assert time.thread_time() - began < 0.1
        assert conversation.state == "closed"

    anyio.run(main, backend=backend)
    assert (simulator.requests_to("respond"), simulator.requests_to("close")) == (1, 1)
