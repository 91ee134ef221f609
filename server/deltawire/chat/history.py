"""Histories of sockets: the finished turns, which are the context of the next one."""

import sys

from deltawire.protocol.frames import HistoryMessage


class SocketHistory:
    """One socket's finished turns, in the order in which they ended; whole turns, the newest kept."""

    __slots__ = ("_chars", "_max_chars", "_messages", "_pool", "size")

    def __init__(self, pool: "HistoryPool", max_chars: int) -> None:
        """Start empty; `max_chars` bounds the sum of the messages' lengths."""
        self.size = 0
        """Bytes of memory that the messages take."""
        self._pool = pool
        self._max_chars = max_chars
        self._chars = 0
        self._messages: list[HistoryMessage] = []

    def messages(self) -> list[HistoryMessage]:
        """Return the context for the next turn, oldest message first."""
        return self._messages.copy()

    def draft(self) -> "Draft":
        """Return an empty draft of an answer, which may be added later."""
        return Draft(self._max_chars)

    def add(self, question: str, answer: str) -> None:
        """Append a turn, if it has delivered text. Drop the oldest turns that no longer fit, question and answer."""
        if answer:
            before = self.size
            self._append(question, answer)
            self._pool.make_room(self.size - before)

    def close(self) -> None:
        """Release the history of a socket that is closed."""
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
        """Drop all messages."""
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
    """The histories of all sockets, bounded in bytes together; those of the oldest sockets are dropped first."""

    def __init__(self, max_bytes: int, max_chars: int) -> None:
        """`max_bytes` bounds all histories together, `max_chars` each one."""
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
        """Count bytes that were added to a history; drop the oldest sockets' messages until all fit."""
        self._size += added
        for oldest in self._histories if self._size > self._max_bytes else ():
            self._size -= oldest.size
            oldest.forget()
            if self._size <= self._max_bytes:
                return

    def remove(self, history: SocketHistory) -> None:
        """Remove a history."""
        self._size -= history.size
        del self._histories[history]


def _size(message: HistoryMessage) -> int:
    return sys.getsizeof(message) + sys.getsizeof(message.text)
