"""A channel for code that may block."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar

from polyai_chat import Client

from ._answering import Answering
from ._steps import Call, Enter, InStore, Pause, Wait

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from datetime import timedelta
    from typing import Literal

    from ._records import Answer, Counts, Message, Parked, Sender
    from ._steps import Step
    from ._store import Store

_Result = TypeVar("_Result")


class Channel:
    """Answers the messages of a channel's senders: which conversation a sender is in, in which order messages are
    answered, which ids are known already, which conversations are idle, and who is with a human.

    - A sender's first message creates a conversation, and so does the first one after it has ended or was closed.
      Later messages go on with it, in any process.
    - A message whose conversation turns out to be over (410, `CHAT_TIMEOUT`, `CONVERSATIONS_NOT_FOUND`) was refused, so
      it is said in a new one, at once and once.
    - The messages of a sender are answered one at a time, in the order in which `receive` or `accept` was called for
      them, in all processes that share the store. Other senders do not wait.
    - A message id is claimed in the store before anything is sent. Whatever happens then, to the process too, the
      message is not given to the agent again unless it certainly has not heard it. So `receive` may be called for a
      message any number of times.
    - When the agent hands over, a human goes on: later messages are given back as 'handed_off' until `release`.

    It keeps nothing in memory about senders. One thread for all channels of a store tells the store that this process
    lives, and wakes the calls in line; it ends with the store's `close`, or some minutes after the last use. Any thread
    may use a channel, and a forked child may use its parent's.

    Example:
        >>> channel = Channel(client, SQLiteStore(path), "sms")
        >>> answer = channel.receive(sender="+44 20 7946 0000", message_id="1", text="Where is my order?")
        >>> print(answer.greeting)
        Hello there, this is the Acme returns and billing assistant. How can I help?
        >>> print(answer.response)
        I can look that up. What is your order number?
        >>> channel.receive(sender="+44 20 7946 0000", message_id="1", text="Where is my order?").is_repeated
        True

    Since 0.1.0.
    """

    def __init__(
        self,
        client: Client,
        store: Store,
        name: str,
        *,
        timeout: float | timedelta = 30.0,
        idle_after: float | timedelta | None = None,
        create_options: Mapping[str, Any] | None = None,
        give_up_after: float | timedelta | None = 86400.0,
        record_for: float | timedelta = 60.0,
    ) -> None:
        """Makes a channel. Sends nothing, and asks the store nothing.

        Args:
            client: Whom to talk by.
            store: Where to keep what must outlive the process.
            name: What the channel is called in the store. Those of other names share nothing with it.
            timeout: The deadline of each `receive`, for all that it does: seconds, or a timedelta.
            idle_after: After so long without a message, the sender's next one begins a new conversation. None: only
                when `close_idle` has closed the old one, or when it is over.
            create_options: What each new conversation is created with: keywords of `Client.create`, such as
                `variant_id`.
            give_up_after: The age from which on an accepted message is not tried again, but parked for a human. None:
                at no age.
            record_for: How long after its deadline a call keeps its claim, and tries to record what the agent has
                answered while the store fails: longer than your database takes to come back.

        Raises:
            TypeError: An argument is of the wrong type.
            ValueError: A duration is invalid, the name is empty, or `create_options` holds what is given by call.

        Does not wait. Since 0.1.0.
        """
        if not isinstance(client, Client):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"a Channel needs a Client, not {type(client).__name__}")
        self._client = client
        self._answering = Answering(client, store, name, timeout, idle_after, create_options, give_up_after, record_for)

    @property
    def name(self) -> str:
        """What it is called in the store."""
        return self._answering.name

    def receive(
        self,
        *,
        sender: str,
        message_id: str,
        text: str | None,
        integration_attributes: Mapping[str, Any] | None = None,
        timeout: float | timedelta | None = None,
    ) -> Answer:
        """Gives a message to the agent, unless that was done before, and returns its answer.

        It waits in line behind earlier messages of the sender. A message that is being answered by somebody else is
        waited for; at the deadline its state is 'under_way'.

        Args:
            sender: Who wrote it.
            message_id: Its id, the same when the channel delivers it again.
            text: What was written. None is a turn without a message, as `polyai_chat.Conversation.respond` has it.
            integration_attributes: What the agent may know about the customer, if a conversation begins with it.
            timeout: The deadline for all of it. None is that of the channel.

        Returns:
            The answer. Say `delivered` when the customer has it.

        Raises:
            ChatError: Where its delivery is 'not_sent' or 'rejected', the agent has not heard the message, and
                calling again tries again. Where it is 'unknown', calling again returns the state 'unknown', unless
                what was lost was the creation of a conversation: that has left one open which nobody can reach, and the
                message is said when you call again.
            BusyError: At the deadline it was still in line. Nothing was sent.
            ClaimLostError: This process was held up for so long that somebody else deals with the message now. Deliver
                nothing.
            StoreError: The store failed. Where the agent has answered, `StoreError.answer` holds that.
            TypeError: An argument is of the wrong type. Nothing was sent.
            ValueError: An argument cannot be sent, or is empty. Nothing was sent.

        Blocks at most for the deadline, and for a second more to record an outcome; while the store fails after the
        agent has answered, for `record_for` more. Any thread. Since 0.1.0.
        """
        return self._run(self._answering.receive(sender, message_id, text, integration_attributes, timeout))

    def greet(
        self,
        *,
        sender: str,
        integration_attributes: Mapping[str, Any] | None = None,
        timeout: float | timedelta | None = None,
    ) -> Answer:
        """Begins a conversation for a sender who has written nothing yet, such as one who opens a chat in a page.

        Where there is one, its greeting is returned again, and nothing is sent. For a sender who is with a human, the
        state is 'handed_off'. Arguments and errors are those of `receive`; where it fails, it may be called again.

        Returns:
            An answer with the greeting and without a response. It needs no `delivered`, since nothing of it is kept.

        Blocks at most for the deadline, and for a second more to record an outcome. Any thread. Since 0.1.0.
        """
        return self._run(self._answering.greet(sender, integration_attributes, timeout))

    def accept(
        self,
        *,
        sender: str,
        message_id: str,
        text: str | None,
        integration_attributes: Mapping[str, Any] | None = None,
        for_others: bool = False,
    ) -> bool:
        """Keeps a message, to be answered by `receive` in a while; so a webhook can be confirmed at once.

        The message has its place in the sender's line from now on, and survives the process: `pending` finds it
        again. Its text is kept until the agent has answered. Arguments are those of `receive`, and `for_others`:
        whether the message is left to whichever process asks `pending` first, such as a worker. Otherwise it is this
        one's for five minutes, unless it dies before.

        Returns:
            Whether it is new. One that is known already needs nothing more.

        Raises:
            StoreError: The store failed, and keeps nothing of it.
            ValueError: An argument cannot be sent, or is empty.

        Blocks while the store writes. Any thread. Since 0.1.0.
        """
        return self._run(self._answering.accept(sender, message_id, text, integration_attributes, for_others))

    def pending(self, most: int = 100) -> list[Message]:
        """Takes accepted messages that nobody answers: they were left to others, their process has died, or they were
        tried and not sent. Of each sender it is the first one in line, so none of them waits for another.

        `answer` each of them, then ask again, and `wait` when nothing is left; two processes do not get the same. A
        process that keeps one for more than five minutes loses it to the next one that asks, so take no more than you
        answer by then. A failed message is offered again after the time that the service asked for, or after 1, 2, 4 …
        seconds, at most 5 minutes. A message is `parked` instead if the service refuses it for good, if three processes
        died with it, or if it is older than `give_up_after`.

        Blocks while the store writes. Any thread. Since 0.1.0.
        """
        return self._run(self._answering.pending(most))

    def answer(self, message: Message, *, timeout: float | timedelta | None = None) -> Answer:
        """Gives a message that `pending` has taken to the agent: what `receive` does, without asking the store twice.

        Arguments, errors and what it returns are those of `receive`. Where the message was kept for too long, it is a
        `ClaimLostError`, and somebody else answers it.

        Blocks as `receive`. Any thread. Since 0.1.0.
        """
        return self._run(self._answering.answer(message, timeout))

    def wait(self, seconds: float | timedelta) -> bool:
        """Waits until there may be something new for `pending` or `undelivered` since one of them was asked, or until
        the time has passed.

        Nothing announces a message that is tried again later, or that a dead process of another machine has left: so
        ask again every few seconds, whatever it returns.

        Returns:
            Whether there may be something.

        Blocks for the time at most. Any thread. Since 0.1.0.
        """
        return self._run(self._answering.wait(seconds))

    def delivered(self, answer: Answer) -> None:
        """Records that the customer has an answer, or the human a message that was handed over. Its texts are erased.

        Said after sending it, an answer reaches the customer at least once: if the process dies between the two,
        `undelivered` finds it, and it is sent again. Said before, it reaches the customer at most once.

        Blocks while the store writes. Any thread. Since 0.1.0.
        """
        self._run(self._answering.delivered(answer))

    def not_delivered(self, answer: Answer, *, after: float | timedelta = 0.0) -> None:
        """Records that an answer could not be delivered: after so many seconds `undelivered` finds it. Later answers to
        the same sender wait for it there.

        Blocks while the store writes. Any thread. Since 0.1.0.
        """
        self._run(self._answering.not_delivered(answer, after))

    def undelivered(self, most: int = 100) -> list[Answer]:
        """Takes answers that the customer has not got: their process has died before it said `delivered`, or it said
        `not_delivered`. Of each sender it is the earliest one.

        Call it at the start and in a timer, if answers are sent rather than returned; two processes do not get the
        same. Who keeps one for more than five minutes loses it to the next one who asks. `most` of them are taken.

        Blocks while the store writes. Any thread. Since 0.1.0.
        """
        return self._run(self._answering.undelivered(most))

    def parked(self, most: int = 100) -> list[Parked]:
        """The messages that wait for a human: the agent may have heard them and their answer is lost, or they cannot be
        given to it. `Parked.why` says which. `most` of them are returned, the oldest first. Nothing waits for them.

        Blocks while the store writes. Any thread. Since 0.1.0.
        """
        return self._run(self._answering.parked(most))

    def take_parked(self, most: int = 100) -> list[Parked]:
        """Takes `most` of the parked messages, to tell a human of them: two processes do not get the same. `resolve`
        takes one off the list; who keeps one for more than five minutes without that loses it to the next one who asks.

        Blocks while the store writes. Any thread. Since 0.1.0.
        """
        return self._run(self._answering.take_parked(most))

    def resolve(
        self,
        *,
        sender: str,
        message_id: str,
        how: Literal["dismissed", "answered", "again"] = "dismissed",
        note: str | None = None,
        may_be_said_twice: bool = False,
    ) -> bool:
        """Records that somebody has dealt with a message that is parked or pending. Its text is erased.

        Args:
            sender: Who wrote it.
            message_id: Which.
            how: 'dismissed', 'answered' (by a human), or 'again': it is put at the end of its sender's line, or, if it
                never was accepted, forgotten, so that it is new when the channel delivers it again.
            note: A remark, such as who dealt with it; it is kept with the message id.
            may_be_said_twice: Whether one that the agent may have heard may be said again.

        Returns:
            Whether it was parked or pending.

        Raises:
            InvalidArgumentError: It may be said twice, and that was not allowed.

        Blocks while the store writes. Any thread. Since 0.1.0.
        """
        return self._run(self._answering.resolve(sender, message_id, how, note, may_be_said_twice))

    def hand_off(self, *, sender: str, destination: str | None = None, reason: str | None = None) -> None:
        """Hands a sender over to a human, as the agent may do. Destination and reason are for you: they come back with
        the sender's later messages. A turn that is under way still ends.

        Blocks while the store writes. Any thread. Since 0.1.0.
        """
        self._run(self._answering.hand_off(sender, destination, reason))

    def release(self, *, sender: str) -> None:
        """Gives a sender back to the agent. The next message goes on with the conversation, if that is still open.

        Blocks while the store writes. Any thread. Since 0.1.0.
        """
        self._run(self._answering.release(sender))

    def look_up(self, *, sender: str) -> Sender:
        """What is known about a sender, who may be new. Sends nothing.

        Blocks while the store reads. Any thread. Since 0.1.0.
        """
        return self._run(self._answering.look_up(sender))

    def close(self, *, sender: str, timeout: float | timedelta | None = None) -> bool:
        """Closes the conversation of a sender who has left, after the messages that are in line. The next message
        begins another. Whoever is with a human stays so.

        Args:
            sender: Who.
            timeout: The deadline for all of it. None is that of the channel.

        Returns:
            Whether there was one.

        Raises:
            ChatError: It could not be closed. The sender has left it all the same; `close_idle` tries again.

        Blocks at most for the deadline. Any thread. Since 0.1.0.
        """
        return self._run(self._answering.close(sender, timeout))

    def close_idle(self, older_than: float | timedelta, *, timeout: float | timedelta | None = None) -> int:
        """Closes the conversations of senders with no message for so long, and those that were left behind. Call it in
        a timer.

        Args:
            older_than: For how long nothing was said: seconds, or a timedelta.
            timeout: The deadline for all of it; the rest is for the next call. None is that of the channel.

        Returns:
            How many were closed.

        Raises:
            ChatError: One could not be closed. It and the rest are for the next call.

        Blocks at most for the deadline. Any thread. Since 0.1.0.
        """
        return self._run(self._answering.close_idle(older_than, timeout))

    def purge(self, older_than: float | timedelta) -> int:
        """Forgets messages that were done with so long ago, answers that were not delivered included, and senders of
        whom nothing is left. Call it in a timer.

        A message id that is forgotten is taken for new, so let `older_than` be longer than the channel delivers
        messages again, which is a week for WhatsApp.

        Returns:
            How many messages were forgotten.

        Blocks while the store writes. Any thread. Since 0.1.0.
        """
        return self._run(self._answering.purge(older_than))

    def counts(self, up_to: int = 1000) -> Counts:
        """How much is in line, under way, to be delivered and parked. Each number stops at `up_to`, so that it costs no
        more with a million in line.

        Blocks while the store reads. Any thread. Since 0.1.0.
        """
        return self._run(self._answering.counts(up_to))

    def export(self, *, sender: str) -> dict[str, Any]:
        """All that the store keeps of a sender, as what JSON can say; empty where there is nothing.

        Blocks while the store reads. Any thread. Since 0.1.0.
        """
        return self._run(self._answering.export(sender))

    def forget(self, *, sender: str) -> bool:
        """Erases all that the store keeps of a sender, message ids too, whatever is under way. `close_idle` closes the
        conversation.

        Returns:
            Whether there was anything.

        Blocks while the store writes. Any thread. Since 0.1.0.
        """
        return self._run(self._answering.forget(sender))

    def __repr__(self) -> str:
        return f"<Channel {self.name!r} of {self._client!r}>"

    def _run(self, steps: Generator[Step, Any, _Result]) -> _Result:
        """Takes the steps, one after the other."""
        try:
            step = next(steps)
            while True:
                try:
                    outcome = _take(step)
                except GeneratorExit:
                    raise
                except BaseException as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(outcome)
        except StopIteration as end:
            result: _Result = end.value
            return result


def _take(step: Step) -> Any:
    if isinstance(step, Enter):
        return True  # there are as many places as threads
    if isinstance(step, Pause):
        return time.sleep(step.seconds)
    if isinstance(step, Wait):
        return step.watch.wait(step.seconds)
    assert isinstance(step, (Call, InStore))
    return step.run()
