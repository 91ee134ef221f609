"""Keys that the operator gives out."""

import base64
import os
from hashlib import sha256
from pathlib import Path

import pytest
from support.log import Log

from deltawire.identity.api_keys import ApiKeys, KeyFile, new_key, parse_keys


def pair(name: str, key: str) -> str:
    return f"{name}:{sha256(key.encode()).hexdigest()}"


def test_a_new_key_is_32_random_bytes_and_its_line_lets_it_in() -> None:
    key, line = new_key("alice")
    assert len(base64.urlsafe_b64decode(key + "=")) == 32
    caller = ApiKeys(parse_keys([line])).caller(key)
    assert caller is not None
    assert caller.name == "key:alice"
    assert caller.expires_at is None
    assert new_key("alice")[0] != key


@pytest.mark.parametrize("name", ["", "a b", "a:b", "x" * 65, "a\nb", "é"])
def test_a_name_that_could_be_misread_gets_no_key(name: str) -> None:
    with pytest.raises(ValueError, match="a name is"):
        new_key(name)


def test_a_key_that_nobody_was_given_is_nobodys() -> None:
    assert ApiKeys(parse_keys([pair("alice", "a")])).caller("b") is None


def test_neither_the_key_nor_its_digest_is_in_a_repr() -> None:
    caller = ApiKeys(parse_keys([pair("alice", "a")])).caller("a")
    assert repr(caller) == "Caller('key:alice')"


def test_a_name_may_have_several_keys_while_one_takes_over_from_the_other() -> None:
    keys = ApiKeys(parse_keys([pair("alice", "old"), pair("alice", "new").upper().replace("ALICE", "alice")]))
    assert {getattr(keys.caller(key), "name", None) for key in ("old", "new")} == {"key:alice"}


def test_remarks_and_empty_lines_are_passed_over() -> None:
    assert list(parse_keys(["# alice is new", "", f"  {pair('alice', 'a')}  "]).values()) == ["alice"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "keys"
    path.write_text(pair("alice", "a"))
    return path


def who(keys: KeyFile, *tokens: str) -> list[str | None]:
    callers = [ApiKeys({}, keys).caller(token) for token in tokens]
    return [caller.name if caller else None for caller in callers]


def replace(path: Path, content: str) -> None:
    """As an editor, or whoever mounts secrets, does it."""
    fresh = path.with_suffix(".new")
    fresh.write_text(content)
    fresh.replace(path)


def test_a_file_that_is_replaced_is_read_again(file: Path) -> None:
    keys = KeyFile(file, seconds_between_checks=0)
    assert who(keys, "a", "b") == ["key:alice", None]
    replace(file, pair("bob", "b"))
    assert who(keys, "a", "b") == [None, "key:bob"]


def test_a_file_that_is_written_in_place_is_read_again(file: Path) -> None:
    keys = KeyFile(file, seconds_between_checks=0)
    with file.open("a") as writer:
        writer.write("\n" + pair("bob", "b"))
    assert who(keys, "a", "b") == ["key:alice", "key:bob"]


def test_a_file_is_looked_at_once_in_a_while_however_many_keys_come(file: Path) -> None:
    keys = KeyFile(file, seconds_between_checks=3600)
    who(keys, "a")
    replace(file, pair("bob", "b"))
    assert who(keys, "a", "b") == ["key:alice", None]


@pytest.mark.parametrize("content", ["alice", "\0", pair("alice", "a")[:-1], "x" * 2**21])
def test_a_broken_file_changes_nothing_and_says_so_once(file: Path, log: Log, content: str) -> None:
    keys = KeyFile(file, seconds_between_checks=0)
    replace(file, content)
    assert who(keys, "a", "a") == ["key:alice", "key:alice"]
    [line] = [line for line in log.lines if "cannot be read" in line["event"]]
    assert content[:100] not in str(line)
    replace(file, pair("bob", "b"))
    assert who(keys, "a", "b") == [None, "key:bob"]


def test_a_file_that_is_gone_changes_nothing_until_it_is_back(file: Path, log: Log) -> None:
    keys = KeyFile(file, seconds_between_checks=0)
    file.unlink()
    assert who(keys, "a", "a") == ["key:alice", "key:alice"]
    assert [line["reason"] for line in log.lines if "cannot" in line["event"]] == ["no such file or directory"]
    file.write_text("")
    os.utime(file, ns=(0, 0))
    assert who(keys, "a") == [None]


def test_a_file_that_never_could_be_read_lets_nobody_in(tmp_path: Path, log: Log) -> None:
    assert who(KeyFile(tmp_path / "none"), "a", "") == [None, None]
