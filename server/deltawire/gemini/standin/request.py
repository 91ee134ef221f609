"""A request to the stand-in, read as far as its answer depends on it."""

from typing import Any, Self

import msgspec

from deltawire.gemini.standin.files import SentFiles, StandInFile


class StandInRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request for an answer."""

    texts: list[str]
    """The messages that have a text, oldest first."""
    files: list[StandInFile] = []
    """The files that came with the last message."""
    results: list[dict[str, Any]] = []
    """The results of functions, when they are the last message."""
    thinks: bool = False
    """True when the request asks for thoughts."""
    most: int | None = None
    """The most tokens that the answer may have; each word counts as one."""
    stops: list[str] = []
    """Strings at which the answer ends."""
    tools: frozenset[str] = frozenset()
    """The provider's tools, by their names in the request."""
    functions: list[dict[str, Any]] = []
    """The functions that may be called."""
    schema: Any = None
    """The schema of the answer, when it is to be JSON."""

    @classmethod
    def read(cls, body: Any, sent: SentFiles) -> Self:
        """Return the request in a body. Raise KeyError, TypeError or AttributeError for what Gemini would refuse."""
        contents = [content["parts"] for content in body["contents"]]
        if not contents:
            raise KeyError("contents")
        texts = ["".join(part.get("text", "") for part in parts) for parts in contents]
        config = body.get("generationConfig", {})
        tools = body.get("tools", [])
        calling = body.get("toolConfig", {}).get("functionCallingConfig", {})
        return cls(
            texts=[text for text in texts if text] or [""],
            files=[file for part in contents[-1] if (file := sent.file_of(part)) is not None],
            results=[part["functionResponse"] for part in contents[-1] if "functionResponse" in part],
            thinks=bool(config.get("thinkingConfig", {}).get("includeThoughts")),
            most=config.get("maxOutputTokens"),
            stops=config.get("stopSequences") or [],
            tools=frozenset(name for tool in tools for name in tool),
            functions=_functions(tools) if calling.get("mode") != "NONE" else [],
            schema=config.get("responseJsonSchema"),
        )


def _functions(tools: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [function for tool in tools for function in tool.get("functionDeclarations", [])]
