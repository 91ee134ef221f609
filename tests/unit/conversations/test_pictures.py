"""The headers of pictures."""

import time

import pytest

from deltawire.conversations.files.pictures import PictureHeader, Size

START = b"\xff\xd8"
SEGMENT = b"\xff\xe2\x00\x06abcd"
FRAME = b"\xff\xc0\x00\x0b\x08\x00\x02\x00\x03\x01\x01\x11\x00"


def test_a_frame_header_is_found_after_a_thousand_segments() -> None:
    header = PictureHeader("image/jpeg")
    header.feed(START + b"\xff" * 100 + SEGMENT * 1_000 + FRAME)
    assert header.size == Size(3, 2)


@pytest.mark.parametrize("marker", [b"\xff", b"\xff\xd0", b"\xff\xe0\x00\x02"], ids=["fill", "restart", "empty"])
def test_a_picture_of_nothing_but_markers_takes_no_time(marker: bytes) -> None:
    header = PictureHeader("image/jpeg")
    began = time.process_time()
    for piece in [START] + [marker * (2**16 // len(marker))] * 300:
        header.feed(piece)
    assert header.size is None
    assert time.process_time() - began < 0.5
