"""Bytes kept by digest: all of a file or nothing of it, also where the disk is full."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from comity.feeds.kept import Kept


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file of this process may grow beyond so many bytes meanwhile."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_there_is_no_room_for_leaves_nothing_behind(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "kept")
    name = kept.put(b"small")
    with room_for(100_000), pytest.raises(OSError, match="too large"):
        kept.put(b"x" * 200_000)
    assert [path.name for path in kept.folder.iterdir()] == [name]
    assert kept.get(name) == b"small"
