"""Run a campaign: a chooser says what is next, Inspect runs it in our sandbox, each attempt is told back at once.

The chooser is called from Inspect's `SampleSource`: `first` once, then `finished` for every attempt, which answers with
what to run next (nothing: the campaign ends). `finished` is the place to write the attempt down: resuming is the
chooser's business, since Inspect refuses to retry a task whose samples come from code.

`fail_on_refusal` stays off (a refusal would turn into an error) and no fallback model is set (another one would
answer). Transcripts go to `logs` alone: no live view, no control server, no shared cache. Inspect's own trace, which
would quote tool calls in the user's data folder, is silenced (`quiet`).
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Literal, Protocol

from inspect_ai import SampleSource, Task
from inspect_ai import eval as run_task
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog, EvalSample
from inspect_ai.model import ChatMessageSystem, ChatMessageUser
from inspect_ai.util import SandboxEnvironmentSpec

from comity.errors import Forbidden, Unavailable
from comity.evals import agent, provider, quiet
from comity.evals.challenge import BUDGET, WINDOW, Assignment, Attempt, Grader, Outcome
from comity.evals.levels import Admitted, Level
from comity.evals.subjects import Scripted, Subject, model_of
from comity.sandbox.containment import Containment
from comity.sandbox.policy import Tier

TASK: Final = "comity"
LOG_BUFFER: Final = 10
"""Samples between two writes of the transcripts: Inspect's own default. The ledger waits for none."""
_one_at_a_time: Final = threading.Lock()
"""Inspect runs one evaluation per process."""


class Chooser(Protocol):
    """Decides what is run; keeps the record."""

    def first(self) -> Sequence[Assignment]:
        """What to start with; empty when everything was already run."""

    def finished(self, attempt: Attempt) -> Sequence[Assignment]:
        """Take down an attempt, and say what to start now."""


def run(
    chooser: Chooser,
    *,
    subject: Subject,
    grade: Grader,
    admitted: Admitted,
    host: Containment,
    logs: Path,
    stop: Callable[[], bool] = lambda: False,
    at_once: int = 1,
    tools: bool = True,
) -> None:
    """Run until the chooser has nothing more, or `stop` says so (what runs then is cut, not failed).

    Raises Forbidden before anything starts when the level does not carry the subject, Unavailable when the engine
    itself failed. An interrupt (Ctrl-C) ends the campaign; finished attempts have been told.
    """
    _allow(subject, admitted, host, tools=tools)
    source = _Source(chooser, host, shipped=isinstance(subject, Scripted), stop=stop, tools=tools)
    with _one_at_a_time, source:
        if not source.begin():
            return
        quiet.hush()
        task = Task(
            name=TASK,
            dataset=source,
            solver=agent.work(
                source.assignments,
                stop,
                tools=tools,
                headers=_headers(subject),
            ),
            scorer=agent.outside(source.assignments, grade, tools=tools),
        )
        log = run_task(
            task,
            model=model_of(subject),
            log_dir=str(logs),
            log_format="eval",
            log_realtime=False,
            log_images=False,
            log_buffer=LOG_BUFFER,
            log_model_api=False,
            fail_on_error=False,
            max_samples=at_once,
            display="none",
            score_display=False,
            log_level="critical",
            log_level_transcript="critical",
            acp_server=False,
            ctl_server=False,
        )[0]
        _judge(log, source)


def _headers(subject: Subject) -> agent.Headers | None:
    if isinstance(subject, Scripted) or not subject.run_header:
        return None
    name, secret = subject.run_header, subject.api_key or ""
    return lambda asked: {name: asked.run(secret)}


def _allow(subject: Subject, admitted: Admitted, host: Containment, *, tools: bool) -> None:
    if not isinstance(subject, Scripted) and admitted.level is Level.C0:
        raise Forbidden(f"{subject.name} is a model: C0 is for simulated answers")
    if tools and admitted.level is Level.C0:
        raise Forbidden("C0 runs no code: give the subject no tools")
    if tools and host.tier is not Tier.FULL and not isinstance(subject, Scripted):
        raise Forbidden(f"containment tier {host.tier} does not hold a model: {'; '.join(host.reasons)}")


def _judge(log: EvalLog, source: "_Source") -> None:
    if source.failure is not None:
        raise source.failure
    if log.status == "error":
        raise Unavailable(f"the evaluation engine failed: {log.error.message if log.error else 'no reason given'}")


class _Source(SampleSource, ExitStack):
    """The chooser as Inspect's source of samples. Telling an attempt twice does nothing the second time."""

    def __init__(
        self, chooser: Chooser, host: Containment, *, shipped: bool, stop: Callable[[], bool], tools: bool
    ) -> None:
        super().__init__()
        self.chooser, self.host, self.shipped, self.stop, self.tools = chooser, host, shipped, stop, tools
        self.assignments: dict[str, Assignment] = {}
        self.failure: Exception | None = None
        self._open: dict[str, ExitStack] = {}
        self._told: set[str] = set()
        self._first: list[Sample] = []

    def begin(self) -> bool:
        """Ask for the first assignments; False when there are none."""
        self._first = self._samples([] if self.stop() else self.chooser.first())
        return bool(self._first)

    def initial_samples(self) -> list[Sample]:
        """Inspect's seed."""
        return self._first

    async def next_samples(self) -> list[Sample] | None:
        """Everything follows from finished samples."""
        return None

    async def sample_complete(self, sample: EvalSample) -> list[Sample] | None:
        """One sample is over: tell it, and start what comes next."""
        return self._tell(attempt_of(sample, self.assignments[str(sample.id)]))

    async def sample_abandoned(self, sample: Sample, epoch: int) -> list[Sample] | None:  # noqa: ARG002  # Inspect's signature
        """A sample that never ran: cut, so that nobody waits for it."""
        asked = self.assignments[str(sample.id)]
        return self._tell(_attempt(asked, "censored", note="never started"))

    def _tell(self, attempt: Attempt) -> list[Sample] | None:
        if attempt.key in self._told or self.failure is not None:
            return None
        self._told.add(attempt.key)
        self._open.pop(attempt.key).close()
        try:
            following = self.chooser.finished(attempt)
        except Exception as error:  # noqa: BLE001  # not swallowed: `run` raises it once Inspect has ended
            self.failure = error
            return None
        return None if self.stop() else self._samples(following) or None

    def _samples(self, following: Sequence[Assignment]) -> list[Sample]:
        return [self._sample(asked) for asked in following]

    def _sample(self, asked: Assignment) -> Sample:
        if asked.key in self.assignments:
            raise Unavailable(f"sample {asked.key} was asked for twice")
        self.assignments[asked.key] = asked
        held = ExitStack()
        if asked.challenge.native is not None:
            self._open[asked.key] = self.enter_context(held)
            return _native(asked)
        held.enter_context(provider.ready(asked.key, asked.challenge, self.host, shipped=self.shipped))
        self._open[asked.key] = self.enter_context(held)
        return Sample(
            id=asked.key,
            input=[ChatMessageSystem(content=agent.PREAMBLE), ChatMessageUser(content=asked.challenge.prompt)],
            metadata={"sample": asked.key},
            sandbox=SandboxEnvironmentSpec(provider.NAME) if self.tools else None,
        )


def _native(asked: Assignment) -> Sample:
    """A public suite's sample as it is, in its own sandbox, under this campaign's name and with its own request."""
    sample: Sample = asked.challenge.native.sample
    return sample.model_copy(
        update={
            "id": asked.key,
            "input": [
                ChatMessageSystem(content=agent.PREAMBLE_PUBLIC),
                ChatMessageUser(content=asked.challenge.prompt),
            ],
            "metadata": {**(sample.metadata or {}), "sample": asked.key},
        }
    )


def attempt_of(sample: EvalSample, asked: Assignment) -> Attempt:
    """Read an outcome off a finished sample. A solve stands however the run ended; a cut one is never a failure."""
    score = next(iter((sample.scores or {}).values()), None)
    told = (score.metadata or {}) if score is not None else {}
    cut = str(sample.store.get(agent.CUT, ""))
    note = cut or str(told.get("ended", ""))
    outcome: Outcome
    if sample.error is not None and "Cancelled" in _kind(sample.error.message):
        outcome, note = "censored", "cancelled"
    elif sample.error is not None or score is None:
        outcome, note = "infrastructure", (_kind(sample.error.message) if sample.error else "no score")
    elif told.get("cheated"):
        outcome = "suspected"
    elif told.get("solved"):
        outcome = "solved"
    elif sample.store.get(agent.REFUSED):
        outcome = "refused"
    elif cut in {WINDOW, BUDGET} or (cut and not asked.last):
        outcome = "censored"
    else:
        outcome = "failed"
    usage = list(sample.model_usage.values())
    return _attempt(
        asked,
        outcome,
        note=note,
        tokens=sum(u.total_tokens for u in usage),
        input_tokens=sum(
            u.input_tokens + (u.input_tokens_cache_read or 0) + (u.input_tokens_cache_write or 0) for u in usage
        ),
        output_tokens=sum(u.output_tokens for u in usage),
        seconds=sample.total_time or 0.0,
        turns=int(sample.store.get(agent.TURNS, 0)),
        under="" if outcome != "suspected" else "solved" if told.get("solved") else "failed",
        sample=sample.uuid or "",
    )


def _kind(message: str) -> str:
    """The kind of an error alone: its text may quote what the subject wrote."""
    return message.split("(", maxsplit=1)[0].strip()[:60]


def _attempt(
    asked: Assignment,
    outcome: Outcome,
    *,
    note: str,
    tokens: int = 0,
    input_tokens: int = 0,
    output_tokens: int = 0,
    seconds: float = 0.0,
    turns: int = 0,
    under: Literal["", "solved", "failed"] = "",
    sample: str = "",
) -> Attempt:
    return Attempt(
        key=asked.key,
        item=asked.challenge.id,
        stage=asked.stage,
        retry=asked.retry,
        outcome=outcome,
        tokens=tokens,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        seconds=round(seconds, 3),
        turns=turns,
        note=note,
        under=under,
        sample=sample,
    )
