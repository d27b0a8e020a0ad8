"""Bench `wording`: what one real model makes of the planner's and the tagger's questions.

The model is the endpoint of the settings (COMITY_MODEL_ENDPOINT, COMITY_MODEL), or the small model of
`./run setup --with-model` with `--weights FILE`. Plans are drawn as in bench `plans`; exposure cases are every pair of
observed facts that the rules leave open. Nothing here has a passing mark: the figures say how often the model's answer
stood, how often the template did, and by which check an answer fell. `worded` prints what stood, for a person to read:
that a sentence passed the checker says that it names what the records hold, and no more.
"""

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from itertools import combinations, islice
from pathlib import Path
from typing import Any, Final

from comity.bench.match import read_statements
from comity.bench.plans import AT, Estate
from comity.bench.small_model import answering
from comity.defend import tagging
from comity.defend.flow_models import judged, reworded
from comity.defend.plan import compose
from comity.defend.plan_facts import Tables
from comity.defend.segments import Feed, index
from comity.defend.tagging import Fact
from comity.formats import pack as packs
from comity.language import Endpoint, endpoint
from comity.model.asked import Asked
from comity.model.plan import EvidencePack
from comity.settings import load

VALUES: Final = {
    "scan-from-outside": "443",
    "public-address": "192.0.2.1",
    "listener": "443",
    "dns-name": "portal.example.org",
    "firewall-open": "443",
    "firewall-closed": "443",
    "no-route": "",
}
"""One value for each kind of fact."""
NO_MODEL: Final = "no model to measure: set COMITY_MODEL_ENDPOINT and COMITY_MODEL, or give --weights FILE"


def run(args: list[str]) -> dict[str, Any]:
    """The JSON object of benches.md. `missing` says so where no model is named."""
    parser = argparse.ArgumentParser(prog="comity bench wording", description=__doc__)
    parser.add_argument("--advisories", default="../shared/data/advisories")
    parser.add_argument("--assets", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--weights", type=Path, help="file of the small model, served on this machine meanwhile")
    parser.add_argument("--timeout", type=int, default=600, help="seconds for one attempt of the small model")
    options = parser.parse_args(args)
    with ExitStack() as held:
        if options.weights:
            place = Endpoint(
                address=held.enter_context(answering(options.weights)),
                model=options.weights.name,
                timeout=timedelta(seconds=options.timeout),
            )
        else:
            named = endpoint(load())
            if named is None:
                return {"model": None, "missing": [NO_MODEL]}
            place = named
        statements = read_statements(Path(options.advisories) / "pypa.jsonl.gz")
        built = index(statements, feeds=(Feed(ecosystem="PyPI", source="pypa", as_of=AT - timedelta(days=1)),))
        draw = random.Random(options.seed)  # noqa: S311  a seeded draw, nothing secret
        tables: Tables = {packs.BOD_26_04: packs.shipped_table(packs.BOD_26_04)}
        began = time.monotonic()
        tags = tagger(place)
        plans = planner(place, islice(Estate(built, draw).assets(tables), options.assets), tables)
        return {
            "model": place.model,
            "planner": plans,
            "tagger": tags,
            "seconds": round(time.monotonic() - began, 1),
            "seed": options.seed,
            "missing": [],
        }


def table(result: dict[str, Any]) -> str:
    """The same figures for people."""
    if result["model"] is None:
        return "\n".join(result["missing"])
    plan, tag = result["planner"], result["tagger"]
    lines = [
        f"model {result['model']}, {result['seconds']:,} s",
        f"plans worded by the model    {plan['worded']:>4} of {plan['plans']} (the others stand as the template)",
        f"questions answered and held  {plan['held']:>4} of {plan['questions']}",
        f"exposure proposals           {tag['proposed']:>4} of {tag['cases']} (open: {tag['open']})",
    ]
    for task, row in (("planner", plan), ("tagger", tag)):
        lines += [f"{task}: attempt ended {why:<16} {count:>4}" for why, count in row["attempts"].items()]
    lines += [f"worded: {text}" for text in plan["sample"]]
    lines += [f"proposed: {text}" for text in tag["sample"]]
    return "\n".join(lines)


def planner(place: Endpoint, assets: Iterable[EvidencePack], tables: Tables) -> dict[str, Any]:
    """Each asset's plan, asked for once."""
    plans = worded = 0
    asked: list[Asked] = []
    sample: list[str] = []
    for held in assets:
        _told(f"plan {plans + 1}")
        plan = compose(held, tables)
        made = reworded(place, plan, held, tables)
        plans += 1
        asked += made.asked
        if made.plan.worded_by:
            worded += 1
            templates = {one.text for one in plan.sentences}
            sample += [one.text for one in made.plan.sentences if one.text not in templates]
    return {"plans": plans, "worded": worded, "sample": sample[:20], **_asked(asked)}


def open_cases() -> Iterator[tuple[Fact, ...]]:
    """Facts of one, two or three kinds from which the rules propose nothing: what the tagger is asked about."""
    for size in (1, 2, 3):
        for kinds in combinations(tagging.KINDS, size):
            facts = tuple(
                Fact(kind=kind, value=VALUES[kind], source="bench", at=AT, expires_at=AT + timedelta(days=1))
                for kind in kinds
            )
            if tagging.propose(facts, at=AT).is_open:
                yield facts


def tagger(place: Endpoint) -> dict[str, Any]:
    """Each open case, asked about once."""
    cases = list(open_cases())
    asked: list[Asked] = []
    found: list[str] = []
    for number, facts in enumerate(cases, 1):
        _told(f"exposure {number} of {len(cases)}")
        proposal, one = judged(place, facts, AT)
        asked.append(one)
        if proposal is not None and not proposal.is_open:
            found.append(f"{', '.join(fact.kind for fact in facts)} -> {proposal.value}")
    proposed = len(found)
    return {
        "cases": len(cases),
        "proposed": proposed,
        "open": len(cases) - proposed,
        "sample": found,
        **_asked(asked),
    }


def _told(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _asked(asked: list[Asked]) -> dict[str, Any]:
    attempts = Counter(word for one in asked for word in one.attempts)
    return {
        "questions": len(asked),
        "held": sum(one.why is None for one in asked),
        "attempts": dict(sorted(attempts.items())),
        "input_tokens": sum(one.input_tokens or 0 for one in asked),
        "output_tokens": sum(one.output_tokens or 0 for one in asked),
    }
