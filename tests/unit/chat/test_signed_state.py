"""The state of an answer that ended in calls: nobody forges one, and nobody uses another's."""

import base64

import pytest

from deltawire.chat.signed_state import LIFETIME_SECONDS, StateSigner, state_key
from deltawire.protocol.errors import Failure


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def refusal(signer: StateSigner, caller: str, state: str) -> tuple[str, str | None]:
    with pytest.raises(Failure) as failed:
        signer.read(caller, state)
    return failed.value.code, failed.value.field


def test_a_state_is_read_again_by_every_server_with_the_same_secret() -> None:
    content = b'{"text":"\xc3\xa4"}' * 1_000
    state = StateSigner(state_key("a secret")).write("ada", content)
    assert StateSigner(state_key("a secret")).read("ada", state) == content
    assert len(state) < len(content) / 10
    assert state.isascii()
    assert state.replace("-", "").replace("_", "").isalnum(), "it may stand in a URL"


def test_a_state_of_another_caller_or_another_secret_is_refused_by_its_field() -> None:
    signer = StateSigner(state_key("a secret"))
    state = signer.write("ada", b"content")
    assert refusal(signer, "bob", state) == ("invalid_frame", "state")
    assert refusal(StateSigner(state_key("another")), "ada", state) == ("invalid_frame", "state")


@pytest.mark.parametrize("state", ["", "A", "!", "AAAA", "ä" * 40, "A" * 200])
def test_what_is_no_state_is_refused_by_its_field(state: str) -> None:
    assert refusal(StateSigner(state_key("a secret")), "ada", state) == ("invalid_frame", "state")


def test_no_byte_of_a_state_can_be_changed() -> None:
    signer = StateSigner(state_key("a secret"))
    state = signer.write("ada", b"content")
    whole = base64.urlsafe_b64decode(state + "=" * (-len(state) % 4))
    for index in range(len(whole)):
        changed = bytearray(whole)
        changed[index] ^= 1
        forged = base64.urlsafe_b64encode(bytes(changed)).decode().rstrip("=")
        assert refusal(signer, "ada", forged) == ("invalid_frame", "state")


def test_a_state_expires() -> None:
    clock = Clock()
    signer = StateSigner(state_key("a secret"), clock)
    state = signer.write("ada", b"content")
    clock.now += LIFETIME_SECONDS - 1
    assert signer.read("ada", state) == b"content"
    clock.now += 1
    assert refusal(signer, "ada", state) == ("gone", "state")
