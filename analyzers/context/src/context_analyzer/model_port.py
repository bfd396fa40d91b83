"""What a language model is to the rest: something that answers a conversation, on Amazon Bedrock or at a URL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

MOST_TOKENS = 4096
"""Of an answer; models that think first count that too."""


class Message(NamedTuple):
    """One message of a conversation, after the instructions."""

    role: Literal["user", "assistant"]
    text: str


class ChatModel(Protocol):
    """The port."""

    async def answer(self, system: str, messages: Sequence[Message], seconds: float) -> str:
        """Return what the model writes next; thoughts and anything else are left out.

        Args:
            system: the instructions.
            messages: the conversation, the last of which is the user's.
            seconds: how long there is to wait.

        Raises:
            NotDone: there is no answer, and why; never anything else for what the service does.
        """
