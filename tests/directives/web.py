"""The pages over a test host, with the session's secret as the person's name: no password is what is tested here."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from litestar import Litestar
from litestar.testing import TestClient

from comity import console
from comity.access.caller import Caller, Via
from comity.api import http
from comity.defend.desk import Defend
from tests.counters import counters
from tests.directives.hosts import PEOPLE, Host, viewer

TOKEN = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


class Directory:
    """Stands in for accounts."""

    def by_session(self, secret: str) -> Caller | None:
        return Caller(viewer=viewer(secret), name=secret.title(), via=Via.SESSION) if secret in PEOPLE else None


def app(held: Host) -> Litestar:
    """The web application; pages of other desks have nothing behind them."""
    some = counters(
        defend=Defend(machines=held.machines),
        directives=held.directives,
        deadlines=held.deadlines,
        triages=held.triages,
        accounts=Directory(),
        settings=held.machines.settings,
        now=held.clock.now,
    )
    routes = console.routes(some)
    return http.build(routes=routes, settings=held.machines.settings, page_error=console.page_error)


@dataclass(slots=True)
class Browser:
    """Sends forms as the page that shows them would; follows nothing."""

    client: TestClient[Litestar]

    visits: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, name: str = "") -> Any:
        return self._kept(name, self.client.get(path, headers=self._headers(name), follow_redirects=False))

    def send(self, path: str, name: str, data: dict[str, Any], *, page: str = "") -> Any:
        found = TOKEN.search(self.get(page or path, name).text)
        values = {"csrf": found.group(1) if found else "", **data}
        answer = self.client.post(path, data=values, headers=self._headers(name), follow_redirects=False)
        return self._kept(name, answer)

    def _headers(self, name: str) -> dict[str, str]:
        cookies = [f"comity={name}"] if name else []
        cookies += [self.visits[name]] if name in self.visits else []
        return {"Cookie": "; ".join(cookies)} if cookies else {}

    def _kept(self, name: str, answer: Any) -> Any:
        for header in answer.headers.get_list("set-cookie"):
            self.visits[name] = header.partition(";")[0]
        self.client.cookies.clear()
        return answer


@contextmanager
def browsing(held: Host) -> Iterator[Browser]:
    """A browser in front of the application."""
    with TestClient(app(held), base_url=held.machines.settings.address, raise_server_exceptions=True) as client:
        yield Browser(client)
