"""Photograph pages of a host filled with what ships: `pages.py OUT_FOLDER COMITY`. Run by `./run pictures`.

The report is the shipped example, run in the sandbox here; the estate is the shipped sample, which says that it is one.
Needs the OS's Chromium. The host is a new one in a temporary folder, on loopback, and is ended afterwards.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from comity.bench.loopback import free_port, listening
from comity.bench.sample_estate import DAY
from comity.cli.places import shell_login

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
SIZE = {"width": 1180, "height": 860}
ROOT = Path(__file__).resolve().parents[2]
ASSETS = "200"


def main(out: Path, comity: str) -> None:
    """Make the host, photograph it, end it."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="comity-pictures-") as made:
        port = free_port()
        env = {name: value for name, value in os.environ.items() if not name.startswith("COMITY_")}
        env |= {"COMITY_DATA": f"{made}/data", "COMITY_KEYS": f"{made}/keys", "COMITY_OFFLINE": "yes"}
        env |= {"COMITY_PORT": str(port), "COMITY_ORGANISATION": "Example host"}

        def ask(*arguments: str) -> str:
            return subprocess.run([comity, *arguments], env=env, capture_output=True, text=True, check=True).stdout

        ask("submit", str(ROOT / "docs/examples/first-report.json"))
        ask("defend", "sample-estate", "--assets", ASSETS)
        case = json.loads(ask("case", "list", "--json"))["rows"][0]["id"]
        server = subprocess.Popen([comity, "serve"], env=env, stdout=subprocess.DEVNULL)
        try:
            listening(port)
            link = ask("account", "link", shell_login()).split()[-1]
            _photograph(out, f"http://127.0.0.1:{port}", link, case)
        finally:
            server.terminate()
            server.wait(60)


def _photograph(out: Path, address: str, link: str, case: str) -> None:
    views = {
        "case": f"/cases/{case}",
        "deadlines": f"/deadlines?day={DAY}",
        "affected": "/affected?product=Fortinet+FortiOS+7.0.1",
    }
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport=SIZE, color_scheme="light")
        page.goto(link)
        if (button := page.locator("main form button")).count():
            button.first.click()
        for name, path in views.items():
            answer = page.goto(address + path)
            assert answer is not None and answer.status == 200, f"{path}: {answer and answer.status}"
            page.screenshot(path=out / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
