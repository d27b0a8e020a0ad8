"""Make a host folder reachable for the sandbox's own user id without opening it to anybody else on the host.

As root we drop to an unprivileged id before bwrap opens its mounts, so a folder below a private one (`/root` is 0700)
cannot be named any more. Such a folder is bind-mounted, read-only, under a staging folder that only the sandbox's group
may pass. Mounts live as long as the worker; those of dead workers go at the next start.
"""

import atexit
import ctypes
import itertools
import os
import stat
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Final

from comity.errors import Unavailable
from comity.sandbox.cgroup import alone, is_stale, worker_name

ROOT: Final = Path("/run/comity-stage")
KEPT: Final = 64
"""Staged folders kept per worker; the one not used for longest goes first."""

_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
_MNT_DETACH: Final = 2

_libc = ctypes.CDLL(None, use_errno=True)
_lock = threading.Lock()
_staged: "OrderedDict[Path, tuple[tuple[int, int], Path]]" = OrderedDict()
_serial = itertools.count(1)
_seen: dict[tuple[Path, int], tuple[tuple[int, int, int], Path]] = {}
"""Paths found reachable, and what they were then. If one has become private since, bwrap fails and says so."""
SEEN_MOST: Final = 1024


def visible(host: Path, *, uid: int) -> Path:
    """Return a path of `host` that user and group `uid` can name: itself, or its staged twin.

    Raises Unavailable when it does not exist, or when it is private and we may not mount.
    """
    try:
        return _visible(host, uid)
    except OSError as error:
        raise Unavailable(f"a folder that a run needs cannot be shown inside: {error.strerror}") from error


def _visible(host: Path, uid: int) -> Path:
    found = host.stat()
    identity = (found.st_dev, found.st_ino, found.st_ctime_ns)
    seen = _seen.get((host, uid))
    if seen is not None and seen[0] == identity:
        return seen[1]
    target = host.resolve(strict=True)
    if os.geteuid() != uid and not _reachable(target, uid):
        return _stage(target, uid)
    if len(_seen) >= SEEN_MOST:
        _seen.clear()
    _seen[host, uid] = (identity, target)
    return target


def sweep() -> int:
    """Unmount what dead workers staged; returns how many folders that were. Workers that start together take turns."""
    if os.geteuid() != 0 or not ROOT.is_dir():
        return 0
    swept = 0
    with alone(ROOT):
        for worker in ROOT.iterdir():
            if is_stale(worker.name):
                for place in worker.iterdir():
                    _unstage(place)
                    swept += 1
                worker.rmdir()
    return swept


def _reachable(target: Path, uid: int) -> bool:
    return all(_may(ancestor, uid, stat.S_IXOTH) for ancestor in target.parents) and _may(
        target, uid, stat.S_IROTH | (stat.S_IXOTH if target.is_dir() else 0)
    )


def _may(path: Path, uid: int, others: int) -> bool:
    found = path.stat()
    shift = 6 if found.st_uid == uid else 3 if found.st_gid == uid else 0
    return (found.st_mode >> shift) & others == others


def _stage(target: Path, uid: int) -> Path:
    identity = (target.stat().st_dev, target.stat().st_ino)
    with _lock:
        known = _staged.pop(target, None)
        if known is not None and known[0] != identity:
            _unstage(known[1])
            known = None
        if known is None:
            known = (identity, _bind(target, uid, next(_serial)))
        _staged[target] = known
        while len(_staged) > KEPT:
            _unstage(_staged.popitem(last=False)[1][1])
        return known[1]


def _bind(target: Path, uid: int, serial: int) -> Path:
    home = ROOT / worker_name()
    home.mkdir(parents=True, exist_ok=True)
    for folder in (ROOT, home):
        os.chown(folder, 0, uid)
        folder.chmod(0o710)
    place = home / str(serial)
    if target.is_dir():
        place.mkdir()
    else:
        place.touch()
    _mount(target, place, _MS_BIND | _MS_REC)
    _mount(None, place, _MS_PRIVATE | _MS_REC)
    _mount(None, place, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID | _MS_NODEV)
    return place


def _mount(source: Path | None, place: Path, flags: int) -> None:
    name = None if source is None else os.fsencode(source)
    if _libc.mount(name, os.fsencode(place), None, ctypes.c_ulong(flags), None) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{os.strerror(number)} while staging a private folder; see docs/sandbox.md")


def _unstage(place: Path) -> None:
    _libc.umount2(os.fsencode(place), _MNT_DETACH)
    if place.is_dir():
        place.rmdir()
    else:
        place.unlink()


@atexit.register
def _leave() -> None:
    with _lock:
        home = ROOT / worker_name()
        mine = [place for _, place in _staged.values() if place.parent == home]
        for place in mine:
            _unstage(place)
        if mine:
            home.rmdir()
        _staged.clear()
