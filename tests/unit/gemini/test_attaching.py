"""The place of each file of a request: inline, in the Files API, or at its own address; one byte under and over."""

from collections.abc import AsyncIterator

import pytest

from deltawire.gemini.attaching import MAX_INLINE_BYTES, MAX_INLINE_FILE_BYTES, MAX_REQUEST_BYTES, place_files
from deltawire.gemini.messages import Attachment, RemoteCopy
from deltawire.gemini.remote_files import ApiAddress, RemoteFiles
from deltawire.protocol.chat_request import ChatRequest
from deltawire.protocol.errors import Failure

AT = ApiAddress("http://none", "v1beta", {})
MIB = 2**20
VERTEX_BYTES = MAX_REQUEST_BYTES * 3 // 4


class Source:
    """A file without bytes."""

    def __init__(self, address: str | None = None) -> None:
        self.address = address

    async def read(self) -> AsyncIterator[bytes]:
        yield b""

    async def copy(self) -> RemoteCopy | None:
        return None

    async def keep_copy(self, copy: RemoteCopy | None) -> None:
        """Forget it."""


class Remote(RemoteFiles):
    """Notes the sizes of what is sent."""

    def __init__(self) -> None:
        self.sent: list[int] = []

    async def copy_of(self, file: Attachment, at: ApiAddress) -> tuple[RemoteCopy, bool]:
        assert at == AT
        self.sent.append(file.size)
        return RemoteCopy("files/1", "http://none/1", 0), True


def files(*sizes: int, address: str | None = None) -> list[Attachment]:
    return [Attachment(type="text/plain", size=size, source=Source(address)) for size in sizes]


@pytest.mark.parametrize(
    "sizes, sent",
    [
        ([MAX_INLINE_FILE_BYTES], []),
        ([MAX_INLINE_FILE_BYTES + 1], [MAX_INLINE_FILE_BYTES + 1]),
        ([7 * MIB, 7 * MIB, MAX_INLINE_BYTES - 14 * MIB], []),
        ([6 * MIB, 7 * MIB, MAX_INLINE_BYTES - 13 * MIB + 1], [MAX_INLINE_BYTES - 13 * MIB + 1]),
        ([MIB] * 20, []),
        ([MIB] * 21, [MIB]),
    ],
)
async def test_one_byte_too_much_goes_through_the_files_api_and_the_largest_first(
    sizes: list[int], sent: list[int]
) -> None:
    remote = Remote()
    await place_files([], files(*sizes), remote, AT)
    assert remote.sent == sent


@pytest.mark.parametrize("sizes", [[VERTEX_BYTES + 1], [VERTEX_BYTES - 30, 31], [20 * MIB] * 4])
async def test_on_vertex_one_byte_more_than_a_request_takes_is_refused_by_name(sizes: list[int]) -> None:
    with pytest.raises(Failure) as refusal:
        await place_files([], files(*sizes), None, AT)
    assert (refusal.value.code, refusal.value.field) == ("message_too_large", "files")
    assert "75,000,000 bytes" in refusal.value.message


@pytest.mark.parametrize("sizes", [[VERTEX_BYTES], [VERTEX_BYTES - 30, 30]])
async def test_on_vertex_a_full_request_is_sent(sizes: list[int]) -> None:
    await place_files([], files(*sizes), None, AT)


async def test_on_vertex_the_oldest_files_of_earlier_messages_are_left_out() -> None:
    first, second = earlier = files(30 * MIB, 20 * MIB)
    own = files(VERTEX_BYTES - 20 * MIB - 9)
    whole = await place_files(earlier, own, None, AT)
    last = ChatRequest(message="now")
    body = whole.fill(
        {
            "contents": [
                {"parts": [{"text": whole.mark(ChatRequest(message=""), "message", (first,)).message}]},
                {"parts": [{"text": whole.mark(ChatRequest(message="then"), "message", (second,)).message}]},
                {"parts": [{"text": whole.mark(last, "message", tuple(own)).message}]},
            ]
        }
    )
    assert [[*map(list, content["parts"])] for content in body["contents"]] == [[["inlineData"], ["text"]]] * 2


async def test_on_vertex_a_file_in_a_bucket_of_google_is_asked_by_its_address() -> None:
    [file] = own = files(2**31, address="gs://bucket/ab/cd")
    whole = await place_files([], own, None, AT)
    assert whole._part(file) == {"fileData": {"fileUri": "gs://bucket/ab/cd", "mimeType": "text/plain"}}
