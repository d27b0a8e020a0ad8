"""Decide whether one model call goes through, and what its answer may be: window, people, budget, rate, allow-list.

Pure: what was used so far comes in as values. A refusal says what to do, in the words that clients of such an API know.
A call that was let through reserves its largest possible cost first, so that many at once cannot overspend.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from comity.model.dossier import Terms

BYTES_A_TOKEN: Final = 3
"""Pessimistic: real tokenizers make fewer tokens of most text. Used where the endpoint has not counted yet."""
LEAST_BYTES_A_TOKEN: Final = 12
"""An answer of so many bytes a reported token was under-reported."""
MESSAGES_LIMIT: Final = 2000
FAILURES: Final = frozenset({"endpoint_failed", "bad_answer", "fallback_model"})
"""Endings that are the endpoint's: such a call counts against the agreed failures, whether or not it carried bytes."""
CAPS: Final = ("max_tokens", "max_completion_tokens")
TIMES: Final = ("n", "best_of")
"""Agreed parameters that make a call write so many answers, each with its own cost."""
TIMES_MOST: Final = 128
TOO_LARGE: Final = "request_too_large"


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What was spent so far: tokens of this run and of all runs (reserved ones too), and calls of the last minute."""

    run_tokens: int
    total_tokens: int
    last_minute: int
    failed: int = 0
    """Calls that the endpoint failed, in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """Send this body, having reserved so many tokens."""

    body: bytes
    reserve: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Nothing was sent. `status` and `code` are those that clients of this kind of API know: 429 says
    "later", so a spent budget, for which there is no later, is 403."""

    status: int
    code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The endpoint's answer may be handed on; it cost so many tokens."""

    tokens: int


Decision: TypeAlias = Admitted | Refused


def decide(asked: Any, terms: Terms, used: Used) -> Decision:
    """Whether this request body goes through under these terms. Window and key were looked at before."""
    if not isinstance(asked, dict) or not isinstance(asked.get("messages"), list):
        return Refused(status=400, code="invalid_request", reason="send a JSON object with a list of messages")
    wrong = _form(asked, terms)
    if wrong is not None:
        return wrong
    most = terms.limits.answer_tokens
    cap = next((asked[name] for name in CAPS if name in asked), most)
    if not isinstance(cap, int) or isinstance(cap, bool) or cap < 1:
        return Refused(status=400, code="invalid_request", reason="max_tokens is a whole number above 0")
    cap = min(cap, most)
    times = [asked[name] for name in TIMES if asked.get(name) is not None]
    if any(not isinstance(one, int) or isinstance(one, bool) or not 1 <= one <= TIMES_MOST for one in times):
        return Refused(status=400, code="invalid_request", reason=f"n and best_of are 1 to {TIMES_MOST}")
    body = {**{name: value for name, value in asked.items() if name not in CAPS}, "max_tokens": cap}
    if "max_completion_tokens" in asked:
        body["max_completion_tokens"] = body.pop("max_tokens")
    data = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    reserve = len(data) // BYTES_A_TOKEN + 1 + cap * max(times, default=1)
    if used.failed >= terms.limits.failed_calls:
        return Refused(
            status=403, code="failures_spent", reason="the endpoint has failed as many calls as were agreed: no more"
        )
    if used.last_minute >= terms.limits.calls_per_minute:
        return Refused(
            status=429, code="rate_limit_exceeded", reason="the agreed calls a minute are used: wait a little"
        )
    if used.run_tokens + reserve > terms.limits.run_tokens:
        return Refused(status=403, code="run_budget_spent", reason="this run's token budget does not cover the call")
    if used.total_tokens + reserve > terms.limits.total_tokens:
        return Refused(status=403, code="budget_spent", reason="the agreed token budget does not cover the call")
    return Admitted(body=data, reserve=reserve)


def _form(asked: Mapping[str, Any], terms: Terms) -> Refused | None:
    if asked.get("stream"):
        return Refused(
            status=400,
            code="stream_unsupported",
            reason="no streaming here: an answer is checked whole before it is handed on. Send stream: false",
        )
    if asked.get("model") != terms.model:
        return Refused(
            status=404, code="model_not_found", reason=f"these terms are about {terms.model} and nothing else"
        )
    allowed = {*terms.limits.parameters, *CAPS, "model", "messages", "stream"}
    unknown = sorted(set(map(str, asked)) - allowed)
    if unknown:
        return Refused(
            status=400, code="unknown_parameter", reason=f"not among the agreed parameters: {', '.join(unknown)[:200]}"
        )
    if len(asked["messages"]) > MESSAGES_LIMIT:
        return Refused(status=413, code=TOO_LARGE, reason=f"at most {MESSAGES_LIMIT} messages")
    if not _tools_are_ours(asked.get("tools")):
        return Refused(
            status=400,
            code="endpoint_tool",
            reason="only tools of type function: one that the endpoint runs itself would reach out of the containment",
        )
    return None


def _tools_are_ours(tools: Any) -> bool:
    """Whether every tool is one that the caller runs. Searching, fetching and running code are other types there."""
    if tools is None:
        return True
    return isinstance(tools, list) and all(isinstance(one, dict) and one.get("type") == "function" for one in tools)


def judge(data: bytes, terms: Terms, sent: bytes) -> Answered | Refused:
    """Whether the endpoint's answer may be handed on. One by another model is a fallback, and is not."""
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError):
        return Refused(status=502, code="bad_answer", reason="the endpoint did not answer with JSON")
    if not isinstance(answer, dict) or not isinstance(answer.get("choices"), list):
        return Refused(status=502, code="bad_answer", reason="the endpoint's answer holds no choices")
    if answer.get("model") != terms.model:
        return Refused(
            status=502,
            code="fallback_model",
            reason="another model than the agreed one answered: the answer was not handed on",
        )
    return Answered(tokens=cost(answer, data, sent))


def cost(answer: Mapping[str, Any], data: bytes, sent: bytes) -> int:
    """What a call cost: as reported, but not less than its size makes plausible; by size where nothing is reported."""
    usage = answer.get("usage")
    parts = [usage.get(name) for name in ("prompt_tokens", "completion_tokens")] if isinstance(usage, dict) else []
    counted = [one for one in parts if isinstance(one, int) and not isinstance(one, bool) and one >= 0]
    if len(counted) < len(("prompt", "completion")):
        return (len(data) + len(sent)) // BYTES_A_TOKEN + 1
    return min(max(sum(counted), _text_bytes(answer) // LEAST_BYTES_A_TOKEN), MOST_TOKENS)


MOST_TOKENS: Final = 10**12
"""No call costs more, whatever an endpoint reports: the number is kept, and it must fit."""


def _text_bytes(answer: Mapping[str, Any]) -> int:
    return len(json.dumps(answer.get("choices"), ensure_ascii=False).encode("utf-8", "surrogatepass"))
