"""Saved views: a person's own lists."""

from leadsite.inbox.models import SavedView
from leadsite.inbox.work.views_kept import MOST_VIEWS
from tests.factories import Business
from tests.leadsite.inbox.chats import asks
from tests.staff import member_of

PATH = "/admin/inbox/views/"
FULL = "Forget one before you keep another."


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


def test_where_there_is_no_room_for_another_view_the_page_says_so(owner: Business):
    mara = member_of(owner, "agent")
    for number in range(MOST_VIEWS):
        assert FULL not in mara.get("/admin/inbox/").content.decode()
        mara.client.post(PATH, {"name": f"View {number}", "tab": "all"})
    assert FULL in mara.get("/admin/inbox/").content.decode()
    mara.client.post(PATH, {"name": "View 0", "tab": "mine"})
    mara.client.post(PATH, {"name": "One more", "tab": "all"})
    assert SavedView.objects.count() == MOST_VIEWS
    assert SavedView.objects.get(name="View 0").filters == {"tab": "mine"}
