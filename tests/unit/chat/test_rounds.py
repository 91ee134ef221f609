"""The rounds of a turn: the calls, their results, and what the model is sent."""

import json
from typing import Any

import pytest

from deltawire.chat.function_responses import check_results, responses
from deltawire.chat.request import RoundBounds, TurnRequest
from deltawire.chat.rounds import Rounds
from deltawire.gemini.events import Opaque
from deltawire.identity.quota import Holding, Quota
from deltawire.protocol.chat_request import ChatRequest
from deltawire.protocol.errors import Failure
from deltawire.protocol.tools import FunctionTool, ToolAnswer

BOUNDS = RoundBounds(rounds=3, result_chars=100, bytes=1_000)


def parts_of(*calls: dict[str, Any]) -> bytes:
    return json.dumps([{"functionCall": call} for call in calls]).encode()


TWO = parts_of({"id": "a", "name": "add", "args": {}}, {"name": "sub", "args": {"x": 1}})


def begun(*, waits: bool = True, functions: bool = True, **fields: Any) -> Rounds:
    tools: list[Any] | None = [FunctionTool(name="add")] if functions else None
    chat_request = ChatRequest(message="hi", tools=tools)
    fields = {"turn": "t", "caller": "", "request": chat_request, "history": [], "models": ("m",), **fields}
    request = TurnRequest(waits_for_results=waits, bounds=BOUNDS, **fields)
    rounds = Rounds(request)
    rounds.begin(request, None)
    return rounds


def says(rounds: Rounds, *parts: bytes) -> None:
    for part in parts:
        rounds.keep(0, Opaque(part, 0))


def waiting(*names: str) -> Rounds:
    rounds = begun()
    for name in names:
        assert rounds.call(name) == name
    return rounds


def refusal(rounds: Rounds, tool_result: ToolAnswer) -> tuple[str, str | None]:
    with pytest.raises(Failure) as failed:
        rounds.give_result(tool_result)
    return failed.value.code, failed.value.field


@pytest.mark.parametrize(
    "tool_result, response",
    [
        (ToolAnswer(call="a", result={"x": 1}), {"x": 1}),
        (ToolAnswer(call="a", result={}), {}),
        (ToolAnswer(call="a", result=[1, "2"]), {"result": [1, "2"]}),
        (ToolAnswer(call="a", result="sunny"), {"result": "sunny"}),
        (ToolAnswer(call="a", result=None), {"result": None}),
        (ToolAnswer(call="a", result=False), {"result": False}),
        (ToolAnswer(call="a", error="no such city"), {"error": "no such city"}),
        (ToolAnswer(call="a", result=[1], error=None), {"result": [1]}),
        (ToolAnswer(call="a", result=None, error=None), {"result": None}),
        (ToolAnswer(call="a", result=None, error="no such city"), {"error": "no such city"}),
    ],
)
def test_what_a_function_returns_reaches_the_model_as_an_object(
    tool_result: ToolAnswer, response: dict[str, Any]
) -> None:
    parts = parts_of({"id": "a", "name": "add"})
    [part] = json.loads(responses(parts, ["a"], {"a": tool_result}))
    assert part == {"functionResponse": {"id": "a", "name": "add", "response": response}}


def test_the_results_of_a_round_are_one_content_in_the_order_of_the_calls() -> None:
    rounds = waiting("a", "made-up")
    says(rounds, TWO[1:-1])
    assert rounds.end_round()
    rounds.give_result(ToolAnswer(call="made-up", result=2))
    rounds.give_result(ToolAnswer(call="a", result=1))
    request = rounds.ask_again("m")
    assert request.models == ("m",)
    [(role, parts), (answering, results)] = request.exchange
    assert (role, parts, answering) == ("model", TWO, "user")
    assert json.loads(results) == [
        {"functionResponse": {"id": "a", "name": "add", "response": {"result": 1}}},
        {"functionResponse": {"name": "sub", "response": {"result": 2}}},
    ]


def test_a_result_that_cannot_be_taken_is_refused_by_its_field_and_changes_nothing() -> None:
    rounds = waiting("a", "b")
    rounds.give_result(ToolAnswer(call="a", result=1))
    assert refusal(rounds, ToolAnswer(call="c", result=1)) == ("invalid_frame", "call")
    assert refusal(rounds, ToolAnswer(call="a", result=2)) == ("invalid_frame", "call")
    assert refusal(rounds, ToolAnswer(call="b", result="x" * 99)) == ("message_too_large", "result")
    assert refusal(rounds, ToolAnswer(call="b", error="x" * 99)) == ("message_too_large", "error")
    rounds.give_result(ToolAnswer(call="b", result="ä" * 98))


def test_a_call_of_an_earlier_round_gets_no_second_result() -> None:
    rounds = waiting("a")
    rounds.give_result(ToolAnswer(call="a", result=1))
    says(rounds, parts_of({"id": "a", "name": "add"})[1:-1])
    rounds.end_round()
    rounds.ask_again("m")
    assert refusal(rounds, ToolAnswer(call="a", result=1)) == ("invalid_frame", "call")
    assert rounds.call("a") == "a-2", "each call of a turn has a name of its own"


def test_all_that_a_turn_sends_back_is_bounded() -> None:
    rounds = waiting("a")
    says(rounds, b" " * 950)
    assert refusal(rounds, ToolAnswer(call="a", result="x" * 60)) == ("message_too_large", "result")
    with pytest.raises(Failure, match="message_too_large") as refused:
        says(rounds, b" " * 100)
    assert refused.value.field is None, "the client has no field for the model's parts"


def test_what_a_turn_sends_back_is_in_its_callers_share() -> None:
    shares = Quota("bytes", "MAX_MEMORY_BYTES", total=1_000, each=1_000)
    holding = Holding(shares, "alice")
    rounds = begun(hold=holding.add)
    rounds.call("a")
    says(rounds, b" " * 450)
    assert holding.amount == 900
    full = ToolAnswer(call="a", result="x" * 90)
    with pytest.raises(Failure, match="overloaded"):
        rounds.give_result(full)
    holding.set_amount(0)
    rounds.give_result(full)  # it was not taken before


def test_a_turn_without_functions_goes_on_where_its_callers_share_is_full() -> None:
    rounds = begun(functions=False, hold=Holding(Quota("bytes", "X", total=10, each=10), "alice").add)
    says(rounds, b" " * 100)
    assert rounds.exchange("the text") is None


def test_a_turn_without_functions_goes_on_when_its_parts_are_too_much_to_be_kept() -> None:
    rounds = begun(functions=False)
    says(rounds, b" " * 950, b" " * 950, b"{}")
    assert rounds.exchange("the text") is None


def test_rounds_beyond_the_most_are_an_error_by_name() -> None:
    rounds = begun()
    for number in range(BOUNDS.rounds):
        rounds.call(f"c{number}")
        rounds.give_result(ToolAnswer(call=f"c{number}", result=1))
        says(rounds, parts_of({"name": "add"})[1:-1])
        rounds.end_round()
        rounds.ask_again("m")
    with pytest.raises(Failure) as failed:
        rounds.call("c3")
    assert failed.value.code == "too_many_rounds"


def test_an_exchange_that_broke_off_in_calls_is_kept_as_text() -> None:
    rounds = waiting("a")
    says(rounds, parts_of({"id": "a", "name": "add"})[1:-1])
    assert rounds.exchange("") is None
    rounds.end_round()
    assert rounds.exchange("") is None
    rounds.give_result(ToolAnswer(call="a", result=1))
    rounds.ask_again("m")
    assert rounds.exchange("") is None
    whole = rounds.exchange("so")
    assert whole is not None
    assert [content["role"] for content in json.loads(whole)] == ["model", "user", "model"]


def test_over_http_the_calls_are_kept_for_the_turn_that_brings_their_results() -> None:
    rounds = begun(waits=False)
    rounds.call("a")
    parts = parts_of({"id": "a", "name": "add"})
    says(rounds, parts[1:-1])
    assert not rounds.end_round()
    assert rounds.is_left_in_calls
    assert rounds.exchange("") == parts


@pytest.mark.parametrize(
    "tool_results, field",
    [
        ([ToolAnswer(call="a", result=1)], "tool_results"),
        ([ToolAnswer(call="a", result=1), ToolAnswer(call="a", result=1)], "tool_results[1].call"),
        ([ToolAnswer(call="a", result=1), ToolAnswer(call="z", result=1)], "tool_results[1].call"),
        ([ToolAnswer(call="a", result="x" * 200)], "tool_results[0].result"),
    ],
)
def test_each_call_has_just_one_result_over_http(tool_results: list[ToolAnswer], field: str) -> None:
    with pytest.raises(Failure) as failed:
        check_results(tool_results, ["a", "b"], BOUNDS)
    assert failed.value.field == field
