"""Private folders shown inside without being opened to others on the host."""

import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from comity.errors import Unavailable
from comity.sandbox import stage
from comity.sandbox.containment import Containment
from comity.sandbox.policy import Job, Mount
from comity.sandbox.run import run

pytestmark = pytest.mark.usefixtures("as_root")
NOBODY = 65534


@pytest.fixture
def private(tmp_path: Path) -> Path:
    folder = tmp_path / "private" / "package"
    folder.mkdir(parents=True)
    (folder / "thing.py").write_text("answer = 42")
    folder.parent.chmod(0o700)
    return folder


@pytest.fixture
def own_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A staging folder of this test alone: other processes of the suite sweep the host's."""
    root = tmp_path / "stage"
    root.mkdir()
    monkeypatch.setattr(stage, "ROOT", root)
    return root


def test_an_open_folder_keeps_its_path() -> None:
    assert stage.visible(Path("/usr/lib"), uid=NOBODY) == Path("/usr/lib")


def test_a_private_folder_is_staged_read_only_and_only_for_the_sandboxs_group(private: Path) -> None:
    shown = stage.visible(private, uid=NOBODY)
    assert shown != private
    assert (shown / "thing.py").read_text() == "answer = 42"
    with pytest.raises(OSError, match="Read-only"):
        (shown / "new").touch()
    for folder in (stage.ROOT, shown.parent):
        found = folder.stat()
        assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (0, NOBODY, 0o710)


def test_a_run_reads_a_private_folder(best: Containment, python_job: Callable[..., Job], private: Path) -> None:
    job = python_job("import sys; sys.path.insert(0, '/target'); import thing; print(thing.answer)")
    job = replace(job, mounts=(*job.mounts, Mount(host=private, inside="/target")))
    assert run(job, host=best, shipped=True).stdout == b"42\n"


def test_a_folder_replaced_by_another_of_the_same_name_is_staged_anew(private: Path) -> None:
    stage.visible(private, uid=NOBODY)
    private.rename(private.with_name("old"))
    private.mkdir()
    (private / "thing.py").write_text("answer = 43")
    assert (stage.visible(private, uid=NOBODY) / "thing.py").read_text() == "answer = 43"


def test_the_oldest_staged_folder_makes_room(private: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "KEPT", 1)
    first = stage.visible(private, uid=NOBODY)
    other = private.with_name("other")
    other.mkdir()
    second = stage.visible(other, uid=NOBODY)
    assert (first.exists(), second.exists()) == (False, True)


def test_a_missing_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        stage.visible(tmp_path / "absent", uid=NOBODY)


def test_a_worker_takes_its_mounts_with_it_and_a_killed_ones_are_swept(private: Path, own_root: Path) -> None:
    lines = (
        "import os, sys; from pathlib import Path; from comity.sandbox import stage\n"
        f"stage.ROOT = Path({str(own_root)!r})\n"
        f"print(stage.visible(Path({str(private)!r}), uid={NOBODY}), flush=True)\n"
        "os.kill(os.getpid(), int(sys.argv[1]))"
    )
    for number, stays in ((0, False), (9, True)):
        done = subprocess.run([sys.executable, "-c", lines, str(number)], capture_output=True, text=True, check=False)
        place = Path(done.stdout.strip())
        assert place.is_relative_to(stage.ROOT), done.stderr
        assert (str(place) in Path("/proc/self/mountinfo").read_text().split()) is stays
    assert stage.sweep() >= 1
    assert not place.parent.exists()


def test_workers_that_start_together_sweep_one_after_the_other(private: Path, own_root: Path) -> None:
    for number in range(40):
        (private / str(number)).mkdir()
    head = (
        "import os, sys; from pathlib import Path; from comity.sandbox import stage\n"
        f"stage.ROOT = Path({str(own_root)!r})\n"
    )
    killed = (
        f"for one in Path({str(private)!r}).iterdir(): stage.visible(one, uid={NOBODY})\n"  # more than a moment's work
        "os.kill(os.getpid(), 9)"
    )
    for _ in range(3):
        subprocess.run([sys.executable, "-c", head + killed], check=False)
    assert len(list(own_root.iterdir())) == 3
    sweep = "print('ready', flush=True); sys.stdin.read(1); print(stage.sweep())"
    workers = [
        subprocess.Popen([sys.executable, "-c", head + sweep], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("x")
        worker.stdin.flush()
    said = [worker.communicate(timeout=60)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0]
    assert sum(int(number) for number in said) == 3 * 41
    assert not list(own_root.iterdir())
