"""The demo: one thread through what is built of the framework, on real input. Decisions are a script's, and say so.

Steps follow the story in docs/demo.md. What a step cannot show on this machine, it says; nothing is faked.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from rich.text import Text

from comity import settings as configuration
from comity.admin import mirrors
from comity.app import Office, opened, trusted
from comity.clearing.desk import Accepted, Answer, CaseView
from comity.cli import demo_assess, demo_batch, demo_blind, demo_briefs, demo_estate, demo_patches, demo_sharing, show
from comity.cli.demo_findings import batch
from comity.cli.demo_store import fresh
from comity.cli.serving import listen
from comity.durable.clock import JumpingClock, SystemClock
from comity.errors import Conflict, Tampered
from comity.formats.pack import starter
from comity.formats.recipe_archive import shipped_cases
from comity.library.check import checker
from comity.model.case import Stage
from comity.model.evidence import Build, NeedsPerson, Reproduced
from comity.model.ids import AdvisoryId, CaseId
from comity.model.party import Role, Viewer
from comity.sandbox import child
from comity.settings import Settings

PATIENCE = timedelta(minutes=4)


@dataclass(slots=True)
class Story:
    """Prints steps with their elapsed time."""

    started: float
    last: float

    def step(self, number: int, title: str) -> None:
        """A step begins."""
        self.last = time.monotonic()
        show.line("")
        show.out.print(Text.assemble((f"{number:>2}  ", "bold cyan"), (title, "bold")))

    def done(self) -> None:
        """A step is over."""
        now = time.monotonic()
        show.line(f"    {now - self.last:.1f} s", "dim")
        self.last = now


def say(text: str, style: str = "") -> None:
    """One line within a step."""
    show.line(f"    {text}", style)


def run(*, by_hand: bool) -> int:
    """Play the whole demo. 0 when every step that is built did what it is there to show, else 1."""
    held = fresh(configuration.load(), "-demo")
    story = Story(started=time.monotonic(), last=time.monotonic())
    show.line("Comity demo. Every decision is taken by a script and everything is sealed with a demo key.", "bold")
    show.line(f"Its store is {held.data}; nothing else on this machine is touched.", "dim")
    _doctor(story, held)
    answers = _submit(story, held)
    _killed(story, held)
    clock = JumpingClock(SystemClock().now())
    with opened(held, clock=clock, demo=True) as office:
        good = _verdicts(story, office, answers)
        good &= _blind(story, office)
        good &= _patches(story, office)
        good &= _publish(story, office, clock, held, by_hand=by_hand)
        good &= _estate(story, office, clock)
        good &= _assess(story, office, clock)
        good &= _brief(story, office, clock)
        good &= _tamper(story, office)
        _summary(story, office, good)
        if sys.stdout.isatty():
            show.line(f"Serving {held.address} until Ctrl-C. Sign in as a coordinator, once, on this machine:")
            show.line(f"  {held.address}/link/{office.accounts.link('demo-script-1')}")
            listen(office)
    return 0 if good else 1


def _doctor(story: Story, held: Settings) -> None:
    story.step(1, "What this host can and cannot do")
    with opened(held, work=False, demo=True) as office:
        for data in starter():
            mirrors.take_in(office.store, data, at=office.clock.now())
        lines = {line.name: line for line in office.accounts.health()}
    for name in ("containment", "model in use", "CISA KEV", "CISA Vulnrichment"):
        say(f"{name}: {lines[name].value}")
    story.done()


def _people(office: Office) -> tuple[Viewer, Viewer, Viewer]:
    host = office.settings.organisation
    return (
        _script(office, "demo-script-lab", "Demo Lab (not a real party)"),
        _script(office, "demo-script-1", host, Role.COORDINATOR),
        _script(office, "demo-script-2", host, Role.COORDINATOR),
    )


def _script(office: Office, login: str, organisation: str, role: Role = Role.SUBMITTER) -> Viewer:
    from comity.access.caller import Via, signed_in

    person = office.accounts.provide(
        name=login, login=login, organisation=organisation, roles=frozenset({role}), is_script=True
    )
    return signed_in(person, via=Via.SESSION).viewer


def _submit(story: Story, held: Settings) -> tuple[Answer, ...]:
    sent = batch()
    story.step(2, f"A lab submits {len(sent)} findings in one batch")
    with opened(held, demo=True) as office:
        lab, coordinator, _ = _people(office)
        answers = demo_batch.send(office, lab, coordinator, sent, say)
    story.done()
    return answers


def _killed(story: Story, held: Settings) -> None:
    story.step(4, "The worker is killed in the middle of a run")
    names = {f"COMITY_{name.upper()}": str(getattr(held, name)) for name in ("data", "keys", "checkpoint_every")}
    names |= {"COMITY_ORGANISATION": held.organisation, "COMITY_OFFLINE": "yes" if held.offline else "no"}
    if held.wheels is not None:
        names["COMITY_WHEELS"] = str(held.wheels)
    worker = child.start(("worker", "--demo"), settings=names, log=held.data.parent / "worker.log")
    tick = threading.Event()
    with opened(held, work=False, demo=True) as office:
        _, coordinator, _ = _people(office)
        before = sum(bool(r.verdict) for r in office.clearing.cases(coordinator).rows)
        for _ in range(240):
            busy = [r for r in office.clearing.cases(coordinator).rows if r.stage is Stage.VALIDATING]
            settled = [r for r in office.clearing.cases(coordinator).rows if r.verdict]
            if (busy and len(settled) > before) or not busy or not worker.is_alive:
                break
            tick.wait(0.25)
        worker.kill()
        say(f"process {worker.pid} ended by SIGKILL: {len(settled)} cases had a verdict, {len(busy)} were at work")
    say("a new worker takes over from the journal; no step is lost or done twice")
    story.done()


def _verdicts(story: Story, office: Office, answers: Sequence[Answer]) -> bool:
    story.step(3, "Reproduced or not, with the counts")
    _, coordinator, _ = _people(office)
    receipts = [a.receipt for a in answers if isinstance(a, Accepted)]
    _until(lambda: all(office.clearing.status(r).status == "done" for r in receipts), "every report to be validated")
    views = list(_views(office, coordinator))[::-1]
    rows = []
    for number, view in enumerate(views, 1):
        verdict = view.case.verdict
        tallies = {t.build: f"{t.fired}/{t.runs}" for t in verdict.tallies} if verdict else {}
        word = view.verdicts[-1].partition(":")[0] if view.verdicts else "none"
        vulnerable, fixed = tallies.get(Build.VULNERABLE, "-"), tallies.get(Build.FIXED, "-")
        rows.append((str(number), _short(view.case.title), vulnerable, fixed, word))
    show.table(("", "case", "vulnerable", "fixed", "verdict"), rows)
    numbers = {view.case.id: number for number, view in enumerate(views, 1)}
    for view in views:
        for _, reasons in view.case.merges:
            say(f"one report is the same as case {numbers[view.case.id]}, because {'; '.join(reasons)}")
    for view in views:
        if view.verdicts and not isinstance(view.case.verdict, Reproduced):
            say(f"case {numbers[view.case.id]}: {view.verdicts[-1]}", "dim")
    missing = [v for v in views if isinstance(v.case.verdict, NeedsPerson) and "archive" in v.case.verdict.reason]
    if missing:
        say(f"{len(missing)} old releases could not be had here; the faults written for this project ran all the same.")
    proof = office.accounts.prove()
    whole = "whole" if not proof.problems else f"BROKEN: {proof.problems[0]}"
    say(f"journal: {whole}, {proof.entries} entries, {proof.checkpoints} signed checkpoints, after the kill")
    story.done()
    reproduced = [v for v in views if isinstance(v.case.verdict, Reproduced)]
    accepted_false = [v for v in reproduced if v.case.title in _false_titles()]
    return bool(reproduced) and not accepted_false and not proof.problems


def _blind(story: Story, office: Office) -> bool:
    story.step(5, "A second party asks blindly whether a finding is known")
    good = demo_blind.ask(office, _script(office, "demo-script-rival", "Demo Rival (not a real party)"), say)
    story.done()
    return good


def _patches(story: Story, office: Office) -> bool:
    story.step(6, "Patches climb a ladder; only evidence moves them up")
    _, coordinator, _ = _people(office)
    good = demo_patches.climb(office, coordinator, say)
    story.done()
    return good


def _estate(story: Story, office: Office, clock: JumpingClock) -> bool:
    story.step(8, "An estate reacts by event: deadlines under CISA's directives")
    good = demo_estate.react(office, clock, say)
    story.done()
    story.step(9, "Inventories of national security systems stay apart")
    good &= demo_estate.apart(office, say)
    story.done()
    return good


def _short(title: str) -> str:
    """A title that leaves room for the counts on 80 columns."""
    return title if len(title) <= 36 else title[:35].rstrip() + "…"


def _false_titles() -> set[str]:
    return {case.summary for case in shipped_cases() if case.kind == "false"}


def _publish(story: Story, office: Office, clock: JumpingClock, held: Settings, *, by_hand: bool) -> bool:
    story.step(7, "Two approvals, the embargo, one advisory in every format")
    _, first, second = _people(office)
    ready = [v for v in _views(office, first) if v.case.stage is Stage.COORDINATING]
    if not ready:
        say("no case is ready: nothing was reproduced here", "yellow")
        return False
    embargoed = next((v for v in ready if v.case.embargo_until), None)
    public = next((v for v in ready if v.case.embargo_until is None), None)
    for view in (v for v in (public, embargoed) if v is not None):
        assert view.case.draft is not None
        if by_hand:
            _by_hand(office, held, view)
        else:
            office.clearing.approve(first, view.case.id, view.case.draft)
            office.clearing.approve(second, view.case.id, view.case.draft)
            say(f"{view.case.title[:60]}: approved twice, by the demo script and not by a person", "yellow")
            say(office.clearing.publish(first, view.case.id))
    if embargoed is not None and embargoed.case.embargo_until is not None:
        end = embargoed.case.embargo_until
        say(f"clock moved by the demo: {clock.now():%Y-%m-%d} -> {end:%Y-%m-%d}", "yellow")
        clock.jump_to(max(clock.now(), end + timedelta(seconds=1)))
    chosen = [v.case.id for v in (public, embargoed) if v is not None]
    _until(lambda: all(office.clearing.case(first, c).case.stage is Stage.PUBLISHED for c in chosen), "the publication")
    for row in office.library.advisories(first).rows:
        shown = office.library.advisory(first, row.id)
        names = ", ".join(f.name for f in shown.files if not f.is_seal)
        say(f"{row.id}: {names}", "green")
        say(f"    {row.approved_by}", "yellow")
    rows = office.library.advisories(first).rows
    _until(lambda: all(demo_sharing.is_shared(office, row) for row in rows), "the shared objects")
    good = demo_sharing.show(office, first, rows, say)
    story.done()
    return good and len(rows) == len(chosen)


def _by_hand(office: Office, held: Settings, view: CaseView) -> None:
    """Somebody at a browser decides: two single-use links, then wait."""
    names = {"COMITY_DATA": str(held.data), "COMITY_KEYS": str(held.keys), "COMITY_PORT": str(held.port)}
    server = child.start(("serve", "--no-work", "--demo"), settings=names, log=held.data.parent / "serve.log")
    try:
        for login in ("demo-script-1", "demo-script-2"):
            say(f"approve as {login}: {held.address}/link/{office.accounts.link(login)}")
        say(f"then publish case {view.case.id}")
        _, first, _ = _people(office)
        _until(
            lambda: office.clearing.case(first, view.case.id).case.stage in {Stage.READY, Stage.PUBLISHED},
            "two approvals and a release",
            patience=timedelta(hours=1),
        )
    finally:
        server.stop()


def _assess(story: Story, office: Office, clock: JumpingClock) -> bool:
    story.step(10, "A developer invites an assessment; a second engagement withdraws mid-run")
    good = demo_assess.played(office, clock, say=say, short=True)
    story.done()
    return good


def _brief(story: Story, office: Office, clock: JumpingClock) -> bool:
    story.step(11, "A public-domain announcement becomes a sourced brief, label first")
    host = office.settings.organisation
    maker = _script(office, "demo-script-editor-1", host, Role.EDITOR)
    reviewer = _script(office, "demo-script-editor-2", host, Role.EDITOR)
    good = demo_briefs.play(office, clock, maker, reviewer, say)
    story.done()
    return good


def _tamper(story: Story, office: Office) -> bool:
    story.step(12, "One byte of a signed file is changed")
    _, first, _ = _people(office)
    rows = office.library.advisories(first).rows
    if not rows:
        say("nothing was published to change", "yellow")
        return False
    view = office.library.advisory(first, rows[0].id)
    file = next(f for f in view.files if f.seal)
    data = office.library.file(first, rows[0].id, file.name).data
    envelope = office.library.file(first, rows[0].id, file.seal).data
    check = checker(lambda: trusted(office.settings))
    place = len(data) // 2
    changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
    try:
        check(changed, envelope)
    except Tampered as error:
        say(f"comity verify {file.name}: {error}", "red")
        broken = True
    else:
        broken = False
    whole = check(data, envelope)
    say(f"undone: {whole.sentence}", "green")
    folder = office.settings.data.parent / "advisory"
    _write(office, folder, rows[0].id, first)
    say(f"try it yourself: comity verify {folder / file.name} --key {folder / 'key.json'}", "dim")
    story.done()
    return broken


def _write(office: Office, folder: Path, advisory: AdvisoryId, viewer: Viewer) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    for file in office.library.advisory(viewer, advisory).files:
        (folder / file.name).write_bytes(office.library.file(viewer, advisory, file.name).data)
    (folder / "key.json").write_bytes(office.key.public.export())


def _summary(story: Story, office: Office, good: bool) -> None:
    show.line("")
    whole = time.monotonic() - story.started
    word = (
        ("every step that is built did what it shows", "green") if good else ("a step did not show what it must", "red")
    )
    show.line(f"{word[0]}; {whole:.0f} s", word[1])
    show.line(f"page: {office.settings.address}/  (`comity demo` in a terminal keeps serving; or `./run serve`)")


def _views(office: Office, viewer: Viewer) -> Iterator[CaseView]:
    for row in office.clearing.cases(viewer, limit=100).rows:
        yield office.clearing.case(viewer, CaseId(row.id))


def _until(truth: Callable[[], bool], what: str, *, patience: timedelta = PATIENCE) -> None:
    tick = threading.Event()
    end = time.monotonic() + patience.total_seconds()
    with _waiting(what):
        while not truth():
            if time.monotonic() > end:
                raise Conflict(f"waited {patience} for {what}: see the worker's log beside the demo's store")
            tick.wait(0.25)


@contextmanager
def _waiting(what: str) -> Iterator[None]:
    if not sys.stderr.isatty():
        yield
        return
    with show.err.status(f"waiting for {what}"):
        yield
