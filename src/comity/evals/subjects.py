"""Who is measured: a script of known ability, or a model that Inspect can reach.

A scripted subject plays its moves through Inspect's mock model, with a usage of its own on every reply, so that nothing
is fetched to count tokens. It is called "scripted subject, not an AI model" wherever its results appear.
"""

import base64
import shlex
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    GenerateConfig,
    Model,
    ModelOutput,
    ModelUsage,
    get_model,
)
from inspect_ai.tool import ToolCall, ToolChoice, ToolInfo

from comity.evals.agent import present
from comity.evals.challenge import Assignment

SCRIPTED: Final = "scripted subject, not an AI model"
MOCK: Final = "mockllm/model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One reply: a command for `bash`, or the end when there is none. `refuse` ends with the provider's refusal."""

    command: str = ""
    says: str = ""
    refuse: bool = False
    tokens: int = 200


Script: TypeAlias = Callable[[Assignment, int], Move]
"""(what is asked, number of the turn from 0) -> the move."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scripted:
    """A subject whose every move is a script's."""

    script: Script
    name: str = SCRIPTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """A model as Inspect names it (`provider/model`). `admitted` in the campaign says whether it may start."""

    name: str
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    args: Mapping[str, Any] = field(default_factory=dict)
    run_header: str = ""
    """Header that carries the name of the run with every call; empty: none is sent."""


Subject: TypeAlias = Scripted | Reached


def model_of(subject: Subject) -> Model:
    """The subject as an Inspect model: no fallback model, no error on a refusal, no answer from a cache."""
    match subject:
        case Scripted(script=script):
            return get_model(MOCK, memoize=False, custom_outputs=_plays(script))
        case Reached(name=name, base_url=base_url, api_key=api_key, args=args):
            return get_model(
                name,
                config=GenerateConfig(max_retries=3, cache=False),
                base_url=base_url,
                api_key=api_key,
                memoize=False,
                **dict(args),
            )


def writes(files: Mapping[str, bytes]) -> str:
    """A command that writes these files into the current folder."""
    parts = [
        f"printf %s {base64.b64encode(content).decode()} | base64 -d > {shlex.quote(name)}"
        for name, content in files.items()
    ]
    return " && ".join(parts) or "true"


def _plays(script: Script) -> Callable[[list[ChatMessage], list[ToolInfo], ToolChoice, GenerateConfig], ModelOutput]:
    def reply(messages: list[ChatMessage], *_: object) -> ModelOutput:
        asked = present.get()
        assert asked is not None
        turn = sum(isinstance(message, ChatMessageAssistant) for message in messages)
        move = script(asked, turn)
        calls = (
            [ToolCall(id=uuid.uuid4().hex, function="bash", arguments={"command": move.command})]
            if move.command
            else None
        )
        return ModelOutput(
            model=MOCK,
            choices=[
                ChatCompletionChoice(
                    message=ChatMessageAssistant(content=move.says, tool_calls=calls, model=MOCK, source="generate"),
                    stop_reason="content_filter" if move.refuse else "tool_calls" if calls else "stop",
                )
            ],
            usage=ModelUsage(
                input_tokens=move.tokens // 2, output_tokens=move.tokens - move.tokens // 2, total_tokens=move.tokens
            ),
        )

    return reply
