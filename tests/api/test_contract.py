"""The API's own description: valid OpenAPI 3.1, complete, and true under generated requests."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from schemathesis import openapi

from tests.api.site import Site, site
from tests.api.test_rights import ROUTES

TAKEN = {"method": "method", "url": "url", "params": "params", "headers": "headers", "json": "json", "data": "content"}
"""What the test client takes of a generated request, and under which name."""


FILES = ("/csaf/", "/.well-known/", "/api/v1/sign-in/provider/logout")
"""Files at places, and a form, that a standard fixes and describes: no operations of this API."""
OPERATIONS = {(method, path) for method, path in ROUTES if not path.startswith(FILES) and "openapi.json" not in path}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A host with a mail server and a model named, so that nothing is refused for want of them. Neither is reached."""
    outside = {"smtp_host": "mail.invalid", "model_endpoint": "http://127.0.0.1:9", "model": "none"}
    with site(tmp_path_factory.mktemp("whole"), **outside) as made:
        yield made


def test_every_operation_is_described_with_its_errors(shared: Site) -> None:
    document = shared.call("GET", "/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    described = {
        (method.upper(), path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    expected = {(m, p.replace(":str", "").replace(":int", "")) for m, p in OPERATIONS}
    assert set(described) == expected
    for operation in described.values():
        assert operation["summary"]
        assert operation["description"]
        assert {"401", "403", "404", "422", "500"} <= set(operation["responses"])
        assert "application/problem+json" in operation["responses"]["422"]["content"]


def test_every_schema_that_is_named_is_there(shared: Site) -> None:
    document = shared.call("GET", "/openapi.json").json()
    text = shared.call("GET", "/openapi.json").text
    schemas = document["components"]["schemas"]
    for name in schemas:
        assert f"#/components/schemas/{name}" in text
    assert "scheme" in document["components"]["securitySchemes"]["token"]


@pytest.mark.parametrize("role", ["", "coordinator", "admin", "defender"])
def test_generated_requests_never_make_the_server_fail(whole: Site, role: str) -> None:
    """Schemathesis over every operation: a handful of generated requests each, and never a 5xx."""
    schema = openapi.from_dict(whole.call("GET", "/openapi.json").json())
    headers = {"Authorization": f"Bearer {whole.tokens[role]}"} if role else {}
    tried: set[str] = set()

    def probe(case: Any) -> None:
        tried.add(f"{case.method} {case.path}")
        sent = case.as_transport_kwargs(base_url=whole.settings.address, headers=headers)
        answer = whole.client.request(**{TAKEN[key]: value for key, value in sent.items() if key in TAKEN})
        assert answer.status_code < 500, f"{case.method} {case.path}: {answer.status_code}"
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json"

    limits = settings(max_examples=8, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    for operation in schema.get_all_operations():
        limits(given(case=operation.ok().as_strategy())(probe))()  # type: ignore[union-attr]  # a broken one fails here
    assert len(tried) == len(OPERATIONS)
