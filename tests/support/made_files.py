"""Answers of the provider with files that the model made."""

from base64 import b64encode
from typing import Any

from support.files import png
from support.upstream import Exchange, Script, answer

PICTURE = png(8, 8)
PART = {"inlineData": {"mimeType": "image/png", "data": b64encode(PICTURE).decode()}, "thoughtSignature": "c2ln"}
USAGE = {"promptTokenCount": 3, "candidatesTokenCount": 1_290, "totalTokenCount": 1_293}


def makes(*parts: dict[str, Any], text: str = "Here it is.") -> Script:
    """An answer of some words, then these parts."""

    async def script(exchange: Exchange) -> None:
        await exchange.start()
        await exchange.text(text)
        made = answer("")
        made["candidates"][0]["content"]["parts"] = list(parts)
        await exchange.event(made)
        await exchange.text("", finish="STOP", usage=USAGE)
        await exchange.finish()

    return script
