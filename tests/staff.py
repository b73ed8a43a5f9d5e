"""A client of the admin: pages, and forms submitted with all fields, as a browser does."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import Any
from unittest.mock import patch

import requests
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.hashers import make_password
from django.db.models import Model
from django.template.response import SimpleTemplateResponse
from django.test import Client
from django.urls import reverse
from django.utils.crypto import get_random_string

from leadsite.accounts.models import Membership, User
from leadsite.accounts.services import give_owner_a_group
from leadsite.accounts.sessions.store import SessionStore
from tests.factories import Business, add_key
from tests.site import Site

HOSTILE = "<script>alert(1)</script> \"quoted' & 😀 \u202eمرحبا"
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt;"


def address(page: str, row: Model | type[Model], *arguments: Any) -> str:
    """The path of a model's list or add page, or of a page of a row."""
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_{page}"
    return reverse(name, args=[row.pk, *arguments] if isinstance(row, Model) else arguments)


def without_nonces(page: str) -> str:
    """The page's text without what is new in each answer: the nonces of its content policy."""
    return re.sub(r'nonce="[^"]+"', "", page)


class Staff:
    """A browser in which this user has logged in."""

    def __init__(self, user: User) -> None:
        self.client = Client()
        log_in(self.client, user)

    def get(self, path: str, **query: str) -> Any:
        return self.client.get(path, query)

    def list(self, model: type[Model], **query: str) -> str:
        """The text of a list page."""
        response = self.get(address("changelist", model), **query)
        assert response.status_code == 200, response.headers
        return str(response.content.decode())

    def found(self, model: type[Model], **query: str) -> set[Any]:
        """The ids of the rows that a list page shows. The page is not rendered, which takes as long as all the rest."""
        with patch.object(SimpleTemplateResponse, "rendered_content", ""):
            response = self.get(address("changelist", model), **query)
        return {row.pk for row in response.context_data["cl"].result_list}

    def form(self, path: str) -> dict[str, Any]:
        """The page's form as a browser would submit it unchanged."""
        response = self.get(path)
        assert response.status_code == 200, response.headers
        return form_of(response.content.decode())

    def send(self, path: str, form: dict[str, Any], **typed: Any) -> Any:
        """Submit a form, which may be outdated, with the typed values; None removes a field."""
        filled = {name: value for name, value in {**form, **typed}.items() if value is not None}
        return self.client.post(path, filled)

    def fill(self, path: str, **typed: Any) -> Any:
        """Open a form, type, submit."""
        return self.send(path, self.form(path), **typed)

    def act(self, name: str, *rows: Model) -> Any:
        """Choose rows of a list and an action."""
        chosen = {"action": name, "_selected_action": [str(row.pk) for row in rows]}
        return self.client.post(address("changelist", type(rows[0])), chosen)


def log_in(client: Client, user: User) -> None:
    """The session of Client.force_login, in one statement instead of six: most tests of the admin begin with it."""
    session = SessionStore(session_key=get_random_string(32, "abcdefghijklmnopqrstuvwxyz0123456789"))
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save(must_create=True)
    client.cookies[settings.SESSION_COOKIE_NAME] = str(session.session_key)


@contextmanager
def browsing(site: Site, business: Business) -> Iterator[requests.Session]:
    """An operator's browser on a served site, which has its own SECRET_KEY and knows sessions of its own only."""
    password = "a long password"
    User.objects.filter(pk=business.id).update(password=make_password(password), is_staff=True, is_superuser=True)
    login = f"{site.address}/admin/login/"
    with requests.Session() as browser:
        browser.trust_env = False
        browser.get(login, timeout=60)
        typed = {"username": business.user.email, "password": password}
        answer = browser.post(login, data=typed | {"csrfmiddlewaretoken": browser.cookies["csrftoken"]}, timeout=60)
        assert answer.status_code == 200, answer.text[:2000]
        yield browser


def upload_to(site: Site, browser: requests.Session, business: Business, name: str, content: str | bytes) -> Any:
    """Upload a file of leads on the page for that. Returns the page that follows."""
    page = f"{site.address}{reverse('admin:leads_importrun_add')}"
    form = form_of(browser.get(page, timeout=60).text)
    fields = {field: value for field, value in form.items() if value is not None} | {"user": str(business.id)}
    return browser.post(page, data=fields, files={"file": (name, content)}, timeout=60)


def staff_of(business: Business) -> Staff:
    """The business's own login with the right to use the admin, and the rows of `create_business --staff`."""
    user = User.objects.get(pk=business.id)
    user.is_staff = True
    user.save(update_fields=["is_staff"])
    itself = Membership(person=user, business=user, role="owner")
    keys, values = ["person", "business"], ["role"]
    Membership.objects.bulk_create([itself], update_conflicts=True, unique_fields=keys, update_fields=values)
    give_owner_a_group(person=user)
    add_key(user)
    return Staff(user)


def member_of(business: Business, role: str, email: str = "") -> Staff:
    """A browser of another person who works for the business: see `person_of`."""
    return Staff(person_of(business, role, email))


def person_of(business: Business, role: str, email: str = "") -> User:
    """A person who works for the business; by default agent@…, viewer@… at the host of its e-mail."""
    email = email or f"{role}@{business.user.email.partition('@')[2]}"
    person, _ = User.objects.get_or_create(email=email, defaults={"is_staff": True, "name": role.capitalize()})
    Membership.objects.create(person=person, business=business.user, role=role)
    if role == "owner":
        give_owner_a_group(person=person)
    return person


def operator() -> Staff:
    """A superuser without a password, because hashing one takes longer than a test."""
    return Staff(User.objects.create_superuser("operator@leadsite.example"))


def errors_of(response: Any) -> dict[str, list[str]]:
    """The errors of the form, by field."""
    assert response.status_code == 200, response.headers
    return dict(response.context["adminform"].form.errors)


def messages_of(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def registered() -> list[type[Model]]:
    return sorted(admin.site._registry, key=lambda model: model._meta.label)


class _FormParser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, Any] = {}
        self.inside = False
        self.select: tuple[str, bool] | None = None
        self.textarea: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name, value = given.get("name") or "", given.get("value") or ""
        if tag == "form":
            self.inside = bool(re.fullmatch(r"\w+_form", given.get("id") or "")) and given.get("id") != "logout_form"
        elif not self.inside:
            return
        elif tag == "select":
            self.select = (name, "multiple" in given)
        elif tag == "option" and self.select and "selected" in given:
            self.keep(self.select[0], value)
        elif tag == "textarea":
            self.textarea, self.fields[name] = name, ""
        elif tag == "input" and name:
            kind = given.get("type") or "text"
            if kind not in {"submit", "button", "checkbox", "radio"} or "checked" in given:
                self.keep(name, value or ("on" if kind == "checkbox" else ""))

    def keep(self, name: str, value: str) -> None:
        """Several values of one name become a list."""
        before = self.fields.get(name)
        self.fields[name] = value if before is None else [*(before if isinstance(before, list) else [before]), value]

    def handle_data(self, data: str) -> None:
        if self.textarea:
            self.fields[self.textarea] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self.textarea:
            self.fields[self.textarea] = self.fields[self.textarea].removeprefix("\n")
            self.textarea = None
        elif tag == "select":
            self.select = None
        elif tag == "form":
            self.inside = False


def form_of(page: str) -> dict[str, Any]:
    """Return the fields of a page's main form: selected, typed and hidden values."""
    parser = _FormParser()
    parser.feed(page)
    assert parser.fields, "There is no form on this page."
    return parser.fields
