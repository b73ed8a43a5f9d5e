"""A member of staff, who logs in before the first failover and works on through all of them."""

import requests

from tests.long.faults.stage import Stage
from tests.long.faults.writers import TIMEOUT_SECONDS, browser

PAGES = ("/admin/overview/", "/admin/inbox/", "/admin/leads/lead/", "/admin/leads/lead/add/")


class Desk:
    """The pages of one session. Its leads are written by the load, each failover from a page opened before it."""

    def __init__(self, stage: Stage) -> None:
        self._address = stage.address
        self._session: requests.Session = browser(stage)

    def wrong_pages(self) -> list[str]:
        """What is not as it was: a login that is asked for again is a redirect."""
        return [f"{page} says {status}" for page in PAGES if (status := self._open(page)) != 200]

    def _open(self, page: str) -> int:
        address, once = self._address + page, {"Connection": "close"}
        return self._session.get(address, headers=once, timeout=TIMEOUT_SECONDS, allow_redirects=False).status_code

    def close(self) -> None:
        self._session.close()
