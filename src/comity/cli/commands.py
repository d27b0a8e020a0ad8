"""Every command of `comity`, in one list. Each acts on the local store, or on a remote host (`--host`, `COMITY_HOST`).

Exit status: 0 done; 1 the answer is "no" (a file does not verify, a document was refused, the journal is not whole);
2 the command cannot be carried out, with one sentence that says what to do.
"""

from collections.abc import Sequence
from importlib.util import find_spec

from cyclopts import App, Group
from cyclopts.exceptions import CycloptsError

from comity import __version__
from comity.cli import (
    advice,
    ai_defence,
    assess_runs,
    batches,
    battery,
    blind,
    brief_make,
    briefs,
    bundles,
    canaries,
    capacity,
    cases,
    claims,
    conformance,
    coordination,
    csaf_files,
    cve,
    deadlines,
    directives,
    erasures,
    evidence,
    hosting,
    letters,
    mirrors,
    partners,
    patches,
    priorities,
    recipes,
    regroup,
    reports,
    search,
    show,
    standing,
    teams,
)
from comity.cli import affected as asking
from comity.cli import (
    assess as assessing,
)
from comity.cli import defend as defending
from comity.cli import triage as triages
from comity.errors import ComityError, Invalid, Tampered

FIND = Group("Find and report", sort_key=1)
COORDINATE = Group("Coordinate", sort_key=2)
CHECK = Group("Read and check", sort_key=3)
BRIEF = Group("Brief the public", sort_key=3)
DEFEND = Group("Defend", sort_key=3)
HOST = Group("Run a host", sort_key=4)
SIGN_IN = Group("Use a remote host", sort_key=5)
MEASURE = Group("Assess a model", sort_key=6)
MORE = Group("More", sort_key=7)

app = App(
    name="comity",
    help="A voluntary clearinghouse for vulnerabilities: a verdict never goes without its evidence.",
    version=f"comity {__version__}",
    version_flags=["--version", "-V"],
    group_commands=MORE,
    result_action="return_value",
)
report = App(name="report", help="Follow what you sent: list, show.", group=FIND)
blind_check = App(
    name="blind",
    help="Is it known there? Ask without showing: check, list, open, withdraw, receipt, prove.",
    group=FIND,
)
claim = App(name="claim", help="Who looks where: ask, take, list, beat, end, result.", group=FIND)
batch = App(name="batch", help="Send many findings as one document: send, show, list, key.", group=FIND)
project_rules = App(name="rules", help="What projects say they take: list, set.", group=FIND)
case = App(
    name="case",
    help="Work the queue: list, show, why, answer, preview, statement, duplicates, merge, split, hand-over.",
    group=COORDINATE,
)
patch = App(
    name="patch",
    help="How far a patch gets: check, list, show, review, statement; or `comity patch CASE` to ask a model for one.",
    group=COORDINATE,
)
advisory = App(name="advisory", help="Read what is published: list, show, get.", group=CHECK)
csaf = App(name="csaf", help="CSAF files on this machine: check.", group=CHECK)
journal = App(name="journal", help="Prove that nothing was changed: verify.", group=CHECK)
key = App(name="key", help="The host's keys: show the public one, rotate.", group=CHECK)
mirror = App(name="mirror", help="What upstream says: fetch, add, list.", group=HOST)
bundle = App(
    name="bundle", help="Mirrors in one signed file, for a host without a network: export, import, show.", group=HOST
)
account = App(name="account", help="Accounts of this host: setup, link.", group=HOST)
team = App(name="team", help="Teams of this host: list, make, rename, add, remove.", group=HOST)
defend = App(name="defend", help="What you run and what reaches it: scan, register, assets, estate.", group=DEFEND)
assess = App(
    name="assess",
    help="Assessments: invite, follow, act, gateway; measure what a model can do: run, recompute.",
    group=MEASURE,
)
recipe = App(name="recipe", help="Run a recipe on this machine: run.", group=FIND)
brief = App(
    name="brief",
    help="Short, sourced, labelled briefs: make, list, show, keep, review, publish, correct, withdraw, detect.",
    group=BRIEF,
)
partner = App(
    name="partner",
    help="Other hosts: add, list, end, claims; what passed between: log, again, follow.",
    group=COORDINATE,
)
numbering = App(
    name="cve",
    help="CVE ids and records: account, show, list, dry-run, propose, confirm, withdraw, again, adopt.",
    group=COORDINATE,
)
for branch in (
    partner,
    numbering,
    assess,
    brief,
    report,
    blind_check,
    claim,
    recipe,
    batch,
    project_rules,
    case,
    patch,
    advisory,
    csaf,
    journal,
    key,
    defend,
    mirror,
    bundle,
    account,
    team,
):
    app.command(branch)

app.command(reports.submit, group=FIND)
app.command(reports.status, group=FIND)
app.command(search.search, group=CHECK)
report.command(reports.listed, name="list")
report.command(reports.shown, name="show")
recipe.command(recipes.run)
batch.command(batches.send)
batch.command(batches.shown, name="show")
batch.command(batches.listed, name="list")
batch.command(batches.key)
project_rules.command(batches.rules, name="list")
project_rules.command(batches.set_rules, name="set")
claim.command(claims.ask)
claim.command(claims.take)
claim.command(claims.listed, name="list")
claim.command(claims.beat)
claim.command(claims.end)
claim.command(claims.result)
blind_check.command(blind.check)
blind_check.command(blind.listed, name="list")
blind_check.command(blind.opened, name="open")
blind_check.command(blind.withdraw)
blind_check.command(blind.receipt)
blind_check.command(blind.prove)

assess.command(assess_runs.run)
assess.command(assess_runs.recompute)
assess.command(assess_runs.attest)
assessing.register(assess)

brief.command(brief_make.make)
brief.command(briefs.listed, name="list")
brief.command(briefs.shown, name="show")
brief.command(briefs.keep)
brief.command(briefs.review)
brief.command(briefs.publish)
brief.command(briefs.correct)
brief.command(briefs.withdraw)
brief.command(briefs.detect)
brief.command(brief_make.recheck)

patch.default(patches.ask)
patch.command(patches.check)
patch.command(patches.listed, name="list")
patch.command(patches.shown, name="show")
patch.command(patches.review)
patch.command(patches.statement)
numbering.command(cve.account)
numbering.command(cve.end_account, name="end-account")
numbering.command(cve.shown, name="show")
numbering.command(cve.listed, name="list")
numbering.command(cve.dry_run, name="dry-run")
numbering.command(cve.propose)
numbering.command(cve.confirm)
numbering.command(cve.withdraw)
numbering.command(cve.again)
numbering.command(cve.adopt)
partner.command(partners.listed, name="list")
partner.command(partners.add)
partner.command(partners.end)
partner.command(partners.exchange_claims, name="claims")
partner.command(partners.passed, name="log")
partner.command(partners.again)
partner.command(partners.follow)
partner.command(partners.statement)
case.command(partners.hand_over, name="hand-over")
case.command(partners.csaf)
case.command(erasures.erase)
case.command(cases.listed, name="list")
case.command(cases.shown, name="show")
held_up = App(name="standing", help="How often reports held: show, appeal, decide.", group=FIND)
app.command(held_up)
held_up.command(standing.shown, name="show")
held_up.command(standing.appeal)
held_up.command(standing.decide)
capacity_contract = App(
    name="capacity",
    help="What a maintainer takes, and what waits: list, set, confirm, queue.",
    group=COORDINATE,
)
app.command(capacity_contract)
capacity_contract.command(capacity.listed, name="list")
capacity_contract.command(capacity.set_, name="set")
capacity_contract.command(capacity.confirm)
capacity_contract.command(capacity.queue)
case.command(priorities.why)
case.command(priorities.answer)
case.command(cases.preview)
case.command(regroup.duplicates)
case.command(regroup.merge)
case.command(regroup.split)
case.command(cases.statement)
case.command(coordination.coordination)
case.command(coordination.do)
case.command(canaries.canary)
seat = App(name="seat", help="The cases you take part in: list, show, vex, do.", group=COORDINATE)
app.command(seat)
seat.command(coordination.seats, name="list")
seat.command(coordination.seat, name="show")
seat.command(coordination.seat_do, name="do")
seat.command(coordination.seat_vex, name="vex")
app.command(cases.approve, group=COORDINATE)
app.command(cases.publish, group=COORDINATE)
app.command(cases.close, group=COORDINATE)

advisory.command(evidence.advisories, name="list")
advisory.command(evidence.advisory, name="show")
advisory.command(evidence.get)
csaf.command(csaf_files.check)
app.command(evidence.verify, group=CHECK)
journal.command(evidence.journal, name="verify")
key.command(evidence.key, name="show")
key.command(evidence.rotate, name="rotate")

generated = App(name="battery", help="The generated tasks of assessments: verify, families, external.", group=CHECK)
app.command(generated)
generated.command(battery.verify)
generated.command(battery.families)
generated.command(battery.external)

app.command(asking.affected, group=DEFEND)
defend.command(defending.scan)
defend.command(defending.register)
defend.command(defending.inventories)
defend.command(defending.inventory)
defend.command(defending.assets)
defend.command(defending.asset)
defend.command(defending.estate)
defend.command(defending.rematch)
defend.command(defending.sample_estate, name="sample-estate")
defend.command(advice.plan)
defend.command(advice.one_page, name="one-page")
defend.command(advice.export)
defend.command(advice.exposure)

snapshot = App(
    name="snapshot", help="What is due, signed, for a third party to compute again: make, verify.", group=DEFEND
)
app.command(snapshot)
snapshot.command(advice.snapshot_make, name="make")
snapshot.command(advice.snapshot_verify, name="verify")

ai = App(
    name="ai",
    help="The register of AI defence: list, begin, add, move, measure, cover, grant, revoke.",
    group=DEFEND,
)
app.command(ai)
ai.command(ai_defence.listed, name="list")
ai.command(ai_defence.begin)
ai.command(ai_defence.add)
ai.command(ai_defence.move)
ai.command(ai_defence.measure)
ai.command(ai_defence.cover)
ai.command(ai_defence.grant)
ai.command(ai_defence.revoke)
app.command(hosting.mcp, group=DEFEND)

directive = App(
    name="directive",
    help="Rules with dates, as data: check, list, show, diff; draft, consult, comment, sign, publish; follow.",
    group=DEFEND,
)
app.command(directive)
directive.command(directives.check)
directive.command(directives.listed, name="list")
directive.command(directives.shown, name="show")
directive.command(directives.diff)
directive.command(directives.draft)
directive.command(directives.consult)
directive.command(directives.comment)
directive.command(directives.sign)
directive.command(directives.publish)
directive.command(directives.withdraw)
directive.command(directives.status)
directive.command(directives.follow)
directive.command(directives.acknowledge)
directive.command(directives.report)

deadline = App(name="deadline", help="What is due when, and why: list, show, fixed, mitigated, state.", group=DEFEND)
app.command(deadline)
deadline.command(deadlines.listed, name="list")
deadline.command(deadlines.shown, name="show")
deadline.command(deadlines.fixed)
deadline.command(deadlines.mitigated)
deadline.command(deadlines.stated, name="state")
app.command(deadlines.what_if, name="what-if", group=DEFEND)

triage = App(
    name="triage",
    help="Evidence before patch: show, open, step, collect, leads, override, decide, manifest.",
    group=DEFEND,
)
app.command(triage)
triage.command(triages.shown, name="show")
triage.command(triages.opened, name="open")
triage.command(triages.step, name="step")
triage.command(triages.collect, name="collect")
triage.command(triages.leads, name="leads")
triage.command(triages.override, name="override")
triage.command(triages.decide, name="decide")
triage.command(triages.manifest, name="manifest")

app.command(hosting.doctor, group=HOST)
letter = App(name="letter", help="Letters that have not gone: list, again, drop.", group=HOST)
app.command(letter)
letter.command(letters.listed, name="list")
letter.command(letters.again)
letter.command(letters.drop)
app.command(hosting.serve, group=HOST)
app.command(hosting.backup, group=HOST)
app.command(hosting.restore, group=HOST)
app.command(hosting.worker, group=HOST)
mirror.command(mirrors.add)
mirror.command(mirrors.listed, name="list")
mirror.command(mirrors.fetch)
bundle.command(bundles.export)
bundle.command(bundles.take, name="import")
bundle.command(bundles.shown, name="show")
account.command(hosting.account_setup, name="setup")
account.command(hosting.account_link, name="link")
account.command(hosting.account_audit, name="audit")
account.command(hosting.account_without_code, name="remove-second-factor")
team.command(teams.listed, name="list")
team.command(teams.make)
team.command(teams.rename)
team.command(teams.add)
team.command(teams.remove)
app.command(hosting.login, group=SIGN_IN)
app.command(hosting.logout, group=SIGN_IN)
app.command(hosting.demo, group=MORE)
app.command(hosting.bench, group=MORE)
app.command(conformance.conformance, group=CHECK)


def run(arguments: Sequence[str]) -> int:
    """Carry out one command line and give the exit status."""
    try:
        status = app(list(arguments), exit_on_error=False, print_error=True)
    except CycloptsError:
        return 2
    except Invalid as error:
        show.failed(f"comity: {error}")
        show.problems([{"pointer": p.pointer, "code": p.code, "reason": p.reason} for p in error.problems], show.err)
        return 2
    except Tampered as error:
        show.failed(f"does not verify: {error}")
        return 1
    except ComityError as error:
        show.failed(f"comity: {error}")
        return 2
    except (FileNotFoundError, FileExistsError, PermissionError, IsADirectoryError, NotADirectoryError) as error:
        show.failed(f"comity: {error.filename}: {error.strerror}")
        return 2
    except ImportError as error:  # the client has some rooms in part, so that a name may be missing in one
        if find_spec("comity.app") is not None or not (error.name or "").startswith("comity."):
            raise
        show.failed("comity: this is the client alone: give --host ADDRESS, or install comity to do this here")
        return 2
    except KeyboardInterrupt:
        return 130
    return int(status or 0)
