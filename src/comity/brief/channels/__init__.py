"""One file for each way a brief goes out: page, plain text, e-mail, print, Atom, RSS, JSON Feed, linked data.

Each takes the same `Published` and gives text or bytes. The label comes first, before any word of the brief; the
machine mark is the same in all. Nothing here reads a clock or the store. Start at `text`.
"""
