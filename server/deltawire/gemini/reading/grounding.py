"""The pages that an answer rests on, and the citations of them. No I/O.

The provider counts in bytes of the whole answer, thoughts left out; clients count in code points. A citation is sent
only where its bytes are the text that the provider quotes. All is sent once the model has finished: what the provider
sends in several pieces, or again, is then one list.
"""

from typing import Any, Final, NamedTuple

import msgspec

from deltawire.gemini.events import Citation, Event, Searched, Source
from deltawire.gemini.reading.loose_json import as_list, as_number, as_object, clean

_BLOCK_BYTES: Final = 4_096
_CONTINUATION: Final = bytes(range(0x80, 0xC0))
"""The bytes of UTF-8 that do not begin a character."""
_RETRIEVED: Final = "URL_RETRIEVAL_STATUS_SUCCESS"
_ADDRESSES: Final = ("uri", "sourceUri")
_KINDS: Final = ("web", "retrievedContext", "maps", "image")
"""The kinds of a grounding chunk that name a page."""


class _Page(msgspec.Struct):
    """A page, as far as it is known; `index` is 0 until it is sent."""

    title: str | None
    uri: str | None
    index: int = 0


class _Segment(NamedTuple):
    """A cited text, and its position in the bytes of the answer."""

    start: int
    end: int | None
    """The byte after it; None where the provider does not name it."""
    text: bytes


class Grounding:
    """Collects what the provider says of the sources of one answer."""

    __slots__ = (
        "_chunks",
        "_cited",
        "_early",
        "_html",
        "_is_search_sent",
        "_pages",
        "_queries",
        "_retrieved",
        "_segments",
        "_source_count",
    )

    def __init__(self) -> None:
        """Start without sources."""
        self._pages: dict[str, _Page] = {}
        """The pages by their address, or by their title where they have none; in the order of their indexes."""
        self._retrieved: dict[str, None] = {}
        """The addresses of pages that the model has read."""
        self._chunks: list[_Page | None] = []
        """The latest list of chunks, to which the indexes of the citations refer."""
        self._early: list[dict[str, Any]] = []
        """The supports that came before the first list of chunks."""
        self._segments: dict[_Segment, dict[str, _Page]] = {}
        """The cited texts that were not sent yet, and the pages of each."""
        self._cited: dict[_Segment, set[int]] = {}
        """The cited texts that were sent, and the indexes of the pages of each."""
        self._queries: dict[str, None] = {}
        self._html: str | None = None
        self._is_search_sent = False
        """True when the latest queries and suggestions were sent."""
        self._source_count = 0
        """The number of sources that were sent."""

    @property
    def queries(self) -> int:
        """The number of different queries, which the provider charges for."""
        return len(self._queries)

    def take(self, metadata: Any) -> None:
        """Take the `groundingMetadata` of a payload."""
        found = as_object(metadata)
        if chunks := as_list(found.get("groundingChunks")):
            self._chunks = [self._page_of(chunk) for chunk in chunks]
        supports = [as_object(support) for support in as_list(found.get("groundingSupports"))]
        if self._chunks:
            supports, self._early = [*self._early, *supports], []
            for support in supports:
                self._take_support(support)
        else:
            self._early += supports
        for query in as_list(found.get("webSearchQueries")):
            if isinstance(query, str) and (query := clean(query)) and query not in self._queries:
                self._queries[query] = None
                self._is_search_sent = False
        html = as_object(found.get("searchEntryPoint")).get("renderedContent")
        if isinstance(html, str) and html and html != self._html:
            self._html = html
            self._is_search_sent = False

    def take_pages(self, metadata: Any) -> None:
        """Take the `urlContextMetadata` of a payload: pages that the model has read."""
        for page in as_list(as_object(metadata).get("urlMetadata")):
            fields = as_object(page)
            uri = fields.get("retrievedUrl")
            if isinstance(uri, str) and uri and fields.get("urlRetrievalStatus") == _RETRIEVED:
                self._retrieved[clean(uri)] = None

    def append_new(self, texts: list[str], events: list[Event]) -> None:
        """Append the events of what is known and was not sent; `texts` are the pieces of the answer so far."""
        if not self._is_search_sent and (self._queries or self._html):
            self._is_search_sent = True
            events.append(Searched(tuple(self._queries), None if self._html is None else clean(self._html)))
        for uri in self._retrieved:
            self._pages.setdefault(uri, _Page(None, uri))
        for page in self._pages.values():
            if not page.index:
                self._source_count += 1
                page.index = self._source_count
                events.append(Source(page.index, page.title, page.uri))
        if self._segments:
            self._append_citations(_Offsets("".join(texts)), events)

    def _append_citations(self, offsets: "_Offsets", events: list[Event]) -> None:
        for segment, pages in list(self._segments.items()):
            start, text = segment.start, segment.text
            segment_end = start + len(text) if segment.end is None else segment.end
            if segment_end > offsets.size:
                continue  # of text that is still to come
            del self._segments[segment]
            if offsets.data[start:segment_end] == text:
                sent = self._cited.setdefault(segment, set())
                sources = {page.index for page in pages.values()} - sent
                sent |= sources
                if sources:
                    before, after = offsets.chars_before(start), offsets.chars_before(segment_end)
                    events.append(Citation(before, after, tuple(sorted(sources))))

    def _page_of(self, chunk: Any) -> _Page | None:
        """Return the page of a grounding chunk; None for one that names none."""
        fields = as_object(chunk)
        about = next((about for kind in _KINDS if (about := as_object(fields.get(kind)))), {})
        uri = next((uri for name in _ADDRESSES if isinstance(uri := about.get(name), str) and uri), None)
        title = about.get("title")
        title = clean(title) if isinstance(title, str) and title else None
        uri = None if uri is None else clean(uri)
        if (key := uri or title) is None:
            return None
        page = self._pages.setdefault(key, _Page(title, uri))
        if page.title is None and not page.index:
            page.title = title
        return page

    def _take_support(self, support: dict[str, Any]) -> None:
        about = as_object(support.get("segment"))
        text = about.get("text")
        first, last = about.get("startIndex"), about.get("endIndex")
        start = 0 if first is None else as_number(first)
        end = None if last is None else as_number(last)
        if start is None or not isinstance(text, str) or not text or (last is not None and end is None):
            return
        indexes = (as_number(index) for index in as_list(support.get("groundingChunkIndices")))
        pages = [self._chunks[index] for index in indexes if index is not None and index < len(self._chunks)]
        cited_pages = {page.uri or page.title or "": page for page in pages if page is not None}
        segment = _Segment(start, end, text.encode(errors="replace"))
        if cited_pages:
            self._segments.setdefault(segment, {}).update(cited_pages)


class _Offsets:
    """The bytes of a text, and the number of characters before each of them."""

    __slots__ = ("_before", "data", "size")

    def __init__(self, text: str) -> None:
        self.data = text.encode(errors="replace")
        self.size = len(self.data)
        self._before: list[int] | None = None
        """The characters before each block; None where each byte is one."""
        if not self.data.isascii():
            self._before = [0]
            for at in range(0, self.size, _BLOCK_BYTES):
                self._before.append(self._before[-1] + _chars_in(self.data[at : at + _BLOCK_BYTES]))

    def chars_before(self, at: int) -> int:
        """Return the number of characters before this byte, which begins one."""
        if self._before is None:
            return at
        block = at // _BLOCK_BYTES
        return self._before[block] + _chars_in(self.data[block * _BLOCK_BYTES : at])


def _chars_in(data: bytes) -> int:
    """Return the number of characters that begin in these bytes."""
    return len(data.translate(None, _CONTINUATION))
