"""Composition root: settings -> store -> machines -> counters -> doors. The one place that knows everyone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial

from litestar import Litestar

from comity import subscriptions
from comity.access.kept import Kept
from comity.access.trail import TrailHook
from comity.admin import flow_mirrors, rotation
from comity.admin import health as health_of_work
from comity.admin.counter import Accounts
from comity.admin.glass import Glass
from comity.admin.mirroring import FRESH, Mirroring, Standing, standing
from comity.admin.outbox import Outbox
from comity.admin.proof import prover
from comity.admin.trail import Trail
from comity.admin.views import Health
from comity.api import http
from comity.api import routes as api_routes
from comity.assess import flow as assess_flow
from comity.assess.desk import Assess
from comity.assess.desk_search import AssessmentSearch
from comity.assess.flow_cards import HostCards
from comity.brief import flow as brief_flow
from comity.brief import flow_recheck
from comity.brief.desk import Briefs
from comity.brief.desk_search import BriefSearch
from comity.clearing import (
    flow,
    flow_batches,
    flow_blind,
    flow_capacity,
    flow_claims,
    flow_compare,
    flow_coordination,
    flow_cross,
    flow_cve,
    flow_handover,
    flow_ladder,
    flow_meaning,
    flow_patches,
)
from comity.clearing.desk import Clearing
from comity.clearing.desk_batches import Batches
from comity.clearing.desk_blind import Blind
from comity.clearing.desk_canaries import Canaries
from comity.clearing.desk_capacity import Capacity
from comity.clearing.desk_claims import Claims
from comity.clearing.desk_coordination import Coordinations
from comity.clearing.desk_cve import CveDesk
from comity.clearing.desk_erase import Erasures
from comity.clearing.desk_handover import HandOvers
from comity.clearing.desk_patches import Patches
from comity.clearing.desk_priority import Priorities
from comity.clearing.desk_regroup import Regroup
from comity.clearing.desk_rules import Rules
from comity.clearing.desk_search import CaseSearch
from comity.clearing.desk_standing import Standings
from comity.clearing.flow_ladder import HostClimber
from comity.clearing.flow_runs import Laboratory
from comity.counters import Counters
from comity.defend import flow as defend_flow
from comity.defend.desk import Defend
from comity.defend.desk_advice import Advice
from comity.defend.desk_ai import AiDefence
from comity.defend.desk_attest import Attest
from comity.defend.desk_counts import Counts
from comity.defend.desk_deadlines import Deadlines, Lists
from comity.defend.desk_directives import Directives
from comity.defend.desk_search import EstateSearch
from comity.defend.desk_triage import Triages
from comity.defend.desk_watch import Watches
from comity.durable import engine as durable
from comity.durable.clock import Clock, SystemClock
from comity.errors import Unavailable
from comity.feeds.packages import Shelf
from comity.formats import pack, sigma
from comity.library.check import checker
from comity.library.counter import Library
from comity.library.exchange import Exchange
from comity.library.hooks import Courier, Hooks
from comity.library.osv import OsvAnswers
from comity.library.provider import Provider
from comity.library.search import AdvisorySearch
from comity.library.searching import Searching
from comity.library.sharing import Sharing
from comity.mail import outbox as mail
from comity.mail import post
from comity.model.capability import Task
from comity.model.ids import PartyId
from comity.model.party import Organisation
from comity.partners.carrier import Carrier
from comity.partners.cve_services import CveServices
from comity.partners.endpoint import ModelEndpoint
from comity.partners.tap import TapIntake
from comity.partners.webhook import Sender
from comity.sandbox import doctor, probe, tier
from comity.sandbox.containment import Containment
from comity.sealing import keys, openpgp
from comity.sealing.checkpoints import Checkpoints
from comity.sealing.openpgp import OpenPgp
from comity.sealing.signer import HostSigner
from comity.settings import Settings
from comity.store import engine, journal, parties
from comity.store.engine import Store

HOST = PartyId("host")
"""The host's own organisation: who is of it may not verify independently what it found itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Office(Counters):
    """A running Comity: its counters, and what the terminal needs beside them."""

    clock: Clock
    store: Store
    containment: Containment
    key: keys.SigningKey
    control: durable.Control
    worker: durable.Engine | None

    def web(self) -> Litestar:
        """The web application over these counters: API and pages."""
        from comity import console, taxii

        routes = [*api_routes.routes(self), *taxii.routes(self), *console.routes(self)]
        return http.build(
            routes=routes,
            settings=self.settings,
            page_error=taxii.errors(console.page_error),
            hooks=[TrailHook(self.trail.decided, self.now)],
        )

    def front(self) -> Kept:
        """The web application as it is served: public answers are kept while nothing in the store changes."""
        return Kept(self.web(), self.store.version)

    def gateway(self) -> Litestar:
        """The model gateway, a web application of its own."""
        from comity.gateway import door

        return door.build(self.assess, hooks=[TrailHook(self.trail.decided, self.now, way="gateway")])


@contextmanager
def opened(
    settings: Settings,
    *,
    clock: Clock | None = None,
    demo: bool = False,
    work: bool = True,
    worker: str = "worker-1",
    seam: Callable[[str], None] = engine.no_seam,
) -> Iterator[Office]:
    """Open the store and everything on it; with `work` this process also runs the flows, beginning with cut-off ones.

    `demo` signs with the demo key: all that is sealed then says that a script approved it. `seam` is for crash tests.
    """
    with (
        rotation.present(settings),
        _opened(settings, clock=clock or SystemClock(), demo=demo, work=work, worker=worker, seam=seam) as office,
    ):
        yield office


@contextmanager
def _opened(
    settings: Settings, *, clock: Clock, demo: bool, work: bool, worker: str, seam: Callable[[str], None]
) -> Iterator[Office]:
    server = post.named(settings)
    key = keys.signing_key(settings, demo=demo)
    witness = Checkpoints(folder=settings.checkpoint_folder, key=key, every=settings.checkpoint_every, now=clock.now)
    store = engine.open(settings, keys.master_key(settings), seam=seam)
    control = durable.connect(settings)
    running: durable.Engine | None = None
    outbox: Outbox | None = None
    courier: Courier | None = None
    trail = Trail(store=store, clock=clock.now, days=settings.audit_days, most=settings.audit_rows)
    postman = mail.Postman(store=store, settings=settings, now=clock.now, server=server)
    try:
        _settle(store, settings)
        store.witness = witness
        witness.catch_up(store)
        containment = tier.find(settings.containment, settings.accept_without_cgroups, settings.sandbox_uid)
        machines = flow.Machines(
            store=store,
            settings=settings,
            laboratory=Laboratory(containment=containment, shelf=_shelf(settings)),
            signer=HostSigner(key=key, organisation=HOST),
            now=clock.now,
            demo=demo,
            meaning=flow_meaning.reader(settings),
        )
        clearing = Clearing(machines=machines, control=control)
        batches = Batches(machines=machines, control=control)
        defend_machines = defend_flow.Machines(store=store, settings=settings, now=clock.now)
        defend = Defend(machines=defend_machines)
        ai = AiDefence(machines=defend_machines)
        lists = Lists(machines=defend_machines)
        climber = HostClimber(laboratory=Laboratory(containment=containment, shelf=_shelf(settings)))
        patching = flow_patches.Machines(
            store=store,
            settings=settings,
            climber=climber,
            signer=HostSigner(key=key, organisation=HOST),
            now=clock.now,
            leave=lambda: ai.leave(Task.PATCH),
            demo=demo,
        )
        patches = Patches(machines=patching, control=control, climber=climber)
        blind = Blind(machines=machines, control=control, clearing=clearing, trusted=lambda: trusted(settings))
        capacity = Capacity(machines=machines, control=control)
        passing = flow_handover.Machines(
            store=store,
            key=key,
            carrier=Carrier(loopback=settings.partners_loopback),
            intake=TapIntake(loopback=settings.partners_loopback),
            now=clock.now,
            organisation=settings.organisation,
            address=settings.address,
            cisa2015=settings.cisa2015_in_force,
        )
        assessing = assess_flow.Machines(
            store=store,
            settings=settings,
            signer=HostSigner(key=key, organisation=HOST),
            endpoint=ModelEndpoint(loopback=settings.gateway_loopback),
            cards=HostCards(key=key),
            contained=containment,
            now=clock.now,
            demo=demo,
        )
        numbering = flow_cve.Machines(desk=machines, services=CveServices(loopback=settings.cve_loopback))
        assess = Assess(machines=assessing, control=control)
        writing = brief_flow.Machines(store=store, settings=settings, signer=machines.signer, now=clock.now, demo=demo)
        briefs = Briefs(machines=writing, control=control)
        mirroring = flow_mirrors.Machines(store=store, settings=settings, now=clock.now, check=openpgp.signer_of)
        exchange = Exchange(store=store, settings=settings, now=clock.now)
        sender = Sender(loopback=settings.hooks_loopback)
        hooks = Hooks(store=store, settings=settings, sender=sender, now=clock.now)
        searching = Searching(
            searchers=(
                CaseSearch(store=store),
                AdvisorySearch(store=store),
                BriefSearch(store=store),
                EstateSearch(store=store),
                AssessmentSearch(assess=assess),
            )
        )
        if work:
            flows = (
                *flow.flows(machines, control),
                *flow_batches.flows(machines, control),
                *flow_cross.flows(machines, control, partial(flow_ladder.fires, climber.laboratory)),
                *flow_blind.flows(machines, control),
                *flow_capacity.flows(machines, control),
                *flow_handover.flows(passing),
                *flow_claims.flows(passing),
                *flow_cve.flows(numbering),
                *flow_patches.flows(patching),
                *flow_coordination.flows(machines),
                *assess_flow.flows(assessing),
                *brief_flow.flows(writing),
                *flow_recheck.flows(writing, control),
                *flow_mirrors.flows(mirroring, control),
            )
            flow_compare.catch_up(store)  # before any flow compares a report with those that are filed
            running = durable.launch(settings, flows, clock=clock, worker=worker, seam=seam)
            clearing.resume()
            capacity.resume()
            flow_handover.resume(passing, control)
            flow_claims.start(passing, control)
            flow_cve.resume(numbering, control)
            batches.resume()
            patches.resume()
            assess.resume()
            briefs.resume()
            flow_mirrors.resume(mirroring, control)
            exchange.catch_up()
            searching.catch_up()
        accounts = Accounts(
            store=store,
            clock=clock.now,
            prove=prover(store, settings.checkpoint_folder, lambda: trusted(settings)),
            health=lambda: health(store, settings, containment, control, now=clock.now),
            needs_second_factor=settings.second_factor == "required",
        )
        office = Office(
            settings=settings,
            now=clock.now,
            clock=clock,
            store=store,
            containment=containment,
            key=key,
            control=control,
            worker=running,
            clearing=clearing,
            regroup=Regroup(machines=machines, control=control),
            batches=batches,
            rules=Rules(machines=machines),
            coordination=Coordinations(machines=machines, control=control),
            canaries=Canaries(machines=machines),
            blind=blind,
            priorities=Priorities(machines=machines),
            capacity=capacity,
            patches=patches,
            standings=Standings(machines=machines),
            claims=Claims(
                store=store,
                settings=settings,
                signer=machines.signer,
                now=clock.now,
                own_report=clearing.own_report,
                tell=partial(flow_claims.start, passing, control),
            ),
            assess=assess,
            briefs=briefs,
            defend=defend,
            directives=Directives(machines=defend_machines, key=key, demo=demo),
            deadlines=Deadlines(machines=defend_machines, lists=lists),
            triages=Triages(machines=defend_machines, key=key, ai=ai, rules=lambda: detection_rules(settings)),
            ai=ai,
            advice=Advice(machines=defend_machines, ai=ai, lists=lists),
            attest=Attest(machines=defend_machines, key=key),
            counts=Counts(machines=defend_machines),
            library=Library(
                store=store,
                order_pack=pack.shipped_order,
                check=checker(lambda: trusted(settings)),
                now=clock.now,
                publisher=settings.organisation,
                address=settings.address,
            ),
            watches=Watches(machines=defend_machines),
            osv=OsvAnswers(store=store),
            provider=Provider(
                store=store,
                address=settings.address,
                publisher=settings.organisation,
                namespace=settings.namespace,
                contact=settings.security_contact or f"{settings.address}/report",
                listed=settings.csaf_aggregators,
                signer=document_signer(settings, demo=demo),
                now=clock.now,
            ),
            exchange=exchange,
            hooks=hooks,
            hand_overs=HandOvers(machines=passing, control=control, clearing=clearing, settings=settings),
            erasures=Erasures(machines=machines),
            cve=CveDesk(machines=numbering, control=control),
            sharing=Sharing(store=store, settings=settings, now=clock.now),
            searching=searching,
            accounts=accounts,
            trail=trail,
            glass=Glass(accounts=accounts, settings=settings),
            mirroring=Mirroring(machines=mirroring, control=control),
        )
        trail.start()
        if work:
            outbox = Outbox(store=store, subscriber=subscriptions.NAME, table=subscriptions.table(office))
            outbox.start()
            postman.start()
            courier = Courier(hooks=hooks)
            courier.start()
        yield office
    finally:
        trail.stop()
        postman.stop()
        if courier is not None:
            courier.stop()
        if outbox is not None:
            outbox.stop()
            with store.read() as tx:
                witness.write(journal.head(tx))
        if running is not None:
            running.stop()
        control.close()
        store.close()


def detection_rules(settings: Settings) -> tuple[tuple[str, bytes], ...]:
    """The detection rules the operator brought: every `.yml` file under the folder of the settings."""
    folder = settings.detection_rules
    if folder is None:
        return ()
    files = sorted(
        path for path in folder.rglob("*.yml") if path.is_file() and path.stat().st_size <= sigma.LIMITS.document_bytes
    )
    return tuple((path.name, path.read_bytes()) for path in files[: sigma.RULES])


def document_signer(settings: Settings, *, demo: bool = False) -> Callable[[], OpenPgp | None]:
    """Gives the OpenPGP key for documents when it is first asked for; None where its library is not installed."""

    @cache
    def signer() -> OpenPgp | None:
        try:
            return openpgp.load(settings, demo=demo)
        except Unavailable:
            return None

    return signer


def trusted(settings: Settings) -> tuple[keys.PublicKey, ...]:
    """The keys this host signs and signed with: its own, those before, and the demo key where there is one."""
    own = [*keys.own_keys(settings)]
    if (settings.keys / "demo-signing.pem").exists():
        own.append(keys.signing_key(settings, demo=True).public)
    return tuple(own)


def health(
    store: Store,
    settings: Settings,
    containment: Containment,
    control: durable.Control,
    *,
    now: Callable[[], datetime],
) -> tuple[Health, ...]:
    """What an operator must know: containment, store, keys, mirrors and their dates, model in use."""
    lines = [
        Health(name=line.name, value=line.value, state=line.health, remedy=line.remedy)
        for line in doctor.examine(probe.look(), containment)
    ]
    kind = "PostgreSQL" if settings.database.startswith("postgresql") else f"SQLite in {settings.data}"
    lines.append(Health(name="store", value=kind, state="ok"))
    lines.append(Health(name="signing key", value=keys.signing_key(settings).public.id[:16], state="ok"))
    lines.append(Health(name="model in use", value="none: every step works without one", state="ok"))
    with store.read() as tx:
        lines.append(_mail(tx, settings))
    lines.append(health_of_work.given_up(*flow_handover.given_up(store)))
    lines += health_of_work.lines(store, settings, control, now=now)
    return (*lines, *_mirrors(store, settings, now))


def _mail(tx: engine.Tx, settings: Settings) -> Health:
    """Letters wait without a mail server and are never lost: the operator must see both."""
    held = mail.standing(tx)
    told = f"{held.waiting} waiting, {held.given_up} given up, {held.sent} sent"
    if held.oldest is not None:
        told += f"; oldest since {held.oldest:%Y-%m-%d %H:%M} UTC" + (f": {held.problem}" if held.problem else "")
    if not settings.smtp_host:
        remedy = "COMITY_SMTP_HOST and COMITY_MAIL_FROM (docs/operating.md)"
        return Health(name="mail", value=f"no mail server: letters wait ({told})", state="warn", remedy=remedy)
    state = "warn" if held.given_up or held.problem else "ok"
    remedy = "comity letter list" if state == "warn" else ""
    return Health(
        name="mail", value=f"{settings.smtp_host}, {settings.smtp_security}: {told}", state=state, remedy=remedy
    )


MIRRORS = ("CISA KEV", "CISA Vulnrichment", "FIRST EPSS")
"""Told of even where nobody wants them and none is held: their answers are unknown then."""


def _mirrors(store: Store, settings: Settings, now: Callable[[], datetime]) -> list[Health]:
    """Each mirror with its dates and its age, and what to do about one that is old, missing or failing."""
    machines = flow_mirrors.Machines(store=store, settings=settings, now=now, check=openpgp.signer_of)
    held = standing(machines)
    lines = [_never(source) for source in MIRRORS if source not in {one.source for one in held}]
    return lines + [_never(one.source, one) if one.fetched_at is None else _mirror(one) for one in held]


def _never(source: str, wanted: Standing | None = None) -> Health:
    remedy = "name it in COMITY_MIRRORS, or comity mirror add FILE (docs/mirrors.md)"
    if wanted is not None:
        remedy = f"comity mirror fetch {wanted.name}"
    starter = pack.STARTER_DATES.get(source)
    value = "never fetched: its answers are unknown"
    if starter is not None:
        value = f"never fetched; the starter data of {starter} answers, and is too old to assess by"
    if wanted is not None and wanted.said:
        value += f"; last look failed: {wanted.said}"
    return Health(name=source, value=value, state="warn", remedy=remedy)


def _mirror(one: Standing) -> Health:
    dated = f"{one.as_of:%Y-%m-%d}" if one.as_of else "no date given"
    value = f"as of {dated}, fetched {one.fetched_at:%Y-%m-%d}"
    if one.confirmed_at is not None:
        value += f", confirmed by upstream {one.confirmed_at:%Y-%m-%d %H:%M} UTC"
    if one.failures:
        value += f"; the last {one.failures} looks failed: {one.said}"
    elif one.is_old_copy:
        value += "; by its own date the address serves an old copy"
    elif one.state != FRESH:
        value += f"; {one.age.days} days old" if one.age is not None else "; of no known age"
    remedy = ""
    if one.failures or one.state != FRESH:
        remedy = f"comity mirror fetch {one.name}" if one.name else "comity mirror add FILE (docs/mirrors.md)"
    return Health(name=one.source, value=value, state="warn" if remedy else "ok", remedy=remedy)


def _shelf(settings: Settings) -> Shelf:
    return Shelf(cache=settings.data / "packages", mirror=settings.wheels, online=not settings.offline)


def _settle(store: Store, settings: Settings) -> None:
    """The host's own organisation exists from the first start on."""
    with store.write() as tx:
        held = parties.all_organisations(tx)
        if not any(o.id == HOST for o in held):
            name = settings.organisation
            taken = any(o.name == name for o in held)
            parties.add_organisation(tx, Organisation(id=HOST, name=f"{name} (host)" if taken else name))
