"""The mandatory tests of CSAF 2.1 (section 6.1, a draft), each by its number, over a document that is already JSON.

What did not change stands in `csaf_rules`. `paper` walks a document of this version; `products`, `scores`, `profiles`,
`stakeholder` (SSVC), `times`, `remedies`, `sharing` and `extensions` hold the rules that are new or were changed;
`mandatory` lists them all and runs them. Start there.
"""
