"""Responses of the OpenAPI document: a Struct as JSON, or the problems of some error codes."""

from collections.abc import Callable, Collection, Mapping
from http import HTTPStatus
from itertools import groupby
from operator import itemgetter
from typing import Final, NamedTuple

from litestar.openapi.spec import Example, OpenAPIHeader, OpenAPIMediaType, OpenAPIResponse, Reference, Schema
from litestar.openapi.spec.enums import OpenAPIType
from msgspec import Struct

from deltawire.protocol.errors import TABLE, Failure
from deltawire.protocol.frames import error_frame
from deltawire.protocol.openai.errors import ErrorBody, error_body
from deltawire.protocol.problem_details import MEDIA_TYPE, problem_of


def field(description: str) -> OpenAPIHeader:
    """Return a header field that is a string."""
    return OpenAPIHeader(description=description, schema=Schema(type=OpenAPIType.STRING))


_DRAFT: Final = "as draft-ietf-httpapi-ratelimit-headers-10 has it; absent where nothing is limited"
LIMITS: Final[dict[str, OpenAPIHeader | Reference]] = {
    "RateLimit-Policy": field(f"The limits on the caller's turns, {_DRAFT}."),
    "RateLimit": field(f"What is left of them, {_DRAFT}."),
}
"""Header fields of a turn's answer."""
_RETRY_AFTER: Final = {"Retry-After": field("Seconds after which asking again may help, where that is known.")}
_CHALLENGE: Final = {"WWW-Authenticate": field("`Bearer`.")}


def reference(name: str) -> Reference:
    """Return a reference to a Struct's schema."""
    return Reference(f"#/components/schemas/{name}")


def examples_of(values: Mapping[str, object]) -> dict[str, Example | Reference]:
    """Return named values as examples."""
    return {name: Example(value=value) for name, value in values.items()}


def json_response(kind: type[Struct] | str, description: str) -> OpenAPIResponse:
    """Return the response of a Struct as JSON; by its name where it cannot be imported from here."""
    name = kind if isinstance(kind, str) else kind.__name__
    return OpenAPIResponse(
        description=description, content={"application/json": OpenAPIMediaType(schema=reference(name))}
    )


class ErrorShape(NamedTuple):
    """The shape of an error's body."""

    media_type: str
    name: str
    """The name of its Struct."""
    example: Callable[[str, int], Struct]
    """A function that returns the body of a code with a status."""


def _example_problem(code: str, status: int) -> Struct:
    return problem_of(error_frame(Failure(code)), status)


def _example_of_openai(code: str, status: int) -> Struct:
    return error_body(code, TABLE[code].message, None, status)


PROBLEM: Final = ErrorShape(MEDIA_TYPE, "Problem", _example_problem)
OPENAI: Final = ErrorShape("application/json", ErrorBody.__name__, _example_of_openai)


def problems(
    codes: Collection[str], more: set[tuple[int, str]], shape: ErrorShape = PROBLEM
) -> dict[str, OpenAPIResponse]:
    """Return a response for each status, with a description and an example of each code."""
    responses: dict[str, OpenAPIResponse] = {}
    statuses = sorted({(TABLE[code].status, code) for code in codes} | more)
    for status, pairs in groupby(statuses, key=itemgetter(0)):
        group = [code for _, code in pairs]
        # As Structs, because Litestar drops every null from a dict.
        examples = examples_of({code: shape.example(code, status) for code in group})
        responses[str(status)] = OpenAPIResponse(
            description=" ".join(f"`{code}`: {TABLE[code].message}" for code in group),
            headers={
                **(_CHALLENGE if status == HTTPStatus.UNAUTHORIZED else {}),
                **(_RETRY_AFTER if any(TABLE[code].retryable for code in group) else {}),
            },
            content={shape.media_type: OpenAPIMediaType(schema=reference(shape.name), examples=examples)},
        )
    return responses
