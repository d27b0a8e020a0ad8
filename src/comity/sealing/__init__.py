"""Signing and checking, offline: what Comity vouches for, and how anybody proves it later.

`keys` loads the host's secrets, `dsse` signs and opens envelopes, `statement` says what a validation found, `seal`
binds a published file to its approval, `checkpoints` carry the journal's head out of the store, `oprf` compares without
showing (RFC 9497). Start at `seal`.
"""
