"""Names of browsers and systems, from the header User-Agent."""

from typing import Final

from django.utils.translation import gettext

# Names in order: most browsers also name those that they resemble.
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def browser_name(user_agent: str) -> str:
    """Return what a person calls the browser: "Firefox on Windows"; of a program the first word that it says."""
    browser = _find(user_agent, _BROWSERS)
    if not browser:
        return user_agent.partition("/")[0].strip()[:40] or gettext("Unknown browser")
    system = _find(user_agent, _SYSTEMS)
    return gettext("%(browser)s on %(system)s") % {"browser": browser, "system": system} if system else browser


def _find(user_agent: str, names: tuple[tuple[str, str], ...]) -> str:
    return next((name for mark, name in names if mark in user_agent), "")
