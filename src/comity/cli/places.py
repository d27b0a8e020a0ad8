"""Where a command acts: on the store of this machine, or on a remote host through its API. Same answers, same errors.

Answers are JSON values in the shapes of the API, so that `--json` prints the same in both places.
"""

import os
import pwd
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from comity.errors import Conflict, Forbidden, Invalid
from comity.settings import Settings

if TYPE_CHECKING:
    from comity.app import Office
    from comity.model.party import Viewer
    from comity.partners.host import RemoteHost

DOCUMENTS = "application/vnd.comity.documents+json"


class Place(Protocol):
    """What the commands ask for."""

    @property
    def name(self) -> str:
        """Where that is, for people."""

    def submit(self, files: Sequence[Path], *, dry_run: bool) -> list[dict[str, Any]]:
        """One answer for each finding in these files."""

    def read(self, path: str, **query: str | int) -> Any:
        """A GET of the API."""

    def fetch(self, path: str) -> bytes:
        """A download of the API."""

    def download(self, path: str, **query: str | int) -> tuple[bytes, str, int]:
        """A download with the file's own name, and how many entries have no place in its format."""

    def act(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """A POST of the API."""

    def send(self, path: str, data: bytes, **query: str) -> Any:
        """A POST of a document as it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A remote host."""

    host: "RemoteHost"

    @property
    def name(self) -> str:
        """Its address."""
        return self.host.address

    def submit(self, files: Sequence[Path], *, dry_run: bool) -> list[dict[str, Any]]:
        """Sent as one envelope: answered one by one, safe to resend."""
        import msgspec

        documents = [{"name": file.name, "data": file.read_bytes()} for file in files]
        body = msgspec.json.encode({"documents": documents})
        try:
            answer = self.host.post("/reports", body, media_type=DOCUMENTS, dry_run="true" if dry_run else "false")
        except Invalid as error:
            if not error.problems:
                raise
            return [
                {"kind": "refused", "name": file.name, "problems": _of(place, len(files), error)}
                for place, file in enumerate(files)
            ]
        answers: list[dict[str, Any]] = answer["answers"]
        return answers

    def read(self, path: str, **query: str | int) -> Any:
        """A GET of the API."""
        return self.host.get(path, **query)

    def fetch(self, path: str) -> bytes:
        """A download of the API."""
        return self.host.fetch(path)

    def download(self, path: str, **query: str | int) -> tuple[bytes, str, int]:
        """A download with the file's own name, and how many entries have no place in its format."""
        from urllib.parse import unquote

        data, headers = self.host.download(path, **query)
        name = unquote(headers.get("content-disposition", "").partition("filename*=UTF-8''")[2])
        left = headers.get("left-out", "0")
        return data, plain_name(name), int(left) if left.isascii() and left.isdigit() else 0

    def act(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """A POST of the API."""
        import msgspec

        return self.host.post(path, msgspec.json.encode(body or {}))

    def send(self, path: str, data: bytes, **query: str) -> Any:
        """A POST of a document as it stands."""
        given = {name: value for name, value in query.items() if value}
        return self.host.post(path, data, media_type="application/octet-stream", **given)


def _of(place: int, number: int, error: Invalid) -> list[dict[str, str]]:
    own = f"/documents/{place}"
    return [
        {"pointer": p.pointer.removeprefix(own), "code": p.code, "reason": p.reason}
        for p in error.problems
        if number == 1 or p.pointer == own or p.pointer.startswith(own + "/")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """The store of this machine, on behalf of the person at the shell."""

    office: "Office"
    viewer: "Viewer"

    @property
    def name(self) -> str:
        """Where the store lies."""
        return f"the store in {self.office.settings.data}"

    def submit(self, files: Sequence[Path], *, dry_run: bool) -> list[dict[str, Any]]:
        """Straight into the store."""
        from comity.api import wire
        from comity.clearing.desk import Document

        documents = [Document(name=file.name, data=file.read_bytes()) for file in files]
        return _plain(wire.submitted(self.office.clearing.submit(self.viewer, documents, dry_run=dry_run)))["answers"]  # type: ignore[no-any-return]  # the shape's own field

    def read(self, path: str, **query: str | int) -> Any:
        """A GET of the API."""
        from comity.cli.local import read

        return _plain(read(self.office, self.viewer, path, query))

    def fetch(self, path: str) -> bytes:
        """A download of the API."""
        from comity.cli.local import fetch

        return fetch(self.office, self.viewer, path)

    def download(self, path: str, **query: str | int) -> tuple[bytes, str, int]:
        """A download with the file's own name, and how many entries have no place in its format."""
        from comity.cli.local_defence import download

        return download(self.office, self.viewer, path, query)

    def act(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """A POST of the API."""
        from comity.cli.local import act

        return _plain(act(self.office, self.viewer, path, body or {}))

    def send(self, path: str, data: bytes, **query: str) -> Any:
        """A POST of a document as it stands."""
        from comity.cli.local_defence import send

        return _plain(send(self.office, self.viewer, path, data, query))


def _plain(value: Any) -> Any:
    import msgspec

    return msgspec.json.decode(msgspec.json.encode(value))


@contextmanager
def place(settings: Settings, *, work: bool = False) -> Iterator[Place]:
    """The remote host when one is set, else the local store.

    `work`: let this process also run the flows, unless another process on this store does already.
    """
    if settings.remote:
        yield remote(settings)
        return
    with office(settings, work=work) as opened:
        yield Local(office=opened, viewer=shell_user(opened))


def remote(settings: Settings) -> Remote:
    """The remote host of these settings, with the token kept for it."""
    from comity.partners.host import RemoteHost, address_of
    from comity.partners.tokens import token_for

    address = address_of(settings.remote)
    return Remote(host=RemoteHost(address=address, token=token_for(settings, address)))


def plain_name(name: str) -> str:
    """A file name out of an answer, safe to write under. Invalid for one that leads out of the folder.

    The answer comes from another host, which may be hostile: names with separators, dot names, control characters and
    hidden files are none of ours.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}", name):
        raise Invalid(f"the host names a file {name!r}, which is no plain file name: nothing more was written")
    return name


@contextmanager
def office(settings: Settings, *, work: bool) -> Iterator["Office"]:
    """The local store; with `work` and no other live worker, this process runs the flows."""
    from contextlib import ExitStack

    from comity.app import opened

    with ExitStack() as stack:
        try:
            held = stack.enter_context(opened(settings, work=work))
        except Conflict:
            if not work:
                raise
            held = stack.enter_context(opened(settings, work=False))
        yield held


def shell_login() -> str:
    """The login of whoever types here, by the kernel's user id: no environment variable makes another person."""
    try:
        return f"shell-{pwd.getpwuid(os.getuid()).pw_name}"
    except KeyError:
        return f"shell-{os.getuid()}"


def shell_user(held: "Office") -> "Viewer":
    """The account of the person at this shell: whoever may read the keys runs the host.

    One account for each user of the operating system, so that one person at a shell counts once.
    """
    from comity.access.caller import Via, signed_in
    from comity.model.party import Role

    login = shell_login()
    person = held.accounts.provide(
        name=f"{login.removeprefix('shell-')} at the shell",
        login=login,
        organisation=held.settings.organisation,
        roles=frozenset(
            {
                Role.ADMIN,
                Role.COORDINATOR,
                Role.DEFENDER,
                Role.DEVELOPER,
                Role.EDITOR,
                Role.SUBMITTER,
            }
        ),
    )
    if person.disabled_at is not None:
        raise Forbidden(f"the account {login} is disabled: an administrator of this host can say why")
    return signed_in(person, via=Via.SESSION).viewer
