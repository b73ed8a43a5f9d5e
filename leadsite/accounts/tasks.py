"""Jobs of the accounts. leadsite/tasks.py has the periodic ones."""

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from leadsite.accounts.passwords.services import send_link
from leadsite.accounts.people import invitations

# A mail server that is away for a few minutes.
_AGAIN = RetryStrategy(max_attempts=5, wait=10, exponential_wait=3)


@app.task(retry=_AGAIN)
def send_invitation(invitation_id: str) -> None:
    """Send the link of an invitation that is still open."""
    invitations.send(invitation_id=invitation_id)


@app.task(retry=_AGAIN)
def send_password_link(email: str) -> None:
    """Send the link for a new password, where this address has an account."""
    send_link(email=email)
