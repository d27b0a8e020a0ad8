"""The TAXII 2.1 door: discovery, one API root, collections, manifests, objects, versions and status resources.

Every path begins with `/taxii2/` and speaks `application/taxii+json;version=2.1`. Who asks is known by HTTP Basic or a
token; whoever is not known reads what is CLEAR. Start at `door`; `asking` reads requests, `telling` writes answers.
"""

from comity.taxii.door import errors, routes

__all__ = ["errors", "routes"]
