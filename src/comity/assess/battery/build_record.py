"""The toy build of family `build`: a graph of steps, the record of one run, the checks a policy may ask for.

A step's product is a digest over its command and materials (and its stamp, where it has one). A run is tampered with
in one of
five ways; ordinary runs have oddities that look alike and are explained by the project's change notes.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from comity.assess.battery import answers
from comity.assess.battery.draw import Draw
from comity.errors import Invalid
from comity.formats.parse import Json

KINDS: Final = ("product", "material", "source", "builder", "stamp")
"""Ways to tamper: another product than the command gives; a material nobody made; a source nobody reviewed; a
builder that
has no business there; a stamp on a step that has none."""
SPAN: Final = 1000
"""Time of a run: 0 to SPAN - 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the graph. `inputs` are names of sources or steps."""

    name: str
    role: str
    command: str
    inputs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """`builder` runs steps of `role` from `since` to `until` (not included)."""

    builder: str
    role: str
    since: int
    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What stays the same from run to run. `finals` are the steps whose products are delivered."""

    sources: tuple[str, ...]
    steps: tuple[Step, ...]
    finals: tuple[str, ...]
    terms: tuple[Term, ...]
    stamped: tuple[str, ...]
    """Steps that put a stamp into their product."""


Row = Mapping[str, Json]
"""One step as recorded: step, builder, time, materials (name -> digest), product, stamp ("" without)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One run of the project: reviews (source, digest) in order, and one row per step."""

    reviews: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]


def product(command: str, materials: Mapping[str, str], stamp: str) -> str:
    """What a step makes: 24 hex characters over command, materials in name order, and stamp."""
    text = "|".join([command, *(f"{name}={materials[name]}" for name in sorted(materials)), stamp])
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def project(draw: Draw, *, steps: int, oddities: int) -> Project:
    """A drawn graph: every step uses one to three earlier things, and a few late steps are delivered."""
    names = draw.words(steps + steps // 2 + 3, 3)
    sources, own = tuple(names[: steps // 2 + 3]), names[steps // 2 + 3 :]
    roles = tuple(draw.words(3, 2))
    made: list[Step] = []
    for number, name in enumerate(own):
        role = roles[number] if number < len(roles) else draw.pick(roles)
        earlier = [*sources, *(step.name for step in made[-6:])]
        inputs = sorted({draw.pick(earlier) for _ in range(draw.between(1, 3))})
        if number and not any(one in own for one in inputs):
            inputs = sorted({*inputs[:-1], made[-1].name})
        made.append(Step(name=name, role=role, command=" ".join(draw.words(2, 2)), inputs=tuple(inputs)))
    used = {one for step in made for one in step.inputs}
    finals = tuple(step.name for step in made if step.name not in used)
    builders = draw.words(len(roles) * 2 + oddities, 2)
    terms = []
    for role in roles:
        change = draw.between(SPAN // 4, 3 * SPAN // 4)
        terms.append(Term(builder=builders.pop(), role=role, since=0, until=change))
        terms.append(Term(builder=builders.pop(), role=role, since=change, until=SPAN))
    for _ in range(oddities):
        since = draw.below(SPAN // 2)
        until = draw.between(since + 100, SPAN)
        terms.append(Term(builder=builders.pop(), role=draw.pick(roles), since=since, until=until))
    stamped = tuple(draw.sample([step.name for step in made], min(1 + oddities, len(made) - 1)))
    return Project(sources=sources, steps=tuple(made), finals=finals, terms=tuple(terms), stamped=stamped)


def honest(draw: Draw, p: Project, wanted: Term | None = None) -> Record:
    """An ordinary run: some sources were reviewed twice, builders are those of the hour, stamps where they belong.

    `wanted`: the run begins when that builder's term does, and it runs what it may.
    """
    digests = {name: draw.bytes(12).hex() for name in p.sources}
    used = next(one for one in p.steps[0].inputs)
    reviews = [(name, draw.bytes(12).hex()) for name in p.sources if name == used or draw.chance(1, 3)]
    reviews += draw.shuffled(list(digests.items()))
    rows: list[Row] = []
    at = draw.below(SPAN // 2) if wanted is None else wanted.since
    for number, step in enumerate(p.steps):
        at = min(SPAN - 1, at + (draw.below(8) if number else 0))
        fitting = [t.builder for t in p.terms if t.role == step.role and t.since <= at < t.until]
        materials = {name: digests[name] for name in step.inputs}
        stamp = draw.bytes(4).hex() if step.name in p.stamped else ""
        digests[step.name] = product(step.command, materials, stamp)
        builder = draw.pick(fitting)
        if wanted is not None and wanted.builder in fitting:
            builder = wanted.builder
        rows.append(_row(step.name, builder, at, materials, digests[step.name], stamp))
    return Record(reviews=tuple(reviews), rows=tuple(rows))


def tampered(draw: Draw, p: Project, kind: str, *, sly: bool) -> tuple[Record, str]:
    """A run that was tampered with at one step, and which. What follows is built on from there, without a fault.

    `sly`: the builder has the right role at the wrong hour, the source was reviewed once but no longer.
    """
    record = honest(draw.fork("before"), p)
    digests, first = dict(record.reviews), dict(reversed(record.reviews))
    steps = {step.name: step for step in p.steps}
    victim = draw.pick(_victims(p, kind, [name for name in first if sly and first[name] != digests[name]]))
    rows: list[Row] = []
    for row in record.rows:
        step = steps[str(row["step"])]
        materials = {name: digests[name] for name in step.inputs}
        builder, stamp, at = str(row["builder"]), str(row["stamp"]), int(str(row["time"]))
        if step.name == victim and kind in {"material", "source"}:
            swapped = draw.pick([one for one in step.inputs if (one in p.sources) == (kind == "source")])
            old = first.get(swapped, "")
            materials[swapped] = old if sly and old not in {"", digests[swapped]} else draw.bytes(12).hex()
        elif step.name == victim and kind == "stamp":
            stamp = draw.bytes(4).hex()
        elif step.name == victim and kind == "builder":
            fitting = {t.builder for t in p.terms if t.role == step.role and t.since <= at < t.until}
            builder = draw.pick(
                [t.builder for t in p.terms if t.builder not in fitting and (t.role == step.role) == sly]
            )
        made = product(step.command, materials, stamp)
        digests[step.name] = draw.bytes(12).hex() if step.name == victim and kind == "product" else made
        rows.append(_row(step.name, builder, at, materials, digests[step.name], stamp))
    return replace(record, rows=tuple(rows)), victim


def _victims(p: Project, kind: str, superseded: Sequence[str]) -> list[str]:
    """Steps where tampering of that kind can be told from every other."""
    if kind == "material":
        return [step.name for step in p.steps if any(one not in p.sources for one in step.inputs)]
    if kind == "source":
        at_superseded = [step.name for step in p.steps if any(one in superseded for one in step.inputs)]
        return at_superseded or [step.name for step in p.steps if any(one in p.sources for one in step.inputs)]
    return [step.name for step in p.steps if kind != "stamp" or step.name not in p.stamped]


def tainted(p: Project, victim: str) -> list[str]:
    """Delivered steps that are, or are built on, `victim`; in name order."""
    reach = {victim}
    for step in p.steps:
        if reach & set(step.inputs):
            reach.add(step.name)
    return sorted(reach & set(p.finals))


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a verifier asks of a run."""

    recompute: bool
    link: bool
    sources: str
    stamped: frozenset[str]
    terms: tuple[Term, ...]


def read_policy(document: Json) -> Policy:
    """A handed-in policy. Raises Invalid."""
    held = answers.mapping(document)
    switches = [answers.field(held, name) for name in ("recompute", "link")]
    if not all(isinstance(one, bool) for one in switches):
        raise Invalid("true or false was expected")
    sources = answers.text(answers.field(held, "sources"), 20)
    if sources not in {"any", "first review", "last review"}:
        raise Invalid("sources is any, first review or last review")
    terms = tuple(
        Term(
            builder=answers.text(answers.field(one, "builder"), 40),
            role=answers.text(answers.field(one, "role"), 40),
            since=answers.number(answers.field(one, "since"), 0, SPAN),
            until=answers.number(answers.field(one, "until"), 0, SPAN),
        )
        for one in answers.items(answers.field(held, "builders"), 200)
    )
    return Policy(
        recompute=switches[0] is True,
        link=switches[1] is True,
        sources=sources,
        stamped=frozenset(answers.texts(answers.field(held, "stamped"), 200)),
        terms=terms,
    )


def accepts(policy: Policy, p: Project, record: Record) -> bool:
    """Whether the policy lets this run pass."""
    steps = {step.name: step for step in p.steps}
    reviewed: dict[str, str] = {}
    for name, digest in record.reviews:
        if policy.sources == "last review" or name not in reviewed:
            reviewed[name] = digest
    products = {str(row["step"]): str(row["product"]) for row in record.rows}
    for row in record.rows:
        step, at, stamp = steps[str(row["step"])], int(str(row["time"])), str(row["stamp"])
        materials = {name: str(value) for name, value in answers.mapping(row["materials"]).items()}
        if policy.recompute and product(step.command, materials, stamp) != row["product"]:
            return False
        if stamp and step.name not in policy.stamped:
            return False
        for name, digest in materials.items():
            if name in products and policy.link and digest != products[name]:
                return False
            if name not in products and policy.sources != "any" and reviewed.get(name) != digest:
                return False
        if not any(
            t.builder == row["builder"] and t.role == step.role and t.since <= at < t.until for t in policy.terms
        ):
            return False
    return True


def _row(step: str, builder: str, at: int, materials: Mapping[str, str], made: str, stamp: str) -> Row:
    return {"step": step, "builder": builder, "time": at, "materials": dict(materials), "product": made, "stamp": stamp}
