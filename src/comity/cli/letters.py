"""Letters of this host, for whoever runs it: what waits, and what was given up."""

from comity.cli import show
from comity.cli.options import Json, configured


def listed(*, json: Json = False) -> None:
    """Letters that wait or were given up, with the reason. Neither whom they go to nor what they say."""
    from comity.cli.local_tools import list_letters

    held = list_letters(configured())
    if json:
        show.document(held)
        return
    rows = [(o["letter"][:12], o["purpose"], o["state"], str(o["tries"]), o["problem"]) for o in held]
    show.table(("letter", "purpose", "state", "tries", "problem"), rows, empty="No letter waits.")
    if not configured().smtp_host:
        show.line("This host has no mail server: letters wait until COMITY_SMTP_HOST names one.", "yellow")


def again(letter: str) -> None:
    """Try a letter again that was given up. The start of its name will do."""
    from comity.cli.local_tools import letter_again

    letter_again(configured(), letter)
    show.line("it will be tried again", "green")


def drop(letter: str) -> None:
    """Forget a letter that was given up. The start of its name will do."""
    from comity.cli.local_tools import letter_drop

    letter_drop(configured(), letter)
    show.line("forgotten")
