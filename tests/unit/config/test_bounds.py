"""The bounds of the settings, held against their sentences."""

import re

import pytest

from deltawire.config.description import describe
from deltawire.config.environment import load
from deltawire.config.settings import SettingsError

BOUNDED = {name: takes for name, _, takes, _ in describe() if re.search(r"\bnumber|seconds|port from", takes)}


@pytest.mark.parametrize("name", BOUNDED)
def test_the_greatest_value_of_a_setting_stands_in_its_sentence(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    found = re.search(r"(?:to|at most) ([\d,]+\d)", BOUNDED[name])
    assert found is not None, BOUNDED[name]
    greatest = int(found[1].replace(",", ""))
    monkeypatch.setenv(name, str(greatest))
    load()
    monkeypatch.setenv(name, str(greatest + 2))
    with pytest.raises(SettingsError) as refused:
        load()
    assert any(line.startswith(f"{name}: got") for line in refused.value.lines)
