"""What was asked of a language model, what came back, and why a caller went on without it.

A record of asking holds the model's name, the hash of the prompt, the parameters and each attempt, so that a reader of
a result sees whether a model took part and what fell back (Regulation (EU) 2024/1689 Article 50(2) asks for marking;
the record is ours). It never holds the prompt's text, the key or the answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeAlias


class Why(StrEnum):
    """Why there is no answer of a model. None of these is an error: the caller goes on without a model."""

    NOT_CONFIGURED = "not_configured"
    NOT_INSTALLED = "not_installed"
    TOO_LARGE = "too_large"
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    REFUSED = "refused"
    CUT_OFF = "cut_off"
    NOT_JSON = "not_json"
    NOT_IN_SCHEMA = "not_in_schema"
    NOT_HELD = "not_held"


SENTENCES: Final[Mapping[Why, str]] = {
    Why.NOT_CONFIGURED: "no model is configured",
    Why.NOT_INSTALLED: "the client for models is not installed (comity[models])",
    Why.TOO_LARGE: "what was to be sent is over the limit",
    Why.UNREACHABLE: "the model's endpoint cannot be reached",
    Why.TIMED_OUT: "the model did not answer in time",
    Why.REFUSED: "the model's endpoint refused the call",
    Why.CUT_OFF: "the model's answer was over its limit",
    Why.NOT_JSON: "the model's answer is not one JSON document",
    Why.NOT_IN_SCHEMA: "the model's answer does not fit the schema",
    Why.NOT_HELD: "the model's answer did not hold against the caller's own check",
}
"""How each reason reads. Every `Why` has one (a test compares)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The record of one asking.

    `prompt` is name and version, `prompt_hash` the SHA-256 of instructions, data and schema in canonical JSON.
    `attempts` has one word for each try: `ok` or a `Why`. Tokens are what the endpoint says, None when it says nothing.
    """

    prompt: str
    prompt_hash: str
    model: str = ""
    endpoint: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    attempts: tuple[str, ...] = ()
    why: Why | None = None
    detail: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None

    @property
    def fell_back(self) -> bool:
        """True when a model was configured and the caller still had to go on without its answer."""
        return self.why is not None and self.why is not Why.NOT_CONFIGURED

    @property
    def sentence(self) -> str:
        """For people: which model answered, or why none did."""
        if self.why is None:
            return f"answered by {self.model} (prompt {self.prompt}, {self.prompt_hash[:12]})"
        tries = f" after {len(self.attempts)} attempts" if len(self.attempts) > 1 else ""
        more = f": {self.detail}" if self.detail else ""
        return f"without a model: {SENTENCES[self.why]}{tries}{more}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """`value` fits the schema and passed the caller's check. It stays a stranger's text: nothing in it is trusted."""

    value: Any
    asked: Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """No usable answer; the caller goes on without a model and shows `asked`."""

    why: Why
    asked: Asked

    @property
    def sentence(self) -> str:
        """For people: why there is no answer."""
        return self.asked.sentence


Answer: TypeAlias = Answered | Unanswered
