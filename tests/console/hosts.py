"""The pages in front of the test site, with one report and one case on the desk and one advisory published."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from comity import console
from comity.admin.teams import Teams
from comity.model.case import Stage
from tests.api.fakes import AT, draft
from tests.api.site import LAB, Site, site

TOKEN = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


@dataclass(slots=True)
class Browser:
    """One browser: keeps cookies by itself, fills the form's token in by itself, follows nothing."""

    site: Site
    cookies: dict[str, str]

    def get(self, path: str, **more: Any) -> Any:
        return self._kept(self.site.client.get(path, headers=self._headers(more), follow_redirects=False, **more))

    def post(self, path: str, data: dict[str, Any] | None = None, *, page: str = "", **more: Any) -> Any:
        """Send a form as the page at `page` would (by default the page the form posts to)."""
        found = TOKEN.search(self.get(page or path).text)
        values = {"csrf": found.group(1) if found else "", **(data or {})}
        headers = self._headers(more)
        return self._kept(self.site.client.post(path, data=values, headers=headers, follow_redirects=False, **more))

    def _headers(self, more: dict[str, Any]) -> dict[str, str]:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"Cookie": cookie, **more.pop("headers", {})} if cookie else dict(more.pop("headers", {}))

    def _kept(self, answer: Any) -> Any:
        for header in answer.headers.get_list("set-cookie"):
            name, _, value = header.partition(";")[0].partition("=")
            if "max-age=0" in header.lower():
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        self.site.client.cookies.clear()
        return answer


@dataclass(slots=True)
class Pages:
    """The site and its browsers."""

    site: Site

    def browser(self, role: str = "") -> Browser:
        """A fresh browser, signed in as somebody of that role or not at all."""
        return Browser(site=self.site, cookies={"comity": self.site.secrets[role]} if role else {})


@contextmanager
def pages(folder: Path, *, title: str = "Path traversal in example-archive") -> Iterator[Pages]:
    """A site with something to see; `title` goes wherever text from outside is shown."""
    with site(folder, more=console.routes, page_error=console.page_error) as made:
        made.clearing.add_report(made.viewers["submitter"].organisation, title, 1)
        made.clearing.add_case(stage=Stage.COORDINATING, title=title)
        advisory = replace(draft(title), published_at=AT, summary=title, details=title, remediation=title)
        made.publish(replace(advisory, evidence=title, approved_by=title), osv_json=b"{}", osv_json_seal_json=b"{}")
        teams, admin = Teams(made.accounts), made.viewers["admin"]
        team = teams.make(admin, name=f"Night shift: {title}", organisation=LAB)
        teams.add(admin, team, login="submitter")
        yield Pages(site=made)
