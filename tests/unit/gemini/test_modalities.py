"""Counts by modality: as the provider tells them, in one object, in several, and over the rounds of a turn."""

import json
from typing import Any

import pytest
from msgspec import UNSET

from deltawire.chat.earlier_rounds import EarlierRounds, shown_modalities
from deltawire.gemini.events import Counts
from deltawire.gemini.reading.counts import RunningCounts
from deltawire.gemini.reading.response import UsageMetadata, decode
from deltawire.protocol.usage_figures import Modalities


def usage(**fields: Any) -> UsageMetadata:
    read = decode(json.dumps({"usageMetadata": fields}).encode()).usage_metadata
    assert read is not None
    return read


def details(**tokens: Any) -> list[dict[str, Any]]:
    return [{"modality": name.upper(), "tokenCount": count} for name, count in tokens.items()]


def counted(*objects: dict[str, Any]) -> Counts:
    running = RunningCounts()
    for one in objects:
        running.take_news(usage(**one))
    return running.counts(has_output=True)


def modalities_of(*objects: dict[str, Any]) -> Modalities | None:
    return counted(*objects).modalities


USAGE_METADATA = {"promptTokenCount": 300, "candidatesTokenCount": 7, "totalTokenCount": 307}


def test_each_kind_is_told_by_modality() -> None:
    usage_metadata = {
        "promptTokenCount": 300,
        "candidatesTokenCount": 1_300,
        "toolUsePromptTokenCount": 50,
        "cachedContentTokenCount": 200,
        "totalTokenCount": 1_650,
        "promptTokensDetails": details(text=12, audio=88, image=100, video=60, document=40),
        "candidatesTokensDetails": details(image=1_290, text=10),
        "toolUsePromptTokensDetails": details(text=50),
        "cacheTokensDetails": details(audio=88, text=112),
    }
    assert modalities_of(usage_metadata) == Modalities(
        input={"text": 12, "audio": 88, "image": 100, "video": 60, "document": 40},
        output={"text": 10, "image": 1_290},
        tool={"text": 50},
        cached={"text": 112, "audio": 88},
    )


@pytest.mark.parametrize(
    "token_details, split",
    [
        (details(audio=100), {"text": 200, "audio": 100}),
        (details(audio=100, text=7), {"text": 200, "audio": 100}),
        (details(audio=300), {"audio": 300}),
        (details(text=300), {"text": 300}),
        (
            [{"modality": "AUDIO", "tokenCount": "100"}, {"modality": "AUDIO", "tokenCount": 50}],
            {"text": 150, "audio": 150},
        ),
        ([{"modality": 4, "tokenCount": 100}], {"text": 200, "audio": 100}),
        ([{"modality": "audio", "tokenCount": 100}, None], {"text": 200, "audio": 100}),
        ([{"modality": "SMELL", "tokenCount": 100, "more": {}}], {"text": 200, "smell": 100}),
        ([{"modality": "AUDIO"}], {"text": 300}),
    ],
)
def test_the_modalities_of_a_kind_add_up_to_its_count(token_details: Any, split: dict[str, int]) -> None:
    modalities = modalities_of({**USAGE_METADATA, "promptTokensDetails": token_details})
    assert modalities == Modalities(input=split)
    assert sum(split.values()) == 300


@pytest.mark.parametrize(
    "token_details",
    [
        *(
            [],
            {},
            "AUDIO",
            None,
            7,
            [7],
            [[]],
            [{"tokenCount": 100}],
            [{"modality": "MODALITY_UNSPECIFIED", "tokenCount": 3}],
        ),
        *(details(audio=301), details(audio=-1), details(audio=1.5), details(audio="many"), details(audio=10**30)),
        *([{"modality": 99, "tokenCount": 1}], [{"modality": "a b", "tokenCount": 1}], [{"modality": "x" * 99}]),
    ],
)
def test_what_cannot_be_right_is_not_told_and_harms_no_count(token_details: Any) -> None:
    counts = counted({**USAGE_METADATA, "promptTokensDetails": token_details})
    assert counts == Counts(300, 7, 0, 0, 0, 307)


def test_an_object_without_a_count_keeps_the_modalities_of_the_one_before() -> None:
    first = {**USAGE_METADATA, "promptTokensDetails": details(audio=100), "candidatesTokensDetails": details(text=7)}
    last = {"promptTokenCount": 300, "totalTokenCount": 300, "promptTokensDetails": details(audio=120)}
    assert modalities_of(first, last) == Modalities(input={"text": 180, "audio": 120}, output={"text": 7})


def test_the_modalities_of_rounds_are_added_up() -> None:
    rounds = EarlierRounds()
    for _ in range(2):
        rounds = rounds.plus(counted({**USAGE_METADATA, "promptTokensDetails": details(audio=100)}), 1.0)
    assert rounds.counts.input == 600
    assert rounds.counts.modalities == Modalities(input={"text": 400, "audio": 200})


def test_a_kind_that_one_round_counts_without_modalities_is_not_told() -> None:
    rounds = EarlierRounds()
    for token_details in (details(audio=100), []):
        rounds = rounds.plus(
            counted(
                {**USAGE_METADATA, "promptTokensDetails": token_details, "candidatesTokensDetails": details(image=7)}
            ),
            1.0,
        )
    assert rounds.counts.modalities == Modalities(output={"image": 14})


def test_a_turn_of_text_alone_is_told_as_ever() -> None:
    assert modalities_of(USAGE_METADATA) is None
    for split, is_shown in ((details(text=300), False), (details(document=3), True), (details(audio=0), False)):
        modalities = modalities_of({**USAGE_METADATA, "promptTokensDetails": split})
        assert modalities is not None
        assert (shown_modalities(modalities) is not UNSET) == is_shown
