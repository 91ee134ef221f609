"""Streams of Gemini with tools in them, drawn at random, and a plain reader of their bytes.

The reader shares nothing with the server's: it splits the body, takes each payload as JSON, and adds up.
"""

import json
from base64 import b64decode, b64encode
from random import Random
from typing import Any, NamedTuple

WORDS = (
    *("The sky ", "is blue", "ist größer", ". ", "\n\n", "日本語", "\u2028", '"{[\\'),
    *("😀", "👩‍👩‍👧", "e\u0301", "שלום ", "مرحبا ", "𝄞", "a\u0308\u0323"),
)
"""Letters of each width of UTF-8, combining marks, some from right to left, and what JSON has to escape."""
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89"
ENDS = (
    "STOP",
    "STOP",
    "STOP",
    "MAX_TOKENS",
    "SAFETY",
    "OTHER",
    "MALFORMED_FUNCTION_CALL",
    "UNEXPECTED_TOOL_CALL",
    "TOO_MANY_TOOL_CALLS",
    "MALFORMED_RESPONSE",
    "A_NEW_WORD",
)
OUTCOMES = {"OUTCOME_OK": "ok", "OUTCOME_FAILED": "failed", "OUTCOME_DEADLINE_EXCEEDED": "deadline_exceeded"}
RETRIEVED = "URL_RETRIEVAL_STATUS_SUCCESS"
Payload = dict[str, Any]
Cited = tuple[int, int, frozenset[str]]


class Reading(NamedTuple):
    """All that a body says, as a plain reader has it."""

    text: str
    thoughts: str
    sources: dict[str, str | None]
    """The titles by address, in their order."""
    citations: set[Cited]
    queries: list[str]
    html: str | None
    code: list[tuple[str, str]]
    """Languages and programs."""
    outcomes: list[tuple[str, str, int]]
    """Outcomes, outputs, and the places of their programs in `code`."""
    calls: list[tuple[str | None, str, Any]]
    """Ids, names, and arguments."""
    files: list[tuple[str, bytes]]
    parts: list[Any]
    """Return what must be sent back, with neighbouring plain texts joined."""
    finish: str | None
    usage: dict[str, int]


def drawn(chance: Random, *, calls: bool = True) -> bytes:
    """Draw a body."""
    return _Drawer(chance).body(calls=calls)


class _Drawer:
    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._number = 0
        self._is_vertex = chance.random() < 0.3

    def body(self, *, calls: bool) -> bytes:
        chance = self._chance
        parts = [part for _ in range(chance.randrange(8)) for part in self._some_parts(calls=calls)]
        if calls and self._is_vertex and chance.random() < 0.2:
            parts += self._call_in_pieces({"name": "clock"}, {})[:-1]  # the end of the call does not come
        payloads: list[Payload] = []
        while parts:
            take = chance.choice((1, 1, 1, 2, 3))
            payloads.append(self._payload(*parts[:take]))
            parts = parts[take:]
            if chance.random() < 0.2:
                payloads.append(self._says_nothing())
        payloads = payloads or [self._payload({"text": "x"})]
        if chance.random() < 0.5 or not payloads[-1].get("candidates"):
            payloads.append(self._payload({"text": ""}))
        ends = payloads[-1]
        says_stop_always = self._is_vertex and chance.random() < 0.3
        for payload in payloads if says_stop_always else ():
            if payload.get("candidates"):
                payload["candidates"][0]["finishReason"] = "STOP"
        ends["candidates"][0]["finishReason"] = "STOP" if says_stop_always else chance.choice(ENDS)
        self._ground(payloads)
        if chance.random() < 0.2:
            payloads.append({"usageMetadata": {}, "modelVersion": "m"})
        payloads[-1]["usageMetadata"] = self._usage()
        return self._framed(payloads)

    def _some_parts(self, *, calls: bool) -> list[Any]:  # noqa: PLR0911 - one for each kind
        chance = self._chance
        kinds = ["text"] * 5 + ["thought", "signed text", "empty", "code", "picture"] + ["call", "calls"] * calls
        match chance.choice(kinds):
            case "thought":
                return [{"text": chance.choice(WORDS), "thought": True, **self._maybe_signed()}]
            case "signed text":
                return [{"text": chance.choice(WORDS), "thoughtSignature": self._signature()}]
            case "empty":
                return [{"text": "", **self._maybe_signed()}]
            case "code":
                return self._program()
            case "picture":
                return [{"inlineData": {"mimeType": "image/png", "data": b64encode(PNG + self._name()).decode()}}]
            case "call":
                return self._call(signed=True)
            case "calls":
                return [part for at in range(chance.randrange(2, 4)) for part in self._call(signed=at == 0)]
            case _:
                return [{"text": chance.choice(WORDS)} for _ in range(chance.randrange(1, 4))]

    def _name(self) -> bytes:
        self._number += 1
        return b"%d" % self._number

    def _signature(self) -> str:
        return b64encode(self._chance.randbytes(self._chance.choice((3, 40, 400)))).decode()

    def _maybe_signed(self) -> dict[str, str]:
        return {"thoughtSignature": self._signature()} if self._chance.random() < 0.5 else {}

    def _program(self) -> list[Any]:
        chance = self._chance
        named = {"id": f"p{self._name().decode()}"} if chance.random() < 0.4 else {}
        code = f"print({self._name().decode()})  # 😀\n"
        result: dict[str, Any] = {"outcome": chance.choice(list(OUTCOMES)), **named}
        if chance.random() < 0.8:
            result["output"] = f"{self._name().decode()} é\n"
        program = {"executableCode": {"language": "PYTHON", "code": code, **named}, **self._maybe_signed()}
        return [program, {"codeExecutionResult": result}]

    def _call(self, *, signed: bool) -> list[Any]:
        chance = self._chance
        name = chance.choice(("weather", "clock", "default_api:look.up"))
        call: dict[str, Any] = {"name": name}
        if chance.random() < 0.5:
            call["id"] = f"call_{self._name().decode()}"
        sign = {"thoughtSignature": self._signature()} if signed else {}
        if self._is_vertex and chance.random() < 0.6:
            return self._call_in_pieces(call, sign)
        if chance.random() < 0.8:
            call["args"] = chance.choice(({}, {"city": "Zürich 😀", "n": 1}, {"a": [{"b": None}, 1.5, True], "": "x"}))
        return [{"functionCall": call, **sign}]

    def _call_in_pieces(self, call: dict[str, Any], sign: dict[str, str]) -> list[Any]:
        chance = self._chance
        parts: list[Any] = [{"functionCall": {**call, "willContinue": True}, **sign}]
        for path in ("$.city", "$.items[0].name", "$.items[1].name")[: chance.randrange(1, 4)]:
            for piece in ("Zü", "rich 😀", "")[: chance.randrange(1, 4)]:
                one = {"jsonPath": path, "stringValue": piece, "willContinue": True}
                parts.append({"functionCall": {"partialArgs": [one], "willContinue": True}})
        number = {"jsonPath": "$.n", chance.choice(("numberValue", "boolValue")): 1}
        if "boolValue" in number:
            number["boolValue"] = True
        parts.append({"functionCall": {"partialArgs": [number], "willContinue": True}})
        if chance.random() < 0.3:
            del parts[-1]["functionCall"]["willContinue"]
        return [*parts, {"functionCall": {}}]

    def _payload(self, *parts: Any) -> Payload:
        candidate: dict[str, Any] = {"content": {"parts": list(parts), "role": "model"}}
        several: list[Any] = [candidate]
        if self._chance.random() < 0.1:  # another answer, which nobody has asked for
            candidate["index"] = 0
            several.append({"content": {"parts": [{"text": "other"}]}, "index": 1})
        payload: Payload = {"candidates": several}
        if self._chance.random() < 0.3:
            payload |= {"modelVersion": "gemini-3-flash-preview", "responseId": "é"}
        if self._chance.random() < 0.3:
            payload["usageMetadata"] = {"trafficType": "ON_DEMAND"} if self._is_vertex else self._usage()
        return payload

    def _says_nothing(self) -> Payload:
        empty: list[Payload] = [{}, {"candidates": [{}]}, {"candidates": [{"content": {"role": "model"}}]}]
        empty += [{"candidates": [{"content": {"parts": [{"text": ""}]}, "groundingMetadata": {}}]}]
        return self._chance.choice(empty)

    def _usage(self) -> dict[str, int]:
        self._number += 1
        prompt, output, tool, thought = 10, self._number, self._chance.randrange(1, 9), self._chance.randrange(1, 9)
        counts = {"promptTokenCount": prompt, "candidatesTokenCount": output, "toolUsePromptTokenCount": tool}
        return {**counts, "thoughtsTokenCount": thought, "totalTokenCount": prompt + output + tool + thought}

    def _ground(self, payloads: list[Payload]) -> None:
        """Put what the answer rests on into the payloads: at once, again and again, or in pieces."""
        chance = self._chance
        text = _text_of(payloads)
        chunks = [self._chunk() for _ in range(chance.randrange(6))]
        supports = [self._support(text, len(chunks)) for _ in range(chance.randrange(6))] if text and chunks else []
        queries = [chance.choice(("sky", "why blue?", "größe 😀", "sky")) for _ in range(chance.randrange(4))]
        html = f"<style>.a{{}}</style><b>{chance.choice(WORDS)}</b>" if queries else None
        last = [place for payload in payloads if (place := payload.get("candidates"))]
        whole = _metadata(chunks, supports, queries, html)
        match chance.choice(("at the end", "again", "growing", "in pieces", "supports first")):
            case "at the end":
                pieces = [whole]
            case "again":
                pieces = [whole] * 3
            case "growing":
                half, most = len(supports) // 2, len(queries) // 2
                pieces = [_metadata(chunks, supports[:half], queries[:most], None), whole]
            case "in pieces":
                pieces = [_metadata([], [], queries, html), _metadata(chunks, [], [], None)]
                pieces += [_metadata([], [one], [], None) for one in supports]
            case _:
                pieces = [_metadata([], supports, [], None), _metadata(chunks, [], queries, html)]
        for place, metadata in zip(reversed(last), reversed(pieces), strict=False):
            place[0]["groundingMetadata"] = metadata
        for metadata in pieces[: -len(last)]:  # more than there are payloads
            payloads.insert(len(payloads) - 1, {"candidates": [{"groundingMetadata": metadata}]})
        if chance.random() < 0.3:
            pages = [self._page() for _ in range(chance.randrange(1, 4))]
            last[0][0]["urlContextMetadata"] = {"urlMetadata": pages}

    def _chunk(self) -> dict[str, Any]:
        number = self._chance.randrange(5)
        page: dict[str, Any] = {"uri": f"https://{number}.example/ä"}
        if number % 2:
            page["title"] = f"Page {number} שלום"
        return self._chance.choice(({"web": page}, {"web": page}, {"retrievedContext": page}, {"web": {}}, {}))

    def _page(self) -> dict[str, Any]:
        status = self._chance.choice((RETRIEVED, "URL_RETRIEVAL_STATUS_ERROR", "URL_RETRIEVAL_STATUS_PAYWALL"))
        return {"retrievedUrl": f"https://{2 * self._chance.randrange(4)}.example/ä", "urlRetrievalStatus": status}

    def _support(self, text: str, chunks: int) -> dict[str, Any]:
        chance = self._chance
        start = chance.choice((0, chance.randrange(len(text))))
        cited = text[start : start + chance.randrange(1, 12)]
        first = len(text[:start].encode())
        segment: dict[str, Any] = {"endIndex": first + len(cited.encode()), "text": cited}
        if first:
            segment["startIndex"] = first
        wrong = chance.random()
        if wrong < 0.1:
            segment["text"] = cited + "?"
        elif wrong < 0.2:
            segment = {**segment, "startIndex": first + 1, "endIndex": segment["endIndex"] + 1}
        indexes = [chance.randrange(chunks + (wrong > 0.9)) for _ in range(chance.choice((1, 1, 2, 3)))]
        support = {"segment": segment, "groundingChunkIndices": indexes, "confidenceScores": [0.5] * len(indexes)}
        if 0.2 < wrong < 0.25:
            del support["groundingChunkIndices"]
        return support

    def _framed(self, payloads: list[Payload]) -> bytes:
        chance = self._chance
        end = chance.choice((b"\r\n\r\n", b"\n\n"))
        body = b""
        for payload in payloads:
            if chance.random() < 0.1:
                body += b": keep-alive" + end
            spaced = (", ", ": ") if chance.random() < 0.5 else (",", ":")
            text = json.dumps(payload, ensure_ascii=chance.random() < 0.3, separators=spaced)
            body += b"data: " + text.encode() + end
        return body


def _metadata(chunks: list[Any], supports: list[Any], queries: list[str], html: str | None) -> dict[str, Any]:
    whole = {"groundingChunks": chunks, "groundingSupports": supports, "webSearchQueries": queries}
    metadata: dict[str, Any] = {name: value for name, value in whole.items() if value}
    return metadata if html is None else metadata | {"searchEntryPoint": {"renderedContent": html}}


def _text_of(payloads: list[Payload]) -> str:
    return "".join(part["text"] for part in _parts_of(payloads) if part.get("text") and not part.get("thought"))


def _parts_of(payloads: list[Payload]) -> list[Any]:
    return [part for payload in payloads for part in _candidate(payload).get("content", {}).get("parts", [])]


def _candidate(payload: Payload) -> dict[str, Any]:
    candidate: dict[str, Any] = (payload.get("candidates") or [{}])[0]
    return candidate


def payloads_of(body: bytes) -> list[Payload]:
    """The payloads of a body, whole."""
    lines = body.decode().replace("\r\n", "\n").split("\n")
    return [json.loads(line[6:]) for line in lines if line.startswith("data: ")]


def plainly_read(body: bytes) -> Reading:
    """Read a body plainly."""
    payloads = payloads_of(body)
    parts, text = _parts_of(payloads), _text_of(payloads)
    thoughts = "".join(part["text"] for part in parts if part.get("thought"))
    code = [(one["language"].lower(), one["code"]) for part in parts if (one := part.get("executableCode"))]
    files = [(one["mimeType"], b64decode(one["data"])) for part in parts if (one := part.get("inlineData"))]
    finishes = [reason for payload in payloads if (reason := _candidate(payload).get("finishReason"))]
    back = _sent_back(parts, finishes)
    calls = [(one.get("id"), one["name"], one.get("args") or {}) for part in back if (one := part.get("functionCall"))]
    metadata = [_candidate(payload).get("groundingMetadata", {}) for payload in payloads]
    return Reading(
        text=text,
        thoughts=thoughts,
        sources=_sources(payloads),
        citations=_citations(text, metadata),
        queries=list(dict.fromkeys(query for one in metadata for query in one.get("webSearchQueries", []))),
        html=next(
            (one["searchEntryPoint"]["renderedContent"] for one in metadata[::-1] if "searchEntryPoint" in one), None
        ),
        code=code,
        outcomes=_outcomes(parts),
        calls=calls,
        files=files,
        parts=back,
        finish=finishes[-1].lower() if finishes else None,
        usage=payloads[-1]["usageMetadata"],
    )


def _sources(payloads: list[Payload]) -> dict[str, str | None]:
    sources: dict[str, str | None] = {}
    for payload in payloads:
        for chunk in _candidate(payload).get("groundingMetadata", {}).get("groundingChunks", []):
            for page in chunk.values():
                if "uri" in page:
                    sources.setdefault(page["uri"], page.get("title"))
    for payload in payloads:
        for page in _candidate(payload).get("urlContextMetadata", {}).get("urlMetadata", []):
            if page["urlRetrievalStatus"] == RETRIEVED:
                sources.setdefault(page["retrievedUrl"], None)
    return sources


def _citations(text: str, metadata: list[dict[str, Any]]) -> set[Cited]:
    """The supports that hold; their indexes are those of the newest list of chunks, which may come later."""
    data = text.encode()
    cited: dict[tuple[int, int], set[str]] = {}
    lists = [one["groundingChunks"] for one in metadata if "groundingChunks" in one]
    for one in metadata:
        chunks = one.get("groundingChunks") or (lists[0] if lists else [])
        for support in one.get("groundingSupports", []):
            segment = support["segment"]
            start, end = segment.get("startIndex", 0), segment["endIndex"]
            if data[start:end] != segment["text"].encode():
                continue
            place = len(data[:start].decode()), len(data[:end].decode())
            indexes = support.get("groundingChunkIndices", [])
            pages = [page for index in indexes if index < len(chunks) for page in chunks[index].values()]
            cited.setdefault(place, set()).update(page["uri"] for page in pages if "uri" in page)
    return {(start, end, frozenset(uris)) for (start, end), uris in cited.items() if uris}


def _outcomes(parts: list[Any]) -> list[tuple[str, str, int]]:
    """The outcomes; here each follows its program."""
    outcomes: list[tuple[str, str, int]] = []
    for part in parts:
        if (one := part.get("codeExecutionResult")) is not None:
            outcomes.append((OUTCOMES[one["outcome"]], one.get("output", ""), len(outcomes)))
    return outcomes


def _sent_back(parts: list[Any], finishes: list[str]) -> list[Any]:
    """The parts that must be sent back, as they came; a call that came in pieces as the one that it is.

    A call whose end has not come counts only where the model has ended as it wished.
    """
    back: list[Any] = []
    is_open = False
    for part in parts:
        call = part.get("functionCall")
        if call is not None:
            if "name" in call:
                is_open = bool(call.get("willContinue"))
                whole = {name: value for name, value in call.items() if name != "willContinue"}
                back.append({**part, "functionCall": {**whole, "args": {}} if is_open else whole})
            for piece in call.get("partialArgs", []):
                _put(back[-1]["functionCall"]["args"], piece)
            is_open = is_open and bool(call.get("willContinue"))
        elif part.get("thoughtSignature") or not (part.keys() <= {"text", "thought"}):
            back.append(part)
        elif part["text"] and not part.get("thought"):
            if back and back[-1].keys() == {"text"}:
                back[-1] = {"text": back[-1]["text"] + part["text"]}
            else:
                back.append(part)
    return back[:-1] if is_open and finishes[-1:] != ["STOP"] else back


def _put(args: dict[str, Any], piece: dict[str, Any]) -> None:
    [value] = [value for name, value in piece.items() if name.endswith("Value")]
    path = piece["jsonPath"].removeprefix("$.")
    if "[" not in path:
        args[path] = args.get(path, "") + value if isinstance(value, str) else value
        return
    items = args.setdefault("items", [])
    index = int(path[6])
    items.extend({} for _ in range(index + 1 - len(items)))
    items[index]["name"] = items[index].get("name", "") + value
