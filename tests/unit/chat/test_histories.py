"""The order in which sockets lose their histories when the memory for them is full."""

from deltawire.chat.history import HistoryPool, SocketHistory

TEXT = "a" * 10_000


def opened(pool: HistoryPool, caller: str, dropped: list[str]) -> SocketHistory:
    history = pool.open(caller)
    history.on_dropped = lambda: dropped.append(caller)
    return history


def test_room_is_made_at_the_expense_of_the_caller_who_has_most() -> None:
    dropped: list[str] = []
    pool = HistoryPool(max_bytes=50_000, max_bytes_each=50_000, max_chars=100_000)
    bobs = opened(pool, "bob", dropped)  # the oldest socket
    bobs.add("hi", TEXT)
    alices = [opened(pool, "alice", dropped) for _ in range(4)]
    for history in alices:
        history.add("hi", TEXT)
    assert dropped == ["alice"]
    assert [bool(history.messages()) for history in (bobs, *alices)] == [True, False, True, True, True]


def test_a_caller_over_their_share_loses_their_own() -> None:
    dropped: list[str] = []
    pool = HistoryPool(max_bytes=1_000_000, max_bytes_each=25_000, max_chars=100_000)
    alices = [opened(pool, "alice", dropped) for _ in range(3)]
    for history in alices:
        history.add("hi", TEXT)
    assert dropped == ["alice"]
    assert [bool(history.messages()) for history in alices] == [False, True, True]


def test_a_socket_that_is_closed_gives_its_memory_back() -> None:
    dropped: list[str] = []
    pool = HistoryPool(max_bytes=25_000, max_bytes_each=25_000, max_chars=100_000)
    for _ in range(5):
        history = opened(pool, "alice", dropped)
        history.add("hi", TEXT)
        history.close()
    assert dropped == []


def test_the_oldest_parts_of_a_history_are_kept_as_text() -> None:
    pool = HistoryPool(10**6, 10**6, 10**6, max_parts_bytes=20)
    history = pool.open("ada")
    history.add("q1", "a1", b"[1234567]")
    history.add("q2", "", b"[7654321]")
    history.add("q3", "a3", b"[1111111]")
    history.add("q4", "a4", b"[2222222]")
    messages = [(message.text, getattr(message, "parts", None)) for message in history.messages()]
    assert messages == [
        ("q1", None),
        ("a1", None),
        ("q3", None),
        ("a3", b"[1111111]"),
        ("q4", None),
        ("a4", b"[2222222]"),
    ]
    history.close()
    assert pool.open("ada").size == 0
