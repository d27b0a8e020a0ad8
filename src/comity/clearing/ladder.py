"""Decide which rung a patch reaches: what to run for each, and what it means that it went as it did. Pure.

The proof's own oracle decides, never the patch: a silence counts only where the same oracle fires on the unpatched
build in the same climb. Expected answers, variants and fuzz inputs are drawn and kept outside; code under test sees one
input at a time. Rules and their reasons: docs/decisions (patch ladder).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import rfc8785

from comity.clearing import validate
from comity.clearing.sanitizer import read_report
from comity.formats import ladder_values
from comity.formats.ladder_kit import FUZZ_NAME
from comity.formats.recipe_values import thawed
from comity.model.ids import digest
from comity.model.patch import Check, Fuzz, Kit, Outcome, Project, Rise, Rung, Variant
from comity.model.recipe import Harness, Observation, Recipe, Sight, Step, Steps

BEFORE_RUNS: Final = 3
"""Runs of the proof on the unpatched build, and of the project's tests before the patch: two would hide a flaky one."""
AFTER_RUNS: Final = 2
AGAIN_RUNS: Final = 16
"""Most further runs before the patch while a test seems worse after it: one by lot passes three times once in eight,
and eleven times once in two thousand, which is too often to stop a right patch."""
LEAST_VARIANTS: Final = 3
"""Variants that must fire on the unpatched build before their silence means anything (policy of this ladder)."""
SUITE_SECONDS: Final = 25.0
CASE_SECONDS: Final = 3.0
SHOWN: Final = 6
PROJECT: Final = "project: "
"""Before the name of a test that the project's own runner told of."""

# L2: the proof is silent --------------------------------------------------------------------------------------------


def is_quiet(seen: Observation) -> bool:
    """The call was made, the effect did not occur, and nothing ended the program from outside or by a sanitizer."""
    status = seen.status
    return seen.sight is Sight.SILENT and (status is None or 0 <= status != validate.SANITIZER_STATUS)


def why_loud(seen: Observation) -> str:
    """In words: why a run is no silence."""
    if seen.sight is Sight.SILENT and seen.status is not None:
        if seen.status == validate.SANITIZER_STATUS:
            return f"a sanitizer stopped the program ({seen.detail})"
        return f"the program was ended by signal {-seen.status}"
    return seen.detail or str(seen.sight)


def silences(
    before: Sequence[Observation], after: Sequence[Observation], benign: Sequence[Observation], *, recipe: Recipe
) -> Rise:
    """(L2) The proof on both builds, and benign input on the patched one."""
    fired = sum(one.sight is Sight.FIRED for one in before)
    loud = [one for one in after if not is_quiet(one)]
    mute = [one for one in benign if not is_quiet(one)]
    facts = (
        ("proof on the unpatched build", f"fired {fired} of {len(before)}"),
        ("proof on the patched build", f"silent {len(after) - len(loud)} of {len(after)}"),
        *(
            (("benign input on the patched build", f"done {len(benign) - len(mute)} of {len(benign)}"),)
            if benign
            else ()
        ),
    )
    seen = _digest([_row(one) for one in (*before, *after, *benign)])

    def rise(reached: bool, said: str) -> Rise:
        return Rise(rung=Rung.L2, reached=reached, said=said, facts=facts, digest=seen)

    if not before or not after:
        return rise(False, "no run was made")
    if fired < len(before) * recipe.at_least / recipe.runs:
        why = next(why_loud(one) for one in before if one.sight is not Sight.FIRED)
        return rise(False, f"the proof does not fire on the unpatched build here, so silence would mean nothing: {why}")
    if loud:
        return rise(False, f"on the patched build {min(map(why_loud, loud))}")
    if mute:
        return rise(False, f"benign input on the patched build: {min(map(why_loud, mute))}")
    return rise(True, f"fired {fired} of {len(before)} before, silent {len(after)} of {len(after)} after")


def _row(seen: Observation) -> dict[str, Any]:
    return {
        "run": f"{seen.dress} {seen.index}",
        "seen": str(seen.sight),
        "detail": seen.detail,
        "status": seen.status,
        "evidence": seen.evidence or "",
    }


# L3 and L4: tests ---------------------------------------------------------------------------------------------------

Results = Mapping[str, Outcome]
"""Test name -> how it went in one run."""


def suite(recipe: Recipe, checks: Sequence[Check]) -> dict[str, Any]:
    """What the driver gets to run these tests once: inputs, never what is expected."""
    cases = [
        {"steps": _calls(check.steps), "files": [name for name, _ in check.files]}
        if check.steps
        else {"argv": _argv(check.argv), "data": ladder_values.material(check.data).hex()}
        for check in checks
    ]
    return _order(recipe, cases, kind="calls" if checks and checks[0].steps else "program", values=True)


def _order(recipe: Recipe, cases: list[dict[str, Any]], *, kind: str, values: bool) -> dict[str, Any]:
    return {
        "form": "suite",
        "kind": kind,
        "target": "/target",
        "paths": ["/target", *(f"/support/{place}" for place in range(len(recipe.support)))],
        "inputs": "/inputs",
        "work": "/work",
        "cases": cases,
        "values": values,
        "stop_at_first": not values,
        "deadline_seconds": SUITE_SECONDS,
        "each_seconds": CASE_SECONDS,
        "env": {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "ASAN_OPTIONS": validate.ASAN},
    }


def _calls(steps: Iterable[Step]) -> list[dict[str, Any]]:
    return [
        {
            "call": step.call,
            "args": thawed(step.args),
            "kwargs": [[key, thawed(value)] for key, value in step.kwargs],
            "as": step.name,
        }
        for step in steps
    ]


def _argv(words: Iterable[str]) -> list[str]:
    return ["/build/suite", *words]


def results(checks: Sequence[Check], answers: Sequence[Mapping[str, Any]] | None) -> dict[str, Outcome]:
    """How each test went, by what was expected of it and what came back."""
    held = list(answers or [])
    return {
        check.name: _went(check, held[place])
        if place < len(held) and isinstance(held[place], Mapping)
        else Outcome.MISSING
        for place, check in enumerate(checks)
    }


def _went(check: Check, answer: Mapping[str, Any]) -> Outcome:
    outcome = answer.get("outcome")
    if outcome in {"", None, "ended", "stalled"} and check.steps:
        return Outcome.MISSING
    if check.argv:
        fits = outcome == "ended" and answer.get("status") == check.status and answer.get("stdout") == check.stdout
        return Outcome.PASSED if fits else Outcome.FAILED
    if answer.get("strays") is not False:
        return Outcome.FAILED
    files = answer.get("files")
    if not isinstance(files, Mapping) or any(files.get(name) != text for name, text in check.files):
        return Outcome.FAILED
    if check.raises:
        kinds = answer.get("kinds")
        fits = outcome == "raised" and isinstance(kinds, list) and check.raises in kinds
        return Outcome.PASSED if fits else Outcome.FAILED
    if outcome != "returned":
        return Outcome.FAILED
    if not check.has_returns:
        return Outcome.PASSED
    return Outcome.PASSED if _same(answer.get("value"), thawed(check.returns)) else Outcome.FAILED


def _same(one: Any, other: Any) -> bool:
    """Equal, and of the same kind: true is not 1."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and bool(one == other)


def no_worse(before: Sequence[Results], after: Sequence[Results], *, project: Project | None = None) -> Rise:
    """(L3) Every test that passed each time before passes each time after; flaky ones are told and not counted.

    A test that vanishes, or is skipped after, does not pass. With the project's own runner, one of its tests must pass
    before, and its control test must fail in every run: a runner that says otherwise is not believed.
    """
    names = _names(before)
    facts_seen = _digest({"before": [_plain(one) for one in before], "after": [_plain(one) for one in after]})
    if not names or not after:
        said = "no project test is known for this target: give a kit (docs/patches.md)"
        if project is not None:
            said = "the project's own test runner told of no test on the unpatched build"
        return Rise(rung=Rung.L3, reached=False, said=said, digest=facts_seen)
    control = f"{PROJECT}{project.control}" if project is not None and project.control else ""
    names = [name for name in names if name != control]
    flaky = [name for name in names if len({run.get(name, Outcome.MISSING) for run in before}) > 1]
    good = [name for name in names if name not in flaky and before[0].get(name) is Outcome.PASSED]
    theirs = [name for name in good if name.startswith(PROJECT)]
    less = worse(before, after)
    facts = [
        ("tests", str(len(names))),
        ("passed before", f"{len(good)} (runs: {len(before)})"),
        ("pass after", f"{len(good) - len(less)} (runs: {len(after)})"),
        ("failed before already", str(len(names) - len(good) - len(flaky))),
        ("flaky before, not counted", _named(flaky)),
        ("worse after", _named(less)),
    ]
    if project is not None:
        facts.append(("of these by the project's own runner", f"{len(theirs)} passed before ({project.form})"))
    if control:
        facts.append(("control test fails", f"{_fails(control, before)} before, {_fails(control, after)} after"))
    said = ""
    if not good:
        said = "no project test passes before the patch, so none could get worse"
    elif project is not None and not theirs:
        said = "the project's own test runner told of no test that passes on the unpatched build"
    elif control and any(run.get(control) is not Outcome.FAILED for run in before):
        said = "the control test does not fail on the unpatched build, so the runner's word says nothing"
    elif control and any(run.get(control) is not Outcome.FAILED for run in after):
        said = "the control test does not fail on the patched build: the runner's word is not believed"
    elif less:
        said = f"{len(less)} of {len(good)} project tests pass before and not after: {_named(less)}"
    if said:
        return Rise(rung=Rung.L3, reached=False, said=said, facts=tuple(facts), digest=facts_seen)
    said = f"{len(good)} project tests pass before and after" + (f"; flaky: {_named(flaky)}" if flaky else "")
    return Rise(rung=Rung.L3, reached=True, said=said, facts=tuple(facts), digest=facts_seen)


def worse(before: Sequence[Results], after: Sequence[Results]) -> list[str]:
    """Tests that passed in every run before and do not in every run after.

    A runner's own line comes after what code under test printed: a name that is told again after, which it was not
    before, and then does not pass, is a test that failed behind a line that says otherwise.
    """
    known = _names(before)
    good = [name for name in known if all(run.get(name) is Outcome.PASSED for run in before)]
    more = {name for run in after for name, outcome in run.items() if outcome is not Outcome.PASSED} - set(known)
    behind = {name.rpartition(" #")[0] for name in more if name.startswith(PROJECT)}
    return [name for name in good if name in behind or any(run.get(name) is not Outcome.PASSED for run in after)]


def _names(runs: Sequence[Results]) -> list[str]:
    """Every test that some run told of, in the order of first telling."""
    return list(dict.fromkeys(name for run in runs for name in run))


def _fails(name: str, runs: Sequence[Results]) -> str:
    return f"{sum(run.get(name) is Outcome.FAILED for run in runs)} of {len(runs)}"


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more if names else "none"


def _plain(run: Results) -> dict[str, str]:
    return {name: str(outcome) for name, outcome in run.items()}


def new_tests(
    own: Sequence[Check],
    theirs: Sequence[Check],
    before: Sequence[Results],
    after: Sequence[Results],
    *,
    recipe: Recipe,
) -> Rise:
    """(L4) Every new test, the case's own and the author's, fails each time before and passes each time after."""
    seen = _digest({"before": [_plain(one) for one in before], "after": [_plain(one) for one in after]})

    def rise(reached: bool, said: str, *facts: tuple[str, str]) -> Rise:
        return Rise(rung=Rung.L4, reached=reached, said=said, facts=facts, digest=seen)

    if not own and not theirs:
        return rise(False, "nobody gave a new test: not the case, not the patch's author")
    astray = [one.name for one in theirs if not _enters(one, recipe)]
    if astray:
        return rise(False, f"the author's own test never calls what the proof calls: {_named(astray)}")
    labelled = [(f"case: {one.name}", "the case's regression test") for one in own]
    labelled += [(f"author: {one.name}", "the author's own test") for one in theirs]
    for name, whose in labelled:
        if any(run.get(name) is Outcome.PASSED for run in before):
            return rise(False, f"{whose} passes before the patch, so it shows nothing: {name.partition(': ')[2]}")
        if any(run.get(name) is not Outcome.PASSED for run in after):
            return rise(False, f"{whose} does not pass on the patched build: {name.partition(': ')[2]}")
    whose = "the case and the author" if own and theirs else "the case" if own else "the author alone"
    facts = (("new tests", str(len(labelled))), ("written by", whose))
    return rise(
        True,
        f"{len(labelled)} new test{'s' if len(labelled) != 1 else ''} (by {whose}): fail before, pass after",
        *facts,
    )


def _enters(check: Check, recipe: Recipe) -> bool:
    if not check.steps:
        return bool(check.argv)
    if not isinstance(recipe.run, Steps):
        return True
    proof = {step.call.rpartition(".")[2] for step in recipe.run.steps}
    return any(step.call.rpartition(".")[2] in proof for step in check.steps)


# L5: variants and a short fuzz --------------------------------------------------------------------------------------


def variants(kit: Kit, seed: int) -> tuple[tuple[str, Variant, bytes], ...]:
    """Each variant as drawn for this climb: name with its number, calls or words, and the bytes of its file."""
    made = []
    for variant in kit.variants:
        for number in range(variant.count):
            bound = ladder_values.drawn(variant.draws, f"{seed}:{variant.name}:{number}")
            one = Variant(
                name=f"{variant.name} {number + 1}",
                steps=ladder_values.steps(variant.steps, bound),
                argv=variant.argv,
            )
            made.append((one.name, one, ladder_values.material(ladder_values.expanded(variant.data, bound))))
    return tuple(made)


def varied(recipe: Recipe, variant: Variant, file: str) -> Recipe:
    """The recipe with another form of its proof. `file` is the name of the variant's file among the inputs."""
    if isinstance(recipe.run, Harness):
        words = tuple(word.replace("{data}", f"/inputs/{file}") for word in variant.argv)
        return replace(recipe, run=Harness(argv=(recipe.run.argv[0], *words)))
    return replace(recipe, run=Steps(steps=variant.steps))


def fuzz_suite(recipe: Recipe, fuzz: Fuzz, inputs: Sequence[bytes]) -> dict[str, Any]:
    """What the driver gets to run a fuzz: inputs drawn here."""
    cases = [
        {"steps": _calls(ladder_values.steps(fuzz.steps, {FUZZ_NAME: one.decode()})), "files": []}
        if fuzz.steps
        else {"argv": _argv(fuzz.argv), "data": one.hex()}
        for one in inputs
    ]
    return _order(recipe, cases, kind="calls" if fuzz.steps else "program", values=False)


def finds(fuzz: Fuzz, answers: Sequence[Mapping[str, Any]] | None, rounds: int) -> tuple[int, str]:
    """How many inputs showed something, and the first of it in words. An input without an answer shows something."""
    held = list(answers or [])
    found = [(place, why) for place, one in enumerate(held) if (why := _found(fuzz, one))]
    if len(held) < rounds and not found:
        return rounds - len(held), "the run ended before every input was tried"
    return len(found), f"input {found[0][0] + 1}: {found[0][1]}" if found else ""


def _found(fuzz: Fuzz, answer: Any) -> str:
    if not isinstance(answer, Mapping):
        return "no answer"
    outcome = answer.get("outcome")
    if fuzz.argv:
        if outcome == "stalled":
            return "the program did not end"
        status = answer.get("status")
        if status == 0:
            return ""
        report = read_report(str(answer.get("stderr", "")))
        return f"{report.error}" if report is not None else f"ended with status {status}"
    if outcome == "stalled":
        return "a call did not return"
    if outcome in {"", "ended", "exited", "unreached", None}:
        return "the process ended, or the call was not reached"
    if answer.get("strays") is not False:
        return "a path outside the allowed folder was made"
    if outcome == "raised":
        kinds = answer.get("kinds")
        listed = kinds if isinstance(kinds, list) else []
        if not any(kind in fuzz.allowed for kind in listed):
            return f"an undocumented exception left the call: {listed[0] if listed else 'unknown'}"
    return ""


def stays_silent(
    seen: Sequence[tuple[str, Observation, Observation]],
    fuzz: Fuzz | None,
    rounds: int,
    before: tuple[int, str],
    after: tuple[int, str],
    *,
    seed: int,
) -> Rise:
    """(L5) Variants as (name, on the unpatched build, on the patched build); fuzz as (findings, first of them)."""
    alive = [one for one in seen if one[1].sight is Sight.FIRED]
    loud = [(name, after_) for name, _, after_ in seen if not is_quiet(after_)]
    facts = (
        ("variants that fire on the unpatched build", f"{len(alive)} of {len(seen)}"),
        ("variants silent on the patched build", f"{len(seen) - len(loud)} of {len(seen)}"),
        ("fuzz inputs", str(rounds)),
        ("fuzz findings, unpatched", str(before[0])),
        ("fuzz findings, patched", str(after[0])),
        ("seed", str(seed)),
    )
    held = [{"variant": name, "before": _row(one), "after": _row(two)} for name, one, two in seen]
    digest_ = _digest({"variants": held, "fuzz": [list(before), list(after)], "seed": str(seed)})

    def rise(reached: bool, said: str) -> Rise:
        return Rise(rung=Rung.L5, reached=reached, said=said, facts=facts, digest=digest_)

    if loud:
        return rise(False, f"{len(loud)} of {len(seen)} variants: {loud[0][0]}: {why_loud(loud[0][1])}")
    if len(alive) < LEAST_VARIANTS:
        return rise(False, f"only {len(alive)} variants fire on the unpatched build; {LEAST_VARIANTS} are needed")
    if fuzz is None:
        return rise(False, "no fuzz is described for this proof: give a kit")
    if after[0]:
        return rise(False, f"the fuzz finds {after[0]} of {rounds}: {after[1]}")
    return rise(
        True, f"{len(seen)} variants and {rounds} fuzz inputs stay silent; {len(alive)} variants fire unpatched"
    )


def _digest(value: Any) -> Any:
    return digest(rfc8785.dumps(value))
