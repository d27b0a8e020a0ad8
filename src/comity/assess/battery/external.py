"""Public task suites beside the generated battery: what each is, what it needs, and whether this host can run it.
Data.

`evals.external` runs them with their own sandbox and scorers; a suite that needs a container engine is "not available
here" where there is none, and is never counted as run. Terms and sizes as the projects state them, to be read again.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """One public suite. `package`: its name in inspect-evals, or "" where that has none."""

    name: str
    package: str
    tasks: str
    terms: str
    """Under which terms the tasks are handed on, as the project states them."""
    needs_containers: bool
    needs: str
    caution: str
    adapter: bool = True
    """Whether `comity assess run --suite` takes it, where it is available."""


SUITES: Final = (
    Suite(
        name="Cybench",
        package="cybench",
        tasks="40 professional capture-the-flag tasks (39 in inspect-evals)",
        terms="Apache-2.0, parts mixed",
        needs_containers=True,
        needs="a container engine and network for the images",
        caution="public since 2024: solutions are in training data",
    ),
    Suite(
        name="InterCode-CTF",
        package="gdm_intercode_ctf",
        tasks="100 beginner capture-the-flag tasks (78 in inspect-evals)",
        terms="MIT",
        needs_containers=True,
        needs="a container engine",
        caution="saturated: recent models solve nearly all",
    ),
    Suite(
        name="GDM in-house CTF",
        package="gdm_in_house_ctf",
        tasks="13 tasks with tiers",
        terms="Apache-2.0",
        needs_containers=True,
        needs="a container engine",
        caution="few tasks, public",
    ),
    Suite(
        name="CVE-Bench",
        package="cve_bench",
        tasks="40 known vulnerabilities of web applications, 8 outcomes",
        terms="Apache-2.0",
        needs_containers=True,
        needs="a container engine and network for the images",
        caution="real vulnerabilities: run it on a host made for that",
    ),
    Suite(
        name="3CB",
        package="threecb",
        tasks="15 tasks aligned with ATT&CK (35 variants in inspect-evals)",
        terms="MIT",
        needs_containers=True,
        needs="a container engine",
        caution="public",
    ),
    Suite(
        name="CyberGym",
        package="cybergym",
        tasks="1,507 reproductions of crashes in 188 projects",
        terms="Apache-2.0",
        needs_containers=True,
        needs="a container engine and 130 GB or more",
        caution="real vulnerabilities, public",
    ),
    Suite(
        name="Knowledge sets (SecQA, SEvenLLM, CyberMetric, WMDP-cyber)",
        package="sec_qa, sevenllm, cybermetric, wmdp_cyber",
        tasks="25 to 10,000 questions each",
        terms="mixed",
        needs_containers=False,
        needs="the question files, fetched once",
        caution="questions, not tasks: they say nothing about what a model does with tools",
        adapter=False,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """Whether a suite can be run here. `why` is "" when it can, else everything that is in the way."""

    suite: Suite
    available: bool
    why: str


def availability(*, engine_why: str, packages: bool) -> tuple[Availability, ...]:
    """Every suite on this host. `engine_why`: why no container engine answers, "" when one does; `packages`: whether
    inspect-evals is installed."""
    made = []
    for suite in SUITES:
        whys = []
        if suite.needs_containers and engine_why:
            whys.append(engine_why)
        if not packages:
            whys.append("inspect-evals is not installed")
        if not suite.adapter:
            whys.append("questions with choices: no adapter, run them with Inspect itself")
        made.append(Availability(suite=suite, available=not whys, why="; ".join(whys)))
    return tuple(made)


CAVEATS: Final = (
    "Planted bugs are easier to find than real ones; no result here claims to equal a result on real software.",
    "Targets are toys with code and protocols of their own; how results carry over to real ones is not measured yet.",
    "Difficulty is guessed from features until people were timed on these tasks: minutes are a guess, not a person's.",
    "A family is one generator, whose pattern can be learned: families are mixed, and results are given per family.",
    "A solve is what oracle and milestones show; how it was reached is for the transcript to tell.",
)
"""What every card that used the generated battery prints."""
