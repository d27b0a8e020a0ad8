"""Open lock after lock with the solvers of their families, take the cheapest route; or find a smallest cut by flow."""

import hashlib
import heapq
import json
from collections.abc import Collection, Mapping
from itertools import product

from . import crypto, machine  # noqa: TID252  # inside the sandbox the package has another name

Link = tuple[str, str]


def solve(side: str, prompt: str, files: Mapping[str, bytes]) -> dict[str, bytes]:  # noqa: ARG001  # one signature for all
    """All locks and a route, or the links to cut."""
    net = json.loads(files["network.json"])
    links = {(one, other): cost for one, other, cost in net["links"]}
    if side == "defence":
        cut = _cut(links, net["entry"], net["crown"], [(a, b) for a, b in net["services"]])
        return {"rules.json": json.dumps({"cut": cut}).encode()}
    said = []
    own = {name[2:]: content for name, content in files.items() if name.startswith("1-")}
    for number in range(1, len(net["locked"]) + 1):
        said.append(_unlocked(own))
        sealed = files.get(f"{number + 1}.locked")
        if sealed is not None:
            key = hashlib.sha256(b"lock " + said[-1].encode()).digest()
            blocks = (hashlib.sha256(key + n.to_bytes(4, "big")).digest() for n in range(len(sealed) // 32 + 1))
            opened = bytes(a ^ b for a, b in zip(sealed, b"".join(blocks), strict=False))
            own = {name: content.encode() for name, content in json.loads(opened).items()}
    route = [net["entry"]]
    for host in net["locked"]:
        route += _cheapest(links, route[-1], host)
    return {"steps.json": json.dumps({"answers": said, "route": route}).encode()}


def _unlocked(files: Mapping[str, bytes]) -> str:
    solve_lock = machine.solve if "machine.py" in files else crypto.solve
    answer = solve_lock("offence", files["TASK.txt"].decode(), files)
    return next(iter(answer.values())).decode().strip()


def _cheapest(links: Mapping[Link, int], start: str, goal: str) -> list[str]:
    """Hosts after `start` on the cheapest way."""
    queue: list[tuple[int, str, list[str]]] = [(0, start, [])]
    seen: set[str] = set()
    while queue:
        cost, host, way = heapq.heappop(queue)
        if host == goal:
            return way
        if host not in seen:
            seen.add(host)
            for (one, other), more in links.items():
                if one == host:
                    heapq.heappush(queue, (cost + more, other, [*way, other]))
    return []


def _reached(links: Collection[Link], start: str) -> dict[str, list[Link]]:
    """Each host within reach, with the links of a shortest way."""
    found: dict[str, list[Link]] = {start: []}
    queue = [start]
    for host in queue:
        for one, other in links:
            if one == host and other not in found:
                found[other] = [*found[host], (one, other)]
                queue.append(other)
    return found


def _flow(links: Collection[Link], start: str, goal: str) -> int:
    """How many ways share no link (by augmenting, one link at a time)."""
    left, count = set(links), 0
    while (way := _reached(left, start).get(goal)) is not None:
        for one, other in way:
            left.remove((one, other))
            left.add((other, one))
        count += 1
    return count


def _cut(links: Mapping[Link, int], start: str, goal: str, services: list[Link]) -> list[Link]:
    """A smallest cut that leaves every service: one link out of each of as many ways as there are."""
    left, ways = set(links), []
    while (way := _reached(left, start).get(goal)) is not None:
        ways.append(way)
        left -= set(way)
    size = _flow(links, start, goal)
    telling = [link for link in links if _flow(links.keys() - {link}, start, goal) < size]
    for gone in product(*(list(telling) for _ in range(size))):
        if len(set(gone)) < size or list(gone) != sorted(gone):
            continue
        rest = links.keys() - set(gone)
        if goal not in _reached(rest, start) and all(to in _reached(rest, one) for one, to in services):
            return sorted(gone)
    return []
