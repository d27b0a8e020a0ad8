"""A host that is full: reports in cases of every stage, an estate with findings, advisories, somebody of each role.

Reports are generated (`bench.pool.Maker`) and go through the steps of a batch's own job, so that they are sealed and
filed as any other; each gets a case. The estate is the sample estate on the starter data. Nothing here is real: it is
there to be heavy. Filling is skipped where a folder holds the same host already.
"""

import json
import time
from typing import Any, Final

from comity.access.caller import Via, signed_in
from comity.app import Office
from comity.bench import pool, sample, sample_estate
from comity.clearing import flow
from comity.clearing.desk_batches import Batches
from comity.errors import Conflict
from comity.formats.report import batch_of
from comity.model.asset import Domain
from comity.model.case import Case, Stage
from comity.model.handling import Handling, Tlp
from comity.model.ids import CaseId
from comity.model.party import Role, Viewer
from comity.store import batches, cases, published

STAGES: Final = (Stage.NEEDS_INFO, Stage.NOT_REPRODUCED, Stage.COORDINATING, Stage.CLOSED, Stage.CLOSED)
"""Stages that no worker moves on, in turn."""
ADVISORIES: Final = 400
LAB: Final = "Bench Lab (made up)"
AGENCY: Final = "Bench Agency (made up)"
NOTE: Final = "filled.json"
ROLES: Final[dict[str, tuple[frozenset[Role], str]]] = {
    role.value: (frozenset({role}), LAB if role is Role.SUBMITTER else AGENCY)
    for role in Role
    if role not in {Role.NSS_DEFENDER, Role.DOW_DEFENDER, Role.AUTHORITY}
} | {"authority": (frozenset({Role.AUTHORITY, Role.DEFENDER}), AGENCY)}
"""One person for each role. Who defends systems apart sees an estate of their own, which is empty here."""


def fill(office: Office, *, reports: int, assets: int) -> dict[str, Any]:
    """Fill the host of this office; what is in it and how long it took. Conflict when it holds another filling."""
    note = office.settings.data / NOTE
    wanted = {"reports": reports, "assets": assets, "advisories": ADVISORIES}
    if note.exists():
        held: dict[str, Any] = json.loads(note.read_text())
        if {name: held.get(name) for name in wanted} != wanted:
            raise Conflict("this folder is filled to another size: name another folder")
        return {**held, "was_there": True}
    started = time.monotonic()
    for role, (roles, home) in ROLES.items():
        office.accounts.provide(name=f"Bench {role}", login=f"bench-{role}", organisation=home, roles=roles)
    _reports(office, person(office, "submitter"), reports)
    after = time.monotonic()
    for start in range(1, ADVISORIES + 1, 50):
        with office.store.write() as tx:
            for number in range(start, start + 50):
                published.put(tx, sample.advisory(number), [])
    office.exchange.catch_up()
    if assets:
        sample_estate.take_in_starter(office.defend)
        sample_estate.make(office.defend, person(office, "defender"), assets=assets, seed=7, domain=Domain.FCEB)
    held = {**wanted, "reports_s": after - started, "seconds": time.monotonic() - started}
    note.write_text(json.dumps(held))
    return {**held, "was_there": False}


def person(office: Office, role: str) -> Viewer:
    """Who has this role on the filled host."""
    roles, home = ROLES[role]
    made = office.accounts.provide(name=f"Bench {role}", login=f"bench-{role}", organisation=home, roles=roles)
    return signed_in(made, via=Via.SESSION).viewer


def _reports(office: Office, sender: Viewer, number: int) -> None:
    """Take batches in by the steps of their own job; each report gets a case at once, instead of a flow."""
    machines = office.clearing.machines
    desk = Batches(machines=machines, control=pool.NoControl())  # type: ignore[arg-type]  # starts nothing
    maker = pool.Maker(11)
    for start in range(0, number, pool.TOGETHER):
        some = min(pool.TOGETHER, number - start)
        batch = pool.take_in(desk, sender, batch_of([maker.document() for _ in range(some)]))
        with office.store.write() as tx:
            made = enumerate(batches.reports_of(tx, batch), start)
            cases.add_all(tx, [_case(machines, report, place) for place, report in made])


def _case(machines: flow.Machines, report: Any, number: int) -> Case:
    return Case(
        id=CaseId(report.replace("R-", "C-")),
        stage=STAGES[number % len(STAGES)],
        title=f"Bench: a made-up finding, number {number}",
        handling=Handling(tlp=Tlp.AMBER_STRICT),
        opened_at=machines.now(),
        reports=(report,),
    )
