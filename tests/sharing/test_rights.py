"""Every address of the TAXII door with its action, written a second time on purpose."""

from comity.access.policy import Action
from comity.access.routes import declared
from comity.bench.loopback import Host

ROUTES = {
    ("GET", "/taxii2"): Action.READ_SHARED,
    ("GET", "/taxii2/comity"): Action.READ_SHARED,
    ("GET", "/taxii2/comity/status/{status:str}"): Action.READ_SHARED,
    ("GET", "/taxii2/comity/collections"): Action.READ_SHARED,
    ("GET", "/taxii2/comity/collections/{name:str}"): Action.READ_SHARED,
    ("GET", "/taxii2/comity/collections/{name:str}/manifest"): Action.READ_SHARED,
    ("GET", "/taxii2/comity/collections/{name:str}/objects"): Action.READ_SHARED,
    ("POST", "/taxii2/comity/collections/{name:str}/objects"): Action.SHARE,
    ("GET", "/taxii2/comity/collections/{name:str}/objects/{id_:str}"): Action.READ_SHARED,
    ("DELETE", "/taxii2/comity/collections/{name:str}/objects/{id_:str}"): Action.SHARE,
    ("GET", "/taxii2/comity/collections/{name:str}/objects/{id_:str}/versions"): Action.READ_SHARED,
}


def test_every_address_is_in_the_table_with_its_action(served: Host) -> None:
    every = {(method, path): action for method, path, action in declared(served.office.web())}
    found = {pair: action for pair, action in every.items() if pair[1].startswith("/taxii2")}
    assert found == ROUTES
