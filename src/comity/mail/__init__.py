"""Letters go out here, as plain text, over a mail server that the operator names; the only room that speaks SMTP.

`outbox` keeps a letter in the caller's transaction and sends what is due; `message` writes it as RFC 5322 wants it,
label first; `openpgp` encrypts it to a known key; `post` hands it to the server. Start at `outbox`.
"""
