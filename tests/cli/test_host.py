"""Commands of whoever runs a host: journal, key, mirrors, links, and addresses that are refused."""

import socket
import sqlite3
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from comity.cli import serving
from comity.formats.pack import starter
from tests.cli.conftest import Served, Terminal


def test_an_edited_journal_is_named_and_the_exit_status_says_no(comity: Terminal, alone: Path, files: Path) -> None:
    comity("submit", files / "bare.json", "--no-wait")
    assert comity("journal", "verify").status == 0
    with sqlite3.connect(alone / "data" / "comity.db") as store:
        triggers = store.execute("select name from sqlite_master where type = 'trigger'").fetchall()
        for (name,) in triggers:
            store.execute(f"drop trigger {name}")
        store.execute("update journal set body = body || ' ' where seq = 1")
    store.close()
    answer = comity("journal", "verify")
    assert answer.status == 1
    assert "does not verify" in answer.out
    assert "1" in answer.out


def test_the_public_key_holds_no_secret(comity: Terminal, alone: Path) -> None:
    answer = comity("key", "show")
    assert answer.status == 0
    assert "PRIVATE" not in answer.out
    assert comity("key", "show").out == answer.out


def test_a_mirror_is_listed_with_its_date(comity: Terminal, alone: Path) -> None:
    assert comity("mirror", "list").out.startswith("No mirror is held")
    names = []
    for number, data in enumerate(starter()):
        file = alone / f"{number}.json"
        file.write_bytes(data)
        answer = comity("mirror", "add", file, "--json")
        assert answer.status == 0
        names.append(answer.json["source"])
    held = comity("mirror", "list", "--json").json["mirrors"]
    assert {one["source"] for one in held} == set(names)
    assert all(one["facts"] > 0 for one in held)
    assert {one["state"] for one in held} == {"too old"}
    assert "does not fetch it" in " ".join(comity("mirror", "list").out.split())


def test_what_is_no_mirror_is_a_list_of_problems(comity: Terminal, alone: Path, files: Path) -> None:
    answer = comity("mirror", "add", files / "bare.json")
    assert answer.status == 2
    assert "Traceback" not in answer.err
    assert comity("mirror", "list", "--json").json == {"mirrors": []}


def test_nothing_is_fetched_that_nobody_named(comity: Terminal, alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMITY_OFFLINE", "yes")
    assert "offline" in comity("mirror", "fetch").err
    monkeypatch.setenv("COMITY_OFFLINE", "no")
    answer = comity("mirror", "fetch")
    assert (answer.status, "COMITY_MIRRORS" in answer.out) == (1, True)
    assert comity("mirror", "fetch", "kev").status == 2
    monkeypatch.setenv("COMITY_MIRRORS", "kev=http://127.0.0.1/kev.json")
    (look,) = comity("mirror", "fetch", "--json").json["looks"]
    assert (look["source"], look["outcome"]) == ("CISA KEV", "failed")
    assert "https" in look["said"]


def test_a_bundle_goes_from_one_host_to_another(comity: Terminal, alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert comity("bundle", "export", alone / "none.bundle").status == 2
    file = alone / "kev.json.gz"
    file.write_bytes(starter()[0])
    assert comity("mirror", "add", file).status == 0
    made = comity("bundle", "export", alone / "a.bundle", "--json").json
    comity("key", "show", "--out", alone / "key.json")
    monkeypatch.setenv("COMITY_DATA", str(alone / "inner" / "data"))
    monkeypatch.setenv("COMITY_KEYS", str(alone / "inner" / "keys"))
    refused = comity("bundle", "import", alone / "a.bundle", "--stale-too")
    assert (refused.status, "do not trust" in refused.err) == (1, True)
    too_old = comity("bundle", "import", alone / "a.bundle", "--key", alone / "key.json")
    assert (too_old.status, "too_old" in too_old.err) == (2, True)
    shown = comity("bundle", "show", alone / "a.bundle", "--key", alone / "key.json").out
    assert made["digest"][:16] in shown
    taken = comity("bundle", "import", alone / "a.bundle", "--key", alone / "key.json", "--stale-too", "--json").json
    assert [(one["source"], one["did"]) for one in taken["feeds"]] == [("CISA KEV", "taken")]
    assert [one["source"] for one in comity("mirror", "list", "--json").json["mirrors"]] == ["CISA KEV"]


def test_a_bundle_of_this_host_is_its_own_after_it_signs_with_another_key(comity: Terminal, alone: Path) -> None:
    file = alone / "kev.json.gz"
    file.write_bytes(starter()[0])
    assert comity("mirror", "add", file).status == 0
    made = comity("bundle", "export", alone / "own.bundle", "--json").json
    assert comity("key", "rotate", "signing").status == 0
    shown = comity("bundle", "show", alone / "own.bundle", "--json")
    assert (shown.status, shown.json["key"]) == (0, made["key"])


def test_the_first_link_is_whole_on_one_line_and_stays_the_same_until_it_is_used(
    comity: Terminal, alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    said = comity("account", "setup").out
    assert "/setup/" in said
    assert said.count("\n") == 1


def test_whoever_used_the_terminal_first_is_told_how_to_sign_in_at_the_pages(comity: Terminal, alone: Path) -> None:
    comity("case", "list")
    said = " ".join(comity("account", "setup").out.split())
    login = said.partition("comity account link ")[2].partition("`")[0]
    assert "/link/" in comity("account", "link", login).out
    assert comity("account", "link", "nobody-of-this-name").status == 2


def test_doctor_names_a_remedy_for_what_is_missing(comity: Terminal, alone: Path) -> None:
    lines = {line["name"]: line for line in comity("doctor", "--json").json["lines"]}
    assert lines["CISA KEV"]["state"] == "warn"
    assert "comity mirror add" in lines["CISA KEV"]["remedy"]
    assert lines["model in use"]["value"].startswith("none")


def test_a_taken_port_is_refused_before_anything_is_opened(comity: Terminal, alone: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        answer = comity("serve", "--port", str(taken.getsockname()[1]))
    assert answer.status == 2
    assert "--port" in answer.err
    assert not (alone / "data").exists()


def test_an_open_address_needs_https_in_front(comity: Terminal, alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMITY_BIND", "0.0.0.0")
    answer = comity("serve")
    assert answer.status == 2
    assert "COMITY_PUBLIC_URL" in answer.err


def test_an_unknown_setting_is_named(comity: Terminal, alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMITY_EMBARGOS", "3")
    answer = comity("case", "list")
    assert answer.status == 2
    assert "COMITY_EMBARGOS" in answer.err


def test_a_second_worker_of_the_same_name_is_refused(comity: Terminal, host: Served) -> None:
    answer = comity("worker")
    assert answer.status == 2
    assert answer.err.startswith("comity: ")


def test_connections_that_say_nothing_keep_nobody_else_waiting(host: Served) -> None:
    where = urlsplit(host.address)
    with ExitStack() as held:
        for _ in range(300):  # more than twice what the web server would answer at once by its own measure
            held.enter_context(socket.create_connection((where.hostname or "", where.port or 0), timeout=10))
        assert httpx.get(f"{host.address}/api/v1/advisories", timeout=20).status_code == 200


def test_no_more_connections_are_promised_than_the_system_lets_the_process_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = {"now": (256, 700)}
    monkeypatch.setattr(serving.resource, "getrlimit", lambda _: limits["now"])
    monkeypatch.setattr(serving.resource, "setrlimit", lambda _, pair: limits.update(now=pair))
    assert serving._room(300) == 300
    assert limits["now"] == (500, 700)
    assert serving._room(1000) == 500
    assert limits["now"] == (700, 700)
