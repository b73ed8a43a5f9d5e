"""Saved views: a person's own lists."""

from leadsite.inbox.models import SavedView
from tests.factories import Business
from tests.leadsite.inbox.chats import asks
from tests.staff import member_of

PATH = "/admin/inbox/views/"


def test_a_view_is_kept_shown_replaced_and_forgotten_by_its_person(owner: Business):
    mara, ben = member_of(owner, "agent"), member_of(owner, "viewer")
    form = {"name": "Bookings", "tab": "all", "type": "booking", "status": "new", "assignee": "me", "label": "x"}
    kept = mara.client.post(PATH, form)
    assert kept.headers["Location"] == "/admin/inbox/?tab=all&assignee=me&type=booking&status=new"
    assert SavedView.objects.get().filters == {"tab": "all", "assignee": "me", "type": "booking", "status": "new"}
    asks(owner, "Amina")
    page = mara.get("/admin/inbox/").content.decode()
    assert "<bdi>Bookings</bdi>" in page
    assert "Amina" in page
    assert "Amina" not in mara.get("/admin/inbox/", type="booking").content.decode().partition('id="inbox-rows"')[2]
    assert "Bookings" not in ben.get("/admin/inbox/").content.decode()
    # What a viewer keeps is their own.
    assert ben.client.post(PATH, {"name": "Mine", "tab": "mine"}).status_code == 302
    mara.client.post(PATH, {"name": "bookings", "tab": "mine"})
    view = SavedView.objects.get(name="bookings")
    assert view.filters == {"tab": "mine"}
    ben.client.post(PATH, {"forget": str(view.pk)})
    assert SavedView.objects.count() == 2
    mara.client.post(PATH, {"forget": str(view.pk)})
    assert SavedView.objects.get().name == "Mine"
