"""Who loses the histories of their sockets when the memory for them is full."""

from deltawire.chat.history import HistoryPool, SocketHistory

TEXT = "a" * 10_000


def opened(pool: HistoryPool, caller: str, told: list[str]) -> SocketHistory:
    history = pool.open(caller)
    history.on_dropped = lambda: told.append(caller)
    return history


def test_room_is_made_at_the_expense_of_the_caller_who_has_most() -> None:
    told: list[str] = []
    pool = HistoryPool(max_bytes=50_000, max_bytes_each=50_000, max_chars=100_000)
    bobs = opened(pool, "bob", told)  # the oldest socket
    bobs.add("hi", TEXT)
    alices = [opened(pool, "alice", told) for _ in range(4)]
    for history in alices:
        history.add("hi", TEXT)
    assert told == ["alice"]
    assert [bool(history.messages()) for history in (bobs, *alices)] == [True, False, True, True, True]


def test_a_caller_over_their_share_loses_their_own() -> None:
    told: list[str] = []
    pool = HistoryPool(max_bytes=1_000_000, max_bytes_each=25_000, max_chars=100_000)
    alices = [opened(pool, "alice", told) for _ in range(3)]
    for history in alices:
        history.add("hi", TEXT)
    assert told == ["alice"]
    assert [bool(history.messages()) for history in alices] == [False, True, True]


def test_a_socket_that_is_closed_gives_its_memory_back() -> None:
    told: list[str] = []
    pool = HistoryPool(max_bytes=25_000, max_bytes_each=25_000, max_chars=100_000)
    for _ in range(5):
        history = opened(pool, "alice", told)
        history.add("hi", TEXT)
        history.close()
    assert told == []
