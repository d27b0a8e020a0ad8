"""Contact discovery: what files say is proposed, where was looked is kept, and nobody is written to unconfirmed.

Files here are written for the tests in the shapes of RFC 9116, of usual SECURITY.md pages, and of the CVE Program's
CNAsList.json (field names of November 2025).
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.clearing import contacts, desk_acts, flow_contacts
from comity.clearing.contacts import Place, Wanted
from comity.errors import Conflict, Forbidden, Invalid, Missing
from comity.formats import cna_list, security_txt
from comity.model.contact import Origin, Standing, Way
from comity.model.coordination import Part
from comity.model.product import Affected
from comity.store import journal
from tests.coordinate.hosts import ADA, FINDER, RIVAL, VENDOR, Host, finding, host
from tests.feeds.site import Page, site
from tests.mail.conftest import SENDER

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
TXT = b"""# Our policy is short.
Contact: mailto:security%2Bweb@project.example?subject=hello
contact: https://project.example/report
Expires: 2027-01-31T18:37:07z
Preferred-Languages: en, pt-BR
Encryption: https://project.example/key.txt
Canonical: https://project.example/.well-known/security.txt
Policy: https://project.example/policy
Hiring: https://project.example/jobs
"""
MD = b"""# Security

Please **do not** open an issue. Write to <security@project.example>, or use
[the form](https://code.example/team/thing/security/advisories/new).
Clone it with git@code.example:team/thing.git, and read https://project.example/docs/start first.
"""
CNAS = [
    {
        "shortName": "thing",
        "cnaID": "CNA-2020-0001",
        "organizationName": "Thing Works",
        "scope": "All products of Thing Works, and WidgetServer.",
        "contact": [
            {
                "email": [{"label": "Email", "emailAddr": "psirt@thing.example"}],
                "contact": [],
                "form": [{"label": "Form", "url": "https://thing.example/psirt"}],
            }
        ],
        "disclosurePolicy": [{"label": "Policy", "language": "", "url": "https://thing.example/policy"}],
    },
    {"organizationName": "No Contact Here"},
]
WELL_KNOWN = "/.well-known/security.txt"
PLAIN = {"/.well-known/tdmrep.json": Page(status=404)}


# The files ----------------------------------------------------------------------------------------------------------


def test_a_security_txt_is_read_as_the_rfc_has_it():
    held = security_txt.read(TXT)
    assert held.contacts == (
        "mailto:security%2Bweb@project.example?subject=hello",
        "https://project.example/report",
    )
    assert held.expires == datetime(2027, 1, 31, 18, 37, 7, tzinfo=UTC)
    assert held.languages == ("en", "pt-BR")
    assert held.encryption == ("https://project.example/key.txt",)
    assert held.policy == ("https://project.example/policy",)
    assert not held.signed
    assert not held.problems
    assert security_txt.read(TXT.replace(b"\n", b"\r\n")) == held


def test_of_a_signed_file_only_what_is_under_the_signature_counts_and_the_signature_is_noted():
    signed = (
        b"Contact: mailto:nobody@elsewhere.example\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n"
        b"- -- our contacts\nContact: mailto:security@project.example\nExpires: 2027-01-31T00:00:00Z\n"
        b"-----BEGIN PGP SIGNATURE-----\n\niHUE\n-----END PGP SIGNATURE-----\nContact: mailto:late@elsewhere.example\n"
    )
    held = security_txt.read(signed)
    assert held.signed
    assert held.contacts == ("mailto:security@project.example",)
    assert [problem.pointer for problem in held.problems] == ["/line/5"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"Contact: http://project.example/report", "bad_address"),
        (b"Contact: security@project.example", "bad_address"),
        (b"Expires: 2027-02-01T00:00:00Z", "repeated_field"),
        (b"Preferred-Languages: de", "repeated_field"),
        (b"just words", "bad_line"),
    ],
)
def test_each_line_that_breaks_the_rfc_is_a_problem_with_its_line(line, code):
    held = security_txt.read(TXT + line + b"\n")
    assert [(problem.pointer, problem.code) for problem in held.problems] == [("/line/10", code)]
    assert len(held.contacts) == 2


def test_a_file_without_contact_and_date_says_so_and_a_page_of_the_web_is_none():
    assert {problem.reason[:11] for problem in security_txt.read(b"# nothing\n").problems} == {"there is no"}
    for bad in (b"<!doctype html><p>404", b"\xff\xfe", b"x" * (security_txt.LIMIT_BYTES + 1)):
        with pytest.raises(Invalid):
            security_txt.read(bad)


@given(st.binary(max_size=400) | st.text(max_size=300).map(lambda text: f"Contact: {text}\nExpires: {text}".encode()))
def test_no_bytes_break_the_readers(data):
    for place in (
        Place(Origin.SECURITY_TXT, "https://a.example/x", "site"),
        Place(Origin.SECURITY_MD, "https://a.example/y", "r"),
    ):
        found, told = contacts.read(place, data, final=place.address, now=NOW)
        assert told.isprintable()
        assert all(one.address.isprintable() and one.quote.isprintable() for one in found)


def test_what_speaks_against_a_file_stands_beside_its_proposals():
    place = Place(Origin.SECURITY_TXT, "https://project.example" + WELL_KNOWN, "site")
    (mail, page), _ = contacts.read(place, TXT, final=place.address, now=NOW)
    assert (mail.way, mail.address, mail.doubts) == (Way.MAIL, "security+web@project.example", ())
    assert (page.way, page.key_at) == (Way.PAGE, "https://project.example/key.txt")
    (mail, _), _ = contacts.read(
        place, TXT, final="https://elsewhere.example/security.txt", now=datetime(2028, 1, 1, tzinfo=UTC)
    )
    assert len(mail.doubts) == 3  # another host, past its date, another address as its own


def test_of_a_security_md_come_mail_addresses_and_links_that_speak_of_security():
    place = Place(Origin.SECURITY_MD, "https://code.example/team/thing/raw/HEAD/SECURITY.md", "repository")
    found, told = contacts.read(place, MD, final=place.address, now=NOW)
    assert [(one.way, one.address) for one in found] == [
        (Way.MAIL, "security@project.example"),
        (Way.PAGE, "https://code.example/team/thing/security/advisories/new"),
    ]
    assert told == "read: 2 proposals"


def test_the_list_of_cnas_is_searched_by_name_then_by_a_word_of_a_scope_and_never_by_part_of_a_word():
    authorities, lost = cna_list.read(json.dumps(CNAS).encode())
    assert lost == 1
    assert [one.doubts for one in contacts.listed(authorities, "thing  works", now=NOW)] == [(), ()]
    (mail, page) = contacts.listed(authorities, "WidgetServer", now=NOW)
    assert (mail.address, page.address) == ("psirt@thing.example", "https://thing.example/psirt")
    assert "read whether" in mail.doubts[0]
    assert not contacts.listed(authorities, "Widget", now=NOW)
    assert not contacts.listed(authorities, "all", now=NOW)  # three letters: only a whole name
    with pytest.raises(Invalid):
        cna_list.read(b'[{"name": "x"}]')


def test_a_repository_is_looked_for_where_its_code_host_keeps_files():
    found = [one.address for one in contacts.places(Wanted(repository="https://github.com/team/thing.git"))]
    assert found[0] == "https://raw.githubusercontent.com/team/thing/HEAD/SECURITY.md"
    assert found[-1] == "https://raw.githubusercontent.com/team/.github/HEAD/SECURITY.md"
    (first, *_) = contacts.places(Wanted(repository="code.example/team/thing"))
    assert first.address == "https://code.example/team/thing/raw/HEAD/SECURITY.md"
    with pytest.raises(Invalid) as refused:
        contacts.places(Wanted(site="http://project.example", repository="https://github.com/team"))
    assert [problem.pointer for problem in refused.value.problems] == ["/site", "/repository"]
    with pytest.raises(Invalid):
        contacts.places(Wanted())


def test_a_case_suggests_the_repository_that_its_package_address_names():
    assert contacts.wanted([Affected(purl="pkg:github/team/thing", vendor="Thing Works")]) == Wanted(
        repository="https://github.com/team/thing", vendor="Thing Works"
    )


# At the counter -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def comity(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    folder = tmp_path_factory.mktemp("host")
    (folder / "cnas.json").write_text(json.dumps(CNAS))
    with host(folder, mail_from=SENDER, fetch_private=True, cna_list=folder / "cnas.json") as running:
        yield running


@pytest.fixture
def case(comity: Host):
    return comity.case_of(finding())


def test_what_is_found_is_proposed_what_was_looked_for_is_kept_and_no_attempt_is_counted(comity, case):
    pages = PLAIN | {"/security.txt": Page(TXT), "/team/thing/raw/HEAD/docs/SECURITY.md": Page(MD)}
    with site(pages) as served:
        told = comity.desk.seek(
            ADA, case, Wanted(site=served.address, repository=f"{served.address}/team/thing", vendor="Thing Works")
        )
    held = comity.desk.view(ADA, case).held
    assert told == "looked in 6 places for a contact: 6 proposals"
    assert [one.outcome for one in held.looks] == [
        "no such file (404)",
        "read: 2 proposals",
        "no such file (404)",
        "no such file (404)",
        "read: 2 proposals",
        "1 CNAs looked through, 1 could not be read: 2 ways to reach one of them",
    ]
    assert {one.standing for one in held.contacts} == {Standing.PROPOSED}
    assert [one.id for one in held.contacts] == ["c1", "c2", "c3", "c4", "c5", "c6"]
    assert (
        "another address as its own" in " ".join(held.contacts[0].doubts) or "Canonical" in held.contacts[0].doubts[-1]
    )
    assert not held.attempts  # a public file that is read reaches nobody
    with comity.machines.store.read() as tx:
        assert "project.example" not in repr(journal.about(tx, case))


def test_nobody_is_written_to_at_a_found_address_before_a_person_confirms_it(comity, case):
    with site(PLAIN | {WELL_KNOWN: Page(TXT)}) as served:
        comity.desk.seek(ADA, case, Wanted(site=served.address))
        read_in = {"name": "Their team", "part": Part.MAINTAINER, "why": "owns the code"}
        with pytest.raises(Conflict, match="confirm c1"):
            comity.desk.read_in(ADA, case, contact="Security+web@project.example", **read_in)
        comity.desk.judge_contact(ADA, case, "c1", standing=Standing.CONFIRMED, why="the same stands on their site")
        comity.desk.seek(ADA, case, Wanted(site=served.address))  # looked again: the judgement stays
    (mail, _) = comity.desk.view(ADA, case).held.contacts
    assert (mail.standing, mail.judged_by) == (Standing.CONFIRMED, "Ada")
    seat = comity.desk.read_in(ADA, case, contact="security+web@project.example", **read_in)
    assert seat
    comity.desk.judge_contact(ADA, case, "c1", standing=Standing.REFUSED, why="they say it is old")
    comity.desk.agree(account_of(comity, case, seat), seat)
    with pytest.raises(Conflict, match="is refused"):
        comity.desk.write_maintainer(ADA, case, seat)
    with pytest.raises(Missing):
        comity.desk.judge_contact(ADA, case, "c9", standing=Standing.CONFIRMED, why="x")


def account_of(comity: Host, case, seat):
    """The account that the read-in made."""
    one = comity.desk.view(ADA, case).held.participant(seat)
    return replace(VENDOR, person=one.person)


def test_only_coordinators_who_see_the_case_make_this_host_fetch_anything(comity, case):
    with site(PLAIN | {WELL_KNOWN: Page(TXT)}) as served:
        for viewer, refusal in ((FINDER, Forbidden), (RIVAL, Forbidden), (VENDOR, Forbidden)):
            with pytest.raises(refusal):
                comity.desk.seek(viewer, case, Wanted(site=served.address))
        with pytest.raises(Missing):
            comity.desk.seek(ADA, "C-NONE-NONE-NONE", Wanted(site=served.address))
        assert not served.asked


def test_the_words_of_the_act_are_those_of_the_terminal_and_of_the_api(comity, case):
    with site(PLAIN | {WELL_KNOWN: Page(TXT)}) as served:
        assert desk_acts.act(comity.desk, ADA, case, "seek", {"site": served.address}).startswith("looked in 1")
    assert desk_acts.act(comity.desk, ADA, case, "refuse-contact", {"contact": "c2", "why": "a form"}) == (
        "done: refuse-contact"
    )
    with pytest.raises(Invalid):
        desk_acts.act(comity.desk, ADA, case, "seek", {"site": "ftp://a.example"})


def test_addresses_inside_networks_are_not_fetched_and_the_look_says_so(tmp_path: Path):
    with host(tmp_path, mail_from=SENDER) as strict:
        case = strict.case_of(finding())
        for inside in ("127.0.0.1", "169.254.169.254", "[::1]", "localhost"):
            strict.desk.seek(ADA, case, Wanted(site=inside))
        looks = strict.desk.view(ADA, case).held.looks
    assert len(looks) == 4  # one each: a refused host is not asked for its second file
    assert all("no address of the open internet" in one.outcome for one in looks)


def test_a_file_that_is_too_large_or_never_ends_is_a_look_with_that_outcome(comity, case, monkeypatch):
    monkeypatch.setattr(flow_contacts, "PATIENCE", timedelta(milliseconds=300))
    big = Page(b"Contact: mailto:a@b.example\n" * 5_000)
    with site(PLAIN | {WELL_KNOWN: big, "/security.txt": Page(drip=True)}) as served:
        comity.desk.seek(ADA, case, Wanted(site=served.address))
    (large, slow) = comity.desk.view(ADA, case).held.looks
    assert slow.outcome.startswith("not fetched: ")
    assert large.outcome == f"not fetched: the document is over {contacts.MD_BYTES} bytes"
