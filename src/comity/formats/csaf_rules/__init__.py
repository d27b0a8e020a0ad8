"""The mandatory tests of CSAF 2.0 (section 6.1), each by its number, over a document that is already JSON.

`paper` walks a document once and answers what rules ask; `products`, `scores`, `revisions`, `words`, `statements` and
`profiles` hold the rules in the standard's order; `mandatory` lists them all and runs them. Start there.
"""
