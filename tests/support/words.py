"""The words of the page, as its files of languages have them."""

import re

from support.paths import WEB

_ENTRY = re.compile(r'^  (\w+):\s+(?:\{\s*(?:\w+:\s*".*",?\s+)*?other:\s+)?"((?:[^"\\]|\\.)*)"', re.MULTILINE)


def words_of(language: str) -> dict[str, str]:
    """The words of a language by their names; of those with a number, the form of most numbers."""
    source = (WEB / "src" / "text" / "words" / f"{language}.ts").read_text()
    return dict(_ENTRY.findall(source))


def pattern_of(text: str) -> str:
    """A pattern of some words with what was put in, for Python and JavaScript."""
    return re.sub(r"\\\{\w+\\\}", ".+", re.sub(r"([.*+?^${}()|\[\]\\])", r"\\\1", text))
