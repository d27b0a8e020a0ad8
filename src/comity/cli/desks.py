"""Where a command of the defender's desk acts: a remote host, or this store as the person here, in one domain."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from cyclopts import Parameter

from comity.cli.options import configured
from comity.cli.places import Local, Place, office, remote, shell_login, shell_user
from comity.errors import Conflict

if TYPE_CHECKING:
    from comity.app import Office
    from comity.model.party import Viewer

T = TypeVar("T")
Domain = Annotated[
    Literal["civil", "nss", "dow"],
    Parameter(help="whose systems you work on here; domains never mix. A remote host takes it from your account"),
]


@contextmanager
def desk(host: str = "", *, domain: str = "") -> Iterator[Place]:
    """The remote host when one is named; else the local store, on behalf of the person at this shell.

    `domain`: as the account of that person for one domain, since one person never mixes two.
    """
    settings = configured(host)
    if settings.remote:
        yield remote(settings)
        return
    with office(settings, work=False) as held:
        yield Local(office=held, viewer=account(held, domain) if domain else shell_user(held))


@contextmanager
def on_this_machine() -> Iterator[tuple["Office", "Viewer"]]:
    """The local store alone, for what only the holder of its keys may do."""
    settings = configured()
    if settings.remote:
        raise Conflict("this command works on the store of this machine: run it on the host itself, without --host")
    with office(settings, work=False) as held:
        yield held, shell_user(held)


def account(held: "Office", domain: str) -> "Viewer":
    """The account of the person at this shell for one domain."""
    from comity.access.caller import Via, signed_in
    from comity.model.party import Role

    roles = {"civil": Role.DEFENDER, "nss": Role.NSS_DEFENDER, "dow": Role.DOW_DEFENDER}
    login = f"{shell_login()}-{domain}"
    person = held.accounts.provide(
        name=f"{login.removeprefix('shell-')} at the shell",
        login=login,
        organisation=held.settings.organisation,
        roles=frozenset({roles[domain], Role.AUTHORITY}),
    )
    return signed_in(person, via=Via.SESSION).viewer


def read(document: Any, shape: type[T]) -> T:
    """An answer in the shape of the API that it has."""
    import msgspec

    return msgspec.convert(document, shape)
