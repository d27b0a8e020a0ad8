"""Inspect alone, for the bench that says what a campaign costs over it: same provider, same mock model, same grader."""

import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack

from inspect_ai import Task
from inspect_ai import eval as run_task
from inspect_ai.dataset import Sample
from inspect_ai.solver import generate, use_tools
from inspect_ai.tool import bash
from inspect_ai.util import SandboxEnvironmentSpec

from comity.evals import agent, provider, quiet
from comity.evals.challenge import Assignment, Challenge, Grader
from comity.evals.subjects import Move, Script, Scripted, model_of
from comity.sandbox.containment import Containment


def seconds(
    samples: int,
    script: Script,
    *,
    grade: Grader,
    challenge: Callable[[str, str], Challenge],
    host: Containment,
    tools: bool,
) -> float:
    """Seconds that Inspect takes for so many one-turn samples with its own loop over a data set known beforehand."""
    asked = {f"s{n}": Assignment(challenge=challenge(f"s{n}", ""), tokens=10_000, seconds=600) for n in range(samples)}
    any_one = next(iter(asked.values()))
    agent.present.set(any_one)

    def move(_: Assignment, turn: int) -> Move:
        return script(any_one, turn) if tools else Move(says="done", tokens=100)

    with tempfile.TemporaryDirectory(prefix="comity-bare-") as logs, ExitStack() as held:
        held.enter_context(quiet.others_kept())
        for key, one in asked.items():
            held.enter_context(provider.ready(key, one.challenge, host, shipped=True))
        task = Task(
            dataset=[
                Sample(
                    id=key,
                    input=one.challenge.prompt,
                    metadata={"sample": key},
                    sandbox=SandboxEnvironmentSpec(provider.NAME) if tools else None,
                )
                for key, one in asked.items()
            ],
            solver=[use_tools([bash(timeout=60)]), generate(tool_calls="loop")] if tools else generate(),
            scorer=agent.outside(asked, grade, tools=tools),
        )
        began = time.perf_counter()
        log = run_task(
            task,
            model=model_of(Scripted(script=move)),
            log_dir=logs,
            max_samples=1,
            display="none",
            score_display=False,
            log_level="critical",
            log_realtime=False,
            acp_server=False,
            ctl_server=False,
        )[0]
        spent = time.perf_counter() - began
        assert log.status == "success", log.error
    return spent
