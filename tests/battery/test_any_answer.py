"""Whatever JSON or bytes an answer holds, a grader says "not solved" and never fails."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comity.assess.battery import grading
from comity.assess.battery.families import FAMILIES, generate
from comity.assess.battery.task import Item, Side

ITEMS = {name: generate(name, 41) for name in FAMILIES}
FIELDS = (
    *(
        "answers",
        "route",
        "cut",
        "rules",
        "remove",
        "marks",
        "at",
        "input",
        "line",
        "cases",
        "expect",
        "commit",
        "trigger",
    ),
    *("account", "hosts", "first", "then", "within", "kind", "port", "step", "tainted", "recompute", "link", "sources"),
    *("stamped", "builders", "builder", "role", "since", "until", "do", "token", "of", "id", "code", "from", "field"),
)
SIDES = [
    (name, side) for name in sorted(FAMILIES) for side in Side if ITEMS[name].tasks[side].slots[0].name.endswith("json")
]


def leaves(item: Item) -> st.SearchStrategy[object]:
    """Plain values, among them what the public files hold: names, ids, numbers."""
    words = sorted({word for content in item.public.values() for word in content.decode(errors="replace").split()})
    seen = st.sampled_from([word.strip('",:[]{}') for word in words[:400]])
    return (
        st.none()
        | st.booleans()
        | st.integers(-(2**60), 2**60)
        | st.floats(allow_nan=False)
        | seen
        | st.text(max_size=8)
    )


def documents(item: Item) -> st.SearchStrategy[object]:
    return st.recursive(
        leaves(item),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6),
        max_leaves=16,
    )


@pytest.mark.parametrize(("name", "side"), SIDES)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_json_is_graded_and_none_is_a_solve_but_a_true_one(name, side, data):
    item = ITEMS[name]
    slot = item.tasks[side].slots[0].name
    wanted = sorted(json.loads(item.tasks[side].reference[slot])) if name != "webapp" else []
    inner = documents(item)
    whole = (
        st.fixed_dictionaries({one: inner | st.lists(inner, max_size=4) for one in wanted})
        if wanted
        else st.lists(inner)
    )
    answer = data.draw(inner | whole)
    graded = grading.at_once(item, side, {slot: json.dumps(answer).encode()})
    if graded.solved:  # one rule out of some fifty: a guess may hit a real fix, and then it is one of the smallest
        assert (name, side) == ("permissions", Side.DEFENCE)
        assert isinstance(answer, dict)
        assert len(set(answer["remove"])) == len(json.loads(item.tasks[side].reference[slot])["remove"])


@pytest.mark.parametrize("name", sorted(FAMILIES))
@pytest.mark.parametrize("side", list(Side))
@settings(max_examples=20, deadline=None)
@given(content=st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_planned_or_refused(name, side, content):
    item = ITEMS[name]
    planned = grading.prepare(item, side, {item.tasks[side].slots[0].name: content})
    if isinstance(planned, grading.Graded):
        assert not planned.solved
    elif not planned.runs:
        assert not grading.decide(item, side, planned, ()).solved
