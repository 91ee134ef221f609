"""The places of a token in a request."""

from typing import Any, cast

import pytest

from deltawire.edge.bearer import token_of
from deltawire.protocol.errors import Failure


def found(*authorization: str, subprotocols: list[str] | None = None, query: str = "") -> str:
    scope: dict[str, Any] = {
        "type": "http" if subprotocols is None else "websocket",
        "query_string": query.encode(),
        "headers": [(b"host", b"x"), *((b"authorization", value.encode()) for value in authorization)],
        "subprotocols": subprotocols or [],
    }
    return token_of(cast("Any", scope))


@pytest.mark.parametrize("header", ["Bearer abc", "bearer abc", "BEARER   abc "])
@pytest.mark.parametrize("subprotocols", [None, [], ["deltawire.v1"]])
def test_a_header_holds_a_token(header: str, subprotocols: list[str] | None) -> None:
    assert found(header, subprotocols=subprotocols) == "abc"


@pytest.mark.parametrize("subprotocols", [["bearer.a.b.c"], ["deltawire.v1", "bearer.a.b.c"], ["bearer.a.b.c", "x"]])
def test_a_subprotocol_holds_a_token(subprotocols: list[str]) -> None:
    assert found(subprotocols=subprotocols) == "a.b.c"


def test_other_schemes_and_subprotocols_hold_none() -> None:
    for headers, subprotocols in [
        ((), None),
        (("Basic abc",), None),
        (("Bearer",), []),
        ((), ["deltawire.v1", "bearer"]),
    ]:
        with pytest.raises(Failure, match="unauthenticated"):
            found(*headers, subprotocols=subprotocols)


def test_of_two_tokens_none_counts() -> None:
    with pytest.raises(Failure, match="unauthenticated"):
        found("Bearer abc", subprotocols=["bearer.def"])
    with pytest.raises(Failure, match="unauthenticated"):
        found(subprotocols=["bearer.abc", "bearer.def"])
    with pytest.raises(Failure, match="invalid_frame"):
        found("Bearer abc", "Bearer def")


def test_a_query_without_a_token_is_nobodys_business() -> None:
    assert found("Bearer abc", query="model=x&tokens=7&a=token") == "abc"
