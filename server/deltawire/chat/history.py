"""What the sockets remember: the finished turns that the next one is asked with."""

import sys

from deltawire.protocol.frames import HistoryMessage


class SocketHistory:
    """One socket's finished turns, in the order in which they ended; whole turns, the newest kept."""

    __slots__ = ("_chars", "_max_chars", "_messages", "size")

    def __init__(self, max_chars: int) -> None:
        """Start empty; `max_chars` bounds the sum of the messages' lengths."""
        self.size = 0
        """Bytes of this process that the messages take."""
        self._max_chars = max_chars
        self._chars = 0
        self._messages: list[HistoryMessage] = []

    def messages(self) -> list[HistoryMessage]:
        """The context for the next turn, oldest first."""
        return self._messages.copy()

    def add(self, question: str, answer: str) -> None:
        """Append a turn, and drop what no longer fits: an answer goes with its question."""
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
    """What a turn has delivered so far; nothing, once it is more than a memory could hold."""

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
        """The whole answer, or nothing."""
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
        """An empty memory for one socket; `close` it when the socket is gone."""
        memory = SocketHistory(self._max_chars)
        self._histories[memory] = None
        return memory

    def draft(self) -> Draft:
        """For an answer that may become a memory."""
        return Draft(self._max_chars)

    def add(self, memory: SocketHistory, question: str, answer: str) -> None:
        """Remember a turn in `memory`. One that delivered nothing is not remembered."""
        if not answer:
            return
        before = memory.size
        memory.add(question, answer)
        self._size += memory.size - before
        for oldest in self._histories if self._size > self._max_bytes else ():
            self._size -= oldest.size
            oldest.forget()
            if self._size <= self._max_bytes:
                return

    def close(self, memory: SocketHistory) -> None:
        """Let go of the memory of a socket that is gone."""
        self._size -= memory.size
        del self._histories[memory]


def _size(message: HistoryMessage) -> int:
    return sys.getsizeof(message) + sys.getsizeof(message.text)
