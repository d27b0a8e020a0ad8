"""Tables of letters that wait to be sent, and of questions that somebody wants to hear about again."""

from typing import Final

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table, Text

from comity.store.tables import Moment, metadata

letters: Final = Table(
    "letters",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("made_at", Moment, nullable=False),
    Column("next_at", Moment, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("sent_at", Moment, nullable=True),
    Column("given_up_at", Moment, nullable=True),
    Column("wrapped", LargeBinary, nullable=True),
    Column("sealed", LargeBinary, nullable=True),
    Column("purpose", String(64), nullable=False, server_default=""),
    Column("about", String(128), nullable=False, server_default=""),
    Column("problem", Text, nullable=False, server_default=""),
    Index("ix_letters_next_at", "next_at"),
    Index("ix_letters_about", "about"),
)
"""`id` is a keyed digest of the letter's key. `wrapped` and `sealed` hold addresses and text; they are emptied once a
letter is sent or dropped, so that an address is kept no longer than needed."""

watches: Final = Table(
    "watches",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("address_mark", String(64), nullable=False, index=True),
    Column("secret_mark", String(64), nullable=False, unique=True),
    Column("made_at", Moment, nullable=False),
    Column("confirmed_at", Moment, nullable=True),
    Column("wrapped", LargeBinary, nullable=True),
    Column("sealed", LargeBinary, nullable=True),
)
