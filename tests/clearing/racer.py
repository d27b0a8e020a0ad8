"""One of two workers that race: `python -m tests.clearing.racer NAME SEED FOLDER URL COUNT FINDINGS`, receipts on
stdout.

Each submission has bytes of its own and is about one of a few findings; the worker runs flows as well.
"""

import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from comity.clearing.desk import Document
from comity.model.product import Symbol
from comity.settings import Settings
from tests.clearing.documents import document
from tests.clearing.findings import without_alias
from tests.clearing.hosts import LAB, RIVAL, host

TOGETHER = 5
"""Submissions in one request: fewer flows, as long a race."""


def main(name: str, seed: str, folder: str, url: str, count: str, findings: str) -> None:
    """Submit the share of this worker in an order of its own; then work until nothing waits."""
    settings = Settings(data=Path(folder) / "data", keys=Path(folder) / "keys", database_url=url)
    order = [(n % int(findings), n) for n in range(int(count))]
    random.Random(seed).shuffle(order)
    with host(Path(folder), settings=settings, worker=name) as comity:

        def made(which: int, copy: int) -> Document:
            finding = replace(
                without_alias(),
                aliases=(f"CVE-2024-{10000 + which}",),
                symbols=(Symbol(file=f"src/m{which}.c", function=f"f{which}"),),
                description=f"copy {copy} of {name}",
            )
            return document(finding, recipe=None)

        def send(places: list[tuple[int, int]]) -> list[str]:
            viewer = LAB if seed == "1" else RIVAL
            return [answer.receipt for answer in comity.desk.submit(viewer, [made(*one) for one in places])]

        print("ready", flush=True)
        sys.stdin.readline()
        with ThreadPoolExecutor(2) as pool:
            for receipts in pool.map(send, [order[n : n + TOGETHER] for n in range(0, len(order), TOGETHER)]):
                print("\n".join(receipts), flush=True)
        print("sent", flush=True)
        end = time.monotonic() + 300
        while comity.desk.control.unfinished() and time.monotonic() < end:
            time.sleep(1)
        print("done", flush=True)
        sys.stdin.readline()


if __name__ == "__main__":
    main(*sys.argv[1:])
