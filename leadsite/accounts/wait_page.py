"""The page for somebody who has used up the attempts to log in."""

from typing import Final

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from leadsite.accounts.logins import LoginRefused
from leadsite.adminkit.error_pages import error_page
from leadsite.core import clock

_REFUSED: Final = _(
    "There were too many attempts to log in to this account, or from this network. The next one is possible at"
    " {time} ({zone}), in {minutes} minutes. If you have forgotten your password, ask the operator of this site for a"
    " new one; they can also end the wait."
)


def wait_page(refused: LoginRefused) -> HttpResponse:
    """429 with the time of the next attempt."""
    seconds = max(1, int((refused.until - clock.now()).total_seconds()) + 1)
    sentence = _REFUSED.format(
        time=f"{timezone.localtime(refused.until):%H:%M}",
        zone=timezone.get_current_timezone_name(),
        minutes=-(-seconds // 60),
    )
    return error_page(429, sentence=sentence, headers={"Retry-After": str(seconds)})
