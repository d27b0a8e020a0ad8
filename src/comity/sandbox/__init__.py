"""The only room that starts processes: untrusted ones inside containment, trusted named tools beside it.

`policy` says what a run may use (limits as data), `tier` finds out what this host can contain, `run` does one shot,
`session` keeps one containment open for many programs, `tool` starts a trusted named binary, `result` is what came
back. Start at `run.run`.
"""
