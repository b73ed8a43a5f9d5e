"""Labels in the admin: their colours are seen, not only read."""

from pathlib import Path

import pytest

from conversations.models import Label
from tests.factories import Business
from tests.staff import address, staff_of

STYLES = Path("leadsite/static/leadsite/admin.css")


def test_colours_are_chosen_by_swatches_as_in_the_inbox(owner: Business):
    label = Label.objects.create(user=owner.user, name="VIP", colour="red")
    client = staff_of(owner).client
    for path in (address("add", Label), address("change", label)):
        page = client.get(path).content.decode()
        assert page.count('type="radio" name="colour"') == len(Label.Colour)
        for colour in Label.Colour:
            assert f'class="inbox-label label-{colour.value}"' in page


def test_the_list_shows_each_label_in_its_colour(owner: Business):
    Label.objects.create(user=owner.user, name="VIP", colour="red")
    page = staff_of(owner).client.get(address("changelist", Label)).content.decode()
    assert '<span class="inbox-label label-red">Red</span>' in page


@pytest.mark.parametrize("colour", [colour for colour in Label.Colour.values if colour != Label.Colour.GREY])
def test_every_page_of_the_admin_knows_the_colours(colour: str):
    assert f".label-{colour} {{" in STYLES.read_text(encoding="utf-8")
