"""The docs agree with the code, and with each other."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.paths import DOCS, ROOT

from deltawire.chat.states import Phase, Reason
from deltawire.protocol import close_codes
from deltawire.protocol.errors import TABLE

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
MAX_README_LINES = 150
MAX_PICTURE_BYTES = 150_000


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def text_of(name: str) -> str:
    return (ROOT / name).read_text()


def anchors_of(page: Path) -> set[str]:
    """The anchors of its headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```|`[^`\n]+`", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    links = re.findall(r"\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"", text)
    for link in (markdown or html for markdown, html in links):
        if not re.match(r"https?:", link):
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            assert target.exists(), link
            assert not anchor or anchor in anchors_of(target), link


def test_the_readme_is_short_and_its_pictures_are_small() -> None:
    assert len(text_of("README.md").splitlines()) <= MAX_README_LINES
    pictures = sorted((DOCS / "pictures").iterdir())
    assert [picture.name for picture in pictures] == ["page-dark.png", "page-light.png"]
    assert all(picture.stat().st_size < MAX_PICTURE_BYTES for picture in pictures)


def test_the_page_of_the_settings_is_the_one_that_the_settings_make() -> None:
    script = ROOT / "docs" / "reference" / "settings_page.py"
    made = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert made.stdout == text_of("docs/reference/settings.md"), "run `make docs-settings`"


@pytest.mark.parametrize(
    "name, columns",
    [
        ("docs/reference/errors.md", r"^\| `(\w+)` \| ([\d /]+) \| (yes|no) \|"),
        ("docs/reference/wire.md", r"^\| `(\w+)` \|.*\| (?=(?:yes|no) \| ([\d /]+) \|$)(yes|no) \|"),
    ],
)
def test_a_table_of_errors_has_every_code_as_it_is(name: str, columns: str) -> None:
    listed = {
        code: (int(status.split(" / ")[0]), retryable == "yes")
        for code, status, retryable in re.findall(columns, text_of(name), re.MULTILINE)
    }
    assert listed == {code: (kind.status, kind.retryable) for code, kind in TABLE.items()}


def test_the_guide_for_clients_says_of_every_close_code_when_to_come_back() -> None:
    words = {"soon": "soon", "later": "after at least 5 s", "when_needed": "when you have something to send"}
    rows = re.findall(r"^\| ([\d, ]+) \| [^|]+ \| ([^|]+) \|$", text_of("docs/guide/clients.md"), re.MULTILINE)
    listed = {int(code): advice for codes, advice in rows for code in codes.split(", ")}
    assert set(listed) == set(close_codes.TABLE)
    assert all(listed[row.code].startswith(words[row.reconnect]) for row in close_codes.TABLE.values())


@pytest.mark.parametrize("words", [Phase, Reason])
def test_the_architecture_lists_every_phase_and_every_reason(words: type[Phase] | type[Reason]) -> None:
    listed = re.findall(r"^\| `(\w+)` \|", text_of("docs/design/architecture.md"), re.MULTILINE)
    assert {word.value for word in words} <= set(listed)


def test_the_architecture_lists_every_room() -> None:
    package = ROOT / "server" / "deltawire"
    rooms = {folder.name for folder in package.iterdir() if folder.is_dir() and folder.name != "__pycache__"}
    listed = re.findall(r"^\| \d \| `(\w+)/` \|", text_of("docs/design/architecture.md"), re.MULTILINE)
    assert set(listed) == rooms


def test_every_decision_is_in_the_index_with_its_date_and_title() -> None:
    index = text_of("docs/design/decisions/README.md")
    rows = re.findall(r"^\| \[(\d{4})\]\((\S+)\) \| (\S+) \| (.*) \|$", index, re.MULTILINE)
    folder = DOCS / "design" / "decisions"
    assert [name for _, name, _, _ in rows] == sorted(
        file.name for file in folder.iterdir() if file.name != "README.md"
    )
    for number, name, date, title in rows:
        assert name.startswith(f"{number}-")
        text = (folder / name).read_text()
        assert text.startswith(f"# {title}\n\n{date}\n\n## Context\n")
        headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
        assert headings == ["Context", "Decision", "Rejected", "Look again when"]


def test_every_measurement_is_in_the_index() -> None:
    index = text_of("docs/measurements/README.md")
    pages = {page.name for page in (DOCS / "measurements").glob("*.md")} - {"README.md"}
    assert set(re.findall(r"^\| \[\S+\]\((\S+)\) \|", index, re.MULTILINE)) == pages
    targets = set(re.findall(r"^([\w-]+):", text_of("Makefile"), re.MULTILINE))
    assert set(re.findall(r"`make ([\w-]+)", index)) <= targets


def test_the_docs_name_only_files_that_there_are() -> None:
    """Paths of the repository between backticks, in any page but the changelog."""
    for page in PAGES:
        if page.name != "CHANGELOG.md":
            for path in re.findall(r"`((?:server|tests|web|docs|deploy)/[\w./@-]+\.\w+)(?:::\w+)?`", page.read_text()):
                assert (ROOT / path).exists(), f"{name_of(page)}: {path}"
