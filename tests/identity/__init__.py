"""Passkeys, providers, the trail of access and the breaking of glass."""
