"""The doors in front of the real thing: store, flow and accounts are real, only the laboratory answers from a script.

A lab sends a finding with its token, two coordinators look and approve in their browsers, the embargo ends, and anybody
downloads what was published.
"""

import re
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from litestar.testing import TestClient

from comity import console
from comity.access.passwords import Passwords
from comity.access.policy import Scope
from comity.admin.counter import Accounts
from comity.admin.views import SignedIn
from comity.api import http
from comity.api.routes import routes
from comity.clearing.desk_capacity import Capacity
from comity.formats import pack
from comity.library.counter import Library
from comity.model.ids import digest
from comity.model.party import Role
from comity.settings import Settings
from tests.admin.hosts import LINES, PASSWORD, WHOLE
from tests.api.fakes import FakeBlind
from tests.api.site import assessing, briefing, check, claiming, defending, patching
from tests.clearing.documents import document
from tests.clearing.findings import FINDING
from tests.clearing.hosts import Host, further, host
from tests.console.hosts import TOKEN
from tests.counters import counters


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[tuple[TestClient[Any], Accounts, Host]]:
    """The application on a running clearinghouse."""
    settings = Settings(data=tmp_path / "data", keys=tmp_path / "keys")
    with host(tmp_path, settings=settings) as running:
        store, clock = running.machines.store, running.clock.now
        cheap = Passwords(hasher=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        accounts = Accounts(store=store, clock=clock, prove=lambda: WHOLE, health=lambda: LINES, passwords=cheap)
        library = Library(store=store, order_pack=pack.shipped_order, check=check, now=clock)
        some = counters(
            settings=settings,
            now=clock,
            clearing=running.desk,
            blind=FakeBlind(),
            **further(running.machines, running.desk.control),
            capacity=Capacity(machines=running.machines, control=running.desk.control),
            claims=claiming(accounts, settings, clock),
            patches=patching(accounts, settings, clock),
            **defending(accounts, settings, clock),
            assess=assessing(accounts, settings, clock),
            briefs=briefing(accounts, settings, clock),
            library=library,
            accounts=accounts,
        )
        pages = [*routes(some), *console.routes(some)]
        app = http.build(routes=pages, settings=settings, page_error=console.page_error)
        with TestClient(app, base_url=settings.address) as client:
            yield client, accounts, running


def person(accounts: Accounts, login: str, role: Role, organisation: str) -> SignedIn:
    accounts.provide(name=login.title(), login=login, organisation=organisation, roles=frozenset({role}))
    return accounts.use_link(accounts.link(login), on_this_host=True)


def waited(look: Callable[[], Any]) -> Any:
    """What `look` gives as soon as it gives anything."""
    for _ in range(1000):
        found = look()
        if found:
            return found
        threading.Event().wait(0.02)
    raise AssertionError("waited in vain")


def test_a_finding_goes_from_a_token_through_two_browsers_to_the_public_page(
    whole: tuple[TestClient[Any], Accounts, Host],
) -> None:
    client, accounts, running = whole
    lab = person(accounts, "lab-person", Role.SUBMITTER, "A Lab")
    rival = person(accounts, "rival-person", Role.SUBMITTER, "Another Lab")
    caller = accounts.by_session(lab.secret)
    assert caller is not None
    token, _ = accounts.make_token(caller.viewer, label="t", scopes=frozenset({Scope.SUBMIT, Scope.READ}), days=1)
    sent = client.post(
        "/api/v1/reports",
        content=document(FINDING).data,
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    assert sent.status_code == 202, sent.text
    [answer] = sent.json()["answers"]

    def browse(who: SignedIn, path: str, **more: Any) -> Any:
        headers = {"Cookie": f"comity={who.secret}"}
        if not more:
            return client.get(path, headers=headers, follow_redirects=False)
        page = more.pop("page")
        found = TOKEN.search(browse(who, page).text)
        assert found is not None
        data = {"csrf": found.group(1), **more}
        return client.post(path, data=data, headers=headers, follow_redirects=False)

    assert browse(lab, f"/reports/{answer['report']}").status_code == 200
    assert browse(rival, f"/reports/{answer['report']}").status_code == 404
    people = [person(accounts, login, Role.COORDINATOR, "The Host") for login in ("first", "second")]
    queue = waited(lambda: re.search(r"/cases/C-[\w-]+", browse(people[0], "/queue?stage=coordinating").text))
    case = queue.group()
    for who in people:
        shown = re.search(r'name="draft" value="([0-9a-f]{64})"', browse(who, case).text)
        assert shown is not None
        assert browse(who, f"{case}/approve", page=case, draft=shown.group(1)).status_code == 303
    released = browse(people[1], f"{case}/publish", page=case)
    assert "Released:" in released.text
    assert client.get("/advisories").text.count("/advisories/COMITY-") == 0
    running.clock.jump_to(running.clock.now() + timedelta(days=31))
    listed = waited(lambda: re.search(r'href="(/advisories/COMITY-[\d-]+)"', client.get("/advisories").text))
    public = client.get(listed.group(1))
    assert "First" in public.text
    assert "Second" in public.text
    files = client.get("/api/v1" + listed.group(1)).json()["files"]
    assert {file["name"].rpartition(".")[2] for file in files} == {"json"}
    for file in files:
        assert digest(client.get(file["url"]).content) == file["sha256"]
    assert sum(bool(file["seal"]) for file in files) >= 3


def test_a_cursor_that_nobody_handed_out_is_refused_and_never_a_fault(
    whole: tuple[TestClient[Any], Accounts, Host],
) -> None:
    client, accounts, _ = whole
    boss = person(accounts, "first", Role.COORDINATOR, "The Host")
    for cursor in ("AAAA", "x", "!!", "MjAyNg==", "%ff"):
        answer = client.get(f"/queue?after={cursor}", headers={"Cookie": f"comity={boss.secret}"})
        assert answer.status_code in {200, 422}
    assert PASSWORD not in client.get("/sign-in").text
