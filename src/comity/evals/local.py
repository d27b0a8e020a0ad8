"""A small model on this machine's own processor, through the optional package mistralrs: for smoke tests, end to end.

Installed by `./run setup --with-model`; its weights stand in the shipped list of small models, and this file loads the
very file whose digest was checked. Its text is not stable even at temperature 0: nothing may rely on what it says.
Commands are read from fenced blocks, because a model this small calls no tools.
"""

import importlib
import re
import uuid
from pathlib import Path
from typing import Any, Final

import anyio.to_thread
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    GenerateConfig,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    modelapi,
)
from inspect_ai.tool import ToolCall, ToolChoice, ToolInfo
from typing_extensions import override

from comity.errors import Unavailable
from comity.evals.subjects import Reached

NAME: Final = "comity-small"
REPLY_TOKENS: Final = 48
PROMPT_LETTERS: Final = 800
"""Reading is what costs on a plain processor: the middle of a longer text is left out."""
TURNS: Final = 2
"""Replies after which it is done: a model this small repeats itself."""
FENCE: Final = re.compile(r"```(?:bash|sh|python)?\n(.*?)```", re.DOTALL)


def subject(weights: Path) -> Reached:
    """The model in this file as a subject."""
    return Reached(name=f"{NAME}/{weights.name}", args={"weights": str(weights)})


@modelapi(name=NAME)
class SmallModel(ModelAPI):
    """Inspect's view of it."""

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig | None = None,
        weights: str = "",
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config or GenerateConfig())
        try:
            engine = importlib.import_module("mistralrs")
        except ModuleNotFoundError as error:
            raise Unavailable("the small model needs `./run setup --with-model`") from error
        file = Path(weights)
        self.engine = engine
        self.runner = engine.Runner(
            which=engine.Which.GGUF(quantized_model_id=str(file.parent), quantized_filename=file.name)
        )

    @override
    def max_connections(self) -> int:
        """One processor, one reply at a time."""
        return 1

    @override
    async def generate(
        self,
        input: list[ChatMessage],
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        """One reply; a fenced block in it becomes a command."""
        turns = sum(isinstance(message, ChatMessageAssistant) for message in input)
        told = await anyio.to_thread.run_sync(self._reply, [(_role(m), _short(m.text)) for m in input])
        text = str(told.choices[0].message.content or "")
        block = FENCE.search(text)
        calls = None
        if block is not None and turns + 1 < TURNS and any(tool.name == "bash" for tool in tools):
            calls = [ToolCall(id=uuid.uuid4().hex, function="bash", arguments={"command": block.group(1)})]
        return ModelOutput(
            model=self.model_name,
            choices=[
                ChatCompletionChoice(
                    message=ChatMessageAssistant(
                        content=text, tool_calls=calls, model=self.model_name, source="generate"
                    ),
                    stop_reason="tool_calls" if calls else "stop",
                )
            ],
            usage=ModelUsage(
                input_tokens=told.usage.prompt_tokens,
                output_tokens=told.usage.completion_tokens,
                total_tokens=told.usage.total_tokens,
            ),
        )

    def _reply(self, messages: list[tuple[str, str]]) -> Any:
        return self.runner.send_chat_completion_request(
            self.engine.ChatCompletionRequest(
                model="default",
                messages=[{"role": role, "content": text} for role, text in messages],
                max_tokens=REPLY_TOKENS,
                temperature=0.0,
            )
        )


def _role(message: ChatMessage) -> str:
    return "user" if message.role == "tool" else message.role


def _short(text: str) -> str:
    if len(text) <= PROMPT_LETTERS:
        return text
    half = PROMPT_LETTERS // 2
    return f"{text[:half]}\n[...]\n{text[-half:]}"
