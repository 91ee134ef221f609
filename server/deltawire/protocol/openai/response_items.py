"""The items of `POST /v1/responses`: messages with their parts, calls, and the outputs of calls."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType, field

from deltawire.protocol.decoding import rules_of
from deltawire.protocol.errors import Failure
from deltawire.protocol.openai.calls import FunctionCall, RequestMessage, arguments_of
from deltawire.protocol.openai.conversation import check_speaker, text_of
from deltawire.protocol.openai.fields import ignored, refused
from deltawire.protocol.openai.functions import Arguments, CallId, FunctionName
from deltawire.protocol.openai.given_files import (
    DATA_URL,
    FILE_DATA,
    NO_DETAIL,
    FileId,
    FileName,
    GivenFile,
    document_of,
    picture_of,
)
from deltawire.protocol.openai.reasons import NO_CACHE, NO_THOUGHTS_BACK, OF_ANSWER, OF_CLIENT


class InputPart(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a message."""

    type: Annotated[
        Literal["input_text", "output_text", "refusal", "reasoning_text", "input_image", "input_file"],
        Meta(description='"input_text", "output_text", "refusal", "reasoning_text", "input_image" or "input_file"'),
    ]
    text: Annotated[str, Meta(description="a string")] | None = None
    refusal: Annotated[str, Meta(description="a string, which counts as text")] | None = None
    annotations: Annotated[Raw, ignored(OF_ANSWER)] | UnsetType = UNSET
    logprobs: Annotated[Raw, ignored(OF_ANSWER)] | UnsetType = UNSET
    parsed: Annotated[Raw, ignored(OF_CLIENT)] | UnsetType = UNSET
    prompt_cache_breakpoint: Annotated[Raw, ignored(NO_CACHE)] | UnsetType = UNSET
    image_url: Annotated[str, Meta(description=DATA_URL)] | None = None
    file_id: FileId | None = None
    file_url: Annotated[Raw, refused("the server fetches no address that a client names")] | UnsetType = UNSET
    file_data: Annotated[str, Meta(description=FILE_DATA)] | None = None
    filename: FileName | None = None
    detail: Annotated[Raw, ignored(NO_DETAIL)] | UnsetType = UNSET

    def attached_file(self, path: str) -> GivenFile | None:
        """Return the file of the part, if it is one. Raise `Failure`; `path` is its path."""
        if self.type == "input_image" and self.image_url is not None:
            return picture_of(self.image_url, f"{path}.image_url")
        if self.type in ("input_image", "input_file"):
            return document_of(self.file_data, self.file_id, self.filename, path)
        return None


class InputItem(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A message of the conversation, or thoughts of an earlier answer, which are ignored."""

    type: (
        Annotated[
            Literal["message", "reasoning", "function_call", "function_call_output", "image_generation_call"],
            Meta(
                description='"message", "reasoning", "function_call", "function_call_output" or '
                '"image_generation_call"; references to stored items are refused: the client\'s `store` must be false'
            ),
        ]
        | None
    ) = None
    role: (
        Annotated[
            Literal["system", "developer", "user", "assistant"],
            Meta(description='"system", "developer", "user" or "assistant"'),
        ]
        | None
    ) = None
    content: Annotated[str | list[InputPart], Meta(description="a string, or a list of parts")] | None = None
    id: Annotated[Raw, ignored(OF_ANSWER)] | UnsetType = UNSET
    status: Annotated[Raw, ignored(OF_ANSWER)] | UnsetType = UNSET
    phase: Annotated[Raw, ignored(OF_ANSWER)] | UnsetType = UNSET
    summary: Annotated[Raw, ignored(NO_THOUGHTS_BACK)] | UnsetType = UNSET
    encrypted_content: Annotated[Raw, ignored(NO_THOUGHTS_BACK)] | UnsetType = UNSET
    call_id: CallId | None = None
    name: FunctionName | None = None
    arguments: Arguments | None = None
    parsed_arguments: Annotated[Raw, ignored(OF_CLIENT)] | UnsetType = UNSET
    is_async: Annotated[Raw, ignored(OF_ANSWER)] | UnsetType = field(name="async", default=UNSET)
    async_: Annotated[Raw, ignored(OF_ANSWER)] | UnsetType = UNSET
    """The field `async` of a call, in a dump of Python's client."""
    output: Annotated[str | list[InputPart], Meta(description="a string, or a list of parts")] | None = None
    namespace: Annotated[Raw, refused("functions have no namespaces")] | UnsetType = UNSET
    caller: Annotated[Raw, ignored(OF_ANSWER)] | UnsetType = UNSET
    result: Annotated[str, Meta(description="base64: a picture of an answer")] | None = None
    action: Annotated[Raw, ignored(OF_ANSWER)] | UnsetType = UNSET
    background: Annotated[Raw, ignored(OF_ANSWER)] | UnsetType = UNSET
    error: Annotated[Raw, ignored(OF_ANSWER)] | UnsetType = UNSET
    output_format: Annotated[Raw, ignored(OF_ANSWER)] | UnsetType = UNSET
    quality: Annotated[Raw, ignored(OF_ANSWER)] | UnsetType = UNSET
    revised_prompt: Annotated[Raw, ignored(OF_ANSWER)] | UnsetType = UNSET
    size: Annotated[Raw, ignored(OF_ANSWER)] | UnsetType = UNSET
    svg_usage: Annotated[Raw, ignored(OF_ANSWER)] | UnsetType = UNSET

    @property
    def parts_field(self) -> str:
        """The field that may have parts."""
        return "output" if self.type == "function_call_output" else "content"

    def parts(self) -> Sequence[InputPart]:
        """Return the parts of a content that has some."""
        content = getattr(self, self.parts_field)
        return content if isinstance(content, list) else ()

    def request_message(self, path: str) -> RequestMessage:
        """Return the item as a message of the conversation. Raise `Failure`; `path` is its path."""
        parts = [part.attached_file(f"{path}.{self.parts_field}[{index}]") for index, part in enumerate(self.parts())]
        files = tuple(file for file in parts if file is not None)
        check_speaker(self.role or "tool", files)
        if self.type == "function_call":
            name = self._required("name", path)
            arguments = arguments_of(self.arguments or "", f"{path}.arguments")
            call = FunctionCall(id=self._required("call_id", path), name=name, arguments=arguments, path=path)
            return RequestMessage("assistant", "", path, (call,))
        if self.type == "function_call_output":
            answers = self._required("call_id", path)
            return RequestMessage(
                "tool", text_of(self.output), f"{path}.output", answers=answers, answers_path=f"{path}.call_id"
            )
        if self.type == "image_generation_call":
            made = () if self.result is None else (GivenFile(path=f"{path}.result", data=self.result),)
            return RequestMessage("assistant", "", path, files=made)
        return RequestMessage(self._required("role", path), text_of(self.content), f"{path}.content", files=files)

    def _required(self, name: str, path: str) -> str:
        value: str | None = getattr(self, name)
        if value is None:
            field = f"{path}.{name}"
            raise Failure("invalid_frame", f"{field} is missing: {_rules[name]}.", field=field)
        return value


_rules: Final = rules_of(InputItem)
