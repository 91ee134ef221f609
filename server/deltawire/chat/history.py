"""Histories of sockets: the finished turns, which are the context of the next one."""

import sys
from collections.abc import Callable, Sequence

from deltawire.conversations.files.filed_messages import FiledHistory, FiledMessage
from deltawire.gemini.messages import StoredMessage
from deltawire.protocol.chat_request import ChatRequest, HistoryMessage


class SocketHistory:
    """One socket's finished turns, in the order in which they ended; whole turns, the newest kept."""

    __slots__ = (
        "_chars", "_has_files", "_max_chars", "_messages", "_parts_bytes", "_pool",
        "caller", "on_dropped", "size",
    )  # fmt: skip

    def __init__(self, pool: "HistoryPool", caller: str, max_chars: int) -> None:
        """Start empty; `max_chars` bounds the sum of the messages' lengths."""
        self.caller = caller
        self.size = 0
        """Bytes of memory that the messages take."""
        self.on_dropped: Callable[[], None] | None = None
        """Called when all messages were dropped, to make room for others."""
        self._pool = pool
        self._max_chars = max_chars
        self._chars = 0
        self._parts_bytes = 0
        self._messages: list[HistoryMessage] = []
        self._has_files = False

    def messages(self) -> list[HistoryMessage]:
        """Return the context for the next turn, oldest message first."""
        return FiledHistory(self._messages) if self._has_files else self._messages.copy()

    def draft(self) -> "Draft":
        """Return an empty draft of an answer, which may be added later."""
        return Draft(self._max_chars)

    def add(self, question: str, answer: str, parts: bytes | None = None, files: Sequence[str] | None = None) -> None:
        """Append a turn, if it has delivered text or parts (`StoredMessage.parts`). `files` are the question's ids.

        Drop the oldest turns that no longer fit, question and answer.
        """
        if answer or parts is not None:
            before = self.size
            self._has_files = self._has_files or bool(files)
            message = FiledMessage("user", question, files=tuple(files)) if files else HistoryMessage("user", question)
            self._append(message, answer, parts)
            self._pool.make_room(self.caller, self.size - before)

    def close(self) -> None:
        """Release the history of a socket that is closed."""
        self.on_dropped = None
        self._pool.remove(self)

    def _append(self, question: HistoryMessage, answer: str, parts: bytes | None) -> None:
        model = HistoryMessage("model", answer) if parts is None else StoredMessage("model", answer, parts=parts)
        for message in (question, model):
            self._messages.append(message)
            self._chars += len(message.text)
            self.size += _size(message)
        while self._chars > self._max_chars:
            for dropped in self._messages[:2]:
                self._chars -= len(dropped.text)
                self.size -= _size(dropped)
            del self._messages[:2]
        if parts is not None:
            self._parts_bytes = sum(map(_parts_size, self._messages))
            while self._parts_bytes > self._pool.max_parts_bytes:
                self._reduce_to_text()

    def _reduce_to_text(self) -> None:
        """Keep the oldest answer that has parts as its text; where that is empty, drop it with its question."""
        index = next(at for at, message in enumerate(self._messages) if _parts_size(message))
        message = self._messages[index]
        self._parts_bytes -= _parts_size(message)
        text = HistoryMessage("model", message.text)
        self.size += _size(text) - _size(message)
        self._messages[index] = text
        if not message.text:
            for dropped in self._messages[index - 1 : index + 1]:
                self._chars -= len(dropped.text)
                self.size -= _size(dropped)
            del self._messages[index - 1 : index + 1]

    def forget(self) -> None:
        """Drop all messages, and say so."""
        self._messages.clear()
        self._chars = self.size = 0
        if self.on_dropped is not None:
            self.on_dropped()


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

    def answer(self, exchange: Callable[[str], bytes | None]) -> tuple[str, bytes | None]:
        """Return the whole answer, and the parts that `exchange` returns for its text.

        For an answer that is too long, return an empty string and None.
        """
        text = "".join(self._pieces)
        return text, exchange(text) if self._chars >= 0 else None


class HistoryPool:
    """The histories of all sockets, bounded in bytes for each caller and for all.

    Where room must be made, the caller who has most loses the histories of their oldest sockets.
    """

    def __init__(self, max_bytes: int, max_bytes_each: int, max_chars: int, max_parts_bytes: int = 4 * 2**20) -> None:
        """`max_bytes` bounds all histories together, `max_bytes_each` those of a caller, `max_chars` each one.

        `max_parts_bytes` bounds the parts of each one that are sent back; older answers are sent as text.
        """
        self.max_parts_bytes = max_parts_bytes
        self._max_bytes = max_bytes
        self._max_bytes_each = max_bytes_each
        self._max_chars = max_chars
        self._size = 0
        self._callers: dict[str, _CallerHistories] = {}

    def open(self, caller: str) -> SocketHistory:
        """Return an empty history for one socket of a caller; close it when the socket is gone."""
        history = SocketHistory(self, caller, self._max_chars)
        self._callers.setdefault(caller, _CallerHistories()).all[history] = None
        return history

    def make_room(self, caller: str, added: int) -> None:
        """Count bytes that were added to a caller's history; drop histories until all fit."""
        mine = self._callers[caller]
        self._size += added
        mine.size += added
        if mine.size > self._max_bytes_each:
            self._size -= mine.shrink(mine.size - self._max_bytes_each)
        while self._size > self._max_bytes:
            most = max(self._callers.values(), key=lambda callers: callers.size)
            self._size -= most.shrink(self._size - self._max_bytes)

    def remove(self, history: SocketHistory) -> None:
        """Remove a history."""
        self._size -= history.size
        theirs = self._callers[history.caller]
        theirs.size -= history.size
        del theirs.all[history]
        if not theirs.all:
            del self._callers[history.caller]


class _CallerHistories:
    """The histories of one caller's sockets, in the order in which they were opened."""

    __slots__ = ("all", "size")

    def __init__(self) -> None:
        self.all: dict[SocketHistory, None] = {}
        self.size = 0

    def shrink(self, needed: int) -> int:
        """Drop the oldest histories until this many bytes are free, or all are; return how many are."""
        freed = 0
        for oldest in [history for history in self.all if history.size]:
            freed += oldest.size
            self.size -= oldest.size
            oldest.forget()
            if freed >= needed:
                break
        return freed


def takes_history(request: ChatRequest) -> bool:
    """Return whether a turn goes on with its socket's history, and becomes a part of it."""
    return request.history is None and request.conversation is None and request.state is None


def _size(message: HistoryMessage) -> int:
    size = sys.getsizeof(message) + sys.getsizeof(message.text)
    return size if type(message) is HistoryMessage else size + _parts_size(message)


def _parts_size(message: HistoryMessage) -> int:
    return len(message.parts) if isinstance(message, StoredMessage) and message.parts is not None else 0


def memory_of(messages: Sequence[HistoryMessage]) -> int:
    """Return the bytes of memory that the texts and the parts of messages take."""
    if not messages:
        return 0  # as of each first turn
    parts = [_parts_size(message) for message in messages if type(message) is not HistoryMessage]
    return sum([sys.getsizeof(message.text) for message in messages]) + (sum(parts) if parts else 0)
