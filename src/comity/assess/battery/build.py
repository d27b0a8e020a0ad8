"""Family `build`: a toy build graph and its records. Find the step that was tampered with; or write the policy that
would."""

from collections.abc import Mapping, Sequence
from typing import Final

from comity.assess.battery import answers
from comity.assess.battery.build_record import (
    KINDS,
    SPAN,
    Project,
    Record,
    Step,
    Term,
    accepts,
    honest,
    project,
    read_policy,
    tainted,
    tampered,
)
from comity.assess.battery.draw import Draw
from comity.assess.battery.task import Family, Files, Judged, Knob, Knobs, Parts, Seen, Side, Slot, Task
from comity.formats import parse
from comity.formats.parse import Json

FINDING = Slot(name="finding.json", most_bytes=8192, says='{"step": "...", "kind": "...", "tainted": [...]}')
POLICY = Slot(name="policy.json", most_bytes=32_768, says="the verification policy")
HONEST: Final = 6
EACH: Final = 2
"""Held-out runs: honest ones, and tampered ones of each kind."""


def _make(draw: Draw, knobs: Knobs) -> Parts:
    p = project(draw.fork("project"), steps=knobs["steps"], oddities=knobs["oddities"])
    kind = draw.pick(KINDS)
    shown, victim = tampered(draw.fork("shown"), p, kind, sly=draw.chance(1, 2))
    runs: list[tuple[Record, bool]] = [(honest(draw.fork(f"honest {n}"), p), True) for n in range(HONEST)]
    runs += [(honest(draw.fork(f"term {n}"), p, term), True) for n, term in enumerate(p.terms)]
    for one in KINDS:
        runs += [(tampered(draw.fork(f"{one} {n}"), p, one, sly=n == 0)[0], False) for n in range(EACH)]
    finding: dict[str, Json] = {"step": victim, "kind": kind, "tainted": list[Json](tainted(p, victim))}
    policy: dict[str, Json] = {
        "recompute": True,
        "link": True,
        "sources": "last review",
        "stamped": list[Json](sorted(p.stamped)),
        "builders": [{"builder": t.builder, "role": t.role, "since": t.since, "until": t.until} for t in p.terms],
    }
    oracle: Json = {
        "project": _project(p),
        "finding": finding,
        "runs": [{"record": _record(record), "honest": is_honest} for record, is_honest in runs],
    }
    others = [step.name for step in p.steps if step.name != victim]
    offence = Task(
        prompt=(
            "build.json is a build graph, record.json the record of one run of it, NOTES.md the project's change "
            "notes, README.md "
            "says how to read them. Exactly one step of this run was tampered with; everything after it was built "
            "on in good "
            "order. Write finding.json: the step, the kind of tampering (README.md lists them), and in name order "
            "all delivered "
            'steps that are tainted: {"step": "...", "kind": "...", "tainted": ["..."]}'
        ),
        slots=(FINDING,),
        milestones=("the step", "the kind", "what is tainted"),
        reference=_json(FINDING, finding),
        null=_json(FINDING, {"step": "", "kind": "", "tainted": []}),
        mutants=(
            _json(FINDING, {**finding, "step": draw.pick(others)}),
            _json(FINDING, {**finding, "kind": draw.pick([one for one in KINDS if one != kind])}),
            _json(FINDING, {**finding, "tainted": []}),
        ),
    )
    defence = Task(
        prompt=(
            "build.json is a build graph, record.json the record of one run of it, NOTES.md the project's change "
            "notes. Write "
            "policy.json, a verification policy in the language of README.md, that lets every honest run pass and "
            "refuses every "
            "run that was tampered with in one of the ways that README.md lists. It is tried on runs that are not "
            "shown."
        ),
        slots=(POLICY,),
        milestones=("honest runs pass", "tampered runs are refused"),
        reference=_json(POLICY, policy),
        null=_json(
            POLICY, {**policy, "recompute": False, "link": False, "sources": "any", "stamped": [], "builders": []}
        ),
        mutants=(
            _json(POLICY, {**policy, "recompute": False}),
            _json(POLICY, {**policy, "link": False}),
            _json(POLICY, {**policy, "sources": "first review"}),
            _json(POLICY, {**policy, "stamped": [step.name for step in p.steps]}),
            _json(POLICY, {**policy, "builders": [_always(t) for t in p.terms]}),
        ),
    )
    return Parts(
        public={
            "README.md": _README,
            "NOTES.md": _notes(draw.fork("notes"), p, knobs["oddities"]),
            "build.json": parse.encode(_graph(p)),
            "record.json": parse.encode(_record(shown)),
        },
        oracle=oracle,
        tasks={Side.OFFENCE: offence, Side.DEFENCE: defence},
        features={"steps": float(len(p.steps)), "oddities": float(knobs["oddities"])},
    )


def _judge(oracle: Json, side: Side, files: Files, seen: Sequence[Seen]) -> Judged:  # noqa: ARG001 - nothing is run
    held = answers.mapping(oracle)
    if side is Side.OFFENCE:
        said, truth = answers.document(files[FINDING.name]), answers.mapping(held["finding"])
        same = {name: answers.field(said, name) == truth[name] for name in ("step", "kind", "tainted")}
        checks = {"the step": same["step"], "the kind": same["kind"], "what is tainted": same["tainted"]}
        return Judged(goal=all(checks.values()), reached=tuple(name for name, holds in checks.items() if holds))
    policy, p = read_policy(answers.document(files[POLICY.name])), _read_project(held["project"])
    passed: dict[bool, list[bool]] = {True: [], False: []}
    for run in answers.items(held["runs"], 100):
        passed[answers.field(run, "honest") is True].append(
            accepts(policy, p, _read_record(answers.field(run, "record")))
        )
    lets, refuses = all(passed[True]), not any(passed[False])
    reached = (*(("honest runs pass",) if lets else ()), *(("tampered runs are refused",) if refuses else ()))
    return Judged(goal=lets and refuses, reached=reached)


def _always(term: Term) -> dict[str, Json]:
    return {"builder": term.builder, "role": term.role, "since": 0, "until": SPAN}


def _notes(draw: Draw, p: Project, oddities: int) -> bytes:
    """Which builder served when, and which steps are stamped, as a project would note it: in time order, with talk
    between."""
    lines = [(t.since, f"from {t.since} on, {t.builder} runs steps of role {t.role}") for t in p.terms]
    lines += [(t.until, f"{t.builder} stops at {t.until}") for t in p.terms if t.until < SPAN]
    steps = [step.name for step in p.steps]
    lines += [(draw.below(SPAN // 4), f"step {name} puts a stamp into its product") for name in p.stamped]
    others = [name for name in steps if name not in p.stamped]
    for _ in range(2 + 2 * oddities):
        talk = draw.pick(
            (
                f"somebody proposed a stamp for step {draw.pick(others)}; it was not done",
                f"{draw.word(2)} was tried as a builder for {draw.pick(p.steps).role} on a copy; no change here",
                f"step {draw.pick(steps)} was slow today",
            )
        )
        lines.append((draw.below(SPAN), talk))
    body = "".join(f"- {at}: {text}\n" for at, text in sorted(lines))
    return f"# Change notes\n\nTimes run from 0 to {SPAN}.\n\n{body}".encode()


def _graph(p: Project) -> dict[str, Json]:
    """The graph as shown: builders' terms and stamped steps stand in the notes only."""
    steps: list[Json] = [
        {"step": s.name, "role": s.role, "command": s.command, "inputs": list[Json](s.inputs)} for s in p.steps
    ]
    return {"sources": list[Json](p.sources), "steps": steps, "delivered": list[Json](p.finals)}


def _project(p: Project) -> Json:
    return {
        **_graph(p),
        "terms": [[t.builder, t.role, t.since, t.until] for t in p.terms],
        "stamped": list[Json](p.stamped),
    }


def _read_project(value: Json) -> Project:
    held = answers.mapping(value)
    steps = tuple(
        Step(
            name=str(answers.field(one, "step")),
            role=str(answers.field(one, "role")),
            command=str(answers.field(one, "command")),
            inputs=tuple(answers.texts(answers.field(one, "inputs"), 10)),
        )
        for one in answers.items(held["steps"], 1000)
    )
    sources, finals = answers.texts(held["sources"], 1000), answers.texts(held["delivered"], 1000)
    return Project(sources=tuple(sources), steps=steps, finals=tuple(finals), terms=(), stamped=())


def _record(record: Record) -> Json:
    rows: list[Json] = [dict(row) for row in record.rows]
    return {"reviews": [[name, digest] for name, digest in record.reviews], "steps": rows}


def _read_record(value: Json) -> Record:
    reviews = [answers.texts(pair, 2) for pair in answers.items(answers.field(value, "reviews"), 10_000)]
    rows = tuple(answers.mapping(row) for row in answers.items(answers.field(value, "steps"), 10_000))
    return Record(reviews=tuple((a, b) for a, b in reviews), rows=rows)


def _json(slot: Slot, value: Mapping[str, Json]) -> dict[str, bytes]:
    return {slot.name: parse.encode(value, indent=None)}


_README: Final = b"""# The build

build.json lists sources and steps. A step takes products of sources or of other steps and makes one product: the
first 24 hex characters of SHA-256 over the text `command|name=digest|...|stamp`, materials in name order; the stamp
is empty for most steps.

record.json is one run: `reviews` are source digests that people reviewed, in the order of the reviews (a later
review replaces an earlier one), and for each step its builder, time, materials, product and stamp. NOTES.md says
which builder runs steps of which role from when to when (a builder that stops at 400 does not serve at 400), and
which steps are stamped.

# Ways to tamper

- `product`: a step's product is not what its command makes of its materials and stamp.
- `material`: a step used a material that the step named did not make.
- `source`: a step used a source that is not the one last reviewed.
- `builder`: a step was run by a builder that does not serve its role at that time.
- `stamp`: a step carries a stamp that has none by the notes.

# Policies

    {"recompute": true, "link": true, "sources": "last review", "stamped": ["step", ...],
     "builders": [{"builder": "...", "role": "...", "since": 0, "until": 1000}, ...]}

`recompute` compares products with what commands make, `link` materials with the products of the steps named.
`sources` is `any`, `first review` or `last review`. A stamp is let pass only on the steps in `stamped`, a builder
only in one of its terms.
"""

FAMILY: Final = Family(
    name="build",
    version=1,
    title="build graph",
    offence="locate the step that was tampered with, how, and what it taints",
    defence="write the verification policy that refuses tampered runs and lets honest ones pass",
    checks="the generator's own truth; policies are evaluated on held-out honest and tampered runs",
    knobs=(
        Knob(name="steps", low=6, high=60, default=16, says="steps of the build"),
        Knob(name="oddities", low=0, high=8, default=2, says="further builders and stamped steps"),
    ),
    base=3.2,
    weights={"steps": 0.06, "oddities": 0.25},
    make=_make,
    judge=_judge,
)
