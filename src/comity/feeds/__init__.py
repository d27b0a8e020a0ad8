"""Fetch what others publish, within limits and with manners: mirrors of upstream, archives by digest, public articles.

`sources` names the mirrors an operator may choose, `download` fetches one large file (conditionally, resumed), `csaf`
collects a provider's documents, `kept` holds bytes by digest. `packages` has wheels by hash, `targets` unpacks them.
`web` fetches one document as its publisher allows (`manners`); `guard` connects to the open internet alone.
"""
