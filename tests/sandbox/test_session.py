"""A session: many programs in one containment, each with its own limits, and files only after everything is dead."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from comity.errors import Forbidden, Invalid, Unavailable
from comity.sandbox import session
from comity.sandbox.containment import Containment
from comity.sandbox.policy import MIB, Job, Limits, Tier
from comity.sandbox.result import Ended
from comity.sandbox.session import Session

SOON = timedelta(seconds=10)
JOB = Job(
    argv=("/unused",),
    toolchain=True,
    env={"PATH": "/usr/bin:/bin"},
    inputs={"given": b"shown read-only\n"},
    limits=Limits(memory_bytes=192 * MIB, pids=24, disk_bytes=8 * MIB, file_bytes=4 * MIB, cpu=timedelta(seconds=20)),
)


@pytest.fixture
def opened(full: Containment) -> Iterator[Session]:
    with session.start(JOB, host=full) as inside:
        yield inside


def shell(inside: Session, lines: str, **more: object) -> tuple[int | None, str]:
    done = inside.exec(("sh", "-c", lines), timeout=SOON, **more)  # type: ignore[arg-type]  # a test's own keywords
    return done.exit_code, done.stdout.decode()


def spin(inside: Session) -> None:
    """Twenty busy programs, each too short to pass a limit of its own."""
    for _ in range(20):
        inside.exec(("sh", "-c", "while :; do :; done"), timeout=timedelta(seconds=0.4))


def test_files_and_background_programs_last_from_one_program_to_the_next(opened: Session) -> None:
    shell(opened, "echo kept > /tmp/a; echo kept > b; (sleep 30 && echo late) > /dev/null 2>&1 &")
    both = "for i in $(seq 50); do [ $(ps ax | grep -c '[s]leep 30') = 2 ] && echo both && break; sleep 0.1; done"
    code, said = shell(opened, f"cat /tmp/a b /inputs/given; {both}")
    assert (code, said) == (0, "kept\nkept\nshown read-only\nboth\n")


def test_what_a_program_reads_where_and_with_which_environment_is_as_asked(opened: Session) -> None:
    code, said = shell(opened, "cat; pwd; echo $WORD; exit 7", stdin=b"in\n", cwd="/tmp", env={"WORD": "said"})
    assert (code, said) == (7, "in\n/tmp\nsaid\n")


def test_a_program_over_its_time_dies_with_its_children_and_the_session_goes_on(opened: Session) -> None:
    began = time.monotonic()
    done = opened.exec(("sh", "-c", "sleep 41 & sleep 41"), timeout=timedelta(seconds=0.3))
    assert done.ended is Ended.WALL
    assert time.monotonic() - began < 5
    assert shell(opened, "ps ax | grep -c '[s]leep 41'")[1] == "0\n"


def test_a_flood_is_cut_while_it_streams(opened: Session) -> None:
    done = opened.exec(("cat", "/dev/zero"), timeout=SOON, output_bytes=100_000)
    assert (done.ended, len(done.stdout)) == (Ended.OUTPUT, 100_000)
    assert shell(opened, "echo on") == (0, "on\n")


@pytest.mark.parametrize(
    ("lines", "ended"),
    [
        ("import time\nhold = [bytearray(b'x' * (16 << 20)) for _ in range(64)]", Ended.MEMORY),
        ("import os, time\nfor _ in range(64):\n    os.fork() or (os.setsid(), time.sleep(60))", Ended.PIDS),
    ],
)
def test_a_program_that_eats_memory_or_processes_is_swept_and_the_session_goes_on(
    opened: Session, lines: str, ended: Ended
) -> None:
    done = opened.exec(("python3", "-c", lines), timeout=SOON)
    assert done.ended is ended
    assert shell(opened, "ps ax | grep -c '[p]ython3 -c'")[1] == "0\n"


def test_processor_time_of_all_programs_together_ends_the_session(full: Containment) -> None:
    job = replace(JOB, limits=replace(JOB.limits, cpu=timedelta(seconds=1)))
    with session.start(job, host=full) as inside:
        with pytest.raises(Unavailable, match="session"):
            spin(inside)
        assert inside.close().ended is Ended.CPU


def test_the_wall_limit_of_the_session_ends_it(full: Containment) -> None:
    job = replace(JOB, limits=replace(JOB.limits, wall=timedelta(seconds=1)))
    with session.start(job, host=full) as inside:
        with pytest.raises(Unavailable, match="session"):
            inside.exec(("sleep", "30"), timeout=SOON)
        assert inside.close().ended is Ended.WALL


def test_starting_what_is_not_there_says_so_as_the_system_does(opened: Session) -> None:
    with pytest.raises(FileNotFoundError):
        opened.exec(("no-such-program",), timeout=SOON)
    with pytest.raises(PermissionError):
        opened.exec(("/etc/passwd",), timeout=SOON)
    with pytest.raises(NotADirectoryError):
        opened.exec(("true",), timeout=SOON, cwd="/etc/passwd")
    with pytest.raises(Invalid):
        opened.exec(("a\0b",), timeout=SOON)


def test_files_go_in_and_out_whole_and_errors_are_the_systems_own(opened: Session) -> None:
    content = bytes(range(256)) * 8000
    opened.write("deep/er/file", content)
    assert opened.read("deep/er/file", most_bytes=len(content)) == content
    for path, error in (("gone", FileNotFoundError), ("/etc", IsADirectoryError), ("deep/er/file", OSError)):
        with pytest.raises(error):
            opened.read(path, most_bytes=10)
    with pytest.raises(IsADirectoryError):
        opened.write("deep", b"")
    shell(opened, "mkfifo pipe; ln -s /etc/passwd link")
    with pytest.raises(OSError, match="Invalid argument"):
        opened.read("pipe", most_bytes=10)


def test_a_file_too_large_for_the_session_is_refused_and_the_session_goes_on(opened: Session) -> None:
    with pytest.raises(Unavailable, match="move a file"):
        opened.write("large", b"x" * (5 * MIB))
    assert shell(opened, "echo on") == (0, "on\n")


def test_only_plain_files_come_out_and_only_after_everything_is_dead(full: Containment) -> None:
    with session.start(JOB, host=full) as inside:
        shell(inside, "echo answer > plain; ln -s /etc/passwd link; (while :; do date > moving; done) & ")
        out = inside.close(("plain", "link", "gone"))
        assert dict(out.files) == {"plain": b"answer\n"}
        assert dict(out.refused_files) == {"link": "symbolic link", "gone": "missing"}
        with pytest.raises(Unavailable, match="over"):
            inside.exec(("true",), timeout=SOON)
        assert inside.close() is out


def test_the_init_cannot_be_read_written_or_impersonated(opened: Session) -> None:
    code, said = shell(
        opened,
        "for f in mem environ maps fd/0 fd/1; do (exec 3<>/proc/2/$f) 2>/dev/null && echo reached $f; done; "
        "ls /proc/self/fd | wc -l",
    )
    assert (code, said) == (0, "4\n"), "0, 1, 2 and the listing itself"


def test_a_program_that_kills_the_init_ends_its_own_session_and_nothing_else(full: Containment) -> None:
    with session.start(JOB, host=full) as first, session.start(JOB, host=full) as second:
        with pytest.raises(Unavailable):
            first.exec(("sh", "-c", "kill -9 2; sleep 30"), timeout=SOON)
        assert shell(second, "echo on") == (0, "on\n")


def test_many_programs_at_once_each_get_their_own_answer(opened: Session) -> None:
    said: dict[int, str] = {}

    def ask(number: int) -> None:
        said[number] = shell(opened, f"sleep 0.0{number}; echo {number}")[1]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == {number: f"{number}\n" for number in range(6)}


def test_a_session_is_admitted_as_a_run_is(reduced: Containment, best: Containment) -> None:
    with pytest.raises(Forbidden, match="only recipes that ship"):
        session.start(JOB, host=reduced)
    with pytest.raises(Forbidden, match="tier none"):
        session.start(JOB, host=replace(best, tier=Tier.NONE))


def test_the_sessions_own_file_name_is_reserved(full: Containment) -> None:
    with pytest.raises(Invalid):
        session.start(replace(JOB, inputs={session.INIT: b""}), host=full)
