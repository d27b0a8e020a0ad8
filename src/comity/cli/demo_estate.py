"""Demo steps 8 and 9: an estate reacts by event, and inventories of national security systems stay apart.

The images hold versions whose weaknesses are in CISA's catalogue of known exploited ones; catalogue, SSVC inputs and
advisories are the real ones that ship. Assets and parties are made up and say so.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from comity.admin import mirrors
from comity.app import Office
from comity.bench.sample_estate import KNOWN
from comity.defend.desk import Document
from comity.defend.desk_deadlines import AskPerson, Deadlines, Due, Lists, NotAssessed, Row
from comity.durable.clock import JumpingClock
from comity.errors import Conflict, Missing
from comity.formats import directive, pack
from comity.model.asset import Confidence, Domain, ExposureTag, Reach
from comity.model.ids import digest
from comity.model.party import Role, Viewer

Say = Callable[..., None]
AGENCY = "Demo Agency (not a real party)"
FORT = "Demo NSS Office (not a real party)"
WATCHED = "CVE-2020-13927"
"""In KEV with SSVC inputs in the extract that ships: the row is settled."""
UNKNOWN = "CVE-2020-11651"
"""In KEV, without SSVC inputs there: a person decides."""


def react(office: Office, clock: JumpingClock, say: Say) -> bool:
    """Step 8. True when the dates are there, moved with the exposure, and are still told for the day before."""
    viewer = _person(office, "demo-script-defender", AGENCY, Role.DEFENDER)
    for data, as_of in pack.starter_advisories()[:1]:
        mirrors.take_in(office.store, data, at=office.clock.now(), ecosystem="PyPI", as_of=as_of)
    _estate(office, viewer, Domain.FCEB)
    good = _stale(office, viewer, say)
    found = office.deadlines.deadlines(viewer)
    hits = [row for row in found.rows if row.vulnerability in {WATCHED, UNKNOWN}]
    say(f"{found.summary.findings} findings on {found.assets} assets; {found.summary.ask} for a person to decide")
    for flaw in (WATCHED, UNKNOWN):
        for row in [one for one in hits if one.vulnerability == flaw][:2]:
            _told(row, say)
    watched = next((row for row in hits if row.vulnerability == WATCHED), None)
    if watched is None or not isinstance(watched.answer, Due):
        say("the estate does not hold the finding it is to show", "red")
        return False
    say(
        "every date is by a transcription of BOD 26-04 (agreed, secondary), whose table applies from 7 December 2026",
        "dim",
    )
    good &= _locked(office, viewer, watched, say)
    other = next((row for row in found.rows if isinstance(row.answer, Due) and row.answer.row == 7), None)
    if other is None:
        say("the estate does not hold the exposed finding it is to show", "red")
        return False
    before = office.deadlines.deadline(viewer, other.asset, other.vulnerability).answer
    promised = office.deadlines.what_if(viewer, office.deadlines.changes(viewer, [f"exposure {other.asset} no"]))
    say(f"what if {other.asset_name} left the public network? {promised.moved_count} findings would move")
    then = clock.now()
    clock.jump_to(then + timedelta(days=1))  # a day later, on the demo's own clock
    now = clock.now()
    tag = ExposureTag(value=Reach.INTERNAL, confidence=Confidence.CONFIRMED, source="demo script", at=now)
    office.defend.tag(viewer, other.asset, tag)
    after = office.deadlines.deadline(viewer, other.asset, other.vulnerability).answer
    past = office.deadlines.deadline(viewer, other.asset, other.vulnerability, at=then).answer
    say(
        f"it does (the demo's clock is moved by a day): {other.vulnerability} {_side(before)} -> {_side(after)}",
        "green",
    )
    say(f"and asked about the day before: still {_side(past)}")
    if not (isinstance(before, Due) and isinstance(after, Due) and isinstance(past, Due)):
        return False
    return good and before.tier != after.tier and (past.tier, past.due) == (before.tier, before.due)


def apart(office: Office, say: Say) -> bool:
    """Step 9. True when the civil viewer is told the same as for nothing, and the local pack dates only its own."""
    civil = _person(office, "demo-script-defender", AGENCY, Role.DEFENDER)
    nss = _person(office, "demo-script-nss", FORT, Role.NSS_DEFENDER)
    author = _person(office, "demo-script-nss-authority", FORT, Role.NSS_DEFENDER, Role.AUTHORITY)
    _estate(office, nss, Domain.NSS)
    row = next(one for one in office.deadlines.deadlines(nss).rows if one.vulnerability == WATCHED)
    good = _hidden(office, civil, row, say)
    say(f"the NSS defender sees it: {type(row.answer).__name__}: {getattr(row.answer, 'reason', '')}")
    data = _local()
    made = office.directives.draft(author, data)
    office.directives.consult(author, made.id, [FORT], days=5)
    office.directives.comment(nss, made.id, "", agrees=True)
    office.directives.sign(author, made.id, digest(data))
    office.directives.publish(author, made.id)
    office.directives.follow(nss, "local.nss.drill")
    office.directives.acknowledge(nss, "local.nss.drill")
    say("a local pack is drafted, consulted on, signed by the demo script with the demo key, published, followed, read")
    dated = office.deadlines.deadline(nss, row.asset, row.vulnerability).answer
    say(f"now under local.nss.drill: {_side(dated)} (its day counts are this drill's, nobody's rule)", "green")
    try:
        office.directives.pack(civil, "local.nss.drill")
    except Missing as error:
        say(f"the civil user asks for that pack: {error}", "green")
        return good and isinstance(dated, Due) and dated.pack == "local.nss.drill"
    return False


def _stale(office: Office, viewer: Viewer, say: Say) -> bool:
    """What the same data says under the default age limit: nothing, and never clean."""
    machines = office.deadlines.machines
    machines = replace(machines, settings=replace(machines.settings, directive_choices=""))
    strict = Deadlines(machines=machines, lists=Lists(machines=machines))
    answers = [row.answer for row in strict.deadlines(viewer).rows]
    silent = [one for one in answers if isinstance(one, NotAssessed)]
    if silent:
        say(f"by default: {len(silent)} of {len(answers)} listed NOT ASSESSED: {silent[0].reason}", "yellow")
    say("for the demo that age limit is lifted (kev_max_age=unlimited), and each answer says so", "dim")
    return bool(silent) and len(silent) == len(answers)


def _locked(office: Office, viewer: Viewer, row: Row, say: Say) -> bool:
    if not (isinstance(row.answer, Due) and row.answer.triage):
        return True
    try:
        office.deadlines.patched(viewer, row.asset, row.vulnerability, "upgraded")
    except Conflict as error:
        say(f"patching it is refused: {error}", "green")
        return True
    return False


def _hidden(office: Office, civil: Viewer, row: Row, say: Say) -> bool:
    words = []
    for asset in (row.asset, "A-0000-0000-0000"):
        try:
            office.deadlines.deadline(civil, office.deadlines.asset_named(civil, asset), row.vulnerability)
        except Missing as error:
            words.append(str(error).replace(asset, "ASSET"))
    if len(words) == 2 and words[0] == words[1]:
        say(f"the civil user asks for the NSS asset: {words[0]}; for one that does not exist: the same words", "green")
        return True
    say("a civil user saw an NSS asset", "red")
    return False


def _told(row: Row, say: Say) -> None:
    answer = row.answer
    what = f"{row.vulnerability} on {row.asset_name} ({row.component})"
    if isinstance(answer, Due):
        started = f"clock from {answer.start.day} ({answer.start.event.replace('_', ' ')})"
        dates = f"table {_day(answer.table_due, answer)}, KEV {_day(answer.kev_due, answer)}, {answer.leads} leads"
        late = " OVERDUE" if answer.overdue else ""
        say(f"row {answer.row}, {answer.tier_name}: due {_day(answer.due, answer)}{late}")
        say(f"  {what}; {started}; {dates}", "dim")
        for one in answer.defaulted:
            say(f"  {one.input} unknown, taken as {one.value} ({one.param})", "yellow")
    elif isinstance(answer, AskPerson):
        say(
            f"{what}: {', '.join(answer.missing)} UNKNOWN, a person decides; KEV {_day(answer.kev_due, answer)}",
            "yellow",
        )


def _side(answer: object) -> str:
    if isinstance(answer, Due):
        return f"{answer.tier_name} (row {answer.row}), due {_day(answer.due, answer)}"
    return type(answer).__name__


def _day(value: object, answer: Due | AskPerson) -> str:
    from datetime import datetime

    return value.astimezone(ZoneInfo(answer.zone)).date().isoformat() if isinstance(value, datetime) else "none"


def _estate(office: Office, viewer: Viewer, domain: Domain) -> None:
    """Three images with known exploited weaknesses, and six assets that run them."""
    for name, listed in KNOWN:
        office.defend.register(
            viewer, Document(name=f"{name}.json", data=_bom(name, listed)), name=f"demo {name}", domain=domain
        )
    rows = ["asset,asset type,environment,exposure,exposure source,planned upgrade,inventory"]
    for number, (name, _) in enumerate((*KNOWN, *KNOWN)):
        exposure = ("public", "internal", "")[number % 3] if number else "public"
        rows.append(f"demo-{domain.value}-{number + 1},server,prod,{exposure},demo,2027-06-01,demo {name}")
    office.defend.import_assets(viewer, ("\n".join(rows) + "\n").encode(), domain=domain)


def _bom(name: str, listed: tuple[tuple[str, str, str], ...]) -> bytes:
    components = [
        {"type": "library", "name": package, "version": version, "purl": f"pkg:{kind}/{package}@{version}"}
        for kind, package, version in listed
    ]
    subject = {"component": {"type": "application", "name": name, "version": "demo"}}
    return json.dumps(
        {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "metadata": subject, "components": components}
    ).encode()


def _local() -> bytes:
    """The shipped template with its times filled in for the drill."""
    text = directive.shipped_bytes("local.nss.template").decode()
    for amount in (90, 30, 7):
        text = text.replace("unit: to_be_set", f"unit: calendar_day, amount: {amount}", 1)
    swaps = {
        "pack: local.nss.template": "pack: local.nss.drill",
        "version: 0.0.1": "version: 1.0.0",
        "kind: template": "kind: local",
        "binding_on: [none]": "binding_on: [systems of the demo NSS office]",
        'title: "Template: local pack for NSS"': 'title: "Drill: a local pack of the demo NSS office"',
    }
    for old, new in swaps.items():
        text = text.replace(old, new, 1)
    return text.encode()


def _person(office: Office, login: str, organisation: str, *roles: Role) -> Viewer:
    from comity.access.caller import Via, signed_in

    person = office.accounts.provide(
        name=login, login=login, organisation=organisation, roles=frozenset(roles), is_script=True
    )
    return signed_in(person, via=Via.SESSION).viewer
