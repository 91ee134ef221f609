"""Histories of sockets: the finished turns that the next one is asked with."""

import sys

from deltawire.protocol.frames import HistoryMessage


class SocketHistory:
    """One socket's finished turns, in the order in which they ended; whole turns, the newest kept."""

    __slots__ = ("_chars", "_max_chars", "_messages", "_pool", "size")

    def __init__(self, pool: "HistoryPool", max_chars: int) -> None:
        """Start empty; `max_chars` bounds the sum of the messages' lengths."""
        self.size = 0
        """Bytes of this process that the messages take."""
        self._pool = pool
        self._max_chars = max_chars
        self._chars = 0
        self._messages: list[HistoryMessage] = []

    def messages(self) -> list[HistoryMessage]:
        """Return the context for the next turn, oldest message first."""
        return self._messages.copy()

    def draft(self) -> "Draft":
        """Return an empty draft of an answer that may become part of it."""
        return Draft(self._max_chars)

    def add(self, question: str, answer: str) -> None:
        """Append a turn that has delivered something. What no longer fits is dropped, question and answer together."""
        if answer:
            before = self.size
            self._append(question, answer)
            self._pool.make_room(self.size - before)

    def close(self) -> None:
        """Release what a socket that is gone remembered."""
        self._pool.remove(self)

    def _append(self, question: str, answer: str) -> None:
        for message in (HistoryMessage("user", question), HistoryMessage("model", answer)):
            self._messages.append(message)
            self._chars += len(message.text)
            self.size += _size(message)
        while self._chars > self._max_chars:
            for dropped in self._messages[:2]:
                self._chars -= len(dropped.text)
                self.size -= _size(dropped)
            del self._messages[:2]

    def forget(self) -> None:
        """Drop everything."""
        self._messages.clear()
        self._chars = self.size = 0


class Draft:
    """The text that a turn has delivered so far; empty once it is longer than a history may be."""

    __slots__ = ("_chars", "_pieces")

    def __init__(self, max_chars: int) -> None:
        """Start empty."""
        self._pieces: list[str] = []
        self._chars = max_chars

    def add(self, text: str) -> None:
        """Append a piece."""
        self._chars -= len(text)
        if self._chars >= 0:
            self._pieces.append(text)
        elif self._pieces:
            self._pieces.clear()

    def text(self) -> str:
        """Return the whole answer, or an empty string."""
        return "".join(self._pieces)


class HistoryPool:
    """All sockets' histories together, bounded in bytes; the oldest sockets' are forgotten first."""

    def __init__(self, max_bytes: int, max_chars: int) -> None:
        """`max_bytes` bounds them all together, `max_chars` each."""
        self._max_bytes = max_bytes
        self._max_chars = max_chars
        self._size = 0
        self._histories: dict[SocketHistory, None] = {}

    def open(self) -> SocketHistory:
        """Return an empty history for one socket; close it when the socket is gone."""
        history = SocketHistory(self, self._max_chars)
        self._histories[history] = None
        return history

    def make_room(self, added: int) -> None:
        """Count bytes that were added to one of them, and forget the oldest ones until all fit."""
        self._size += added
        for oldest in self._histories if self._size > self._max_bytes else ():
            self._size -= oldest.size
            oldest.forget()
            if self._size <= self._max_bytes:
                return

    def remove(self, history: SocketHistory) -> None:
        """Take one out."""
        self._size -= history.size
        del self._histories[history]


def _size(message: HistoryMessage) -> int:
    return sys.getsizeof(message) + sys.getsizeof(message.text)
