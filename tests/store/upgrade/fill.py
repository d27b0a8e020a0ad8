"""Fill a store with rows through the code of the commit whose `src` is on the path: run by `make.sh` alone.

    fill.py FOLDER DATABASE_URL

Writes `facts.json` into the folder: what the store held, as that code read it. Parties and texts are made up for this.
"""

# mypy: ignore-errors
# ruff: noqa: I001 - names are those of the older commit, which is on the path when this runs
import base64
import json
import sys
from pathlib import Path

from sqlalchemy import text

from comity.access.caller import Via, signed_in
from comity.app import opened
from comity.bench import sample
from comity.clearing import flow
from comity.clearing.desk import Document
from comity.cli import sample_estate
from comity.formats.report import ReportDocument
from comity.model.asset import Domain
from comity.model.party import Role
from comity.settings import Settings
from comity.store import cases, journal, migrate, published, reports
from tests.clearing.findings import FINDING

KEY = base64.b64encode(b"upgrade fixture, not a secret 32").decode()


def main(folder: Path, url: str) -> None:
    settings = Settings(
        data=folder / "data", keys=folder / "keys", database_url=url, offline=True, master_key=KEY, checkpoint_every=10
    )
    with opened(settings, work=False, demo=True) as office:

        def person(login, role, home):
            made = office.accounts.provide(
                name=login, login=login, organisation=home, roles=frozenset({role}), is_script=True
            )
            return signed_in(made, via=Via.SESSION).viewer

        lab = person("lab", Role.SUBMITTER, "Upgrade Lab (made up)")
        person("lead", Role.COORDINATOR, settings.organisation)
        agency = person("agency", Role.DEFENDER, "Upgrade Agency (made up)")
        answers = office.clearing.submit(lab, [Document(name="one.json", data=ReportDocument().write(FINDING))])
        with office.store.read() as tx:
            held = reports.page(tx, flow.FLOW).items
        flow.screen(office.clearing.machines, [one.id for one in held])
        with office.store.write() as tx:
            for number in (1, 2, 3):
                published.put(tx, sample.advisory(number), [])
        sample_estate.IMAGES = 2
        sample_estate.make(office.defend, agency, assets=5, seed=3, domain=Domain.FCEB)
        with office.store.read() as tx:
            head = journal.head(tx)
            tables = sorted(journal.journal.metadata.tables)
            counts = {name: tx.connection.execute(text(f'SELECT count(*) FROM "{name}"')).scalar() for name in tables}
            facts = {
                "revision": migrate.HEAD,
                "head": {"store": head.store, "seq": head.seq, "hash": head.hash},
                "reports": {one.id: one.finding.summary for one in reports.page(tx, flow.FLOW).items},
                "cases": {one.id: one.title for one in cases.page(tx, flow.FLOW).items},
                "advisories": {sample.advisory(n).id: sample.advisory(n).summary for n in (1, 2, 3)},
                "assets": sorted(line.asset.name for line in office.defend.estate(agency).lines),
                "receipts": [answer.receipt for answer in answers],
                "counts": counts,
            }
    (folder / "facts.json").write_text(json.dumps(facts, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "")
