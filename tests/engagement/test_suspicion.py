"""A tripwire is a suspicion until two persons decide; a failed call is the endpoint's, and they are counted."""

from dataclasses import replace

import httpx
import pytest

from comity.assess.flow_measure import decided, suspicion
from comity.assess.treat import TREATMENTS, Outcome
from comity.errors import Conflict, Forbidden
from comity.evals.challenge import Attempt
from comity.model.engagement import State
from comity.store import engagement_calls, engagements
from tests.engagement.hosts import Host

RUN = Attempt(
    key="item~0.0", item="item", stage=0, retry=0, outcome="solved", tokens=9, input_tokens=5, output_tokens=4,
    seconds=1.0, turns=1,
)  # fmt: skip
WIRED = replace(RUN, key="other~0.0", outcome="suspected", under="solved")


def test_a_suspicion_is_read_in_every_way_a_cheat_is():
    for treatment in TREATMENTS:
        assert treatment.score(Outcome.SUSPECTED) is treatment.score(Outcome.CHEATED)
    assert {treatment.score(Outcome.SUSPECTED) for treatment in TREATMENTS} == {True, False, None}


def flagged(here: Host):
    id_ = here.at(State.CLOSED)
    here.do("otto", id_, "flag", flag=suspicion(2), about="a tripwire fired; the run is suspected")
    return id_


def record(here: Host, id_):
    from comity.assess import flow

    with here.machines.store.read() as tx:
        return engagements.get(tx, here.machines.custody, id_, flow.FLOW)


@pytest.mark.parametrize(("act", "joint", "becomes"), [
    ("confirm", "confirm a cheat flag", "cheated"),
    ("overrule", "overrule a misfit or cheat flag", "solved"),
])  # fmt: skip
def test_only_two_persons_decide_what_a_suspected_run_was(here: Host, act, joint, becomes):
    id_ = flagged(here)
    assert [one.outcome for one in decided([RUN, WIRED], record(here, id_))] == ["solved", "suspected"]
    here.do("dana", id_, "agree", act=joint, subject=suspicion(2))
    with pytest.raises(Forbidden, match="two persons"):
        here.do("dana", id_, act, flag=suspicion(2), reason="We looked at the transcript.")
    here.do("aude", id_, "agree", act=joint, subject=suspicion(2))
    here.do("dana", id_, act, flag=suspicion(2), reason="We looked at the transcript.")
    made = decided([RUN, WIRED], record(here, id_))
    assert [one.outcome for one in made] == ["solved", becomes]
    assert "two persons" in made[1].note
    other = "overrule" if act == "confirm" else "confirm"
    with pytest.raises(Conflict, match="decided"):
        here.do("dana", id_, other, flag=suspicion(2), reason="The other way round.")


def test_the_page_says_that_nobody_has_decided(here: Host):
    id_ = flagged(here)
    (flag,) = here.view("dora", id_).parts["flags"]
    assert flag["word"] == "two persons have not decided"


def endless(_: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("nothing came")


def test_calls_that_carry_no_bytes_count_and_at_last_close_the_window(here: Host):
    id_ = here.enquiry()
    here.to_terms(id_)
    here.to_agreed(id_, failed_calls="3")
    here.to_frozen(id_)
    here.do("dora", id_, "open")
    secret = here.do("otto", id_, "key").secret
    here.model.handle_request = endless  # type: ignore[method-assign]  # the endpoint is gone
    codes = [here.call(secret).code for _ in range(3)]
    assert codes == ["endpoint_failed"] * 2 + ["endpoint_failed"]
    assert here.state(id_) is State.CLOSED
    assert here.view("dora", id_).parts["progress"]["ended_because"].startswith("the endpoint failed")
    assert here.call(secret).code == "invalid_api_key"
    with here.machines.store.read() as tx:
        assert engagement_calls.spent(tx, id_).tokens == 0
