"""Ask a server each case with LangChain and with LiteLLM, and print what each was told, as JSON.

The beginning of a question names the case and the client: the upstream of the test answers by the case.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

import litellm
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

ADDRESS, LIMITED, MODEL, PICTURE = sys.argv[1:]
DATA_URL = f"data:image/png;base64,{PICTURE}"
litellm.suppress_debug_info = True


class Colour(BaseModel):
    """A colour."""

    colour: str


@tool
def weather(city: str) -> dict[str, str]:
    """The weather of a city."""
    return {"city": city, "by": "weather"}


@tool
def clock(city: str) -> dict[str, str]:
    """The time of a city."""
    return {"city": city, "by": "clock"}


TOOLS = {"weather": weather, "clock": clock}


def failed(error: Any) -> dict[str, Any]:
    """Return the message of an error: of the client of OpenAI, or of the one around it."""
    while getattr(error, "code", None) is None and error.__cause__ is not None:
        error = error.__cause__
    return {"status": getattr(error, "status_code", None), "words": str(error)}


class LangChain:
    def __init__(self, address: str = ADDRESS) -> None:
        self.model = ChatOpenAI(base_url=f"http://{address}/v1", api_key="KEY", model=MODEL, max_retries=0)

    def text(self, question: Any) -> Any:
        answer = self.model.invoke(question if isinstance(question, str) else [HumanMessage(question)])
        usage = answer.usage_metadata or {}
        return {
            "text": answer.text,
            "finish": answer.response_metadata["finish_reason"],
            "tokens": usage["total_tokens"],
        }

    def stream(self, question: str, *, stops: bool = False) -> Any:
        text = ""
        chunks = self.model.stream(question)
        for chunk in chunks:
            text += chunk.text
            if stops and text:
                chunks.close()
                break
        return {"text": text}

    def picture(self, question: str) -> Any:
        return self.text([{"type": "text", "text": question}, {"type": "image_url", "image_url": {"url": DATA_URL}}])

    def calls(self, question: str) -> Any:
        model = self.model.bind_tools(list(TOOLS.values()))
        messages: list[Any] = [HumanMessage(question)]
        while True:
            answer = model.invoke(messages)
            messages.append(answer)
            if not answer.tool_calls:
                return {"text": answer.text}
            for call in answer.tool_calls:
                result = json.dumps(TOOLS[call["name"]].invoke(call["args"]))
                messages.append(ToolMessage(result, tool_call_id=call["id"]))

    def json(self, question: str) -> Any:
        found: Any = self.model.with_structured_output(Colour).invoke(question)
        return {"text": {"colour": found.colour}}


class LiteLlm:
    def __init__(self, address: str = ADDRESS) -> None:
        self.address = address

    def ask(self, messages: Any, **more: Any) -> Any:
        messages = [{"role": "user", "content": messages}] if not isinstance(messages, list) else messages
        base = {"model": f"openai/{MODEL}", "api_base": f"http://{self.address}/v1", "api_key": "KEY", "max_retries": 0}
        return litellm.completion(messages=messages, **base, **more)

    def text(self, question: Any) -> Any:
        answer = self.ask(question)
        [choice] = answer.choices
        return {"text": choice.message.content, "finish": choice.finish_reason, "tokens": answer.usage.total_tokens}

    def stream(self, question: str, *, stops: bool = False) -> Any:
        text = ""
        stream = self.ask(question, stream=True)
        for chunk in stream:
            text += chunk.choices[0].delta.content or ""
            if stops and text:
                stream.completion_stream.close()
                break
        return {"text": text}

    def picture(self, question: str) -> Any:
        parts = [{"type": "text", "text": question}, {"type": "image_url", "image_url": {"url": DATA_URL}}]
        return self.text([{"role": "user", "content": parts}])

    def calls(self, question: str) -> Any:
        messages: list[Any] = [{"role": "user", "content": question}]
        city = {"type": "object", "properties": {"city": {"type": "string"}}}
        tools = [{"type": "function", "function": {"name": name, "parameters": city}} for name in TOOLS]
        while True:
            message = self.ask(messages, tools=tools).choices[0].message
            messages.append(message)
            if not message.tool_calls:
                return {"text": message.content}
            for call in message.tool_calls:
                result = {**json.loads(call.function.arguments), "by": call.function.name}
                messages.append({"role": "tool", "tool_call_id": call.id, "content": json.dumps(result)})

    def json(self, question: str) -> Any:
        return {"text": json.loads(self.ask(question, response_format=Colour).choices[0].message.content)}


def cases_of(client: Any, limited: Any) -> dict[str, Callable[[str], Any]]:
    return {
        "text": client.text,
        "stream": client.stream,
        "stop": lambda question: client.stream(question, stops=True),
        "picture": client.picture,
        "one": client.calls,
        "three": client.calls,
        "json": client.json,
        "refusal": client.text,
        "unsafe": client.text,
        "cut": client.stream,
        "busy": client.text,
        "limit": limited.text,
    }


answers: dict[str, dict[str, Any]] = {}
for name, client in {"LangChain": LangChain, "LiteLLM": LiteLlm}.items():
    answers[name] = {}
    for kind, ask in cases_of(client(), client(LIMITED)).items():
        try:
            answers[name][kind] = ask(f"{kind} {name}")
        except Exception as error:  # noqa: BLE001 - what it is, is asserted
            answers[name][kind] = failed(error)
sys.stdout.write(json.dumps(answers) + "\n")
sys.stdout.flush()
sys.stdin.read()
