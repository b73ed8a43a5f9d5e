"""A template that begins with a photo, a video or a document: the file is chosen in the inbox, uploaded to Meta by the
worker, and named by its id in the template.
"""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from conversations.media import files
from conversations.models import Conversation, Message, StoredMedia
from tests.cases import each_case
from tests.conversations.chat import Chat
from tests.staff import Staff, member_of, staff_of
from tests.whatsapp.graph import RESET_READ, Reaction, error
from tests.whatsapp.provider_files import MP4, OGG, PDF, picture
from whatsapp.message_templates.headers import kind_of_header, problem_of_kind, with_file, with_upload
from whatsapp.models import MessageTemplate
from whatsapp.outbound.resolve import send_again

BODY = {"type": "BODY", "text": "Hello {{1}}, here it is"}
UPLOADED = Reaction(body=b'{"id": "4490709327384033"}')
FILES = {
    "IMAGE": ("image", "cake.jpg", picture()),
    "VIDEO": ("video", "party.mp4", MP4),
    "GIF": ("video", "party.mp4", MP4),
    "DOCUMENT": ("document", "offer.pdf", PDF),
}
ID = "4490709327384033"


@each_case(
    "components, kind",
    [
        ([{"type": "HEADER", "format": "IMAGE"}, BODY], "image"),
        ([BODY, {"type": "header", "format": "gif"}], "video"),
        ([{"type": "HEADER", "format": "TEXT", "text": "Hello"}], ""),
        ([{"type": "HEADER", "format": "LOCATION"}], ""),
        ([{"type": "HEADER"}], ""),
        ([BODY], ""),
        (None, ""),
        (["x", {"type": "HEADER", "format": 1}], ""),
    ],
)
def test_what_a_template_begins_with(components, kind):
    assert kind_of_header(components) == kind


def test_the_upload_takes_the_place_of_the_mark_and_of_nothing_else():
    body = {"type": "body", "parameters": [{"type": "text", "text": "attached"}]}
    address = {"type": "header", "parameters": [{"type": "image", "image": {"link": "https://a.example/"}}]}
    sent = with_file([address, body], "document")
    template = {"name": "offer", "language": {"code": "de"}, "components": sent}
    assert with_upload(template, uploaded=ID, filename="offer.pdf") == template | {
        "components": [
            {
                "type": "header",
                "parameters": [{"type": "document", "document": {"id": ID, "filename": "offer.pdf"}}],
            },
            body,
        ]
    }
    assert with_upload({"components": [address]}, uploaded=ID, filename="x")["components"] == [address]
    assert with_upload({"name": "plain"}, uploaded=ID, filename="x") == {"name": "plain", "components": []}


def test_another_kind_of_file_is_a_sentence():
    assert problem_of_kind("image", "image") == ""
    for wanted in ("image", "video", "document"):
        assert "choose" in problem_of_kind(wanted, "audio")


@pytest.mark.django_db
class TestInbox:
    @pytest.fixture
    def person(self, owner) -> Staff:
        return staff_of(owner)

    @pytest.fixture
    def chat(self, mailing, owner) -> Conversation:
        """A chat whose window has closed."""
        chat, old = Chat(owner), timezone.now() - timedelta(hours=30)
        chat.says("Hello", channel_id=mailing.channel.pk, provider_time=old)
        return chat.conversation

    def template(self, owner: Any, shape: str) -> MessageTemplate:
        components = [{"type": "HEADER", "format": shape}, BODY]
        known = {"waba_id": "", "name": "offer", "language": "de", "category": "utility", "status": "approved"}
        return MessageTemplate.objects.create(user=owner.user, components=components, status_at=timezone.now(), **known)

    def send(self, person: Staff, chat: Conversation, template: MessageTemplate, file: Any, **form: str) -> Any:
        """`file`: its name and content; None where none is chosen."""
        given = {"file:header.media": SimpleUploadedFile(*file)} if file else {}
        form = {"template": str(template.pk), "send": "1", "field:body.1": "Amina", **form}
        return person.client.post(f"/admin/inbox/{chat.pk}/template/", form | given)

    @each_case("shape", list(FILES))
    def test_the_file_is_uploaded_and_sent_as_the_header(self, shape, owner, person, chat, mailing):
        kind, name, content = FILES[shape]
        template = self.template(owner, shape)
        page = person.client.post(f"/admin/inbox/{chat.pk}/template/", {"choose": str(template.pk)}).content.decode()
        assert 'type="file" name="file:header.media"' in page
        assert self.send(person, chat, template, (name, content)).status_code == 302
        message, stored = Message.objects.get(direction="out"), StoredMedia.objects.get()
        assert (message.kind, message.content, stored.message_id) == ("template", "Hello Amina, here it is", message.pk)
        mailing.graph.queue_reactions(UPLOADED)
        mailing.send_due()
        message.refresh_from_db()
        assert message.status == "sent"
        header, body = mailing.graph.ledger[-1]["body"]["template"]["components"]
        named = {"filename": name} if kind == "document" else {}
        assert header == {"type": "header", "parameters": [{"type": kind, kind: {"id": ID, **named}}]}
        assert body["parameters"] == [{"type": "text", "text": "Amina"}]
        assert name in person.get(f"/admin/inbox/{chat.pk}/").content.decode()

    def test_a_file_or_an_address_is_needed(self, owner, person, chat):
        template = self.template(owner, "IMAGE")
        refused = self.send(person, chat, template, None)
        assert refused.status_code == 422
        assert "Choose a file, or write its address." in refused.content.decode()
        wrong = self.send(person, chat, template, None, **{"field:header.media": "http://a.example/x.jpg"})
        assert "begins with https://" in wrong.content.decode()
        given = {"field:header.media": "https://a.example/x.jpg"}
        assert self.send(person, chat, template, None, **given).status_code == 302
        sent = Message.objects.get(direction="out").extras
        assert sent["template"]["components"][0]["parameters"][0]["image"] == {"link": "https://a.example/x.jpg"}
        assert "media" not in sent

    @each_case(
        "shape, name, content, words",
        [
            ("IMAGE", "offer.pdf", PDF, "begins with a photo"),
            ("DOCUMENT", "cake.jpg", picture(), "begins with a document"),
            ("VIDEO", "note.ogg", OGG, "begins with a video"),
            ("IMAGE", "cake.zip", b"PK\x03\x04" + bytes(60), "WhatsApp does not take files of the type"),
            ("IMAGE", "none.jpg", b"", "The file is empty."),
        ],
    )
    def test_another_file_is_refused_and_not_kept(self, shape, name, content, words, owner, person, chat):
        before = set(files.names_of(owner.id))
        refused = self.send(person, chat, self.template(owner, shape), (name, content))
        assert refused.status_code == 422
        assert words in refused.content.decode()
        assert not Message.objects.filter(direction="out").exists()
        assert set(files.names_of(owner.id)) == before

    def test_a_failed_one_is_sent_again_with_its_file(self, owner, person, chat, mailing):
        self.send(person, chat, self.template(owner, "DOCUMENT"), ("offer.pdf", PDF))
        mailing.graph.queue_reactions(UPLOADED, error(131026))
        mailing.send_due()
        failed = Message.objects.get(direction="out")
        assert failed.status == "failed"
        again = send_again(message=failed)
        mailing.graph.queue_reactions(UPLOADED)
        mailing.send_due()
        assert Message.objects.get(pk=again.message_id).status == "sent"
        header = mailing.graph.ledger[-1]["body"]["template"]["components"][0]
        assert header["parameters"][0]["document"] == {"id": ID, "filename": "offer.pdf"}
        assert StoredMedia.objects.values("name").distinct().count() == 2

    def test_an_upload_without_answer_is_tried_again(self, owner, person, chat, mailing):
        self.send(person, chat, self.template(owner, "IMAGE"), ("cake.jpg", picture()))
        mailing.graph.queue_reactions(RESET_READ)
        mailing.send_due()
        assert Message.objects.get(direction="out").status == "queued"
        mailing.graph.queue_reactions(UPLOADED)
        mailing.send_all()
        assert Message.objects.get(direction="out").status == "sent"

    def test_a_new_chat_begins_with_it(self, owner, person, mailing):
        template = self.template(owner, "IMAGE")
        form: dict[str, Any] = {"to": "+4915100000007", "kind": "template", "template": str(template.pk), "send": "1"}
        form |= {"field:body.1": "Ben", "file:header.media": SimpleUploadedFile("cake.jpg", picture())}
        assert person.client.post("/admin/inbox/new/", form).status_code == 302
        mailing.graph.queue_reactions(UPLOADED)
        mailing.send_due()
        assert Message.objects.get().status == "sent"
        assert mailing.graph.ledger[-1]["body"]["template"]["components"][0]["parameters"][0]["image"] == {"id": ID}

    def test_a_viewer_and_a_stranger_send_none(self, owner, stranger, chat):
        template = self.template(owner, "IMAGE")
        file = ("cake.jpg", picture())
        assert self.send(member_of(owner, "viewer"), chat, template, file).status_code == 403
        assert self.send(staff_of(stranger), chat, template, file).status_code == 404
        assert not StoredMedia.objects.exists()
