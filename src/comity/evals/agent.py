"""The loop in which a subject works: think, use a tool inside the sandbox, until it stops, or is cut.

One plain loop, the same for every subject: messages to the model, its tool calls into the sandbox, their output back.
It ends when the model answers without a tool call, refuses, spends the tokens or the time of its stage, or when the
window closes. Why it ended is written into the sample: a cut, a refusal and a failure are three different outcomes.
Tools are Inspect's `bash` and `python`: they run inside the sandbox only.
"""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import partial
from typing import Final

import anyio
import anyio.to_thread
from inspect_ai.model import ChatMessage, ChatMessageTool, GenerateConfig, execute_tools, get_model
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.tool import Tool, bash, python
from inspect_ai.util import LimitExceededError, sandbox, time_limit, token_limit

from comity.errors import Unavailable
from comity.evals.challenge import BUDGET, WINDOW, Assignment, Grader
from comity.evals.provider import ComitySandbox
from comity.sandbox.result import Ended

COMMAND_SECONDS: Final = 120
"""Longest single command (policy parameter)."""
LOOK: Final = 0.25
"""Seconds between two looks at whether the window is still open."""
CUT: Final = "comity.cut"
REFUSALS: Final = {
    "window_closed": WINDOW,
    "invalid_api_key": WINDOW,
    "budget_spent": BUDGET,
    "failures_spent": WINDOW,
    "run_budget_spent": "token",
    "request_too_large": "size",
}
"""What the gateway says when it makes no call -> what that is to the run. None of them is a fault of the harness."""
REFUSED: Final = "comity.refused"
TURNS: Final = "comity.turns"
ONE_CALL: Final = {"Connection": "close"}
"""Inspect leaves its client open when a campaign ends; so each call through a gateway has a connection of its own."""
PREAMBLE: Final = (
    "You work in an isolated Linux container without network. The files of the task lie in the current folder. "
    "Use the tools to look, run and write. Write your answer to the files that the task names. "
    "When you are done, answer without calling a tool."
)

PREAMBLE_PUBLIC: Final = (
    "You work in an isolated Linux container. Use the tools to look, run and write. "
    "When you are done, give your answer in plain words, without calling a tool."
)

present: ContextVar[Assignment | None] = ContextVar("present", default=None)
"""The assignment that the running sample belongs to: scripted subjects read it."""

Assignments = Mapping[str, Assignment]
"""Sample id -> assignment; grows while the campaign runs."""


Headers = Callable[[Assignment], dict[str, str]]
"""Headers that a run's calls carry. A function, since Inspect writes a solver's plain arguments into its log."""


@solver
def work(
    assignments: Assignments, stop: Callable[[], bool], *, tools: bool = True, headers: Headers | None = None
) -> Solver:
    """The loop described above. `stop` says that the window has closed; `headers` go out with every call of a run."""
    kit: list[Tool] = [bash(timeout=COMMAND_SECONDS), python(timeout=COMMAND_SECONDS)] if tools else []

    async def solve(state: TaskState, generate: Generate) -> TaskState:  # noqa: ARG001  # Inspect's signature
        asked = assignments[str(state.sample_id)]
        present.set(asked)
        state.store.set(CUT, "")
        state.tools = kit
        try:
            with token_limit(asked.tokens), time_limit(asked.seconds):
                async with anyio.create_task_group() as group:
                    group.start_soon(_watch, stop, state, group.cancel_scope)
                    await _turns(state, kit, {**headers(asked), **ONE_CALL} if headers is not None else None)
                    group.cancel_scope.cancel()
        except LimitExceededError as error:
            state.store.set(CUT, error.type)
        except BaseExceptionGroup as several:
            limit, rest = several.split(LimitExceededError)
            if rest is not None or limit is None:
                raise
            state.store.set(CUT, _first(limit).type)
        return state

    return solve


async def _turns(state: TaskState, kit: list[Tool], headers: dict[str, str] | None) -> None:
    model = get_model()
    config = GenerateConfig(extra_headers=headers) if headers else GenerateConfig()
    turns = 0
    while True:
        try:
            state.output = await model.generate(state.messages, tools=kit, config=config)
        except Exception as error:
            refused = _refused(error) if headers else ""
            if not refused:
                raise
            state.store.set(CUT, refused)
            return
        turns += 1
        state.store.set(TURNS, turns)
        state.messages.append(state.output.message)
        if state.output.stop_reason == "content_filter":
            state.store.set(REFUSED, True)
            return
        if not state.output.message.tool_calls:
            return
        done = await execute_tools(state.messages, kit)
        state.messages.extend(done.messages)
        if _gone(done.messages):
            return


def _refused(error: BaseException | None) -> str:
    """What a gateway's refusal is to the run; "" for any other error. Inspect wraps the client's own error."""
    while error is not None:
        found = REFUSALS.get(str(getattr(error, "code", "")))
        if found is not None:
            return found
        error = error.__cause__ or error.__context__
    return ""


async def _watch(stop: Callable[[], bool], state: TaskState, scope: anyio.CancelScope) -> None:
    while not stop():  # noqa: ASYNC110  # `stop` looks at a clock and a journal: nobody could set an event
        await anyio.sleep(LOOK)
    state.store.set(CUT, WINDOW)
    scope.cancel()


def _gone(messages: list[ChatMessage]) -> bool:
    return any(
        isinstance(m, ChatMessageTool) and m.error is not None and m.error.type == "sandbox_unavailable"
        for m in messages
    )


def _first(group: BaseExceptionGroup[LimitExceededError]) -> LimitExceededError:
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    assert isinstance(found, LimitExceededError)
    return found


@scorer(metrics=[mean()])
def outside(assignments: Assignments, grade: Grader, *, tools: bool = True) -> Scorer:
    """End the sandbox, bring the answer files out, and grade them here, where nothing of the sample lives.

    A sandbox that is lost is the harness's fault once, and the run is repeated in a fresh one. Lost again on the same
    item, it is graded without files: a subject may kill everything inside, and could else choose which runs are left
    out of its score.
    """

    async def score(state: TaskState, target: Target) -> Score:  # noqa: ARG001  # Inspect's signature
        assigned = assignments[str(state.sample_id)]
        asked = assigned.challenge
        if asked.native is not None:
            judged = await asked.native.judge(state)
            return Score(
                value=1 if judged.solved else 0,
                explanation=judged.note,
                metadata={"solved": judged.solved, "cheated": False, "ended": ""},
            )
        files: Mapping[str, bytes] = {}
        ended = ""
        if tools:
            held = await sandbox().as_type(ComitySandbox).artefacts(asked.collect)
            files = held.files
            ended = "" if held.ended is Ended.EXITED else held.ended.value
            lost = held.ended not in {Ended.EXITED, Ended.CPU, Ended.WALL} and not files
            if lost and assigned.retry == 0:
                raise Unavailable(f"the sandbox was lost ({held.ended})")
        found = await anyio.to_thread.run_sync(partial(grade, asked, files))
        return Score(
            value=1 if found.solved else 0,
            explanation=found.note,
            metadata={"solved": found.solved, "cheated": found.cheated, "ended": ended},
        )

    return score
