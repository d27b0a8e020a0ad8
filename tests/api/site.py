"""A whole web application for tests: real accounts and library on a real store, a clearing in memory, every role."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from litestar import Litestar
from litestar.testing import TestClient

from comity.access.policy import Scope
from comity.access.trail import TrailHook
from comity.admin import flow_mirrors
from comity.admin.counter import Accounts
from comity.admin.glass import Glass
from comity.admin.mirroring import Mirroring
from comity.admin.trail import Trail
from comity.api import http
from comity.api.http import PageError
from comity.api.routes import routes as api_routes
from comity.assess import flow as assess_flow
from comity.assess.desk import Assess
from comity.assess.desk_search import AssessmentSearch
from comity.brief import flow as brief_flow
from comity.brief.desk import Briefs
from comity.clearing import flow, flow_cve, flow_handover, flow_patches
from comity.clearing import flow as clearing_flow
from comity.clearing.desk_capacity import Capacity, Standing
from comity.clearing.desk_claims import Claims
from comity.clearing.desk_cve import CveDesk
from comity.clearing.desk_erase import Erasures
from comity.clearing.desk_handover import HandOvers
from comity.clearing.desk_patches import Patches
from comity.clearing.desk_priority import Priorities
from comity.clearing.desk_standing import Standings
from comity.clearing.flow_ladder import HostClimber
from comity.clearing.flow_runs import Laboratory
from comity.defend import flow as defend_flow
from comity.defend.desk import Defend
from comity.defend.desk_advice import Advice
from comity.defend.desk_ai import AiDefence
from comity.defend.desk_attest import Attest
from comity.defend.desk_deadlines import Deadlines, Lists
from comity.defend.desk_directives import Directives
from comity.defend.desk_triage import Triages
from comity.defend.desk_watch import Watches
from comity.errors import Invalid, Missing, Problem, Tampered
from comity.feeds.packages import Shelf
from comity.formats import pack
from comity.library.counter import Library, Verification
from comity.library.exchange import Exchange
from comity.library.hooks import Hooks
from comity.library.osv import OsvAnswers
from comity.library.provider import Provider
from comity.library.search import AdvisorySearch
from comity.library.searching import Searching
from comity.library.sharing import Sharing
from comity.model.advisory import Advisory
from comity.model.ids import PartyId, ReportId
from comity.model.party import Role, Viewer
from comity.partners.carrier import Carrier
from comity.partners.cve_services import CveServices
from comity.partners.endpoint import ModelEndpoint
from comity.partners.tap import TapIntake
from comity.partners.webhook import Sender
from comity.sealing import keys, openpgp
from comity.sealing.signer import HostSigner
from comity.settings import Settings
from comity.store import published
from tests.admin.hosts import Clock, accounts, first_admin, somebody, viewer
from tests.api.fakes import FakeBlind, FakeClearing
from tests.brief.hosts import NoFlows
from tests.clearing.hosts import PlainSigner, ScriptedLaboratory, further
from tests.counters import counters
from tests.engagement.hosts import ScriptedCards, ScriptedModel, SilentControl, nothing

LAB = "Example Lab"


def check(document: bytes, seal: bytes | None) -> Verification:
    """A stand-in for the check of signatures: `good` holds, `demo` was signed by a script, `broken` was changed."""
    if document.startswith(b"good"):
        return Verification(sentence="The signature holds.", facts=(("signed by", "test key"),))
    if document.startswith(b"demo"):
        return Verification(sentence="Approved by the demo script, not by a person.", is_demo=True)
    if document.startswith(b"broken"):
        raise Tampered("the payload was changed after it was signed")
    raise Invalid("this is no signed file", [Problem("", "not_signed", "send a file that Comity signed")])


@dataclass(slots=True)
class Site:
    """The parts, and the people by role. `tokens` hold every scope; `secrets` are browser sessions."""

    app: Litestar
    client: TestClient[Litestar]
    accounts: Accounts
    clearing: FakeClearing
    assess: Assess
    briefs: Briefs
    library: Library
    hooks: Hooks
    sharing: Sharing
    exchange: Exchange
    settings: Settings
    clock: Clock
    trail: Trail
    viewers: dict[str, Viewer] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, role: str = "", **more: Any) -> Any:
        """Call the API as somebody of that role, or as a stranger; `/v1/...` is the TAP door."""
        headers = dict(more.pop("headers", {}))
        if role:
            headers["Authorization"] = f"Bearer {self.tokens[role]}"
        return self.client.request(
            method, path if path.startswith("/v1/") else f"/api/v1{path}", headers=headers, **more
        )

    def publish(self, advisory: Advisory, **files: bytes) -> None:
        """Put a published advisory on the shelf; `osv_json=b"..."` becomes the file `osv.json`."""
        kept = [
            published.File(name=name.replace("_", "."), media_type="application/json", data=data)
            for name, data in files.items()
        ]
        with self.accounts.store.write() as tx:
            published.put(tx, advisory, kept)


@contextmanager
def site(
    folder: Path,
    *,
    more: Any = None,
    page_error: PageError | None = None,
    is_empty: bool = False,
    **configured: Any,
) -> Iterator[Site]:
    """The application with one person of each role. `more` adds a door: called with the counters, gives routes.

    `is_empty`: a host at its first start, without any account. `configured`: settings beside the folder.
    """
    clock = Clock()
    unlimited = {"api_per_minute": 0, "api_open_per_minute": 0}
    settings = Settings(data=folder / "data", **(unlimited | configured))
    with ExitStack() as stack:
        held = stack.enter_context(accounts(folder, clock))
        clearing = FakeClearing()
        library = Library(
            store=held.store,
            order_pack=pack.shipped_order,
            check=check,
            now=clock,
            publisher=settings.organisation,
            address=settings.address,
        )
        exchange = Exchange(store=held.store, settings=settings, now=clock)
        sharing = Sharing(store=held.store, settings=settings, now=clock)
        hooks = Hooks(store=held.store, settings=settings, sender=Sender(), now=clock)
        assess = assessing(held, settings, clock)
        briefs = briefing(held, settings, clock)
        claims = claiming(held, settings, clock)
        trail = Trail(store=held.store, clock=clock, days=365, most=100_000)
        some = counters(
            settings=settings,
            now=clock,
            clearing=clearing,
            blind=FakeBlind(),
            **taking(held, settings, clock),
            claims=claims,
            patches=patching(held, settings, clock),
            assess=assess,
            briefs=briefs,
            **defending(held, settings, clock),
            **weighing(held, settings, clock, clearing),
            library=library,
            osv=OsvAnswers(store=held.store),
            provider=providing(held, settings, clock),
            exchange=exchange,
            hooks=hooks,
            sharing=sharing,
            hand_overs=passing(held, settings, clock, clearing),
            cve=numbering(held, settings, clock),
            erasures=erasing(held, settings, clock),
            searching=Searching(searchers=(AdvisorySearch(store=held.store), AssessmentSearch(assess=assess))),
            accounts=held,
            trail=trail,
            glass=Glass(accounts=held, settings=settings),
            mirroring=mirroring(held, settings, clock),
        )
        routes = [*api_routes(some), *(more(some) if more is not None else ())]
        app = http.build(
            routes=routes, settings=settings, page_error=page_error, hooks=[TrailHook(trail.decided, clock)]
        )
        client = stack.enter_context(TestClient(app, base_url=settings.address, raise_server_exceptions=False))
        made = Site(
            app=app,
            client=client,
            accounts=held,
            clearing=clearing,
            assess=assess,
            briefs=briefs,
            library=library,
            hooks=hooks,
            sharing=sharing,
            exchange=exchange,
            settings=settings,
            clock=clock,
            trail=trail,
        )
        if not is_empty:
            _people(made)
        yield made


def passing(held: Accounts, settings: Settings, clock: Clock, clearing: FakeClearing) -> HandOvers:
    """The real counter of partner hosts on the site's store; nothing is brought anywhere."""
    machines = flow_handover.Machines(
        store=held.store,
        key=keys.signing_key(settings),
        carrier=Carrier(),
        intake=TapIntake(),
        now=clock,
        organisation=settings.organisation,
    )
    return HandOvers(machines=machines, control=SilentControl(), clearing=clearing, settings=settings)


def scripted(held: Accounts, settings: Settings, clock: Clock) -> flow.Machines:
    """What the real counters of clearing work with on the site's store, without a worker."""
    return flow.Machines(
        store=held.store, settings=settings, laboratory=ScriptedLaboratory(), signer=PlainSigner(), now=clock
    )


def erasing(held: Accounts, settings: Settings, clock: Clock) -> Erasures:
    """The real counter of erasures on the site's store."""
    return Erasures(machines=scripted(held, settings, clock))


def numbering(held: Accounts, settings: Settings, clock: Clock) -> CveDesk:
    """The real counter of CVE Services on the site's store, without an account there."""
    return CveDesk(
        machines=flow_cve.Machines(
            desk=scripted(held, settings, clock),
            services=CveServices(transport=httpx.MockTransport(lambda _: httpx.Response(401))),
        ),
        control=SilentControl(),
    )


def mirroring(held: Accounts, settings: Settings, clock: Clock) -> Mirroring:
    """The real counter of mirrors on the site's store; nothing is fetched by it."""
    machines = flow_mirrors.Machines(store=held.store, settings=settings, now=clock, check=openpgp.signer_of)
    return Mirroring(machines=machines, control=SilentControl())


def taking(held: Accounts, settings: Settings, clock: Clock) -> dict[str, Any]:
    """The real counters of batches, rules and duplicates on the site's store, without a worker."""
    return further(scripted(held, settings, clock), SilentControl())


@dataclass(frozen=True, slots=True, kw_only=True)
class Queues(Capacity):
    """The queues of maintainers, where the reports are those of the clearing in memory: none of them waits."""

    clearing: FakeClearing

    def standing(self, viewer: Viewer, report: ReportId) -> tuple[Standing, ...]:
        self.clearing.report(viewer, report)
        return ()


def weighing(held: Accounts, settings: Settings, clock: Clock, clearing: FakeClearing) -> dict[str, Any]:
    """The counters of priority on the same store, without a laboratory."""
    key = keys.signing_key(replace(settings, keys=settings.data.parent / "keys"))
    machines = clearing_flow.Machines(
        store=held.store,
        settings=settings,
        laboratory=NoLaboratory(),
        signer=HostSigner(key=key, organisation=PartyId("host")),
        now=clock,
    )
    return {
        "priorities": Priorities(machines=machines),
        "standings": Standings(machines=machines),
        "capacity": Queues(machines=machines, control=SilentControl(), clearing=clearing),
    }


class NoLaboratory:
    """No sandbox: nothing is run for these tests."""

    def make(self, recipe: Any, plan: Any, attached: Any) -> Any:
        raise AssertionError("nothing is run here")


def providing(held: Accounts, settings: Settings, clock: Clock) -> Provider:
    """The CSAF provider on the site's store, signing with the site's own OpenPGP key."""
    own = replace(settings, keys=settings.data.parent / "keys")
    return Provider(
        store=held.store,
        address=settings.address,
        publisher=settings.organisation,
        namespace=settings.namespace,
        contact="mailto:security@comity.invalid",
        listed=False,
        signer=cache(lambda: openpgp.load(own)),
        now=clock,
    )


def claiming(held: Accounts, settings: Settings, clock: Clock) -> Claims:
    """The real counter of scan claims on the site's store."""
    key = keys.signing_key(replace(settings, keys=settings.data.parent / "keys"))

    def none(_viewer: Viewer, _receipt: str) -> ReportId:
        raise Missing("no submission with this receipt")

    signer = HostSigner(key=key, organisation=PartyId("host"))
    return Claims(store=held.store, settings=settings, signer=signer, now=clock, own_report=none)


def patching(held: Accounts, settings: Settings, clock: Clock) -> Patches:
    """The real counter of patches on the site's store, without a worker and without containment."""
    key = keys.signing_key(replace(settings, keys=settings.data.parent / "keys"))
    shelf = Shelf(cache=settings.data / "packages", mirror=None, online=False)
    climber = HostClimber(laboratory=Laboratory(containment=nothing(), shelf=shelf))
    machines = flow_patches.Machines(
        store=held.store,
        settings=settings,
        climber=climber,
        signer=HostSigner(key=key, organisation=PartyId("host")),
        now=clock,
        leave=lambda: "",
    )
    return Patches(machines=machines, control=SilentControl(), climber=climber)


def assessing(held: Accounts, settings: Settings, clock: Clock) -> Assess:
    """The counter of assessments on the same store, without a worker."""
    own = replace(settings, keys=settings.data.parent / "keys")
    machines = assess_flow.Machines(
        store=held.store,
        settings=own,
        signer=HostSigner(key=keys.signing_key(own), organisation=PartyId("host")),
        endpoint=ModelEndpoint(transport=ScriptedModel()),
        cards=ScriptedCards(),
        contained=nothing(),
        now=clock,
    )
    return Assess(machines=machines, control=SilentControl())


def briefing(held: Accounts, settings: Settings, clock: Clock) -> Briefs:
    """The real counter of briefs on the site's store; no engine runs, so notices are only asked for."""
    key = keys.signing_key(replace(settings, keys=settings.data.with_name("keys")))
    machines = brief_flow.Machines(
        store=held.store, settings=settings, signer=HostSigner(key=key, organisation=PartyId("host")), now=clock
    )
    return Briefs(machines=machines, control=NoFlows())  # type: ignore[arg-type]  # the part of the control that is used


def defending(held: Accounts, settings: Settings, clock: Clock) -> dict[str, Any]:
    """The counters for directives and deadlines on the same store."""
    key = keys.signing_key(replace(settings, keys=settings.data.parent / "keys"))
    machines = defend_flow.Machines(store=held.store, settings=settings, now=clock)
    ai = AiDefence(machines=machines)
    lists = Lists(machines=machines)
    return {
        "directives": Directives(machines=machines, key=key),
        "deadlines": Deadlines(machines=machines, lists=lists),
        "triages": Triages(machines=machines, key=key, ai=ai),
        "ai": ai,
        "advice": Advice(machines=machines, ai=ai, lists=lists),
        "attest": Attest(machines=machines, key=key),
        "defend": Defend(machines=machines),
        "watches": Watches(machines=machines),
    }


def _people(made: Site) -> None:
    admin = first_admin(made.accounts)
    boss = viewer(made.accounts, admin)
    sessions = {"admin": admin}
    for role in (
        Role.COORDINATOR,
        Role.SUBMITTER,
        Role.READER,
        Role.DEVELOPER,
        Role.ASSESSOR,
        Role.EDITOR,
        Role.DEFENDER,
        Role.AUTHORITY,
        Role.AUDITOR,
    ):
        home = LAB if role in {Role.SUBMITTER, Role.DEVELOPER} else "Test Host"
        sessions[role.value] = somebody(made.accounts, boss, role.value, role, organisation=home)
    sessions["nss"] = somebody(made.accounts, boss, "nss", Role.NSS_DEFENDER)
    sessions["dow"] = somebody(made.accounts, boss, "dow", Role.DOW_DEFENDER)
    sessions["writer"] = somebody(made.accounts, boss, "writer", Role.AUTHORITY, Role.DEFENDER)
    sessions["bank"] = somebody(made.accounts, boss, "bank", Role.DEFENDER, organisation="Example Bank")
    sessions["rival"] = somebody(made.accounts, boss, "rival", Role.SUBMITTER, organisation="Rival Lab")
    sessions["second-editor"] = somebody(made.accounts, boss, "second-editor", Role.EDITOR)
    sessions["second"] = somebody(made.accounts, boss, "second", Role.COORDINATOR)
    for name, signed in sessions.items():
        who = viewer(made.accounts, signed)
        made.viewers[name] = who
        made.secrets[name] = signed.secret
        made.tokens[name], _ = made.accounts.make_token(who, label="test", scopes=frozenset(Scope), days=365)
