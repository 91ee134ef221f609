"""The reference from above: what a person writes from FastAPI's and google-genai's documentation.

Run by `uvicorn` as it comes with its standard extras. The key and the upstream's address are the SDK's own
environment variables.
"""

import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from fastapi.responses import StreamingResponse
from google import genai
from pydantic import BaseModel

MODEL = "gemini-flash-latest"

app = FastAPI()
client = genai.Client()


class TurnRequest(BaseModel):
    message: str


async def answer(message: str) -> AsyncIterator[str]:
    usage = None
    async for chunk in await client.aio.models.generate_content_stream(model=MODEL, contents=message):
        usage = chunk.usage_metadata
        if chunk.text:
            yield json.dumps({"text": chunk.text})
    yield json.dumps({"usage": usage.total_token_count if usage else None})


@app.post("/chat/stream")
async def chat_stream(question: TurnRequest) -> StreamingResponse:
    async def events() -> AsyncIterator[str]:
        async for piece in answer(question.message):
            yield f"data: {piece}\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")


@app.websocket("/ws")
async def chat_socket(socket: WebSocket) -> None:
    await socket.accept()
    try:
        while True:
            question = TurnRequest.model_validate_json(await socket.receive_text())
            async for piece in answer(question.message):
                await socket.send_text(piece)
    except WebSocketDisconnect:
        pass
