"""Inventories as documents: one file per standard or tool; bytes in, `Contents` (or a scanner's claims) out.

`listing.py` holds the limits and decides each component's identity, `detect.py` which reader a document is for. A
document that yields nothing is `Invalid` with a reason: an empty list is never taken for a clean one.
"""
