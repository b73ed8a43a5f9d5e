"""What leaves for Meta: to which address, through which number, with which body."""

from conversations.models import Conversation, Customer, Message
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.mailing import AMINA, BRUNO, TOKEN
from whatsapp.channels import connect_channel


class TestWhatLeaves:
    def test_a_text_with_its_number_token_and_our_own_id(self, mailing):
        row = mailing.writes("Ready at five 🎂")
        assert mailing.is_sent() == 1
        (entry,) = mailing.graph.ledger
        assert entry["path"] == f"/v26.0/{meta.CHANNEL}/messages"
        assert entry["token"] == TOKEN
        assert entry["body"] == {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": AMINA,
            "biz_opaque_callback_data": str(row.pk),
            "type": "text",
            "text": {"body": "Ready at five 🎂", "preview_url": False},
        }

    def test_a_number_leaves_with_a_plus_sign_however_it_was_written(self, mailing):
        for written in ("0049 151 23456789", "+49 (151) 2345-6789"):
            mailing.post(to=written, message="Hello")
        mailing.is_sent()
        assert [entry["body"]["to"] for entry in mailing.graph.ledger] == [AMINA, AMINA]

    def test_a_user_id_leaves_as_recipient(self, mailing):
        mailing.writes(to=meta.SHEENA_ID)
        mailing.is_sent()
        body = mailing.graph.ledger[0]["body"]
        assert (body["recipient"], "to" in body) == (meta.SHEENA_ID, False)

    def test_an_answer_goes_to_the_address_as_the_customer_wrote_from_it(self, mailing, owner):
        """WhatsApp writes Mexican numbers with a 1 that people leave out."""
        mailing.writes(to="+525512345678")
        Inbox(owner).gets(meta.text("Hola", from_="5215512345678"))
        mailing.writes(to="+525512345678")
        mailing.is_sent()
        assert [entry["body"]["to"] for entry in mailing.graph.ledger] == ["+525512345678", "+5215512345678"]
        assert Customer.objects.count() == 1

    def test_a_number_that_was_given_stays_the_address_also_of_who_shows_an_id_now(self, mailing, owner):
        inbox = Inbox(owner)
        inbox.gets(meta.text("Hello", from_user_id=meta.SHEENA_ID))
        inbox.gets(meta.text("Hidden now", from_=None, from_user_id=meta.SHEENA_ID))
        conversation = Conversation.objects.get()
        mailing.writes(to=f"+{meta.SHEENA}")
        mailing.post(f"/api/conversations/{conversation.pk}/messages", message="A reply")
        template = {"name": "code", "language": "de"}
        mailing.post(f"/api/conversations/{conversation.pk}/messages", template=template)
        mailing.is_sent()
        bodies = [entry["body"] for entry in mailing.graph.ledger]
        assert [body.get("to") or body["recipient"] for body in bodies] == [
            f"+{meta.SHEENA}",
            meta.SHEENA_ID,
            f"+{meta.SHEENA}",
        ]

    def test_but_not_to_an_address_that_is_theirs_no_more(self, mailing, owner):
        inbox = Inbox(owner)
        inbox.gets(meta.text("Hello"))
        inbox.gets(meta.message("system", {"type": "user_changed_number", "body": "Changed", "wa_id": "12195555358"}))
        conversation = Conversation.objects.get()
        mailing.post(f"/api/conversations/{conversation.pk}/messages", message="Hello")
        mailing.is_sent()
        assert mailing.graph.ledger[0]["body"]["to"] == "+12195555358"

    def test_a_template_leaves_as_meta_takes_it(self, mailing):
        components = [{"type": "body", "parameters": [{"type": "text", "text": "Amina"}]}]
        template = {"name": "cake_ready", "language": "en_US", "components": components}
        mailing.post(to=AMINA, template=template)
        mailing.is_sent()
        body = mailing.graph.ledger[0]["body"]
        assert body["type"] == "template"
        assert body["template"] == template | {"language": {"code": "en_US"}}
        assert Message.objects.get().content == "cake_ready: Amina"

    def test_an_answer_goes_through_the_number_that_the_customer_wrote_to(self, mailing, owner):
        second = connect_channel(user_id=owner.id, phone_number_id="2222", access_token="another token")
        Inbox(owner, channel="2222").gets(meta.text("Hello", from_=AMINA[1:]))
        mailing.writes()
        mailing.writes(to=BRUNO)
        mailing.is_sent()
        sent = {entry["body"]["to"]: (entry["path"], entry["token"]) for entry in mailing.graph.ledger}
        assert sent[AMINA] == (f"/v26.0/{second.phone_number_id}/messages", "another token")
        assert sent[BRUNO] == (f"/v26.0/{meta.CHANNEL}/messages", TOKEN)
