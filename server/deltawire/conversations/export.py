"""A conversation as a Markdown document."""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple
from urllib.parse import quote

from deltawire.conversations.context import LEFT_IN_CALLS
from deltawire.conversations.schemas import Message
from deltawire.protocol.errors import Failure
from deltawire.protocol.shown import ShownSource

_SPEAKERS: Final = {"user": "You", "model": "Gemini"}
_fence = re.compile(r"( {0,3})(`{3,}(?=[^`]*$)|~{3,})[ \t]*(.*)$")
"""The line of a code fence: its indentation, its marks, and the text after them."""
_HTML: Final = (
    (re.compile(r" {0,3}<(script|pre|style|textarea)(?:[\s>]|$)", re.IGNORECASE), "</{}>"),
    (re.compile(r" {0,3}<!--"), "-->"),
    (re.compile(r" {0,3}<\?"), "?>"),
    (re.compile(r" {0,3}<!\[CDATA\["), "]]>"),
    (re.compile(r" {0,3}<![A-Za-z]"), ">"),
)
"""The kinds of HTML block that an empty line does not end: the start and the end of each (CommonMark 0.31, 4.6)."""
_SAFE: Final = "".join(map(chr, range(0x21, 0x7F))).translate({ord(char): None for char in '<>\\"`'})
"""The characters of an address that need no escape between `<` and `>`."""
_marked = re.compile(r"[\\`*_{}\[\]()<>#+.!|~&:/-]")
"""Characters that Markdown, or HTML in it, may read as more than themselves."""
_line_end = re.compile(r"\r\n?|\n")
_html_end = re.compile(r"</(?:script|pre|style|textarea)>", re.IGNORECASE)


class _Block(NamedTuple):
    """A block of code or of HTML that is open."""

    end: str
    """The text that ends it; of code, the line."""
    marks: str = ""
    """The marks of a fence of code, without its indentation, which would be cut off at each line; empty for HTML."""


def title_line(title: str) -> str:
    """Return the heading of the document."""
    return f"# {' '.join(title.split()) or 'Conversation'}"


def section(message: Message) -> str:
    """Return a message's part of the document, with the empty line before it."""
    speaker = message.model or _SPEAKERS[message.role]
    parts = ["", f"## {speaker}\n\n{message.text}".rstrip() + _left_open(message.text)]
    if message.files:
        parts.append("\n".join(f"- {_escaped(file.name)} ({file.type})" for file in message.files))
    if message.sources:
        parts.append("\n".join(f"{source.index}. {_link(source)}" for source in message.sources))
    if message.error is not None or message.finish_reason not in (None, "stop", LEFT_IN_CALLS):
        parts.append(f"*Ended early: {message.error or message.finish_reason}.*")
    return "\n\n".join(parts)


def _link(source: ShownSource) -> str:
    """Return a source as a link; without one where its address is not one of the web."""
    title = _escaped(" ".join((source.title or source.uri or "").split()))
    uri = source.uri or ""
    return f"[{title}](<{quote(uri, safe=_SAFE)}>)" if uri.startswith(("https://", "http://")) else title


def _escaped(text: str) -> str:
    return _marked.sub(r"\\\g<0>", text)


def _left_open(text: str) -> str:
    """Return the line that closes the code or the HTML block that a text leaves open.

    Without it the rest of the document would be part of that block.
    """
    block: _Block | None = None
    for line in _line_end.split(text):
        block = _block_after(line, block)
    return "" if block is None else f"\n{block.end}"


def _block_after(line: str, block: _Block | None) -> _Block | None:
    """Return the block that is open after this line; `block` is the one that was open before it."""
    fence = _fence.match(line)
    if block is None:
        return _block_in(line, fence)
    if block.marks:
        is_its_end = fence is not None and fence[2].startswith(block.marks) and not fence[3]
    else:
        is_its_end = _ends_html(line, block.end)
    return None if is_its_end else block


def _block_in(line: str, fence: re.Match[str] | None) -> _Block | None:
    """Return the block that begins in this line and does not end in it; `fence` is the fence of code that it is."""
    if fence is not None:
        return _Block(fence[1] + fence[2], fence[2])
    for begins, mark in _HTML:
        if begun := begins.match(line):
            end = mark.format(*begun.groups())
            return None if _ends_html(line, end) else _Block(end)
    return None


def _ends_html(line: str, end: str) -> bool:
    """Return whether a block of HTML ends in this line. Each of the four end tags ends the block of any of the four."""
    return _html_end.search(line) is not None if end.startswith("</") else end in line


def branch(outline: Iterable[tuple[str, str | None]], leaf: str) -> list[str]:
    """Return the ids of the messages from the first one down to `leaf`, or to the newest where that is empty.

    `outline` has the id and the parent of each message. Raise `Failure` (`not_found`).
    """
    parents = dict(outline)
    if leaf and leaf not in parents:
        raise Failure("not_found", "There is no such message in this conversation.", field="message")
    message: str | None = leaf or next(reversed(parents), None)
    branch_ids: list[str] = []
    while message is not None:
        branch_ids.append(message)
        parent = parents[message]
        message = parent if parent in parents else None
    return branch_ids[::-1]
