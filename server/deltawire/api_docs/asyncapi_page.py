"""A page that shows the AsyncAPI document. It is our own, because the usual viewer has 2.5 MB and needs `eval`."""

import json
from collections.abc import Iterator
from functools import cache
from html import escape
from typing import Any, Final

import msgspec
from litestar import MediaType, Response, Router, get

from deltawire.api_docs.asyncapi import document
from deltawire.edge.public_routes import PUBLIC
from deltawire.edge.static_files import with_page_headers

_PAGE: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Deltawire: the socket</title>
<link rel="icon" href="/favicon.svg">
<link rel="stylesheet" href="/socket.css">
</head>
<body>
<main>
<h1>Deltawire: the socket</h1>
<p>{about}</p>
<p>The same as <a href="/schema/asyncapi.json">AsyncAPI 3.1</a>, for tools. The routes over HTTP have
<a href="/schema">a page of their own</a>.</p>
{sections}
</main>
</body>
</html>
"""


def socket_contract() -> Router:
    """Return the routes `/schema/asyncapi.json` and `/schema/socket`."""
    cached_document = cache(document)  # made for the first request: a start need not wait for it

    @get("/asyncapi.json", sync_to_thread=False, include_in_schema=False)
    def asyncapi() -> Response[bytes]:
        return Response(msgspec.json.encode(cached_document()), media_type=MediaType.JSON)

    @get("/socket", sync_to_thread=False, include_in_schema=False)
    def socket_page() -> Response[str]:
        return Response(_page(cached_document()), media_type=MediaType.HTML)

    return Router(
        "/schema", route_handlers=[asyncapi, socket_page], after_request=with_page_headers, opt={PUBLIC: True}
    )


def _page(contract: dict[str, Any]) -> str:
    channel = contract["channels"]["socket"]
    operations: dict[str, Any] = contract["operations"]
    sections = [
        f"<h2>{heading}</h2>" + "".join(_frame(kind, contract) for kind in kinds)
        for heading, kinds in (
            ("You send", [kind for kind in operations if operations[kind]["action"] == "receive"]),
            ("You get", [_last(message["$ref"]) for message in operations["answer"]["messages"]]),
        )
    ]
    about = escape(f"GET {channel['address']}. {channel['description']}")
    return _PAGE.format(about=about, sections="\n".join(sections))


def _frame(kind: str, contract: dict[str, Any]) -> str:
    """Return the section of a frame: its purpose, its fields and examples."""
    message, schemas = contract["components"]["messages"][kind], contract["components"]["schemas"]
    examples = "".join(
        f"<figure><figcaption>{escape(example['name'])}</figcaption>"
        f"<pre tabindex=0>{escape(json.dumps(example['payload'], ensure_ascii=False))}</pre></figure>"
        for example in message["examples"]
    )
    replies = contract["operations"].get(kind, {}).get("reply", {}).get("messages", [])
    answers_with = ", ".join(f"<code>{escape(_last(reply['$ref']))}</code>" for reply in replies)
    return (
        f'<section id="{escape(kind)}"><h3><code>{escape(kind)}</code></h3><p>{escape(message["summary"])}'
        f"{f' Answered with {answers_with}.' if answers_with else ''}</p>"
        f"{_fields(_last(message['payload']['$ref']), schemas)}{examples}</section>"
    )


def _fields(name: str, schemas: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(field)}</code></td><td>{required}</td><td>{escape(accepted)}</td></tr>"
        for field, required, accepted in _rows(schemas[name])
    )
    head = "<tr><th scope=col>field</th><th scope=col></th><th scope=col>what it is</th></tr>"
    return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"


def _rows(schema: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for field, rule in schema["properties"].items():
        yield field, "always" if field in schema["required"] else "", _accepted_values(rule)


def _accepted_values(rule: dict[str, Any]) -> str:
    """Return the accepted values of a field in words: its description, or else its schema."""
    if "description" in rule:
        return str(rule["description"])
    if "anyOf" in rule:
        choices: list[dict[str, Any]] = rule["anyOf"]
        if any("description" in choice for choice in choices):  # null counts as absent
            choices = [choice for choice in choices if choice != {"type": "null"}]
        return " or ".join(map(_accepted_values, choices))
    if "$ref" in rule:
        return f"the fields of {_last(rule['$ref'])}"
    values = [rule["const"]] if "const" in rule else rule.get("enum")
    return " or ".join(f'"{value}"' for value in values) if values else str(rule["type"])


def _last(reference: str) -> str:
    return reference.rpartition("/")[2]
