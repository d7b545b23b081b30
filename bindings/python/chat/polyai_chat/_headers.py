"""The headers of a response."""

from __future__ import annotations

from collections.abc import Iterator, Mapping


class Headers(Mapping[str, str]):
    """The headers of a response: a mapping whose names have no case. Of several with one name it gives the first.

    Values are text, each byte a character (Latin-1), as HTTP has it. It never changes; any thread may use it. Since
    0.1.0.

    Example:
        >>> reply = conversation.respond("Hello")
        >>> reply.headers["Content-Type"] == reply.headers["content-type"] == "application/json"
        True
    """

    __module__ = "polyai_chat"

    __slots__ = ("_first", "_pairs")

    def __init__(self, pairs: list[tuple[str, bytes]]) -> None:
        self._pairs = [(name, value.decode("latin-1")) for name, value in pairs]
        self._first: dict[str, str] = {}
        for name, value in self._pairs:
            self._first.setdefault(name.lower(), value)

    def __getitem__(self, name: str) -> str:
        return self._first[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._first

    def __iter__(self) -> Iterator[str]:
        return iter(self._first)

    def __len__(self) -> int:
        return len(self._first)

    def all(self, name: str) -> list[str]:
        """Gives all values of a name.

        Args:
            name: The name of a header, in any case.

        Returns:
            The values in the order in which they came; none where there is no such header.

        Does not block. Any thread. Since 0.1.0.
        """
        return [value for known, value in self._pairs if known.lower() == name.lower()]

    def __repr__(self) -> str:
        return f"Headers({dict(self)!r})"
