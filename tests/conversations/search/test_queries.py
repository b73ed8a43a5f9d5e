"""The search for words and numbers: terms are read, and found the same in the API and in the admin."""

import re

import pytest
from django.db import connection

from conversations.models import Conversation, Customer
from conversations.search.queries import (
    MAX_WORDS,
    Part,
    TooManyWords,
    customers_with,
    phone_fragments,
    read_term,
    texts_with,
)
from leads.models import Lead
from tests.cases import each_case
from tests.conversations.search.search_cases import BY_CUSTOMER, BY_REQUEST, PEOPLE
from tests.envelope import refused
from tests.staff import address, messages_of, staff_of


@each_case(
    ("term", "digits"),
    [
        ("+49 151 23456789", {"4915123456789"}),
        ("0049 (151) 234-567", {"49151234567"}),
        ("+49 (0)151 234567", {"49151234567"}),
        ("+49 [ 0 ] 151 234567", {"49151234567"}),
        ("\u202a+49\u2007151.234/567\u202c", {"49151234567"}),
        ("\uff0b\uff14\uff19 151 234567", {"49151234567"}),
        ("+22507020304", {"22507020304", "2250707020304"}),  # Ivory Coast
        ("0151", {"151"}),
        ("015", set()),  # without the leading zero two digits are left: too few
        ("01512", {"1512"}),
        ("+5215512345678", {"5215512345678", "525512345678"}),  # Mexico: as it was typed, and by its key
        ("Amina", set()),
        ("4 lemon cakes 1234", set()),
        ("", set()),
    ],
)
def test_a_part_of_a_number_is_found_in_any_spelling(term: str, digits: set[str]) -> None:
    assert phone_fragments(term) == digits


@pytest.mark.parametrize(
    ("term", "parts"),
    [
        ("Lemon  CAKE", [Part(("lemon",)), Part(("cake",))]),
        ("M\u00fcller-L\u00fcd, Anna", [Part(("muller",)), Part(("lud",)), Part(("anna",))]),
        ("Jo 0151 / 234", [Part(("jo",)), Part(("0151", "/", "234"), frozenset({"151234"}))]),
        ("24 jo", [Part(("24",)), Part(("jo",))]),
        ("!?", []),
        ("", []),
    ],
)
def test_a_term_is_read_as_words_and_numbers(term, parts):
    assert read_term(term) == parts


def test_a_term_has_a_limited_number_of_words():
    assert len(read_term("a " * MAX_WORDS)) == MAX_WORDS
    for term in ("a " * (MAX_WORDS + 1), "1 " * (MAX_WORDS + 1), "a-" * (MAX_WORDS + 1)):
        with pytest.raises(TooManyWords):
            read_term(term)


@pytest.fixture
def people(owner, stranger):
    """Leads of PEOPLE, and as many of another business."""
    for name, (phone, details) in PEOPLE.items():
        owner.has_lead(customer_name=name, customer_phone=phone, details=details)
        stranger.has_lead(customer_name=name, customer_phone=phone, details=details)


def test_the_api_finds_what_a_person_means(owner, people):
    found = {}
    for term, _ in BY_CUSTOMER + BY_REQUEST:
        answer = owner.client.get("/api/leads", {"q": term})
        assert answer.status_code == 200, (term, answer.content)
        found[term] = sorted(lead["customer_name"] for lead in answer.json()["results"])
    assert found == {term: sorted(names) for term, names in BY_CUSTOMER + BY_REQUEST}


@pytest.mark.parametrize(
    ("model", "name", "cases"),
    [
        (Lead, "conversation__customer__name", BY_CUSTOMER + BY_REQUEST),
        (Customer, "name", BY_CUSTOMER),
        (Conversation, "customer__name", BY_CUSTOMER),
    ],
)
def test_the_admin_finds_the_same(owner, people, model, name, cases):
    staff = staff_of(owner)
    rows = dict(model.objects.filter(user=owner.user).values_list("pk", name))
    found = {term: sorted(rows[pk] for pk in staff.found(model, q=term)) for term, _ in cases}
    assert found == {term: sorted(names) for term, names in cases}


def test_ids_are_found_as_a_whole(owner):
    lead = owner.has_lead(external_id="A-17/x")
    customer = Customer.objects.create(user=owner.user, whatsapp_user_id="US.13491208655302741918")
    staff = staff_of(owner)
    assert staff.found(Lead, q=" A-17/x ") == {lead.lead_id}
    assert staff.found(Customer, q="US.13491208655302741918") == {customer.pk}
    assert len(owner.client.get("/api/leads", {"q": "A-17/x"}).json()["results"]) == 1
    assert owner.client.get("/api/leads", {"q": "17/x"}).json()["results"] == []


def test_too_many_words_are_refused(owner, people):
    words = "a " * (MAX_WORDS + 1)
    assert refused(owner.client.get("/api/leads", {"q": words}), 400)["fields"] == {
        "q": ["Search for at most 20 words."]
    }
    page = staff_of(owner).get(address("changelist", Lead), q=words)
    assert messages_of(page) == ["Search for at most 20 words."]
    assert list(page.context["cl"].result_list) == []


def test_a_search_in_the_admin_is_narrowed_by_filters(owner, people):
    staff = staff_of(owner)
    Lead.objects.filter(details="Pan").update(status="lost")
    (jose,) = staff.found(Lead, q="jose", status__exact="lost")
    assert Lead.objects.get(pk=jose).details == "Pan"


@pytest.mark.parametrize("term", ["lemon", "xq", "x", "50%", "0151 234", "lemon wedding"])
def test_the_words_of_a_search_can_be_read_by_index(db, term):
    """Also short words."""
    parts = read_term(term)
    searches = {
        "leads_by_words": Lead.objects.filter(*(texts_with(part, "details") for part in parts)),
        "customers_by_words": Customer.objects.filter(*(customers_with(part) for part in parts)),
    }
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
    for index, rows in searches.items():
        assert re.search(rf"Bitmap Index Scan on {index}.*\n +Index Cond: ", rows.explain())
