"""Route x role x state, over the whole application: no way in is forgotten, and hidden is missing on every one."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from comity import console, taxii
from comity.access.policy import POLICY, Action
from comity.access.routes import declared
from comity.gateway import door as gateway
from comity.store import cases, reports
from tests.api.site import Site, site
from tests.api.test_rights import ROUTES
from tests.console.test_rights import SHOWN, TAKEN
from tests.sharing.test_rights import ROUTES as TAXII
from tests.store.values import case as some_case
from tests.store.values import report as some_report

MISSING_CASE, MISSING_REPORT = "C-0000-0000-0000", "R-0000-0000-0000"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str, str, str]]:
    """The API, TAXII and the pages over a store with one withheld case, its report, and one case that is open."""

    def more(counters: Any) -> list[Any]:
        return [*taxii.routes(counters), *console.routes(counters)]

    with site(tmp_path_factory.mktemp("ways"), more=more, page_error=console.page_error) as made:
        report = some_report(organisation="nobody-here")
        hidden, seen = some_case(report.id), some_case()
        with made.accounts.store.write() as tx:
            reports.add(tx, report)
            cases.add(tx, hidden)
            cases.withhold(tx, hidden.id, withheld=True)
            cases.add(tx, seen)
        yield made, hidden.id, report.id, seen.id


def routes(made: Site) -> dict[tuple[str, str], Action | None]:
    return {(method, path): action for method, path, action in declared(made.app)}


def test_every_route_of_the_whole_application_stands_in_a_table_with_its_action(here: Any) -> None:
    tables = ROUTES | TAXII | {("GET", p): a for p, a in SHOWN.items()} | {("POST", p): a for p, a in TAKEN.items()}
    assert routes(here[0]) == tables


def test_the_gateway_has_its_two_routes_and_no_other(here: Any) -> None:
    found = {(m, p): a for m, p, a in declared(gateway.build(here[0].assess))}
    assert found == {("POST", "/v1/chat/completions"): Action.USE_GATEWAY, ("GET", "/v1/models"): Action.USE_GATEWAY}


def masked(text: str, *ids: str) -> str:
    for id_ in ids:
        text = text.replace(id_, "ID")
    return re.sub(r'value="[0-9a-f]{64}"', "TOKEN", text)


def ask(made: Site, method: str, path: str, role: str) -> tuple[int, str, str]:
    if path.startswith("/api/"):
        headers = {"Authorization": f"Bearer {made.tokens[role]}"} if role else {}
        answer = made.client.request(method, path, headers=headers, json={} if method != "GET" else None)
    else:
        headers = {"Cookie": f"comity={made.secrets[role]}"} if role else {}
        answer = made.client.request(method, path, headers=headers, follow_redirects=False)
        made.client.cookies.clear()
    return answer.status_code, answer.headers.get("location", ""), answer.text


@pytest.mark.parametrize("role", ["", "admin", "coordinator", "submitter", "defender", "auditor"])
def test_a_withheld_case_and_its_report_answer_like_missing_ones_on_every_route(here: Any, role: str) -> None:
    made, hidden, report, _ = here
    compared = 0
    for (method, path), action in routes(made).items():
        for parameter, held, missing in (("case", hidden, MISSING_CASE), ("report", report, MISSING_REPORT)):
            if f"{{{parameter}:str}}" not in path or (method != "GET" and not path.startswith("/api/")):
                continue
            rest = re.sub(r"\{\w+:int\}", "0", path)
            where = [
                re.sub(r"\{\w+:str\}", "none", rest.replace(f"{{{parameter}:str}}", id_)) for id_ in (held, missing)
            ]
            there, nowhere = (ask(made, method, one, role) for one in where)
            said = [(s, masked(to, held, missing), masked(text, held, missing)) for s, to, text in (there, nowhere)]
            assert said[0] == said[1], (method, path, action)
            assert there[0] != 200 or POLICY[action].is_open, (method, path)  # type: ignore[index]  # declared
            compared += 1
    assert compared >= 38


def test_an_open_case_is_shown_to_coordinators_on_these_routes_so_the_comparison_means_something(here: Any) -> None:
    made, _, _, seen = here
    shown = [
        path
        for (method, path), _ in routes(made).items()
        if method == "GET" and path.count("{") == 1 and "{case:str}" in path
        if ask(made, "GET", path.replace("{case:str}", seen), "coordinator")[0] == 200
    ]
    assert len(shown) >= 4, shown
