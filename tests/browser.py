"""Debian's Chromium, driven by Playwright, on the admin of a server on this machine."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Route, ViewportSize, expect, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
# A page of a machine that runs three tests at once may take longer than Playwright's five seconds.
expect.set_options(timeout=60_000)

# The contrast ratio of an element's text and its background by WCAG 2 (the minimum is 4.5).
CONTRAST = """element => {
    const pen = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    const behind = [];
    for (let e = element; e; e = e.parentElement) behind.unshift(getComputedStyle(e).backgroundColor);
    const light = () => {
        const [r, g, b] = [...pen.getImageData(0, 0, 1, 1).data].map(v => v / 255)
            .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
    };
    const paint = colour => { pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1); };
    ["white", ...behind].forEach(paint);
    const ground = light();
    paint(getComputedStyle(element).color);
    const text = light();
    return Math.max(ground, text) / Math.min(ground, text);
}"""


# The links, buttons and fields in view, inside of an element, that are smaller than a finger. A box may be as large as
# its label or what lies around it; a link in a sentence as its words.
TARGETS = """inside => {
    const size = e => e.getBoundingClientRect();
    const box = e => {
        const label = e.labels?.[0] && size(e.labels[0]), around = getComputedStyle(e, "::before");
        return label?.height > 43.5 ? label : {width: parseFloat(around.width), height: parseFloat(around.height)};
    };
    const inSentence = e => getComputedStyle(e).display === "inline"
        && e.parentElement.textContent.trim().length > e.textContent.trim().length;
    return [...document.querySelectorAll(`${inside} :is(a, button, select, input, textarea, summary)`)]
        .filter(e => e.checkVisibility() && e.type !== "hidden" && !e.matches(".inbox-hidden, .skip-link")
                     && e.type !== "file"  // its label is what a finger meets
                     && size(e).width && !inSentence(e))
        .map(e => [e.outerHTML.slice(0, 120), /^(checkbox|radio)$/.test(e.type) ? box(e) : size(e)])
        .filter(([, r]) => !(r.height >= 43.5 && r.width >= 43.5))
        .map(([html, r]) => `${Math.round(r.width)}x${Math.round(r.height)} ${html}`);
}"""


def serious(page: Page, inside: str) -> list[str]:
    """What axe-core finds inside of an element that is serious or worse."""
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate(f"axe.run('{inside}')")
    return [
        json.dumps([one["id"], node["html"][:200], node.get("failureSummary", "")[:300]])
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


def small_targets(page: Page, inside: str) -> list[str]:
    return list(page.evaluate(TARGETS, inside))


# What a person hears of the element that has the focus; "" where none has.
FOCUSED = """() => {
    const one = document.activeElement;
    if (one === document.body) return "";
    return one.getAttribute("aria-label") || one.labels?.[0]?.textContent.trim() || one.textContent.trim();
}"""


def tab_to(page: Page, name: str, most: int = 120, key: str = "Tab") -> None:
    """Press Tab, or Shift+Tab, until the element with this name has the focus."""
    passed = []
    for _ in range(most):
        page.keyboard.press(key)
        passed.append(page.evaluate(FOCUSED)[:40])
        if name in page.evaluate(FOCUSED):
            return
    raise AssertionError(f"The keyboard does not reach {name!r} on {page.url}: {passed}")


@dataclass
class Window:
    """A browser window, the hosts that it requested, and the errors and warnings in its console."""

    page: Page
    site: str
    hosts: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(180_000)
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._listen)

    def _listen(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(f"{message.text} {message.location['url']}")

    def open(self, path: str) -> None:
        self.page.goto(self.site + path)

    def log_in(self, email: str, password: str) -> None:
        self.open("/admin/")
        self.page.get_by_label("E-mail").fill(email)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Log in").click()


@contextmanager
def browser() -> Iterator[Browser]:
    """Headless Chromium. Django's ORM cannot be used inside: Playwright runs an event loop here."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    assert found, f"These tests need one of {', '.join(NAMES)}: apt-get install chromium"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        try:
            yield chromium
        finally:
            chromium.close()


@contextmanager
def open_window(site: str, **options: Any) -> Iterator[Window]:
    with browser() as chromium:
        context = chromium.new_context(**({"viewport": DESKTOP, "locale": "en-GB"} | options))
        yield Window(context.new_page(), site)


def assert_readable_in_both_themes(window: Window, path: str, folder: Path, name: str, words: str) -> None:
    for theme in ("light", "dark"):
        window.page.emulate_media(color_scheme=theme)
        window.open(path)
        window.page.locator(f"html{'.dark' if theme == 'dark' else ':not(.dark)'}").wait_for()
        window.page.screenshot(path=folder / f"{name}-{theme}.png", full_page=True)
        found = window.page.locator(words).all()
        assert found
        for element in found:
            assert element.evaluate(CONTRAST) >= 4.5, (theme, element.text_content())


def assert_accessible(window: Window, path: str, inside: str, folder: Path, name: str) -> None:
    """A page in light and dark, on a screen and on a phone: nothing serious for axe-core in this element of it; on a
    phone it fits, and buttons are large enough for a finger.
    """
    for shape, size in (("screen", DESKTOP), ("phone", PHONE)):
        window.page.set_viewport_size(ViewportSize(width=size["width"], height=size["height"]))
        for theme in ("light", "dark"):
            window.page.emulate_media(color_scheme=theme)
            window.open(path)
            window.page.locator(f"html{'.dark' if theme == 'dark' else ':not(.dark)'}").wait_for()
            window.page.screenshot(path=folder / f"{name}-{shape}-{theme}.png", full_page=True)
            found = serious(window.page, inside)
            assert not found, (path, shape, theme, found)
    assert window.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
    too_small = small_targets(window.page, inside)
    assert not too_small, (path, too_small)


def assert_fits_a_phone(window: Window, folder: Path, *paths: str) -> None:
    window.page.set_viewport_size(ViewportSize(width=PHONE["width"], height=PHONE["height"]))
    for number, path in enumerate(paths):
        window.open(path)
        window.page.screenshot(path=folder / f"phone-{number}.png", full_page=True)
        assert window.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path


def hold(page: Page, address: str) -> list[Route]:
    """Let the next request to the address wait: it comes into the list, and goes on by `continue_()`."""
    held: list[Route] = []

    def keep(route: Route) -> None:  # Playwright reads the signature of a handler, and `held.append` has none
        held.append(route)

    page.route(address, keep, times=1)
    return held
