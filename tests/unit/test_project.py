"""The project's own files agree with each other."""

import re
import tomllib
from typing import Final

from support.paths import ROOT

PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
MAKEFILE: Final = (ROOT / "Makefile").read_text()


def named(variable: str) -> list[str]:
    """The words of a variable of the Makefile, or of its `.PHONY` lines."""
    return " ".join(re.findall(rf"^{variable} ?:=? ?(.*)$", MAKEFILE, re.MULTILINE)).split()


def test_the_pythons_of_the_classifiers_are_those_that_are_tested() -> None:
    language = "Programming Language :: Python :: "
    versions = [name.removeprefix(language) for name in PROJECT["classifiers"] if name.startswith(language)]
    assert versions == named("VERSIONS")
    assert PROJECT["requires-python"] == f">={versions[0]}"


def test_every_target_is_told_by_make_help() -> None:
    described = re.findall(r"^([a-z-]+):.* ## .+$", MAKEFILE, re.MULTILINE)
    assert sorted(described) == sorted(named(r"\.PHONY"))


def test_no_test_waits_in_the_browser_for_a_string_that_its_policy_forbids_to_evaluate() -> None:
    """Playwright looks at such a string once without the policy, then fails: it passes only where it need not wait."""
    waits = [
        (file.name, waited)
        for file in sorted((ROOT / "tests").rglob("*.py"))
        for waited in re.findall(r'\.wait_for_function\(\s*["\'](.*)', file.read_text())
    ]
    assert [wait for wait in waits if not wait[1].startswith("() =>")] == []
