"""Canaries: each recipient's copy is told apart and found again in a text from outside, and no more is claimed."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.clearing import canaries
from comity.clearing.desk_canaries import Canaries
from comity.errors import Forbidden, TooLarge
from comity.mail import outbox
from comity.model.coordination import Part, Tier
from comity.model.ids import ALPHABET, CaseId
from comity.store import journal, letters
from tests.coordinate.hosts import ADA, DISTRO, GRACE, VENDOR, Host, finding, host
from tests.mail.conftest import SENDER


@pytest.fixture(scope="module")
def comity(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with host(tmp_path_factory.mktemp("host"), mail_from=SENDER, mail_clear_limit="RED") as running:
        yield running


@pytest.fixture(scope="module")
def case(comity: Host) -> CaseId:
    return comity.case_of(finding())


@pytest.fixture(scope="module")
def seats(comity: Host, case: CaseId) -> dict[str, str]:
    """A maintainer and a distributor who agreed to the embargo."""
    made = {}
    for viewer, part, more in (
        (VENDOR, Part.MAINTAINER, {"contact": "security@project.example"}),
        (DISTRO, Part.DISTRIBUTOR, {}),
    ):
        name = str(viewer.person).title()
        made[name] = comity.desk.read_in(
            ADA, case, name=name, part=part, why="ships it", login=str(viewer.person), **more
        )
        assert comity.desk.seat(viewer, made[name]).reference == "", "an invitation shows nothing, so it marks nothing"
        comity.desk.agree(viewer, made[name])
    return made


@pytest.fixture
def desk(comity: Host) -> Canaries:
    return Canaries(machines=comity.machines)


def test_each_recipient_has_a_reference_of_their_own_that_does_not_change(comity, seats):
    vendor, distro = comity.desk.seat(VENDOR, seats["Vendor"]), comity.desk.seat(DISTRO, seats["Distro"])
    assert vendor.reference != distro.reference
    assert comity.desk.seat(VENDOR, seats["Vendor"]).reference == vendor.reference
    assert (vendor.tier, distro.tier) == (Tier.ZERO, Tier.TWO)


def test_a_text_that_was_quoted_broken_and_retyped_names_the_copy_it_was_made_from(comity, seats, desk, case):
    mark = comity.desk.seat(DISTRO, seats["Distro"]).reference
    retyped = mark.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    text = f"> they say it is fixed on Friday\n> Copy {retyped[:6]}\n> {retyped[6:]}\n".encode()
    found = desk.look(ADA, text)
    (copy,) = found.copies
    assert (copy.case, copy.name, copy.part, copy.tier, copy.reference) == (case, "Distro", "distributor", "2", mark)
    assert "does not say who passed it on" in found.says


def test_a_hit_is_logged_once_with_the_digest_of_the_text_and_the_journal_names_nobody(comity, seats, desk, case):
    mark = comity.desk.seat(VENDOR, seats["Vendor"]).reference
    for _ in range(2):
        found = desk.look(GRACE, f"a post with {mark}".encode())
    lines = [one for one in comity.desk.view(ADA, case).held.log if one.act == "canary" and "Vendor" in one.told]
    assert [(one.by, one.why) for one in lines] == [("Grace", f"text with SHA-256 {found.sha256}")]
    with comity.machines.store.read() as tx:
        told = json.dumps([dict(e.event.facts) for e in journal.about(tx, case)])
    assert mark not in told
    assert "Vendor" not in told


def test_the_letter_to_a_maintainer_carries_the_reference_of_its_reader(comity, seats, desk, case):
    assert comity.desk.write_maintainer(ADA, case, seats["Vendor"]) == "the report"
    with comity.machines.store.read() as tx:
        (sent,) = [slip for slip in outbox.of(tx, seats["Vendor"]) if slip.purpose == "report to a maintainer"]
        every = [letters._open(tx, row) for row in tx.connection.execute(letters.letters.select())]
    (letter,) = [one for one in every if one.purpose == sent.purpose]
    assert letter.text.count("Its reference is") == 1
    assert [copy.name for copy in desk.look(ADA, letter.text.encode()).copies] == ["Vendor"]


def test_a_text_without_a_reference_says_nothing_for_or_against_anybody(desk, seats):
    found = desk.look(ADA, b"the full loader builds any object\n" * 50)
    assert found.copies == found.shelves == ()
    assert "left out" in found.says


def test_a_case_that_a_coordinator_does_not_see_is_not_told_by_its_references(comity, seats, desk, case):
    mark = comity.desk.seat(VENDOR, seats["Vendor"]).reference
    comity.desk.withhold(ADA, case, withheld=True, why="a member of the host is concerned")
    assert desk.look(GRACE, mark.encode()).copies == ()
    assert [one.name for one in desk.look(ADA, mark.encode()).copies] == ["Vendor"]
    comity.desk.withhold(ADA, case, withheld=False, why="over")


def test_a_copy_of_somebody_whose_read_in_ended_is_known_still(comity, desk):
    case = comity.case_of(finding())
    seat = comity.desk.read_in(ADA, case, name="Left", part=Part.MAINTAINER, why="owned it", login="vendor")
    comity.desk.agree(VENDOR, seat)
    mark = comity.desk.seat(VENDOR, seat).reference
    comity.desk.read_out(ADA, case, seat, why="left the project")
    assert [one.name for one in desk.look(ADA, mark.encode()).copies] == ["Left"]


def test_only_coordinators_ask_and_only_about_a_text_that_can_be_read(desk):
    with pytest.raises(Forbidden):
        desk.look(VENDOR, b"x")
    with pytest.raises(TooLarge):
        desk.look(ADA, b"x" * (canaries.TEXT_LIMIT + 1))


def test_no_reference_lies_in_the_store(comity, seats):
    mark = comity.desk.seat(VENDOR, seats["Vendor"]).reference
    for path in Path(comity.machines.settings.data).rglob("*"):
        if path.is_file():
            assert mark.encode() not in path.read_bytes()


@given(st.text(alphabet=ALPHABET, min_size=12, max_size=12), st.text(max_size=40), st.text(max_size=40))
def test_a_reference_is_found_wherever_it_stands_in_a_text(mark: str, before: str, after: str):
    assert mark in canaries.in_text(f"{before}\n{mark[:4]}-{mark[4:8]}\n> {mark[8:]}{after}".encode())


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=30, max_size=30))
def test_an_entry_of_a_shelf_is_found_in_base64_and_in_hex(name: bytes, rest: bytes):
    for told in (base64.b64encode(name + rest), (name + rest).hex().encode(), name.hex().upper().encode()):
        assert canaries.is_named([name], canaries.tokens(b'["' + told + b'"]')) == 1
    assert canaries.is_named([name], canaries.tokens(rest.hex().encode())) == (name.hex() in rest.hex())
