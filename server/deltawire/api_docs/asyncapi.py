"""The AsyncAPI 3.1 document, for tools: the frames that the server accepts, and those that it sends."""

from collections.abc import Mapping
from typing import Any, Final, get_args

import msgspec
from msgspec import Struct

from deltawire import __version__
from deltawire.api_docs.frame_examples import DOWN, UP
from deltawire.api_docs.openapi import CONTEXT, RESULT_OR_ERROR
from deltawire.protocol.frames import FrameDown, FrameUp, NumberedFrame, type_tag

_CHANNEL: Final = "socket"
_TURN: Final = tuple(str(frame.__struct_config__.tag) for frame in get_args(NumberedFrame))
_ANSWERS: Final = {"chat": _TURN, "cancel": ("usage", "error"), "resume": _TURN, "tool_result": _TURN}
"""The frames that may answer each frame; a frame that is not listed is answered only with an `error`."""
OPTIONAL: Final = ("seq", "search_queries", "state", "error", "modalities")
"""Fields that the server leaves out in some cases: `seq` without `grace`, `search_queries` without a search, `state`
where a turn does not end in calls, `error` of a file that was kept, and `modalities` of a turn that is only text."""
_DESCRIPTION: Final = """\
One JSON object per text message. Several turns run side by side, told apart by `id`, and every turn ends in exactly one
`usage` or one `error` with its `id`. A turn with `grace` is a run: its frames have numbers, and it can be resumed and
stopped from another socket. A client ignores fields and frames that it does not know. Where the server
requires a token, the handshake has `Authorization: Bearer TOKEN`, or `bearer.TOKEN` as a subprotocol beside
`deltawire.v1`."""


def document() -> dict[str, Any]:
    """Return the whole document as a dict that can be encoded as JSON."""
    up, down = _structs_by_type(FrameUp), _structs_by_type(FrameDown)
    return {
        "asyncapi": "3.1.0",
        "info": {
            "title": "Deltawire",
            "version": __version__,
            "description": "The socket of a realtime chat server for Gemini.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "here": {
                "host": "{host}",
                "protocol": "ws",
                "variables": {"host": {"default": "127.0.0.1:8000", "description": "Where the server listens."}},
            }
        },
        "channels": {
            _CHANNEL: {
                "address": "/ws",
                "description": _DESCRIPTION,
                "messages": {kind: _ref("components", "messages", kind) for kind in (*up, *down)},
                "bindings": {"ws": {"method": "GET"}},
            }
        },
        "operations": {
            **{kind: _operation(kind, struct) for kind, struct in up.items()},
            "answer": {
                "action": "send",
                "channel": _ref("channels", _CHANNEL),
                "summary": "What the server sends.",
                "messages": _messages(tuple(down)),
            },
        },
        "components": {
            "messages": {
                **{kind: _message(kind, struct, UP) for kind, struct in up.items()},
                **{kind: _message(kind, struct, DOWN) for kind, struct in down.items()},
            },
            "schemas": _schemas(up, down),
        },
    }


def _structs_by_type(union: Any) -> dict[str, type[Struct]]:
    """Return the Structs of a union of frames, by the `type` of each frame."""
    return {str(struct.__struct_config__.tag): struct for struct in get_args(union)}


def _ref(*path: str) -> dict[str, str]:
    return {"$ref": "#/" + "/".join(path)}


def _messages(kinds: tuple[str, ...]) -> list[dict[str, str]]:
    return [_ref("channels", _CHANNEL, "messages", kind) for kind in kinds]


def _operation(kind: str, struct: type[Struct]) -> dict[str, Any]:
    """Return the operation of a frame that the client sends."""
    channel = _ref("channels", _CHANNEL)
    return {
        "action": "receive",
        "channel": channel,
        "summary": _summary(struct),
        "messages": _messages((kind,)),
        "reply": {"channel": channel, "messages": _messages(_ANSWERS.get(kind, ("error",)))},
    }


def _message(kind: str, struct: type[Struct], examples: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "name": kind,
        "summary": _summary(struct),
        "payload": _ref("components", "schemas", struct.__name__),
        "examples": [{"name": name, "payload": frame} for name, frame in examples[kind].items()],
    }


def _summary(struct: type[Struct]) -> str:
    return (struct.__doc__ or "").partition("\n")[0]


def _schemas(up: Mapping[str, type[Struct]], down: Mapping[str, type[Struct]]) -> dict[str, Any]:
    """Return the schemas of all frames, and of the values in them."""
    _, schemas = msgspec.json.schema_components(
        [*up.values(), *down.values()], ref_template="#/components/schemas/{name}"
    )
    schemas["Chat"]["allOf"] = CONTEXT
    schemas["ToolAnswer"]["oneOf"] = schemas["ToolResult"]["oneOf"] = RESULT_OR_ERROR
    sent = [struct.__name__ for struct in down.values()] + ["UsageFigures"]
    for name in sent:  # the server sends every field, also one with its default value, except these
        optional = () if name == "Started" else OPTIONAL
        schemas[name]["required"] = [field for field in schemas[name]["properties"] if field not in optional]
    for schema in schemas.values():
        properties = schema["properties"]
        if type_tag in properties:
            properties[type_tag] = {"const": properties[type_tag]["enum"][0]}
    return schemas
