"""Forks, as its argument says, with a client that has been used before, and tells what parent and children got."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Any

from start import client_of_the_test, tell, tell_value, told

from polyai_chat import CallCancelledError, Client, Conversation, Turn

TURNS = 15
THREADS = 4


def talk(client: Client, name: str) -> list[str]:
    """Holds a conversation in which every message is another one, and returns what was answered wrongly."""
    conversation = client.create()
    wrong = []
    for number in range(TURNS):
        message = f"{name}, turn {number} of process {os.getpid()}"
        answer = conversation.respond(message).response
        if answer != f"You said: {message}":
            wrong.append(f"{message}: {answer}")
    return wrong


def talk_in_threads(client: Client) -> list[str]:
    """`talk` in several threads at once; returns what was answered wrongly in all of them."""
    wrong: list[str] = []
    threads = [
        threading.Thread(target=lambda name=f"thread {number}": wrong.extend(talk(client, name)))
        for number in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


def fork(work: Callable[[], Any]) -> int:
    """Does `work` in a child, which then ends as a program does, with status 0; returns the child's process id."""
    child = os.fork()
    if child:
        return child
    try:
        work()
    except Exception as error:
        tell(f"{type(error).__name__}: {error}")
        raise
    sys.exit(0)


def statuses(children: list[int]) -> list[int]:
    """Waits for the children, and returns how they ended."""
    return [os.WEXITSTATUS(os.waitpid(child, 0)[1]) for child in children]


def all_at_once() -> None:
    """Threads of the parent are in the middle of their conversations when it forks, and all go on."""
    client = client_of_the_test(timeout=30)
    talk_in_threads(client)
    wrong_of_parent: list[str] = []
    talking = threading.Thread(target=lambda: wrong_of_parent.extend(talk_in_threads(client)))
    talking.start()
    children = [fork(lambda: tell_value({"child": talk_in_threads(client)})) for _ in range(4)]
    talking.join()
    ended = statuses(children)
    wrong_of_parent.extend(talk(client, "afterwards"))
    tell_value({"parent": wrong_of_parent, "statuses": ended})


def calls_under_way() -> None:
    """The parent's calls are under way when it forks: they are answered there, and unknown in the child."""
    client = client_of_the_test(timeout=60)
    conversation = client.create()
    answers: list[str] = []
    thread = threading.Thread(target=lambda: answers.append(client.create().respond("of a thread").response))
    thread.start()
    turn: Turn[Any] = conversation.start("started before the fork")
    later: Turn[Any] = conversation.start("in line before the fork")
    told()

    def in_child() -> None:
        tell_value([verdict(turn), verdict(later)])
        tell_value(turn.wait(0))
        # Cancelling and dropping the parent's turns does not touch them.
        turn.cancel()
        tell_value(talk(client, "child"))
        # The same conversation, which the parent's turns do not block here.
        tell_value(conversation.respond("of the child").response)

    child = fork(in_child)
    tell_value({"status": statuses([child])})
    thread.join()
    tell_value([turn.result().response, later.result().response, *answers])


def verdict(turn: Turn[Any]) -> str:
    """What a turn of before the fork says in the child."""
    try:
        return str(turn.result())
    except CallCancelledError as error:
        return error.delivery


def generations() -> None:
    """A child of a child of a child."""
    client = client_of_the_test(timeout=30)
    conversation = client.create()

    def next_generation(left: int) -> None:
        tell_value([left, conversation.respond(f"generation {left}").response])
        if left:
            tell_value(statuses([fork(lambda: next_generation(left - 1))]))

    next_generation(3)


def event_loop() -> None:
    """A loop that has made calls before the fork makes more in parent and child."""
    import asyncio

    from polyai_chat import AsyncClient

    loop = asyncio.new_event_loop()
    conversation = loop.run_until_complete(AsyncClient(client_of_the_test()).create())

    def say(message: str) -> str:
        return loop.run_until_complete(conversation.respond(message)).response

    def in_child() -> None:
        tell_value({"child": say("of the child")})
        # What closes the loop would take its descriptors out of the parent's.
        os._exit(0)

    tell_value({"parent": say("before")})
    child = fork(in_child)
    tell_value({"status": statuses([child]), "parent": say("after")})
    loop.close()


def forks_in_a_thread() -> None:
    """A thread that is not the main thread forks, and its child's only thread is that one."""
    client = client_of_the_test(timeout=30)
    talk(client, "before")
    ended: list[int] = []
    thread = threading.Thread(target=lambda: ended.extend(statuses([fork(lambda: tell_value(talk(client, "child")))])))
    thread.start()
    thread.join()
    tell_value({"parent": talk(client, "parent"), "statuses": ended})


# What the workers of the standard library use: made before the fork, or anew where they import this program themselves.
client: Client | None = None


def client_of_this_process() -> Client:
    """The client that was there before the fork, or a new one."""
    global client
    if client is None:
        client = client_of_the_test(timeout=30)
    return client


def talk_in_worker(name: str) -> tuple[int, list[str]]:
    """A task: the process that did it, and what was answered wrongly."""
    return os.getpid(), talk(client_of_this_process(), name)


def tell_of_worker(name: str) -> None:
    """As `talk_in_worker`, for a process that has nobody to return it to."""
    _, wrong = talk_in_worker(name)
    tell_value({"worker": wrong})


def answer_of_worker(conversation: Conversation) -> str:
    """A task that cannot be sent to another process."""
    return conversation.id


def processes() -> None:
    """multiprocessing.Process, by the start method of the second argument."""
    import multiprocessing

    talk(client_of_this_process(), "before")
    context: Any = multiprocessing.get_context(sys.argv[2])
    workers = [context.Process(target=tell_of_worker, args=(f"worker {number}",)) for number in range(3)]
    for worker in workers:
        worker.start()
    wrong = talk(client_of_this_process(), "parent")
    for worker in workers:
        worker.join()
    tell_value({"parent": wrong, "statuses": [worker.exitcode for worker in workers]})


def pool() -> None:
    """concurrent.futures.ProcessPoolExecutor, by the start method of the second argument."""
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    talk(client_of_this_process(), "before")
    with ProcessPoolExecutor(3, mp_context=multiprocessing.get_context(sys.argv[2])) as executor:
        outcomes = list(executor.map(talk_in_worker, [f"task {number}" for number in range(9)]))
        tell_value({"wrong": [wrong for _, wrong in outcomes], "processes": len({process for process, _ in outcomes})})
        try:
            executor.submit(answer_of_worker, client_of_this_process().create()).result()
        except TypeError as error:
            tell(str(error))


if __name__ == "__main__":
    globals()[sys.argv[1]]()
