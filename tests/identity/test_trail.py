"""The trail of access: every decision of every door, refusals too, no content, nothing that a stranger can learn."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from comity import console, taxii
from comity.access.policy import POLICY, Scope
from comity.access.routes import declared
from comity.admin.glass import Glass
from comity.admin.trail import MOST_WAITING, Told, Trail
from comity.errors import Forbidden
from comity.model.outcome import Outcome
from comity.store import trail as kept
from comity.store.trail import Seen
from tests.admin.hosts import Clock, accounts
from tests.api.site import Site, site

HIDDEN, MISSING = "R-0000-0000-0001", "R-0000-0000-0002"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The API, TAXII and the pages."""

    def more(counters):  # type: ignore[no-untyped-def]  # the doors' own types
        return [*taxii.routes(counters), *console.routes(counters)]

    with site(tmp_path_factory.mktemp("trail"), more=more, page_error=console.page_error) as made:
        made.clearing.add_report(made.viewers["submitter"].organisation, "Secret title of a weakness", 1)
        yield made


def look(here: Site, path: str, role: str = "", **more: str) -> int:
    cookie = {"Cookie": f"comity={here.secrets[role]}"} if role else {}
    return here.client.get(path, headers={**cookie, **more}, follow_redirects=False).status_code


def rows(here: Site, **asked: str) -> list[Told]:
    return list(here.trail.entries(here.viewers["auditor"], before=None, **asked))  # type: ignore[arg-type]  # words


def test_what_was_seen_is_kept_with_who_by_which_door_and_which_object(here: Site) -> None:
    assert look(here, f"/reports/{HIDDEN}", "submitter") == 200
    (told,) = rows(here, about=HIDDEN, person="submitter")
    one = told.entry
    assert (told.name, one.way, one.kind, one.object) == ("Test submitter", "pages", "report", HIDDEN)
    assert (one.action, one.outcome, one.via) == ("read reports", Outcome.ALLOWED, "session")


def test_a_hidden_and_a_missing_object_leave_the_same_row_and_neither_id(here: Site) -> None:
    assert look(here, f"/reports/{HIDDEN}", "rival") == look(here, f"/reports/{MISSING}", "rival") == 404
    hidden, missing = rows(here, about=HIDDEN, person="rival"), rows(here, about=MISSING, person="rival")
    (a,), (b,) = hidden, missing
    same = ("person", "via", "way", "action", "kind", "object", "outcome", "times")
    assert [getattr(a.entry, name) for name in same] == [getattr(b.entry, name) for name in same]
    assert (a.entry.object, a.entry.outcome) == ("", Outcome.NOT_FOUND)
    assert a.entry.mark != b.entry.mark
    assert HIDDEN not in repr(a)


def test_refusals_are_kept_for_roles_strangers_and_ended_tokens(here: Site) -> None:
    assert look(here, "/queue", "submitter") == 403
    assert look(here, "/queue") == 303
    assert here.call("GET", "/cases", headers={"Authorization": "Bearer comity_nonsense"}).status_code == 401
    assert here.call("GET", "/people").status_code == 404
    outcomes = {(t.name, t.entry.way, t.entry.action) for t in rows(here, outcome=Outcome.REFUSED)}
    assert ("Test submitter", "pages", "read the queue and its cases") in outcomes
    assert ("", "pages", "read the queue and its cases") in outcomes
    assert ("", "api", "read the queue and its cases") in outcomes


def test_a_stranger_cannot_push_older_rows_out_by_asking_for_ever_other_objects(here: Site) -> None:
    for number in range(30):
        assert look(here, f"/reports/R-1111-0000-{number:04}") == 303
    told = [one.entry for one in rows(here, outcome=Outcome.REFUSED) if one.entry.person == ""]
    assert len([one for one in told if one.kind == "report"]) <= 2  # two when the hour changed meanwhile


def test_every_closed_route_of_the_application_leaves_a_row(here: Site) -> None:
    import re

    closed = [(m, p, a) for m, p, a in declared(here.app) if a is not None and not POLICY[a].is_open]
    assert len(closed) > 150
    for method, path, _ in closed:
        address = re.sub(r"\{\w+:int\}", "0", re.sub(r"\{\w+:str\}", "none", path))
        here.client.request(method, address, follow_redirects=False)
    here.trail.write()
    with here.accounts.store.read() as tx:
        strangers = [e for e in kept.read(tx, limit=100_000) if e.person == "" and e.outcome is Outcome.REFUSED]
    assert {a.value for _, _, a in closed} <= {e.action for e in strangers}
    assert {"pages", "api", "taxii", "tap and osv"} <= {e.way for e in strangers}


def test_what_is_open_to_everybody_leaves_none(here: Site) -> None:
    before = len(rows(here))
    for path in ("/", "/advisories", "/sign-in", "/affected"):
        assert look(here, path) == 200
    assert len(rows(here)) == before


def test_no_secret_of_an_address_no_query_and_no_title_is_ever_kept(here: Site) -> None:
    look(here, "/following/none/confirm/a-very-secret-word", "reader")
    look(here, "/queue?stage=a-very-secret-word", "coordinator")
    look(here, "/reports/%3Cscript%3Ea-very-secret-word", "submitter")
    look(here, f"/reports/{HIDDEN}", "submitter")
    told = repr(rows(here))
    assert "a-very-secret-word" not in told
    assert "Secret title" not in told


def test_an_auditors_token_reads_the_same_rows_page_by_page(here: Site) -> None:
    for number in range(130):
        look(here, f"/reports/R-0000-0000-{number:04}", "rival")
    pages, after = [], ""
    while not pages or after:
        answer = here.call("GET", f"/audit?person=rival&outcome=not%20found&after={after}", "auditor").json()
        pages.append(answer["rows"])
        after = answer["next"]
    assert len(pages) >= 2
    assert len(pages[0]) == 100
    marks = [row["mark"] for page in pages for row in page]
    assert len(marks) == len(set(marks)) >= 130
    (one,) = here.call("GET", "/audit?about=R-0000-0000-0099", "auditor").json()["rows"]
    assert (one["object"], one["name"], one["outcome"]) == ("", "Test rival", "not found")
    assert here.call("GET", "/audit?after=x", "auditor").status_code == 422
    assert here.call("GET", "/audit?outcome=x", "auditor").status_code == 422


def test_a_token_that_only_reads_does_not_read_the_trail(here: Site) -> None:
    scopes = frozenset(Scope) - {Scope.OPERATE}
    token, _ = here.accounts.make_token(here.viewers["auditor"], label="less", scopes=scopes, days=1)
    assert here.call("GET", "/audit", headers={"Authorization": f"Bearer {token}"}).status_code == 403


def test_only_an_auditor_reads_it_and_reading_leaves_a_row(here: Site) -> None:
    for role in ("admin", "coordinator", "reader", ""):
        assert look(here, "/audit", role) == (403 if role else 303)
    assert look(here, "/audit?person=auditor", "auditor") == 200
    assert [t for t in rows(here, person="auditor") if t.entry.action == "read the trail of access"]
    with pytest.raises(Forbidden):
        here.trail.entries(here.viewers["admin"], before=None)


def seen(clock: Clock, **changed: str) -> Seen:
    told = {"person": "P-1", "via": "session", "way": "pages", "action": "read", "kind": "case", "object": "C-1"}
    return Seen(at=clock(), outcome=Outcome.ALLOWED, **(told | changed))


def test_one_hour_of_the_same_is_one_row_and_the_next_hour_another(tmp_path: Path) -> None:
    clock = Clock()
    with accounts(tmp_path, clock) as held:
        trail = Trail(store=held.store, clock=clock, days=1, most=1000)
        for minutes in (0, 20, 39, 1):
            trail.note(seen(clock))
            clock.move(timedelta(minutes=minutes))
        assert [told.entry.times for told in trail.at_terminal()] == [4]
        clock.move(timedelta(hours=1))
        trail.note(seen(clock))
        assert [told.entry.times for told in trail.at_terminal()] == [1, 4]


def test_it_is_bounded_by_days_and_by_rows(tmp_path: Path) -> None:
    clock = Clock()
    with accounts(tmp_path, clock) as held:
        trail = Trail(store=held.store, clock=clock, days=1, most=1000)
        for number in range(MOST_WAITING):
            trail.note(seen(clock, object=f"C-{number}"))
        with held.store.read() as tx:  # so many at once did not wait for anybody
            assert kept.count(tx) == 1000
        clock.move(timedelta(days=1, seconds=1))
        trail.note(seen(clock))
        trail.write()
        with held.store.read() as tx:
            assert kept.count(tx) == 1


def test_what_waits_is_written_when_the_host_stops(tmp_path: Path) -> None:
    clock = Clock()
    with accounts(tmp_path, clock) as held:
        trail = Trail(store=held.store, clock=clock, days=1, most=1000)
        trail.start()
        trail.note(seen(clock))
        trail.stop()
        with held.store.read() as tx:
            assert kept.count(tx) == 1


def test_every_look_by_break_glass_is_written_before_it_is_shown(tmp_path: Path) -> None:
    with site(tmp_path, more=console.routes, page_error=console.page_error) as there:
        glass = Glass(accounts=there.accounts, settings=there.settings)
        asked = glass.ask(there.viewers["second"], case="C-0000-0000-0009", reason="It must be read now, at once.")
        glass.second(there.viewers["coordinator"], asked)
        assert look(there, "/queue", "second") == 200
        with there.accounts.store.read() as tx:
            found = [e for e in kept.read(tx, limit=10) if e.outcome is Outcome.BROKEN_GLASS]
        assert [(e.person, e.action) for e in found] == [
            (there.viewers["second"].person, "read the queue and its cases")
        ]
        shown = there.client.get("/queue", headers={"Cookie": f"comity={there.secrets['second']}"}).text
        assert "you read C-0000-0000-0009 by it, and every look is logged" in shown
        others = there.client.get("/", headers={"Cookie": f"comity={there.secrets['admin']}"}).text
        assert "1 withheld case is open to somebody" in others
        assert "C-0000-0000-0009" not in others
