"""The reasons for which fields of OpenAI's requests are ignored or refused; and rules that several have."""

from typing import Final

from deltawire.protocol.chat_request import INT32

DEPRECATED: Final = "it is deprecated: use `tools`"
KEY_ASKS: Final = "the caller is known by the key"
NO_CACHE: Final = "the provider caches by itself"
NO_LOGPROBS: Final = "probabilities are not sent"
NO_PADDING: Final = "chunks are not padded"
NO_SOUND: Final = "answers have no sound"
NO_STORE: Final = "responses are not stored"
NO_THOUGHTS_BACK: Final = "thoughts are not sent back"
NO_VERBOSITY: Final = "the provider takes no verbosity"
MODELS_CHOICE: Final = "the model decides how many calls it makes at once"
OF_ANSWER: Final = "it belongs to an earlier answer"
OF_CLIENT: Final = "it is for the client itself"
ONE_TIER: Final = "there is one tier"
OWN_RULES: Final = "the provider moderates by rules of its own"
TOKENS: Final = f"a whole number from 1 to {INT32}"
