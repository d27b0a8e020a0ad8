"""Answer the questions of the OSV API over this host's own public advisories and the ones it mirrors.

Versions are compared by the same code as inventories are. Where it cannot be said whether a version is affected, the
record is in the answer with the reason in it, since a list without it would read as "not affected".
"""

import base64
import binascii
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from comity.access import policy
from comity.access.policy import Action
from comity.errors import Invalid, Missing, Problem
from comity.formats import purl as purls
from comity.formats.osv import document_of
from comity.formats.versions import Inside, Undecided, covers
from comity.formats.versions.identity import NOBODY_SAID, Package, from_purl, package, package_of
from comity.model.advisory import Advisory
from comity.model.ids import AdvisoryId
from comity.model.party import ANONYMOUS, Viewer
from comity.store import mirrored, published
from comity.store.engine import Store, Tx

PAGE: Final = 100
BATCH: Final = 1000
"""Queries of one batch, as the OSV API has it."""
NOTE: Final = "comity_undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One query: a package, by ecosystem and name or by purl, and a version or "" for every one."""

    ecosystem: str = ""
    name: str = ""
    purl: str = ""
    version: str = ""
    page_token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Records in order of id; `next` is the token of the next page, "" at the end."""

    records: tuple[Mapping[str, Any], ...]
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    package: Package
    version: str
    after: str
    mark: str


@dataclass(slots=True, kw_only=True)
class OsvAnswers:
    """The counter. Threads share it."""

    store: Store
    _shelf: dict[Package, tuple[AdvisoryId, ...]] = field(default_factory=dict)
    _state: str = ""

    def query(self, viewer: Viewer, question: Question) -> Found:
        """Every record that affects the version, or that names the package when none is given."""
        policy.allow(viewer, Action.READ_PUBLISHED)
        asked, problems = _read(question, "")
        if asked is None:
            raise Invalid("this query cannot be answered", problems)
        with self.store.read() as tx:
            return self._answer(tx, asked)

    def batch(self, viewer: Viewer, questions: Sequence[Question]) -> tuple[Found, ...]:
        """The same for up to 1,000 queries, in their order, with ids and times alone. Invalid lists every bad query."""
        policy.allow(viewer, Action.READ_PUBLISHED)
        if len(questions) > BATCH:
            reason = f"send at most {BATCH} queries at once"
            raise Invalid("too many queries", [Problem("/queries", "too_many", reason)])
        read = [_read(question, f"/queries/{place}") for place, question in enumerate(questions)]
        problems = [problem for _, found in read for problem in found]
        if problems:
            raise Invalid("some queries cannot be answered", problems)
        with self.store.read() as tx:
            answers = [self._answer(tx, asked) for asked, _ in read if asked is not None]
        return tuple(
            replace(one, records=tuple({"id": r["id"], "modified": r["modified"]} for r in one.records))
            for one in answers
        )

    def record(self, viewer: Viewer, id_: str) -> Mapping[str, Any]:
        """One record by its id. Missing when none of that id is public or mirrored here."""
        policy.allow(viewer, Action.READ_PUBLISHED)
        with self.store.read() as tx:
            for one in published.named(tx, "alias", [id_], ANONYMOUS):
                if document_of(one)["id"] == id_ or one.id == id_:
                    return document_of(one)
            for _, one in mirrored.named(tx, [id_]):
                if one.id == id_:
                    return document_of(one)
        raise Missing(f"no record {id_[:100]}")

    def _answer(self, tx: Tx, asked: _Asked) -> Found:
        records: list[Mapping[str, Any]] = []
        last = ""
        by_id = {one.id: one for one in self._about(tx, asked.package)}
        for id_, advisory in sorted(by_id.items()):
            if id_ <= asked.after or advisory.withdrawn_at is not None:
                continue
            record = _record(advisory, asked)
            if record is None:
                continue
            if len(records) == PAGE:
                return Found(records=tuple(records), next=_token(asked.mark, last))
            records.append(record)
            last = id_
        return Found(records=tuple(records), next="")

    def _about(self, tx: Tx, wanted: Package) -> Iterator[Advisory]:
        for _, advisory in mirrored.about(tx, [wanted]):
            yield advisory
        for id_ in self._of_this_host(tx).get(wanted, ()):  # last: of two with one id, this host's own counts
            yield published.get(tx, id_, ANONYMOUS)

    def _of_this_host(self, tx: Tx) -> Mapping[Package, tuple[AdvisoryId, ...]]:
        """Which public advisory of this host names which package; read again when the shelf changed."""
        state = published.newest(tx)
        if state != self._state:
            shelf: dict[Package, set[AdvisoryId]] = {}
            for advisory in published.every(tx, ANONYMOUS):
                for affected in advisory.affected:
                    shelf.setdefault(package_of(affected), set()).add(advisory.id)
            self._shelf = {name: tuple(sorted(ids)) for name, ids in shelf.items()}
            self._state = state
        return self._shelf


def _record(advisory: Advisory, asked: _Asked) -> Mapping[str, Any] | None:
    """The record when it affects what was asked, with the reason in it when that cannot be decided; None when not."""
    about = [one for one in advisory.affected if package_of(one) == asked.package or _widens(one, asked.package)]
    if not about:
        return None
    document = document_of(advisory)
    if not asked.version:
        return document
    answers = [covers(one, asked.version) for one in about]
    if any(isinstance(one, Inside) for one in answers):
        return document
    reasons = [one.reason for one in answers if isinstance(one, Undecided)]
    if not reasons:
        return None
    held = document.get("database_specific")
    return {**document, "database_specific": {**(held if isinstance(held, dict) else {}), NOTE: reasons[0]}}


def _widens(affected: Any, wanted: Package) -> bool:
    """A statement about a whole distribution counts for each of its releases."""
    held = package_of(affected)
    return held.name == wanted.name and held.ecosystem == wanted.ecosystem.partition(":")[0]


def _read(question: Question, place: str) -> tuple[_Asked | None, list[Problem]]:
    version, problems, wanted = question.version, list[Problem](), NOBODY_SAID
    if question.purl:
        if question.ecosystem or question.name:
            problems.append(Problem(f"{place}/package", "two_names", "give a purl, or ecosystem and name, not both"))
        try:
            stated = purls.read(question.purl)
        except ValueError as error:
            problems.append(Problem(f"{place}/package/purl", "bad_purl", str(error)))
        else:
            wanted = from_purl(question.purl)
            if stated.version and version:
                problems.append(Problem(f"{place}/version", "two_versions", "the purl holds a version already"))
            version = version or stated.version
    elif question.ecosystem and question.name:
        wanted = package(question.ecosystem, question.name)
    else:
        problems.append(Problem(f"{place}/package", "missing_field", "give a purl, or ecosystem and name"))
    mark = hashlib.sha256(f"{wanted.ecosystem}\n{wanted.name}\n{version}".encode()).hexdigest()[:16]
    after = ""
    if question.page_token:
        found = _after(question.page_token, mark)
        if found is None:
            reason = "this token belongs to another query: ask again without it"
            problems.append(Problem(f"{place}/page_token", "bad_token", reason))
        after = found or ""
    if problems:
        return None, problems
    return _Asked(package=wanted, version=version, after=after, mark=mark), []


def _token(mark: str, last: str) -> str:
    return base64.urlsafe_b64encode(f"{mark}{last}".encode()).decode().rstrip("=")


def _after(token: str, mark: str) -> str | None:
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    return text.removeprefix(mark) if text.startswith(mark) and len(text) > len(mark) else None
