"""Record a command in a terminal of its own as an asciinema v2 file, and draw stills of it: `cast.py OUT.cast COMMAND...`.

The file is a header line and then [seconds, "o", text] for each piece of output, as asciicast v2 says. A pause longer
than LONGEST is shortened in the file, and the header's title says so. A command that begins to serve is ended by Ctrl-C.
"""

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from html import escape
from pathlib import Path

COLUMNS, ROWS = 110, 34
LONGEST = 3.0
SERVING = "Serving "
SETTLES = 4.0
ESCAPE = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])")
STYLES = {"1": "b", "2": "d", "31": "r", "32": "g", "33": "y", "34": "c", "35": "c", "36": "c"}
STEP = re.compile(r"^ ?(\d{1,2})  \S")
CELL, LINE, SIZE = 7.25, 17, 12


def record(argv: list[str]) -> list[tuple[float, str]]:
    """Run a command on a pseudo-terminal until it ends; each piece of output with its second. Exits when it fails."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(TERM="xterm-256color", COLUMNS=str(COLUMNS), LINES=str(ROWS))
        os.execvp(argv[0], argv)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    began, pieces, rest, serving = time.monotonic(), [], b"", 0.0
    while True:
        if serving and time.monotonic() - serving > SETTLES:  # its handler stands by now
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGINT)
            serving = time.monotonic()
        if not select.select([terminal], [], [], 0.5)[0]:
            continue
        try:
            got = os.read(terminal, 65536)
        except OSError:  # Linux says so when the other side is closed
            break
        if not got:
            break
        rest += got
        whole = rest.decode("utf-8", "ignore")
        rest = rest[len(whole.encode()) :]
        if not serving and SERVING in whole:
            serving = time.monotonic()
            whole = whole[: whole.index(SERVING)]  # a sign-in link follows
            pieces.append((time.monotonic() - began, whole))
        elif not serving:
            pieces.append((time.monotonic() - began, whole))
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status and not (serving and status in {130, -signal.SIGINT}):  # we ended it ourselves
        raise SystemExit(f"{argv[0]} ended with {status}: nothing is written\n{''.join(t for _, t in pieces)[-2000:]}")
    return pieces


def shortened(pieces: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """The same pieces, no pause longer than LONGEST."""
    out, clock, before = [], 0.0, 0.0
    for at, text in pieces:
        clock += min(at - before, LONGEST)
        before = at
        out.append((round(clock, 3), text))
    return out


def write(path: Path, pieces: list[tuple[float, str]], command: str) -> None:
    """The recording as asciicast v2."""
    whole = pieces[-1][0] if pieces else 0.0
    title = f"{command} (took {whole:.0f} s; pauses over {LONGEST:.0f} s are shortened)"
    header = {"version": 2, "width": COLUMNS, "height": ROWS, "title": title, "env": {"TERM": "xterm-256color"}}
    lines = [json.dumps(header), *(json.dumps([at, "o", text]) for at, text in shortened(pieces))]
    path.write_text("\n".join(lines) + "\n")


def screen(text: str) -> list[list[tuple[str, str]]]:
    """Lines of (style, text): what a terminal would show of plain lines in colours; a carriage return starts over."""
    lines = []
    for raw in text.replace("\r\n", "\n").split("\n"):
        shown, style, runs, end = raw.rpartition("\r")[2], "", [], 0
        for found in ESCAPE.finditer(shown):
            runs.append((style, shown[end : found.start()]))
            end = found.end()
            if found[2] == "m":
                codes = [code for code in found[1].split(";") if code]
                if not codes or "0" in codes:
                    style = ""
                style = " ".join(dict.fromkeys([*style.split(), *(STYLES[c] for c in codes if c in STYLES)]))
        runs.append((style, shown[end:]))
        lines.append([run for run in runs if run[1]])
    return lines


def steps(lines: list[list[tuple[str, str]]]) -> dict[int, list[list[tuple[str, str]]]]:
    """The lines of each numbered step."""
    found: dict[int, list[list[tuple[str, str]]]] = {}
    current = 0
    for line in lines:
        head = STEP.match("".join(text for _, text in line))
        titled = head and line[0][0] == "b c"
        if head and titled and 1 <= int(head[1]) <= 12 and int(head[1]) not in found:
            current = int(head[1])
        if current:
            found.setdefault(current, []).append(line)
    return found


def drawn(lines: list[list[tuple[str, str]]], title: str) -> str:
    """A still as SVG, for light and dark pages alike; fonts are the reader's own, and nothing is fetched."""
    while lines and not lines[-1]:
        lines = lines[:-1]
    height = LINE * len(lines) + 24
    width = round(CELL * COLUMNS + 24)
    rows = []
    for number, line in enumerate(lines):
        spans = "".join(f'<tspan class="{style}">{escape(text)}</tspan>' for style, text in line)
        rows.append(f'<text x="12" y="{12 + LINE * number + SIZE}" xml:space="preserve">{spans}</text>')
    style = (
        f"text{{font:{SIZE}px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#e6e9ee}}"
        ".b{font-weight:700}.d{fill:#9aa4b2}.r{fill:#ff8f8f}.g{fill:#84d49a}.y{fill:#f0c674}.c{fill:#7fc7e8}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"><title>{escape(title)}</title>'
        f'<style>{style}</style><rect width="{width}" height="{height}" rx="6" fill="#15191f"/>{"".join(rows)}</svg>\n'
    )


def main(out: Path, argv: list[str]) -> None:
    """Record, write the cast, and a still of each step beside it."""
    own = str(Path(os.environ.get("COMITY_DATA", str(Path.home() / "data"))).parent)  # no reader's business
    pieces = [(at, text.replace(own, "~")) for at, text in record(argv)]
    write(out, pieces, " ".join(["comity", *argv[1:]]))
    for number, lines in steps(screen("".join(text for _, text in pieces))).items():
        out.with_name(f"{out.stem}-{number:02}.svg").write_text(drawn(lines, f"Step {number} of the demo"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
