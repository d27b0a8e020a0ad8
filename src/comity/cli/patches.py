"""Patches at the terminal: have one checked, ask a model for one, see how far each got, review, recompute a level."""

import threading
import time
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from comity.cli import show
from comity.cli.options import POLL_SECONDS, Host, Json, configured
from comity.cli.places import Place, place
from comity.errors import Conflict, Invalid, Problem

Case = Annotated[str, Parameter(help="id of the case")]
Patch = Annotated[str, Parameter(help="id of the patch")]
PATIENCE_SECONDS = 900


def ask(
    case: Case,
    *,
    model: Annotated[str, Parameter(help="name of the model, instead of the host's own")] = "",
    purpose: Annotated[str, Parameter(help="what for, in one line; it is recorded")] = "a patch for this case",
    consent: Annotated[
        str, Parameter(help="address of the provider, as the terms name it; without it nothing is sent")
    ] = "",
    host: Host = "",
    json: Json = False,
) -> int:
    """Have a model propose a patch for a reproduced case, and climb with it. Only the ladder decides what it is worth.

    Without `--consent` it says what would be sent to whom, and sends nothing. Exit status 0 when L5 was reached.
    """
    with place(configured(host), work=bool(consent)) as there:
        terms = there.read(f"/cases/{case}/patch-terms", model=model)
        if not consent:
            if json:
                show.document(terms)
                return 1
            _terms(terms)
            return 1
        body = {"model": model, "consent": consent, "purpose": purpose}
        made = there.act(f"/cases/{case}/patch-requests", body)
        held = _waited(there, case, made["patch"])
    show.document(held) if json else _shown(held)
    return _status(held["line"]["level"])


def check(
    what: Annotated[str, Parameter(help="a case, a recipe's file, or the name of a recipe that ships with Comity")],
    diff: Annotated[Path, Parameter(help="unified diff against the unpatched release")],
    *,
    test: Annotated[Path | None, Parameter(help="the author's own regression test (comity-test/1)")] = None,
    kit: Annotated[
        Path | None, Parameter(help="ladder kit, where none ships with the recipe (comity-ladder/1)")
    ] = None,
    attach: Annotated[
        list[Path] | None, Parameter(name=["--attach"], negative="", help="a file that the recipe names, repeatable")
    ] = None,
    seed: Annotated[int | None, Parameter(help="climb as a statement with this seed did")] = None,
    host: Host = "",
    json: Json = False,
) -> int:
    """How far a patch gets. For a case it is kept and signed; for a recipe it climbs here and nothing is kept.

    Exit status 0 when L5 was reached, 1 when it was not.
    """
    texts = {name: path.read_bytes() for name, path in (("test", test), ("kit", kit)) if path is not None}
    if what.startswith("C-"):
        if seed is not None or attach:
            problem = Problem("/seed", "not_here", "a case draws its own seed and holds its own files")
            raise Invalid("these are for climbing with a recipe", [problem])
        body = {"diff": _text(diff.read_bytes()), **{name: _text(data) for name, data in texts.items()}}
        with place(configured(host), work=True) as there:
            made = there.act(f"/cases/{what}/patches", body)
            held = _waited(there, what, made["patch"])
        show.document(held) if json else _shown(held)
        return _status(held["line"]["level"])
    return _recomputed(what, diff, attach or [], texts, seed=seed, json=json)


def listed(case: Case, *, host: Host = "", json: Json = False) -> None:
    """A case's patches, oldest first, with the rung that each reached."""
    with place(configured(host)) as there:
        held = there.read(f"/cases/{case}/patches")
    if json:
        show.document(held)
        return
    rows = [(p["patch"], p["level"] if p["is_settled"] else "...", p["origin"], p["sentence"]) for p in held["rows"]]
    show.table(("patch", "level", "written by", "how far"), rows, empty="No patch was offered for this case.")


def shown(case: Case, patch: Patch, *, diff: bool = False, host: Host = "", json: Json = False) -> None:
    """One patch: every rung with its evidence, who reviewed it; `--diff` prints the diff alone."""
    with place(configured(host)) as there:
        held = there.read(f"/cases/{case}/patches/{patch}")
    if json:
        show.document(held)
    elif diff:
        show.out.out(show.plain(held["diff"]), end="")
    else:
        _shown(held)


def review(
    case: Case,
    patch: Patch,
    *,
    root_cause: Annotated[str, Parameter(help="the root cause, in your own words")],
    host: Host = "",
) -> None:
    """Agree with a patch's root cause, in your name. After L5, by another person than who brought it."""
    with place(configured(host)) as there:
        held = there.act(f"/cases/{case}/patches/{patch}/review", {"root_cause": root_cause})
    show.line(f"{patch}: {held['sentence']}", "green")


def statement(case: Case, patch: Patch, *, out: Path | None = None, host: Host = "") -> None:
    """The signed statement of how far a patch got. Check it with `comity verify`."""
    with place(configured(host)) as there:
        data = there.fetch(f"/cases/{case}/patches/{patch}/statement")
    target = out or Path(f"{patch}.dsse.json")
    target.write_bytes(data)
    show.line(f"written to {target}")


def _recomputed(
    what: str, diff: Path, attach: list[Path], texts: dict[str, bytes], *, seed: int | None, json: bool
) -> int:
    from comity.cli.places import Local

    held = configured()
    if held.remote:
        problem = Problem("/host", "local_only", "unset COMITY_HOST: a recipe is run on this machine")
        raise Invalid("a patch climbs here, not on a remote host", [problem])
    recipe, files = _named(what, attach)
    with place(held) as there:
        assert isinstance(there, Local)
        tried = there.office.patches.try_out(
            there.viewer,
            recipe,
            files,
            diff.read_bytes(),
            kit=texts.get("kit", b""),
            test=texts.get("test", b""),
            seed=seed,
            progress=lambda rise: None if json else _rung(_rise(rise)),
        )
    level = "none" if tried.climb.level is None else f"L{tried.climb.level.value}"
    if json:
        show.document(
            {
                "level": level,
                "sentence": tried.climb.sentence,
                "rungs": [_rise(rise) for rise in tried.climb.rises],
                "recipe_sha256": tried.recipe,
                "diff_sha256": tried.diff,
                "kit_sha256": tried.kit,
                "seed": tried.seed,
            }
        )
    else:
        show.line(tried.climb.sentence, "green" if level == "L5" else "yellow")
        show.line(f"diff sha256:{tried.diff}", "dim")
        show.line(f"recipe sha256:{tried.recipe}, kit {f'sha256:{tried.kit}' if tried.kit else 'none'}", "dim")
        show.line(f"climb so again: --seed {tried.seed}", "dim")
    return _status(level)


def _named(what: str, attach: list[Path]) -> tuple[bytes, list[bytes]]:
    from comity.formats.recipe_archive import shipped_cases

    shipped = next((case for case in shipped_cases() if case.id == what), None)
    if shipped is not None and not Path(what).exists():
        return shipped.recipe, list(shipped.attachments.values())
    return Path(what).read_bytes(), [path.read_bytes() for path in attach]


def _rise(rise: Any) -> dict[str, Any]:
    import msgspec

    from comity.api.patches import rung

    made: dict[str, Any] = msgspec.to_builtins(rung(rise))
    return made


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Invalid("a diff is UTF-8 text", [Problem("/diff", "invalid_utf8", "send it as UTF-8")]) from error


def _waited(there: Place, case: str, patch: str) -> dict[str, Any]:
    tick = threading.Event()
    ends = time.monotonic() + PATIENCE_SECONDS
    while True:
        held: dict[str, Any] = there.read(f"/cases/{case}/patches/{patch}")
        if held["line"]["is_settled"]:
            return held
        if time.monotonic() > ends:
            raise Conflict(f"patch {patch} still climbs: `comity patch show {case} {patch}` later")
        tick.wait(POLL_SECONDS)


def _terms(terms: dict[str, Any]) -> None:
    what = ", ".join(terms["fields"]) or "nothing but the target's name"
    show.line(f"This would send {what} of a {terms['label']} case to {terms['provider']} (model {terms['model']}).")
    for group, reason in terms["withheld"]:
        show.line(f"  not sent: {group} ({reason})", "dim")
    show.line(f"Nothing was sent. To do it, repeat with: --consent {terms['provider']}", "yellow")


def _shown(held: dict[str, Any]) -> None:
    line = held["line"]
    by = f"{line['origin']}: {held['asking']['model']}" if held["asking"] else line["origin"]
    show.line(f"{line['patch']}  {line['level']}  written by {by}, brought by {line['by']}", "bold")
    for rung in held["rungs"]:
        _rung(rung)
    if held["asking"]:
        show.line(f"  asked: {held['asking']['outcome']}", "dim")
    if held["reviewed_by"]:
        word = " (a script, not a person)" if held["review_is_script"] else ""
        show.line(f"  root cause, by {held['reviewed_by']}{word}: {held['root_cause']}")
    show.line(line["sentence"], "green" if line["level"] in {"L5", "L6"} else "yellow")


def _rung(rung: dict[str, Any]) -> None:
    mark = "reached    " if rung["reached"] else "not reached"
    style = "" if rung["reached"] else "yellow"
    seconds = f" ({rung['seconds']:.1f} s)" if rung["seconds"] else ""
    show.line(f"  {rung['rung']} {mark} {rung['asks']}: {rung['said']}{seconds}", style)


def _status(level: str) -> int:
    return 0 if level in {"L5", "L6"} else 1
