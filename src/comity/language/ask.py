"""Ask a model for a value of a schema; whatever goes wrong is an answer too, and never an exception.

(1) nothing configured, nothing installed, too much to send: said at once, nothing leaves
(2) one call, without tools, redirects or proxies of the environment; read up to a size and a deadline
(3) the answer is one JSON document, fits the schema, and passes the caller's own check
(4) one retry, told in our words what was wrong; then the caller goes on without a model
"""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from comity.errors import Invalid, Problem
from comity.formats import parse
from comity.language.endpoint import Endpoint
from comity.language.prompt import Limits, Prompt
from comity.model.asked import Answer, Answered, Asked, Unanswered, Why

Check = Callable[[Any], Sequence[Problem]]
_FENCE: Final = re.compile(r"\A\s*```(?:json)?\s*\n(.*?)\n?```\s*\Z", re.DOTALL)
_FINAL: Final = frozenset({Why.NOT_INSTALLED, Why.REFUSED})
"""No second attempt mends these."""
_MOST_PROBLEMS: Final = 5


class _Miss(Exception):
    """One attempt that gave nothing usable."""

    def __init__(self, why: Why, detail: str = "") -> None:
        super().__init__(detail)
        self.why, self.detail = why, detail


class _Reply(NamedTuple):
    text: str
    input_tokens: int | None
    output_tokens: int | None


def _held(_: Any) -> Sequence[Problem]:
    return ()


def ask(endpoint: Endpoint | None, prompt: Prompt, *, check: Check = _held, limits: Limits | None = None) -> Answer:
    """`Answered` with a checked value, or `Unanswered` with the reason. `check` gives problems; none means yes."""
    limits = limits or Limits()
    asked = Asked(prompt=prompt.title, prompt_hash=prompt.digest)
    # (1)
    if endpoint is None:
        return _without(asked, Why.NOT_CONFIGURED)
    asked = replace(asked, model=endpoint.model, endpoint=endpoint.address, parameters=_parameters(endpoint))
    size = sum(len(message["content"].encode()) for message in prompt.messages())
    if size > limits.input_bytes:
        return _without(asked, Why.TOO_LARGE, f"{size} bytes, at most {limits.input_bytes}")
    attempts: list[str] = []
    mended, bound = "", True
    miss = _Miss(Why.UNREACHABLE)
    for _ in range(limits.attempts):
        try:
            reply = _call(endpoint, prompt.messages(mended), prompt, limits, bound=bound)
            value = _value(reply.text, prompt, check, limits)
        except _Miss as error:
            miss = error
            attempts.append(str(error.why))
            if error.why in _FINAL:
                break
            # (4) an endpoint that knows no schemas refuses them: the second attempt asks in words alone
            mended, bound = f"An earlier answer was refused: {error}.", error.detail != _NO_SCHEMAS
            continue
        done = replace(asked, attempts=(*attempts, "ok"))
        return Answered(
            value=value, asked=replace(done, input_tokens=reply.input_tokens, output_tokens=reply.output_tokens)
        )
    return _without(replace(asked, attempts=tuple(attempts)), miss.why, miss.detail)


def _without(asked: Asked, why: Why, detail: str = "") -> Unanswered:
    return Unanswered(why=why, asked=replace(asked, why=why, detail=detail))


def _parameters(endpoint: Endpoint) -> tuple[tuple[str, str], ...]:
    return (
        ("temperature", "0"),
        ("max_tokens", str(endpoint.output_tokens)),
        ("timeout_seconds", f"{endpoint.timeout.total_seconds():g}"),
    )


_NO_SCHEMAS: Final = "the endpoint does not take the request as it is"


def _call(endpoint: Endpoint, messages: list[dict[str, str]], prompt: Prompt, limits: Limits, *, bound: bool) -> _Reply:
    # (2)
    try:
        import httpx2
        import openai
    except ModuleNotFoundError as error:
        raise _Miss(Why.NOT_INSTALLED) from error
    seconds = endpoint.timeout.total_seconds()
    more: dict[str, Any] = {}
    if bound:
        shape = {"name": re.sub(r"\W", "_", prompt.name), "schema": dict(prompt.schema), "strict": True}
        more["response_format"] = {"type": "json_schema", "json_schema": shape}
    ends = time.monotonic() + seconds
    held = b""
    try:
        with (
            openai.DefaultHttpxClient(follow_redirects=False, trust_env=False, timeout=seconds) as wire,
            openai.OpenAI(
                api_key=endpoint.key or "none",
                organization="",
                project="",
                base_url=endpoint.address,
                timeout=seconds,
                max_retries=0,
                http_client=wire,
            ) as client,
            client.chat.completions.with_streaming_response.create(
                model=endpoint.model,
                messages=messages,  # type: ignore[arg-type]  # plain dictionaries of the shapes it names
                temperature=0,
                max_tokens=endpoint.output_tokens,
                **more,
            ) as answer,
        ):
            for chunk in answer.iter_bytes():
                held += chunk
                if len(held) > limits.answer_bytes:
                    raise _Miss(Why.CUT_OFF, f"over {limits.answer_bytes} bytes")
                if time.monotonic() > ends:
                    raise _Miss(Why.TIMED_OUT)
    except openai.APITimeoutError as error:
        raise _Miss(Why.TIMED_OUT) from error
    except openai.APIStatusError as error:
        raise _refused(error.status_code, bound=bound) from error
    except (openai.APIConnectionError, openai.APIError) as error:
        raise _Miss(Why.UNREACHABLE) from error
    except httpx2.TimeoutException as error:  # while the answer is read, the client below raises its own
        raise _Miss(Why.TIMED_OUT) from error
    except (httpx2.HTTPError, OSError) as error:
        raise _Miss(Why.UNREACHABLE) from error
    return _reply(held, limits)


def _refused(status: int, *, bound: bool) -> _Miss:
    if status in (400, 404, 422) and bound:
        return _Miss(Why.NOT_IN_SCHEMA if status != 404 else Why.UNREACHABLE, _NO_SCHEMAS)
    if status >= 500 or status in (408, 429):
        return _Miss(Why.UNREACHABLE, f"status {status}")
    return _Miss(Why.REFUSED, f"status {status}")


def _reply(data: bytes, limits: Limits) -> _Reply:
    # (3) read by our own reader: the client's models accept whatever shape comes
    try:
        whole = parse.decode(data, parse.Limits(document_bytes=limits.answer_bytes, depth=32), controls=True)
    except Invalid as error:
        raise _Miss(Why.NOT_JSON, "the endpoint's envelope") from error
    choices = whole.get("choices") if isinstance(whole, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        raise _Miss(Why.NOT_JSON, "the endpoint's envelope")
    if choice.get("finish_reason") == "length":
        raise _Miss(Why.CUT_OFF, "the limit of output tokens")
    if message.get("tool_calls") or message.get("function_call"):
        raise _Miss(Why.NOT_IN_SCHEMA, "it asked for a tool, and there are none")
    text = message.get("content")
    if not isinstance(text, str):
        raise _Miss(Why.NOT_JSON, "no text")
    usage = whole.get("usage") if isinstance(whole, dict) else None
    return _Reply(text, _count(usage, "prompt_tokens"), _count(usage, "completion_tokens"))


def _count(usage: object, name: str) -> int | None:
    given = usage.get(name) if isinstance(usage, Mapping) else None
    return given if isinstance(given, int) and not isinstance(given, bool) and given >= 0 else None


def _value(text: str, prompt: Prompt, check: Check, limits: Limits) -> Any:
    # (3)
    from jsonschema import Draft202012Validator  # slow to load, and needed only where a model answers

    fenced = _FENCE.match(text)
    inner = fenced[1] if fenced else text
    try:
        value = parse.decode(inner.encode("utf-8", "replace"), parse.Limits(depth=limits.answer_depth))
    except Invalid as error:
        raise _Miss(Why.NOT_JSON, ", ".join(sorted({one.code for one in error.problems}))) from error
    faults = list(Draft202012Validator(dict(prompt.schema)).iter_errors(value))
    if faults:
        places = sorted({f"{_pointer(fault.absolute_path)} ({fault.validator})" for fault in faults})
        raise _Miss(Why.NOT_IN_SCHEMA, ", ".join(places[:_MOST_PROBLEMS]))
    if found := tuple(check(value)):
        said = sorted({f"{one.pointer or '/'} ({one.code})" for one in found})
        raise _Miss(Why.NOT_HELD, ", ".join(said[:_MOST_PROBLEMS]))
    return value


def _pointer(path: Sequence[str | int]) -> str:
    return "/" + "/".join(str(part)[:40] for part in path)
