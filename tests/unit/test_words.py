"""Words that were given up stay out of the code and the docs. docs/design/glossary.md has those that are used."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from support.paths import ROOT

PACKAGE: Final = ROOT / "server" / "deltawire"
TESTS: Final = ROOT / "tests"
PAGE: Final = ROOT / "web" / "src"
RETIRED: Final = {
    "books?": "turn record",
    "tall(?:y|ies)": "usage tracker",
    "errands?": "background task",
    "mailbox(?:es)?": "queue",
    "patience": "interruptible timeout",
    "doorkeepers?": "authenticator",
    "guests?": "socket identity",
    "doors?": "reason, transport, access policy",
    "first words": "first events",
    "let(?:s|ting)? go": "release",
    "link light": "connection status",
}
"""A pattern of each word, and what to write instead."""
RETIRED_NAMES: Final = {
    "said": "messages, text, ref; in the page, a sentence",
    "asked": "turn_request, request, question, wait_for_request",
    "told": "what it holds: modalities, answer, document, frame",
    "heard": "received",
    "spent": "figures, usage",
    "unkept": "unstored: the browser keeps it, and the server does not have it",
    "knock": "probe",
    "lone": "single_header",
    "passed_over": "ignored",
    "give_back": "release",
    "give_up": "mark_deleted",
    "look": "read, count, inspect",
    "admission": "turn_registry; the limits admit a turn, the registry accepts a request",
}
"""Names of variables, fields and classes, and what to write instead: a participle does not say what it holds."""
RETIRED_MODULES: Final = {
    *("admission", "admitted", "answering", "named", "spent"),
    *("books", "counting", "doorkeeper", "ending", "errands", "guest", "listener", "mailbox", "memory", "offer"),
    *("opening", "origins", "pages", "parts", "patience", "pauses", "problems", "proxies", "rate", "reading"),
    *("sessions", "takes", "tally", "via", "watch"),
}
READ: Final = (
    *("*.md", "docs/**/*.md", "Makefile", "Dockerfile", "*.yaml", "*.toml", "hatch_build.py", "deploy/**/*"),
    *(
        "server/deltawire/**/*.py",
        "tests/**/*.py",
        "web/*.py",
        "web/src/**/*.ts",
        "web/src/**/*.tsx",
        "web/src/**/*.css",
    ),
)


def files() -> Iterator[Path]:
    """Every page of the docs, and the code of the package, of the tests and of the page; but this list."""
    for pattern in READ:
        yield from (file for file in sorted(ROOT.glob(pattern)) if file.is_file() and file != Path(__file__))


@pytest.mark.parametrize("word", RETIRED)
def test_a_word_that_was_given_up_is_not_used(word: str) -> None:
    pattern = re.compile(rf"(?<![a-z]){word}(?![a-z])", re.IGNORECASE)
    used = {
        f"{file.relative_to(ROOT)}:{number}": line.strip()
        for file in files()
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if pattern.search(line)
    }
    assert not used, f"write {RETIRED[word]!r}"


def names_in(file: Path) -> Iterator[tuple[int, str]]:
    """Each name that a module gives: to a function, a class, a parameter, a variable, a field or an attribute."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr


GIVES: Final = re.compile(r"\b(?:class|const|function|interface|let|type)\s+\[?(\w+)|^\s+(?:readonly )?#?(\w+)\??[:(]")
"""A name that a line of TypeScript gives: a declaration, a field or a method."""


def names_in_script(file: Path) -> Iterator[tuple[int, str]]:
    """Each name that a module of the page gives, as far as a line shows it."""
    for number, line in enumerate(file.read_text().splitlines(), 1):
        yield from ((number, name) for match in GIVES.finditer(line) for name in match.groups() if name)


def test_a_name_that_was_given_up_is_given_to_nothing() -> None:
    modules = {file: names_in for folder in (PACKAGE, TESTS) for file in folder.rglob("*.py")}
    modules |= dict.fromkeys(PAGE.rglob("*.ts*"), names_in_script)
    found = {
        f"{file.relative_to(ROOT)}:{number}": f"{name}: write {RETIRED_NAMES[name.strip('_').lower()]}"
        for file, names in sorted(modules.items())
        for number, name in names(file)
        if name.strip("_").lower() in RETIRED_NAMES
    }
    assert not found


def test_no_module_has_a_name_that_was_given_up() -> None:
    assert not {file.stem for file in PACKAGE.rglob("*.py")} & RETIRED_MODULES


def test_all_of_the_code_and_the_docs_are_read() -> None:
    read = {file.relative_to(ROOT).as_posix() for file in files()}
    assert {"README.md", "docs/guide/install.md", "server/deltawire/__main__.py", "web/src/state/reduce.ts"} <= read


NO_SUBJECT: Final = ("What", "Whether", "How", "Which", "Who", "Whoever", "Where", "Why")
"""A docstring begins with a verb or a noun phrase, not with a clause that stands for a noun."""


def docstrings(file: Path) -> Iterator[tuple[int, str]]:
    """Each string that stands for itself: of a module, a class, a function or an attribute."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.lineno, node.value.value


def test_no_docstring_begins_with_a_clause_that_stands_for_a_noun() -> None:
    begins = re.compile(rf"(?:{'|'.join(NO_SUBJECT)})\b")
    found = {
        f"{file.relative_to(ROOT)}:{number}": text.partition("\n")[0]
        for folder in (PACKAGE, TESTS)
        for file in sorted(folder.rglob("*.py"))
        for number, text in docstrings(file)
        if begins.match(text)
    }
    assert not found
