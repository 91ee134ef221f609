"""The grammar of the settings of limits."""

import pytest

from deltawire.limits.rules import Rule, read_amounts, read_counts


@pytest.mark.parametrize(
    "text, rules",
    [
        ("30", [Rule(None, 30)]),
        ("30,gemini-pro=5", [Rule(None, 30), Rule("gemini-pro", 5)]),
        (" gemini-pro = 5 , 30 ", [Rule("gemini-pro", 5), Rule(None, 30)]),
        ("gemini-pro=5", [Rule("gemini-pro", 5)]),
        ("1e6", [Rule(None, 1_000_000)]),
    ],
)
def test_a_number_is_for_all_models_and_a_pair_for_one(text: str, rules: list[Rule]) -> None:
    assert list(read_counts(text)) == rules


@pytest.mark.parametrize(
    "text",
    ["", ",", "30,", "0", "-1", "1.5", "nan", "inf", "1e300", "many", "=5", "a b=5", "a=", "a=b=5", "30,40", "a=1,a=2"],
)
def test_what_would_allow_nothing_or_anything_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_counts(text)


def test_dollars_need_not_be_whole() -> None:
    assert read_amounts("0.5,gemini-pro=0.01") == (Rule(None, 0.5), Rule("gemini-pro", 0.01))
