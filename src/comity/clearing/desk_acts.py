"""Coordination as words: one act with its values, read once for every door, then done at the counter.

Doors pass texts on as they got them. Every value that cannot be read is listed as a problem under its name, and nothing
is done then.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from enum import Enum
from typing import Final, TypeVar

from comity.clearing import deadlines
from comity.clearing.contacts import Wanted
from comity.clearing.desk_coordination import Coordinations, Said, Wish
from comity.errors import Invalid, Problem
from comity.model.contact import Standing
from comity.model.coordination import Breach, Duty, Fact, Handled, Part, Source, Tier
from comity.model.ids import CaseId
from comity.model.inventory import VexStatus
from comity.model.party import Viewer

E = TypeVar("E", bound=Enum)
Words = Mapping[str, str]

ACTS: Final[Mapping[str, tuple[str, ...]]] = {
    "read-in": ("name", "part", "tier", "why", "login", "contact", "key", "team"),
    "read-out": ("seat", "why"),
    "withhold": ("why",),
    "open": ("why",),
    "limit": ("source", "until", "why", "where"),
    "propose": ("until", "why", "for_slower_vendors"),
    "end": ("why",),
    "learn": ("fact", "why"),
    "break": ("kind", "evidence"),
    "aware": ("duty", "at", "stated_by", "notified_at", "measure_at"),
    "seek": ("site", "repository", "vendor"),
    "confirm-contact": ("contact", "why"),
    "refuse-contact": ("contact", "why"),
    "attempt": ("channel", "address", "outcome"),
    "write": ("seat",),
    "say": ("text", "readers"),
    "take-vex": (),
}
"""What coordinators do, and the words that go with it."""
OWN_ACTS: Final[Mapping[str, tuple[str, ...]]] = {
    "agree": (),
    "refuse": ("why",),
    "ask": ("until", "why"),
    "handle": ("to", "why"),
    "answer": ("text", "readers"),
    "vex": ("product", "version", "versions", "status", "justification", "detail", "author", "namespace"),
    "vex-back": ("statement",),
}
"""What participants do with their own seat."""

MOMENT: Final = "a date such as 2026-12-24, or with a time in UTC"

CODES: Final[Mapping[type[Enum], Mapping[str, Enum]]] = {
    kind: {one.name.lower().replace("_", "-"): one for one in kind} for kind in (Breach, Duty, Fact, Source)
}
"""Words of the terminal and the API for long names: `fix-public`, `house`."""


def act(
    counter: Coordinations, viewer: Viewer, case: CaseId, name: str, words: Words, files: Sequence[Said] = ()
) -> str:
    """Do a coordinator's act; gives one sentence about it. Invalid for an unknown act or word."""
    read = _Reader(name, words, ACTS)
    doing: Callable[[], object]
    match name:
        case "read-in":
            part = read.plain(Part, "part")
            tier = read.plain(Tier, "tier") if words.get("tier") else None
            if read.problems:
                raise read.refusal()
            seat = counter.read_in(
                viewer,
                case,
                name=read.text("name"),
                part=part,
                tier=tier,
                why=read.text("why"),
                login=read.text("login"),
                contact=read.text("contact"),
                key=words.get("key", ""),
                team=read.text("team"),
            )
            return f"read in: seat {seat}"
        case "write":
            return f"on its way: {counter.write_maintainer(viewer, case, read.text('seat'))}"
        case "take-vex":
            if read.problems:
                raise read.refusal()
            counter.take_vex(viewer, case)
            return "done: the draft holds every statement; approvals begin again"
        case "seek":
            asked = Wanted(site=read.text("site"), repository=read.text("repository"), vendor=read.text("vendor"))
            if read.problems:
                raise read.refusal()
            return counter.seek(viewer, case, asked)
        case "say":
            readers = read.list("readers")
            return f"said: {counter.say(viewer, case, text=words.get('text', ''), readers=readers, files=files)}"
        case "confirm-contact" | "refuse-contact":
            standing = Standing.CONFIRMED if name.startswith("confirm") else Standing.REFUSED
            doing = lambda: counter.judge_contact(  # noqa: E731  one per act
                viewer, case, read.text("contact"), standing=standing, why=read.text("why")
            )
        case "read-out":
            doing = lambda: counter.read_out(viewer, case, read.text("seat"), why=read.text("why"))  # noqa: E731  one per act
        case "withhold" | "open":
            doing = lambda: counter.withhold(viewer, case, withheld=name == "withhold", why=read.text("why"))  # noqa: E731  one per act
        case "limit":
            source, until = read.coded(Source, "source"), read.moment("until")
            doing = lambda: counter.limit(  # noqa: E731  one per act
                viewer, case, source=source, until=until, basis=read.text("why"), where=read.text("where")
            )
        case "propose":
            until = read.moment("until")
            slower = words.get("for_slower_vendors", "").lower() in {"yes", "true", "1", "on"}
            doing = lambda: counter.propose(viewer, case, until=until, why=read.text("why"), for_slower_vendors=slower)  # noqa: E731  one per act
        case "end":
            doing = lambda: counter.end(viewer, case, why=read.text("why"))  # noqa: E731  one per act
        case "learn":
            fact = read.coded(Fact, "fact")
            doing = lambda: counter.learn(viewer, case, fact=fact, why=read.text("why"))  # noqa: E731  one per act
        case "break":
            kind = read.coded(Breach, "kind")
            doing = lambda: counter.declare_break(viewer, case, kind=kind, evidence=read.text("evidence"))  # noqa: E731  one per act
        case "aware":
            duty, at = read.coded(Duty, "duty"), read.moment("at")
            notified, measured = read.perhaps("notified_at"), read.perhaps("measure_at")
            doing = lambda: counter.aware(  # noqa: E731  one per act
                viewer,
                case,
                duty=duty,
                at=at,
                stated_by=read.text("stated_by"),
                notified_at=notified,
                measure_at=measured,
            )
        case _:
            doing = lambda: counter.attempt(  # noqa: E731  one per act
                viewer, case, channel=read.text("channel"), address=read.text("address"), outcome=read.text("outcome")
            )
    if read.problems:
        raise read.refusal()
    doing()
    return f"done: {name}"


def own(counter: Coordinations, viewer: Viewer, seat: str, name: str, words: Words, files: Sequence[Said] = ()) -> str:
    """Do a participant's act on their own seat; gives one sentence about it."""
    read = _Reader(name, words, OWN_ACTS)
    if name == "answer":
        readers = read.list("readers")
        return f"said: {counter.answer(viewer, seat, text=words.get('text', ''), readers=readers, files=files)}"
    if name == "vex":
        status = read.plain(VexStatus, "status")
        if read.problems:
            raise read.refusal()
        said = {word: read.text(word) for word in OWN_ACTS["vex"] if word != "status"}
        if said["version"].startswith("vers:") and not said["versions"]:  # a page asks for either in one field
            said |= {"version": "", "versions": said["version"]}
        return f"stated: {counter.state_vex(viewer, seat, Wish(status=status, **said))}"
    if name == "vex-back":
        if read.problems:
            raise read.refusal()
        counter.take_vex_back(viewer, seat, read.text("statement"))
        return "done: taken back"
    if name == "agree":
        counter.agree(viewer, seat)
    elif name == "refuse":
        counter.refuse(viewer, seat, why=read.text("why"))
    elif name == "ask":
        until = read.moment("until")
        if read.problems:
            raise read.refusal()
        counter.ask(viewer, seat, until=until, why=read.text("why"))
    else:
        to = read.plain(Handled, "to")
        if read.problems:
            raise read.refusal()
        counter.handle(viewer, seat, to=to, why=read.text("why"))
    return f"done: {name}"


class _Reader:
    """Reads the words of one act and collects what cannot be read."""

    def __init__(self, name: str, words: Words, acts: Mapping[str, tuple[str, ...]]) -> None:
        if name not in acts:
            raise Invalid("no such act", [Problem("/act", "unknown_act", f"one of {', '.join(acts)}")])
        self.words = words
        self.problems = [
            Problem(f"/{word}", "unknown_word", f"{name} takes {', '.join(acts[name]) or 'no word'}")
            for word, value in words.items()
            if word not in acts[name] and value
        ]

    def refusal(self) -> Invalid:
        return Invalid("this cannot be done as it is said", self.problems)

    def text(self, word: str) -> str:
        return self.words.get(word, "").strip()

    def list(self, word: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.words.get(word, "").replace(",", " ").split()))

    def plain(self, kind: type[E], word: str) -> E:
        held = self.text(word)
        for one in kind:
            if one.value == held:
                return one
        self.problems.append(Problem(f"/{word}", "unknown_word", f"one of {', '.join(str(o.value) for o in kind)}"))
        return next(iter(kind))

    def coded(self, kind: type[E], word: str) -> E:
        held = self.text(word).lower().replace("_", "-")
        found = CODES[kind].get(held)
        if isinstance(found, kind):
            return found
        self.problems.append(Problem(f"/{word}", "unknown_word", f"one of {', '.join(CODES[kind])}"))
        return next(iter(kind))

    def moment(self, word: str) -> datetime:
        held = self.perhaps(word)
        if held is None:
            if not any(problem.pointer == f"/{word}" for problem in self.problems):
                self.problems.append(Problem(f"/{word}", "no_moment", MOMENT))
            return datetime(1970, 1, 1, tzinfo=UTC)
        return held

    def perhaps(self, word: str) -> datetime | None:
        held = self.text(word)
        if not held:
            return None
        try:
            if len(held) == 10:
                return deadlines.day_ends(date.fromisoformat(held))
            found = datetime.fromisoformat(held)
        except ValueError:
            self.problems.append(Problem(f"/{word}", "no_moment", MOMENT))
            return None
        return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
