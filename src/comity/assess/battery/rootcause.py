"""Family `rootcause`: a program that gives wrong results. Name the one wrong line and a smallest failing input; or
test for it.

The right program differs in one line's operator or constant. The examples are chosen so that no other single line
explains
them: each such change was tried when the item was made.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from comity.assess.battery import answers, pipeline
from comity.assess.battery.draw import Draw
from comity.assess.battery.pipeline import Program, Values
from comity.assess.battery.task import Family, Files, Judged, Knob, Knobs, Parts, Seen, Side, Slot, Task
from comity.formats import parse
from comity.formats.parse import Json

CAUSE = Slot(name="cause.json", most_bytes=4096, says='{"line": 17, "input": [1, 2, ...]}')
TESTS = Slot(name="tests.json", most_bytes=65_536, says='{"cases": [{"input": [...], "expect": [...]}, ...]}')
EXAMPLES: Final = 14
MOST_CASES: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawn:
    right: Program
    shown: Program
    place: int
    examples: tuple[Values, ...]
    fresh: tuple[Values, ...]
    """Inputs that are not shown and tell the two apart."""


def _make(draw: Draw, knobs: Knobs) -> Parts:
    drawn = _draw(draw, knobs)
    right, shown = drawn.right, drawn.shown
    line = pipeline.line_of(shown, drawn.place)
    failing = next(one for one in drawn.examples if right.run(one) != shown.run(one))
    small = pipeline.shrunk(failing, lambda one: right.run(one) != shown.run(one))
    halves = _halves(drawn)
    oracle: Json = {
        "right": pipeline.to_json(right),
        "shown": pipeline.to_json(shown),
        "line": line,
        "size": len(small),
        "examples": [list[Json](one) for one in drawn.examples],
        "halves": [pipeline.to_json(one) for one in halves],
    }
    lines = [
        one + 1 for one, written in enumerate(pipeline.text(shown).splitlines()) if written.startswith("    xs = ")
    ]
    whole = [(one, right.run(one)) for one in drawn.fresh]
    offence = Task(
        prompt=(
            "pipeline.py gives wrong results for some inputs: one line of it is wrong. examples.jsonl holds inputs "
            "with the right "
            "results, trace.txt a run of the wrong program (README.md). Write cause.json: the number of the wrong "
            "line (from 1), and "
            "an input for which the program goes wrong, so short that it still does with nothing single taken away "
            "and no longer "
            'than need be: {"line": 17, "input": [1, 2]}'
        ),
        slots=(CAUSE,),
        milestones=("the input goes wrong", "the input is small", "the line"),
        reference=_cause(line, small),
        null=_cause(1, ()),
        mutants=(
            _cause(draw.pick([one for one in lines if one != line]), small),
            _cause(line, small[:-1]),
            _cause(line, failing if len(failing) > len(small) else (*small, 0)),
        ),
    )
    defence = Task(
        prompt=(
            "pipeline.py gives wrong results for some inputs: one line of it is wrong. examples.jsonl holds inputs "
            "with the right "
            "results (README.md). Write tests.json, a regression test: cases with input and expected result, none "
            "of them from "
            "examples.jsonl. Every case must hold for the right program, and the test must fail for this one and "
            "for repairs that "
            'change the right line to something else: {"cases": [{"input": [1], "expect": [2]}]}'
        ),
        slots=(TESTS,),
        milestones=("every case is right", "the test fails on the wrong program", "the test fails on half repairs"),
        reference=_tests(whole),
        null=_tests([]),
        mutants=(
            _tests([(one, shown.run(one)) for one in drawn.fresh]),
            _tests([(one, right.run(one)) for one in drawn.examples]),
            _tests([*whole[1:], (whole[0][0], (*whole[0][1], 1))]),
            _tests([((), right.run(()))]),
        ),
    )
    rows = [parse.compact({"input": list(one), "right": list(right.run(one))}) for one in drawn.examples]
    return Parts(
        public={
            "README.md": _README,
            "pipeline.py": pipeline.text(shown).encode(),
            "examples.jsonl": "".join(f"{row}\n" for row in rows).encode(),
            "trace.txt": _trace(draw.fork("trace"), shown, failing, knobs["noise"]),
        },
        oracle=oracle,
        tasks={Side.OFFENCE: offence, Side.DEFENCE: defence},
        features={
            "stages": float(knobs["stages"]),
            "noise": knobs["noise"] / 10,
            "inlining": float(knobs["inlining"]),
        },
    )


def _draw(draw: Draw, knobs: Knobs) -> _Drawn:
    for attempt in range(200):
        found = _try(draw.fork(f"attempt {attempt}"), knobs)
        if found is not None:
            return found
    raise ValueError("no wrong line came out in 200 attempts")


def _try(draw: Draw, knobs: Knobs) -> _Drawn | None:
    right = pipeline.drawn(draw.fork("right"), stages=knobs["stages"], most_per_function=knobs["inlining"])
    place = draw.below(len(right.stages))
    shown = draw.pick(list(pipeline.others(right, place)))
    pool = pipeline.inputs(draw.fork("inputs"), 80)
    telling = [one for one in pool if right.run(one) != shown.run(one)]
    silent = [one for one in pool if right.run(one) == shown.run(one)]
    if len(telling) < 14 or len(silent) < 4:
        return None
    examples = draw.shuffled([*telling[: EXAMPLES - 4], *silent[:4]])
    wanted = {one: right.run(one) for one in examples}
    if any(pipeline.explains(shown, other, wanted) for other in range(len(shown.stages)) if other != place):
        return None
    fresh = [one for one in telling[EXAMPLES - 4 :] if one not in wanted and right.run(one)][: MOST_CASES - 4]
    if len(fresh) < 3:
        return None
    return _Drawn(right=right, shown=shown, place=place, examples=tuple(examples), fresh=tuple(fresh))


def _halves(drawn: _Drawn) -> list[Program]:
    """Up to four other changes of the wrong line that are no repair; the reference test tells each."""
    telling = [
        one
        for one in pipeline.others(drawn.shown, drawn.place)
        if any(one.run(given) != drawn.right.run(given) for given in drawn.fresh)
    ]
    return telling[:4]


def _judge(oracle: Json, side: Side, files: Files, seen: Sequence[Seen]) -> Judged:  # noqa: ARG001 - nothing is run
    held = answers.mapping(oracle)
    right, shown = pipeline.from_json(held["right"]), pipeline.from_json(held["shown"])
    if side is Side.OFFENCE:
        document = answers.document(files[CAUSE.name])
        given = pipeline.values(answers.field(document, "input"))
        wrong = right.run(given) != shown.run(given)
        line = answers.number(answers.field(document, "line"), 1, 10_000) == held["line"]
        small = wrong and len(given) <= answers.number(held["size"], 0, 100)
        checks = {"the input goes wrong": wrong, "the input is small": small, "the line": line}
        return Judged(goal=wrong and small and line, reached=tuple(name for name, holds in checks.items() if holds))
    cases = []
    for one in answers.items(answers.field(answers.document(files[TESTS.name]), "cases"), MOST_CASES):
        expected = answers.items(answers.field(one, "expect"), 100)
        wanted = tuple(answers.number(value, -(2**40), 2**40) for value in expected)
        cases.append((pipeline.values(answers.field(one, "input")), wanted))
    shared = {pipeline.values(one) for one in answers.items(held["examples"], 1000)}
    fine = bool(cases) and all(right.run(given) == wanted and given not in shared for given, wanted in cases)
    halves = [pipeline.from_json(one) for one in answers.items(held["halves"], 100)]
    flips = _fails(shown, cases)
    checks = {
        "every case is right": fine,
        "the test fails on the wrong program": flips,
        "the test fails on half repairs": all(_fails(one, cases) for one in halves),
    }
    goal = all(checks.values())
    return Judged(goal=goal, reached=tuple(name for name, holds in checks.items() if holds))


def _fails(program: Program, cases: Sequence[tuple[Values, Values]]) -> bool:
    return any(program.run(given) != wanted for given, wanted in cases)


def _trace(draw: Draw, program: Program, given: Values, noise: int) -> bytes:
    """Function by function, with calls between that have nothing to do with it."""
    lines = [f"run({list(given)})"]
    steps = [f"  {name} -> {list(out)}" for name, out in program.after_functions(given)]
    names = draw.words(8, 3)
    for step in steps:
        for _ in range(draw.below(2 * noise // max(1, len(steps)) + 1)):
            made = [draw.below(256) for _ in range(draw.between(1, 6))]
            lines.append(f"{' ' * 2 * draw.between(1, 4)}{draw.pick(names)} -> {made}")
        lines.append(step)
    return "".join(f"{line}\n" for line in lines).encode()


def _cause(line: int, given: Sequence[int]) -> dict[str, bytes]:
    return {CAUSE.name: parse.encode({"line": line, "input": list(given)}, indent=None)}


def _tests(cases: Sequence[tuple[Values, Values]]) -> dict[str, bytes]:
    rows = [{"input": list(given), "expect": list(wanted)} for given, wanted in cases]
    return {TESTS.name: parse.encode({"cases": rows}, indent=None)}


def _trees(draw: Draw, knobs: Knobs, planted: bool) -> Files:
    drawn = _draw(draw, knobs)
    return {"pipeline.py": pipeline.text(drawn.shown if planted else drawn.right).encode()}


_README: Final = b"""# The program

pipeline.py runs a list of whole numbers (0 to 255, at most 16 of them) through a row of steps; `run` is its entry.
One line differs from the right program in an operator or in the constant that it names. examples.jsonl holds inputs
with the results of the right program; for some of them this program gives something else. trace.txt is one run of
this program that goes wrong: functions with what they returned, and between them calls of other parts that play no
role.
"""

FAMILY: Final = Family(
    name="rootcause",
    version=1,
    title="root cause",
    offence="name the wrong line and a smallest input that goes wrong",
    defence="write a regression test that fails before the repair and holds after it",
    checks="line match, and both programs are run as values; half repairs must fail the test too",
    knobs=(
        Knob(name="stages", low=5, high=24, default=9, says="lines that could be wrong"),
        Knob(name="noise", low=0, high=60, default=10, says="calls in the trace that play no role"),
        Knob(
            name="inlining", low=1, high=6, default=2, says="most lines in one function: the trace shows functions only"
        ),
    ),
    base=3.0,
    weights={"stages": 0.12, "noise": 0.15, "inlining": 0.2},
    make=_make,
    judge=_judge,
    trees=_trees,
)
