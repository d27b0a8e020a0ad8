"""What a review of new parts found, each defect as a test: slow scans, hidden depth, odd addresses, packed answers."""

import contextlib
import gzip
import json
import threading
import time
from http.server import BaseHTTPRequestHandler

import httpx
import pytest

from comity.assess import admit
from comity.errors import Invalid, Unavailable
from comity.formats import plain_yaml, test_output
from comity.formats.listings import cyclonedx
from comity.formats.parse import LIMITS
from comity.model.address import is_public
from comity.partners import guard
from comity.partners.carrier import Carrier
from comity.partners.endpoint import ModelEndpoint
from tests.loopback import serving

BOM = b'<bom xmlns="http://cyclonedx.org/schema/bom/1.5" version="1">%s</bom>'


def codes(data: bytes) -> set[str]:
    with pytest.raises(Invalid) as caught:
        cyclonedx._from_xml(data, LIMITS)
    return {problem.code for problem in caught.value.problems}


def test_unclosed_comments_do_not_make_reading_slow() -> None:
    began = time.perf_counter()
    assert codes(BOM % (b"<!--" * 200_000)) == {"malformed_xml"}
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize("line", ["ok" + " " * 1997 + "#", "not ok 1" + " " * 1990 + "#"], ids=["ok", "not ok"])
def test_blanks_in_a_test_runners_report_do_not_make_reading_slow(line: str) -> None:
    began = time.process_time()
    assert test_output.read("tap", f"{line}\n".encode() * 200) == {}
    assert time.process_time() - began < 5


def test_depth_cannot_be_hidden_behind_an_attribute() -> None:
    nested = b'<a x="/>">' * 3000 + b"</a>" * 3000
    assert codes(BOM % nested) == {"structure_too_deep"}


@pytest.mark.parametrize("address", ["64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1", "2002:7f00:1::", "224.0.0.1", "::1"])
def test_no_way_of_writing_a_private_address_makes_it_public(address: str) -> None:
    assert not is_public(address)


def test_a_packed_answer_of_an_endpoint_is_refused_before_it_is_unpacked() -> None:
    bomb = gzip.compress(b"0" * 50_000_000)

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["accept-encoding"] == "identity"
        return httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(bomb))

    endpoint = ModelEndpoint(transport=httpx.MockTransport(answer))
    with pytest.raises(Unavailable, match="packs its answer"):
        endpoint.complete("https://model.example/v1", "key", b"{}")


def test_a_packed_answer_of_a_partner_is_refused_before_it_is_unpacked() -> None:
    bomb = gzip.compress(b"0" * 50_000_000)

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["accept-encoding"] == "identity"
        return httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(bomb))

    with pytest.raises(Unavailable, match="packs its answer"):
        Carrier(transport=httpx.MockTransport(answer)).bring("https://cert.example", b"{}")


def test_a_key_that_no_header_can_carry_is_a_plain_refusal() -> None:
    endpoint = ModelEndpoint(transport=httpx.MockTransport(lambda _: httpx.Response(200, json={})))
    with pytest.raises(Unavailable):
        endpoint.complete("https://model.example/v1", "k\u00e9y\u20ac", b"{}")


@pytest.mark.parametrize(
    "usage", [{"prompt_tokens": 1, "completion_tokens": 1}, {"prompt_tokens": 10**30, "completion_tokens": 1}]
)
def test_what_an_endpoint_answers_is_always_counted(usage: dict[str, int]) -> None:
    answer = {"choices": ["\ud800"], "usage": usage}
    assert 0 < admit.cost(answer, json.dumps(answer).encode(), b"{}") <= 10**12


def test_a_long_key_is_not_repeated_in_the_place_of_every_value() -> None:
    document = b"? " + b"a" * 20_000 + b"\n: [" + b"1, " * 2_000 + b"1]\n"
    with pytest.raises(Invalid) as caught:
        plain_yaml.read(document)
    assert {problem.code for problem in caught.value.problems} == {"key_too_long"}


@pytest.mark.parametrize(
    "part", [b"x", b"HTTP/1.1 103 Early Hints\r\n\r\n"], ids=["a header", "answers before the answer"]
)
def test_a_host_whose_answer_never_gets_past_its_head_is_left_in_time(part: bytes) -> None:
    done = threading.Event()

    class Dripping(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Quiet."""

        def do_POST(self) -> None:
            with contextlib.suppress(OSError):
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX: " if part == b"x" else b"")
                while not done.wait(0.05):
                    self.wfile.write(part)

    with serving(Dripping) as address:
        found, began = guard.parts(address), time.monotonic()
        ends = threading.Timer(10, done.set)  # without an end of our own the call would last as long as this
        ends.start()
        with (
            pytest.raises(Unavailable, match="it took too long"),
            guard.calling(
                "POST", found, found.netloc, headers={}, timeout=httpx.Timeout(5), unreachable="no", seconds=0.3
            ),
        ):
            pass
        assert time.monotonic() - began < 5
        done.set()
        ends.cancel()
