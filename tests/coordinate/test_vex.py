"""A maintainer's VEX at the counter: bound, approved with the draft, published under their name, lapsing in sight."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from comity.clearing import supplier_vex
from comity.clearing.desk_coordination import Wish
from comity.errors import Conflict, Forbidden, Invalid, Missing
from comity.formats import csaf_vex
from comity.formats.listings import cyclonedx
from comity.formats.openvex import read as read_openvex
from comity.formats.parse import decode
from comity.formats.vex_supplier import edition_of
from comity.model.case import Stage
from comity.model.coordination import Coordination, Part
from comity.model.ids import CaseId
from comity.model.inventory import Vex, VexStatus
from comity.model.party import ANONYMOUS
from comity.model.supplier import Stated
from comity.store import journal, published
from tests.coordinate.hosts import ADA, DISTRO, FINDER, GRACE, RIVAL, VENDOR, Host, finding, host

YAML = "pkg:pypi/pyyaml"
HOME = "https://yaml.example"
WHY = "No caller can reach the loader in this release."


@pytest.fixture(scope="module")
def comity(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with host(tmp_path_factory.mktemp("host")) as running:
        yield running


@pytest.fixture
def case(comity: Host) -> CaseId:
    comity.wait(timedelta(days=400))  # whatever an earlier test read in has ended by itself
    return comity.case_of(finding())


@pytest.fixture
def seat(comity: Host, case: CaseId) -> str:
    made = comity.desk.read_in(ADA, case, name="YAML people", part=Part.MAINTAINER, why="owns it", login="vendor")
    comity.desk.agree(VENDOR, made)
    return made


def wish(status: VexStatus = VexStatus.NOT_AFFECTED, version: str = "5.3", **more: str) -> Wish:
    words = {"detail": WHY, "product": YAML, "version": version, "namespace": HOME} | more
    return Wish(status=status, **words)


def say(comity: Host, seat: str, *, status: VexStatus = VexStatus.NOT_AFFECTED, **more: str) -> str:
    return comity.desk.state_vex(VENDOR, seat, wish(status, **more))


def approved(comity: Host, case: CaseId) -> None:
    for viewer in (ADA, GRACE):
        comity.clearing.approve(viewer, case, comity.clearing.case(viewer, case).case.draft)


def publish(comity: Host, case: CaseId) -> None:
    approved(comity, case)
    comity.clearing.publish(ADA, case)
    comity.desk.end(ADA, case, why="the fix is out")
    assert comity.run_flows(case)


def files(comity: Host, case: CaseId) -> dict[str, bytes]:
    with comity.machines.store.read() as tx:
        (advisory,) = published.of_case(tx, case, ANONYMOUS)
        found = published.files(tx, advisory.id, ANONYMOUS)
    return {one.name: one.data for one in found if edition_of(one.name) and not one.name.endswith(".seal.json")}


def states(comity: Host, seat: str) -> list[str]:
    vex = comity.desk.seat(VENDOR, seat).vex
    assert vex is not None
    return [line.state for line in vex.lines]


def meant(statements: tuple[Vex, ...]) -> list[tuple[str, VexStatus, str, str]]:
    return [(one.author, one.status, one.version or one.versions, one.detail) for one in statements]


def test_a_statement_joins_the_draft_and_goes_out_under_the_maintainers_name_in_each_format(comity, case, seat):
    before = comity.clearing.case(ADA, case).case.draft
    say(comity, seat)
    view = comity.clearing.case(ADA, case)
    assert view.case.draft != before
    assert "pkg:pypi/pyyaml@5.3 not affected" in view.draft.evidence
    assert states(comity, seat) == ["in the draft"]
    publish(comity, case)
    found = files(comity, case)
    assert sorted(edition_of(name) for name in found) == [(1, 1)] * 4
    wanted = [("YAML people", VexStatus.NOT_AFFECTED, "5.3", WHY)]
    by_end = {name.partition(".v1.")[2]: data for name, data in found.items()}
    assert meant(csaf_vex.read(by_end["csaf-vex.json"]).statements) == wanted
    assert meant(csaf_vex.read(by_end["csaf-vex-2.1.json"]).statements) == wanted
    assert meant(read_openvex(by_end["openvex.json"]).statements) == wanted
    assert meant(cyclonedx.read(decode(by_end["vex.cdx.json"])).statements)[0][1:3] == wanted[0][1:3]
    publisher = json.loads(by_end["csaf-vex.json"])["document"]["publisher"]
    assert publisher == {"category": "vendor", "name": "YAML people", "namespace": HOME}
    assert states(comity, seat)[0].startswith("out since")


def test_what_stands_against_a_reproduction_leaves_the_verdict_and_says_that_both_stand(comity, case, seat):
    say(comity, seat)
    view = comity.clearing.case(ADA, case)
    assert view.stated[0].is_against
    assert view.draft.evidence.startswith("Reproduced (")
    assert "both stand" in view.draft.evidence
    publish(comity, case)
    with comity.machines.store.read() as tx:
        (advisory,) = published.of_case(tx, case, ANONYMOUS)
        own = [f.data for f in published.files(tx, advisory.id, ANONYMOUS) if f.name.endswith(".csaf-vex.json")]
    assert {one.status for data in own for one in csaf_vex.read(data).statements if one.version == "5.3"} == {
        VexStatus.AFFECTED,
        VexStatus.NOT_AFFECTED,
    }


def test_a_statement_outside_of_what_was_reproduced_stands_against_nothing(comity, case, seat):
    say(comity, seat, status=VexStatus.FIXED, version="5.4", detail="")
    assert not comity.clearing.case(ADA, case).stated[0].is_against
    say(comity, seat, version="", versions="vers:pypi/>=5.0|<5.2")
    assert comity.clearing.case(ADA, case).stated[1].is_against


def test_who_approves_the_draft_approves_exactly_these_statements(comity, case, seat):
    say(comity, seat, detail="One reason.")
    first = comity.clearing.case(ADA, case).case.draft
    comity.clearing.approve(ADA, case, first)
    say(comity, seat, detail="Another reason.")
    assert comity.clearing.case(ADA, case).case.draft == first  # it waits: nobody's approval is taken away
    assert states(comity, seat)[1].startswith("waits")
    comity.desk.take_vex(GRACE, case)
    view = comity.clearing.case(ADA, case)
    assert view.case.draft != first
    with pytest.raises(Conflict):
        comity.clearing.approve(GRACE, case, first)
    assert [line.state for line in view.stated] == [
        f"superseded by {view.stated[1].id} before it went out",
        "in the draft",
    ]
    with pytest.raises(Conflict):
        comity.desk.take_vex(GRACE, case)


def test_a_statement_after_the_release_waits_and_the_release_holds(comity, case, seat):
    approved(comity, case)
    comity.clearing.publish(ADA, case)
    say(comity, seat)
    assert comity.clearing.case(ADA, case).case.stage is Stage.READY
    comity.desk.take_vex(ADA, case)
    held = comity.clearing.case(ADA, case).case
    assert held.stage is Stage.COORDINATING
    comity.desk.end(ADA, case, why="the fix is out")
    assert not comity.run_flows(case)  # what nobody approved is not published
    assert comity.clearing.case(ADA, case).case.stage is Stage.COORDINATING


def test_after_publication_a_statement_is_a_new_edition_that_two_people_approve_and_the_old_one_lapses(
    comity, case, seat
):
    say(comity, seat)
    publish(comity, case)
    first = files(comity, case)
    comity.wait(timedelta(days=2))
    say(comity, seat, status=VexStatus.AFFECTED, detail="Update to 5.4.")
    assert files(comity, case) == first  # nothing goes out by saying it
    with pytest.raises(Conflict):
        comity.clearing.publish(ADA, case)
    assert comity.clearing.case(ADA, case).is_revised
    approved(comity, case)
    assert comity.clearing.publish(ADA, case).endswith("revision 2")
    now = files(comity, case)
    assert first.items() < now.items()  # the first edition is there, byte by byte
    (name,) = (one for one in now if one.endswith(".v2.csaf-vex.json"))
    tracking = json.loads(now[name])["document"]["tracking"]
    assert (tracking["version"], len(tracking["revision_history"])) == ("2", 2)
    assert states(comity, seat)[0].startswith("lapsed: superseded by V-")
    assert "edition 2" in states(comity, seat)[1]
    with comity.machines.store.read() as tx:
        (advisory,) = published.of_case(tx, case, ANONYMOUS)
        keys = [e.event.key for e in journal.about(tx, case) if e.event.kind == "advisory.published"]
    assert [one.number for one in advisory.revisions] == ["1", "2"]
    assert advisory.modified_at > advisory.published_at
    assert "not affected" not in advisory.evidence
    assert keys == [f"published:{case}", f"published:{case}:2"]
    with pytest.raises(Conflict):
        comity.clearing.publish(ADA, case)


def test_a_statement_is_taken_back_until_it_went_out_even_from_an_approved_draft(comity, case, seat):
    name = say(comity, seat)
    approved(comity, case)
    comity.desk.take_vex_back(VENDOR, seat, name)
    view = comity.clearing.case(ADA, case)
    assert "maintainer" not in view.draft.evidence
    assert not any(one.draft == view.case.draft for one in view.case.approvals)
    name = say(comity, seat)
    publish(comity, case)
    with pytest.raises(Conflict):
        comity.desk.take_vex_back(VENDOR, seat, name)


def test_a_later_range_supersedes_what_it_covers_and_contradicts_nothing_that_still_stands(comity, case, seat):
    say(comity, seat, status=VexStatus.AFFECTED, version="5.3")
    say(comity, seat, status=VexStatus.FIXED, version="5.4")
    say(comity, seat, version="", versions="vers:pypi/>=5.3|<5.4.1", status=VexStatus.AFFECTED, detail="Update.")
    assert len([one for one in states(comity, seat) if one == "in the draft"]) == 1
    with pytest.raises(Invalid) as refused:
        say(comity, seat, version="5.3.6")
    assert refused.value.problems[0].code == "says_otherwise"
    say(comity, seat, version="", versions="vers:pypi/>=5.0|<6", status=VexStatus.UNDER_INVESTIGATION)
    assert len([one for one in states(comity, seat) if one == "in the draft"]) == 1


REFUSED = (
    ({"version": ""}, "/version"),
    ({"versions": "vers:pypi/<5.4"}, "/version"),
    ({"version": "*"}, "/version"),
    ({"version": "", "versions": "vers:pypi/*"}, "/versions"),
    ({"version": "", "versions": "vers:pypi/>=0"}, "/versions"),
    ({"version": "", "versions": "vers:npm/<5.4"}, "/versions"),
    ({"version": "", "versions": "all"}, "/versions"),
    ({"version": "", "versions": "vers:pypi/" + "|".join(f"={number}" for number in range(1, 42))}, "/versions"),
    ({"version": "", "versions": "vers:pypi/>=1|<2" + "0" * 1000}, "/versions"),
    ({"product": "pkg:pypi/other"}, "/product"),
    ({"detail": ""}, "/justification"),
    ({"justification": "because_we_say_so"}, "/justification"),
    ({"detail": "Write to someone@example.org about it."}, "/detail"),
    ({"namespace": ""}, "/namespace"),
    ({"namespace": "javascript:alert(1)"}, "/namespace"),
    ({"status": VexStatus.AFFECTED, "detail": ""}, "/detail"),
    ({"status": VexStatus.FIXED, "justification": "component_not_present"}, "/justification"),
)


def test_what_binds_nothing_or_has_no_reason_or_no_author_is_refused_and_kept_nowhere(comity, case, seat):
    name, address = comity.machines.host.name, comity.machines.host.namespace
    ours = (
        ({"author": name}, "/author"),
        ({"author": name.upper().replace(" ", "  ").replace("O", "\uff2f")}, "/author"),
        ({"namespace": f"{address}/vex"}, "/namespace"),
    )
    for words, pointer in (*REFUSED, *ours):
        with pytest.raises(Invalid) as refused:
            say(comity, seat, **words)
        assert pointer in {one.pointer for one in refused.value.problems}, words
    assert states(comity, seat) == []


def test_only_a_seated_maintainer_who_agreed_states_and_nobody_else_reads_it(comity, case):
    seat = comity.desk.read_in(ADA, case, name="YAML people", part=Part.MAINTAINER, why="owns it", login="vendor")
    with pytest.raises(Conflict):
        say(comity, seat)
    comity.desk.agree(VENDOR, seat)
    far = comity.desk.read_in(ADA, case, name="Distro", part=Part.DISTRIBUTOR, why="ships it", login="distro")
    comity.desk.agree(DISTRO, far)
    secret = "Words that only the case may know."
    say(comity, seat, detail=secret)
    with pytest.raises(Forbidden):
        comity.desk.state_vex(DISTRO, far, wish())
    with pytest.raises(Missing):
        comity.desk.state_vex(RIVAL, seat, wish())
    own = next(one.id for one in comity.desk.view(ADA, case).held.participants if one.person == FINDER.person)
    for viewer, name in ((FINDER, own), (DISTRO, far)):
        assert secret not in repr(comity.desk.seat(viewer, name))
        assert comity.desk.seat(viewer, name).vex is None
    assert secret in repr(comity.clearing.case(ADA, case).stated)
    with comity.machines.store.read() as tx:
        assert secret not in repr([entry.event for entry in journal.about(tx, case)])
    rest = [p.read_bytes() for p in comity.machines.settings.data.rglob("*") if p.is_file()]
    assert not any(secret.encode() in data for data in rest)


def test_all_that_a_seat_may_state_is_compared_in_little_time():
    texts = [f"vers:pypi/{'|'.join(f'>={n}.{place}|<{n}.{place}.1' for place in range(20))}" for n in range(1, 41)]
    said = [wish(version="", versions=text) for text in texts for _ in range(10)]
    made = tuple(
        Stated(
            id=f"S-{place}",
            seat="P-1",
            person=VENDOR.person,
            namespace=HOME,
            said=Vex(
                vulnerability="",
                status=one.status,
                ecosystem="PyPI",
                name="pyyaml",
                version="",
                versions=one.versions,
                said_at=datetime(2026, 11, 1, tzinfo=UTC),
            ),
        )
        for place, one in enumerate(said)
    )
    held = Coordination(case=CaseId("C-1"), began_at=made[0].said.said_at, statements=made)
    began = time.process_time()
    assert len(supplier_vex.standing(held, "P-1")) == 40
    assert time.process_time() - began < 8
