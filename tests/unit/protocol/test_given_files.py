"""The files in messages of OpenAI's requests."""

import tracemalloc

import pytest

from deltawire.protocol.errors import Failure
from deltawire.protocol.openai.given_files import document_of, picture_of


def test_an_address_of_very_many_parameters_takes_no_memory() -> None:
    url = "data:" + ";" * 1_000_000
    tracemalloc.start()
    try:
        with pytest.raises(Failure, match="invalid_frame"):
            picture_of(url, "url")
        assert document_of(url, None, None, "file").start == 0
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_parameters_before_the_base64_are_skipped() -> None:
    assert picture_of("data:image/png;name=a.png;base64,AAAA", "url").start == 33
