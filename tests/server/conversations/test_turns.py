"""A turn of a conversation: what it is asked with, what is kept of it and when; over every transport and store."""

import asyncio
from typing import Any

import pytest
from support.client import Frame, connected, text_of
from support.conversations import Conversations, belongs_to, conversations_of
from support.serving import serving
from support.transports import TRANSPORTS, Ask, ask_rest, ask_socket, ask_sse, listening
from support.upstream import (
    Exchange,
    Upstream,
    fails,
    says,
    says_and_breaks_off,
    says_and_is_silent,
    starts_and_is_silent,
)

from deltawire.protocol.errors import TABLE


async def test_the_question_and_the_answer_are_there_when_the_usage_arrives(
    client: Conversations, address: str, ask: Ask
) -> None:
    conversation = await client.create()
    frames = await ask(address, "What is it?", conversation=conversation)
    tree = await client.read(conversation)
    question, reply = tree["messages"]
    usage = frames[-1]
    assert (usage["conversation"], usage["question"], usage["message"]) == (conversation, question["id"], reply["id"])
    assert (question["role"], question["text"], question["parent"], question["answered"]) == (
        "user",
        "What is it?",
        None,
        True,
    )
    assert (reply["role"], reply["text"], reply["parent"], reply["answered"]) == (
        "model",
        "Hello world",
        question["id"],
        None,
    )
    assert (reply["model"], reply["finish_reason"], reply["error"]) == ("gemini-flash-latest", "stop", None)
    assert reply["usage"] == {name: value for name, value in usage.items() if name not in ("type", "id")}
    assert tree["title"] == "What is it?"
    assert tree["updated"] >= reply["created"] >= question["created"] >= tree["created"]


async def test_a_turn_goes_on_from_the_newest_answer(
    client: Conversations, address: str, ask: Ask, upstream: Upstream
) -> None:
    conversation = await client.create()
    await ask(address, "one", conversation=conversation)
    await ask(address, "two", conversation=conversation)
    one, _, two, _ = messages = await client.messages(conversation)
    assert upstream.exchanges[1].texts == ["one", "Hello world", "two"]
    assert [message["parent"] for message in messages] == [None, one["id"], messages[1]["id"], two["id"]]


async def test_the_history_of_a_socket_and_a_conversation_are_apart(
    client: Conversations, address: str, upstream: Upstream
) -> None:
    conversation = await client.create()
    async with connected(address) as socket:
        await socket.ask("remembered")
        await socket.ask("stored", conversation=conversation)
        await socket.ask("again")
    assert upstream.exchanges[1].texts == ["stored"]
    assert upstream.exchanges[2].texts == ["remembered", "Hello world", "again"]


async def test_a_parent_that_is_an_answer_is_gone_on_from(
    client: Conversations, address: str, upstream: Upstream
) -> None:
    conversation = await client.create()
    first = (await ask_rest(address, "one", conversation=conversation))[-1]["message"]
    await ask_rest(address, "two", conversation=conversation)
    await ask_rest(address, "another two", conversation=conversation, parent=first)
    assert upstream.exchanges[2].texts == ["one", "Hello world", "another two"]
    messages = await client.messages(conversation)
    assert [message["text"] for message in messages if message["parent"] == first] == ["two", "another two"]


async def test_a_question_asked_again_gets_a_second_answer_beside_the_first(
    client: Conversations, address: str, ask: Ask, upstream: Upstream
) -> None:
    conversation = await client.create()
    await ask(address, "before", conversation=conversation)
    question = (await ask(address, "again\0", conversation=conversation))[-1]["question"]
    upstream.plays(says("Another"))
    usage = (await ask(address, "again\0", conversation=conversation, parent=question))[-1]
    assert usage["question"] == question
    assert upstream.exchanges[0].texts == ["before", "Hello world", "again\0"]
    messages = await client.messages(conversation)
    assert [message["text"] for message in messages if message["parent"] == question] == ["Hello world", "Another"]
    assert len(messages) == 5


async def test_another_message_below_a_question_is_a_new_one(client: Conversations, address: str) -> None:
    conversation = await client.create()
    question = (await ask_rest(address, "one", conversation=conversation))[-1]["question"]
    usage = (await ask_rest(address, "one more", conversation=conversation, parent=question))[-1]
    messages = {message["id"]: message for message in await client.messages(conversation)}
    assert messages[usage["question"]]["parent"] == question


async def test_the_first_question_edited_is_a_second_root(
    client: Conversations, address: str, upstream: Upstream
) -> None:
    conversation = await client.create()
    await ask_rest(address, "one", conversation=conversation)
    await ask_rest(address, "one, edited", conversation=conversation, parent=conversation)
    assert upstream.exchanges[1].texts == ["one, edited"]
    roots = [message["text"] for message in await client.messages(conversation) if message["parent"] is None]
    assert roots == ["one", "one, edited"]
    await ask_rest(address, "two", conversation=conversation)
    assert upstream.exchanges[2].texts == ["one, edited", "Hello world", "two"]


@pytest.mark.parametrize(
    "fields, code, field",
    [
        ({"conversation": "nosuch"}, "not_found", "conversation"),
        ({"parent": "nosuch"}, "not_found", "parent"),
        ({"parent": "ELSEWHERE"}, "not_found", "parent"),
        ({"history": []}, "invalid_frame", "history"),
        ({"conversation": None, "parent": "x"}, "invalid_frame", "parent"),
        ({"conversation": "a b"}, "invalid_frame", "conversation"),
        ({"parent": "a\0b"}, "invalid_frame", "parent"),
    ],
)
async def test_a_turn_that_cannot_be_placed_is_refused_before_anything_is_asked_or_stored(
    client: Conversations, address: str, upstream: Upstream, fields: dict[str, Any], code: str, field: str
) -> None:
    elsewhere = (await ask_rest(address, "hi", conversation=await client.create()))[-1]["message"]
    conversation = await client.create()
    if fields.get("parent") == "ELSEWHERE":
        fields = {"parent": elsewhere}
    for ask in TRANSPORTS.values():
        [error] = await ask(address, "hi", id="t1", **{"conversation": conversation, **fields})
        assert (error["code"], error["field"]) == (code, field)
        assert error["id"] == "t1" or error["turn"] == "t1"
        assert ask is ask_socket or error["status"] == TABLE[code].status
    assert len(upstream.exchanges) == 1
    assert (await client.read(conversation))["messages"] == []
    assert (await client.read(conversation))["title"] == ""


async def test_the_settings_of_a_conversation_hold_where_a_turn_names_none(
    client: Conversations, address: str, ask: Ask, upstream: Upstream
) -> None:
    settings = {"system": "be brief", "temperature": 0.5, "stop": ["END"], "max_output_tokens": 9}
    conversation = await client.create(settings=settings)
    await ask(address, conversation=conversation, temperature=0, system="be long")
    sent = upstream.exchanges[0].body
    assert sent["systemInstruction"]["parts"][0]["text"] == "be long"
    config = sent["generationConfig"]
    assert (config["temperature"], config["stopSequences"], config["maxOutputTokens"]) == (0, ["END"], 9)


async def test_thoughts_are_kept_where_the_conversation_wants_them(
    client: Conversations, address: str, ask: Ask, upstream: Upstream
) -> None:
    upstream.plays(says("It is 4.", thoughts=["Let me see."]))
    conversation = await client.create(settings={"thinking": "low"})
    frames = await ask(address, "2+2?", conversation=conversation)
    assert text_of(frames, "thought") == "Let me see."
    assert [(m["thoughts"], m["text"]) for m in await client.messages(conversation)][1] == ("Let me see.", "It is 4.")


async def test_a_model_that_is_no_longer_offered_refuses_the_turn(upstream: Upstream, database: str) -> None:
    async with serving(upstream, database_url=database, models="one,two") as address:
        async with conversations_of(address) as client:
            conversation = await client.create(settings={"model": "two"})
        await ask_rest(address, conversation=conversation)
        assert upstream.exchanges[0].model == "two"
    async with serving(upstream, database_url=database, models="one") as address:
        for ask in TRANSPORTS.values():
            [error] = await ask(address, conversation=conversation)
            assert error["code"] == "unknown_model"
        async with conversations_of(address) as client:
            assert len(await client.messages(conversation)) == 2


async def test_the_context_is_the_newest_whole_messages_that_fit(upstream: Upstream, database: str) -> None:
    async with serving(upstream, database_url=database, max_history_chars=30) as address:
        async with conversations_of(address) as client:
            conversation = await client.create()
        for message in ("a" * 10, "ä" * 10, "\U0001f600" * 9, "d"):
            await ask_rest(address, message, conversation=conversation)
    assert [exchange.texts[:-1] for exchange in upstream.exchanges] == [
        [],
        ["a" * 10, "Hello world"],
        ["ä" * 10, "Hello world"],
        ["\U0001f600" * 9, "Hello world"],
    ]


async def test_the_context_may_be_larger_than_any_conversation(upstream: Upstream, database: str) -> None:
    async with serving(upstream, database_url=database, max_history_chars=2**31) as address:
        async with conversations_of(address) as client:
            conversation = await client.create()
        for message in ("one", "two"):
            assert (await ask_rest(address, message, conversation=conversation))[-1]["type"] == "usage"
    assert upstream.exchanges[1].texts == ["one", "Hello world", "two"]


async def test_what_was_never_answered_is_not_sent_along(
    client: Conversations, address: str, upstream: Upstream
) -> None:
    upstream.plays(says("Hello"), fails(400, "INVALID_ARGUMENT"), says("Hello"))
    conversation = await client.create()
    await ask_rest(address, "one", conversation=conversation)
    [error] = await ask_rest(address, "lost", conversation=conversation)
    await ask_rest(address, "two", conversation=conversation)
    assert upstream.exchanges[2].texts == ["one", "Hello", "two"]
    lost = (await client.messages(conversation))[2]
    assert (lost["text"], lost["answered"]) == ("lost", False)
    usage = error["usage"]
    assert (usage["conversation"], usage["question"], usage["message"]) == (conversation, lost["id"], None)
    upstream.plays(says("Found"))
    await ask_rest(address, "lost", conversation=conversation, parent=lost["id"])
    assert [message["answered"] for message in await client.messages(conversation) if message["role"] == "user"] == [
        True
    ] * 3


async def test_a_question_that_failed_is_sent_along_with_what_is_asked_below_it(
    client: Conversations, address: str, upstream: Upstream
) -> None:
    upstream.plays(fails(400, "INVALID_ARGUMENT"), says("Hello"))
    conversation = await client.create()
    lost = (await ask_rest(address, "my code", conversation=conversation))[-1]["usage"]["question"]
    await ask_rest(address, "explain it", conversation=conversation, parent=lost)
    await ask_rest(address, "and now?", conversation=conversation)
    assert upstream.exchanges[1].texts == ["my code", "explain it"]
    assert upstream.exchanges[2].texts == ["my code", "explain it", "Hello", "and now?"]


async def test_an_exchange_of_several_questions_that_delivered_nothing_is_not_sent_along(
    client: Conversations, address: str, upstream: Upstream
) -> None:
    upstream.plays(says("Hello"), fails(400, "INVALID_ARGUMENT"), says("", finish="SAFETY"), says("Hello"))
    conversation = await client.create()
    await ask_rest(address, "one", conversation=conversation)
    lost = (await ask_rest(address, "my code", conversation=conversation))[-1]["usage"]["question"]
    await ask_rest(address, "explain it", conversation=conversation, parent=lost)
    await ask_rest(address, "two", conversation=conversation)
    assert upstream.exchanges[3].texts == ["one", "Hello", "two"]


async def test_an_answer_that_breaks_off_is_kept_with_its_error(
    client: Conversations, address: str, ask: Ask, upstream: Upstream
) -> None:
    upstream.plays(says_and_breaks_off("Hello"))
    conversation = await client.create()
    error = (await ask(address, conversation=conversation))[-1]
    question, reply = await client.messages(conversation)
    assert error["code"] == reply["error"] == "upstream_truncated"
    assert (reply["text"], reply["finish_reason"], question["answered"]) == ("Hello", None, True)
    assert (error["usage"]["question"], error["usage"]["message"]) == (question["id"], reply["id"])


async def test_a_cancelled_answer_is_kept_as_far_as_it_came(
    client: Conversations, address: str, upstream: Upstream
) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    conversation = await client.create()
    async with connected(address) as socket:
        await socket.chat(conversation=conversation)
        assert (await socket.receive())["text"] == "Hello"
        await socket.send(type="cancel")
        usage = await socket.receive()
    reply = (await client.messages(conversation))[1]
    assert (reply["id"], reply["text"], reply["finish_reason"]) == (usage["message"], "Hello", "cancelled")


async def test_a_turn_cancelled_before_its_first_word_leaves_an_empty_answer(
    client: Conversations, address: str, upstream: Upstream
) -> None:
    upstream.plays(starts_and_is_silent)
    conversation = await client.create()
    async with connected(address) as socket:
        await socket.chat(conversation=conversation)
        await upstream.wait_for_request()
        await socket.send(type="cancel")
        assert (await socket.receive())["finish_reason"] == "cancelled"
    question, reply = await client.messages(conversation)
    assert (reply["text"], reply["finish_reason"], question["answered"]) == ("", "cancelled", True)


async def test_what_a_listener_received_before_it_left_is_kept(
    client: Conversations, address: str, upstream: Upstream
) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    by_socket, by_sse, by_rest = [await client.create() for _ in range(3)]
    async with connected(address) as socket:
        await socket.chat(conversation=by_socket)
        await socket.receive()
    listener = await listening(address, "/chat/stream", conversation=by_sse)
    await listener.reads_until(b"Hello")
    listener.close()
    listener = await listening(address, "/chat", conversation=by_rest)
    exchange = await upstream.wait_for_request(3)
    listener.close()
    await exchange.closed.wait()
    for conversation, text in ((by_socket, "Hello"), (by_sse, "Hello"), (by_rest, None)):
        reply = await answered(client, conversation)
        assert reply["finish_reason"] == "cancelled"
        assert text is None or reply["text"] == text


async def answered(client: Conversations, conversation: str) -> Any:
    """The answer of a conversation, once it is written."""
    async with asyncio.timeout(20):
        while len(messages := await client.messages(conversation)) < 2:  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0.01)
    return messages[1]


async def test_a_conversation_deleted_during_a_turn_stays_deleted_and_the_turn_ends_well(
    client: Conversations, address: str, ask: Ask, upstream: Upstream
) -> None:
    released = asyncio.Event()

    async def says_when_released(exchange: Exchange) -> None:
        await exchange.start()
        await released.wait()
        await exchange.text("Hello", finish="STOP")
        await exchange.finish()

    upstream.plays(says_when_released)
    conversation = await client.create()
    turn = asyncio.create_task(ask(address, conversation=conversation))
    await upstream.wait_for_request()
    assert (await client.call("DELETE", f"/{conversation}"))[0] == 204
    released.set()
    frames = await turn
    assert text_of(frames) == "Hello"
    assert (frames[-1]["finish_reason"], frames[-1]["message"]) == ("stop", None)
    assert (await client.call("GET", f"/{conversation}"))[0] == 404


async def test_nothing_is_asked_before_the_question_is_stored(
    client: Conversations, address: str, ask: Ask, upstream: Upstream
) -> None:
    stored: list[Any] = []
    conversation = await client.create()

    async def looks(exchange: Exchange) -> None:
        stored.extend(await client.messages(conversation))
        await says("Hello")(exchange)

    upstream.plays(looks)
    await ask(address, "stored?", conversation=conversation)
    assert [(message["text"], message["answered"]) for message in stored] == [("stored?", False)]


async def test_a_megabyte_is_kept_whole(client: Conversations, address: str, ask: Ask, upstream: Upstream) -> None:
    piece = "wörter und Zeichen\0\U0001f600 " * 500
    upstream.plays(says(*[piece] * 100))
    conversation = await client.create()
    frames = await ask(address, "x" * 100_000, conversation=conversation)
    question, reply = await client.messages(conversation)
    assert text_of(frames) == reply["text"] == (piece * 100).replace("\0", "\ufffd")
    assert question["text"] == "x" * 100_000
    assert conversation in await client.found("wörter zeichen")


async def test_many_turns_of_one_conversation_at_once_are_all_kept(
    client: Conversations, address: str, upstream: Upstream
) -> None:
    conversation = await client.create()
    turns = [(ask_rest, ask_sse, ask_socket)[n % 3](address, f"q{n}", conversation=conversation) for n in range(15)]
    frames: list[list[Frame]] = await asyncio.gather(*turns)
    messages = {message["id"]: message for message in await client.messages(conversation)}
    for number, turn in enumerate(frames):
        assert messages[turn[-1]["question"]]["text"] == f"q{number}"
        assert messages[turn[-1]["message"]]["parent"] == turn[-1]["question"]
    assert len(messages) == 30


async def test_another_owners_conversation_is_not_there_for_a_turn(
    client: Conversations, address: str, ask: Ask, upstream: Upstream, module_database: str
) -> None:
    conversation = await client.create()
    await belongs_to(module_database, conversation, "somebody else")
    [error] = await ask(address, conversation=conversation)
    assert (error["code"], error["field"]) == ("not_found", "conversation")
    assert upstream.exchanges == []
