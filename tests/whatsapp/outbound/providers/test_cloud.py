"""Requests to Meta: address, number and body."""

from conversations.models import Conversation, Customer, Message
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.mailing import AMINA, BRUNO, TOKEN
from whatsapp.channels import connect_channel


class TestRequest:
    def test_a_text_has_its_number_token_and_our_id(self, mailing):
        row = mailing.writes("Ready at five 🎂")
        assert mailing.send_due() == 1
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

    def test_a_number_is_sent_with_a_plus_sign(self, mailing):
        for written in ("0049 151 23456789", "+49 (151) 2345-6789"):
            mailing.post(to=written, message="Hello")
        mailing.send_due()
        assert [entry["body"]["to"] for entry in mailing.graph.ledger] == [AMINA, AMINA]

    def test_a_user_id_is_sent_as_the_recipient(self, mailing):
        mailing.writes(to=meta.SHEENA_ID)
        mailing.send_due()
        body = mailing.graph.ledger[0]["body"]
        assert (body["recipient"], "to" in body) == (meta.SHEENA_ID, False)

    def test_a_message_goes_to_the_number_in_the_form_in_which_the_customer_wrote(self, mailing, owner):
        """WhatsApp writes Mexican numbers with a 1 that people leave out."""
        mailing.writes(to="+525512345678")
        Inbox(owner).gets(meta.text("Hola", from_="5215512345678"))
        mailing.writes(to="+525512345678")
        mailing.send_due()
        assert [entry["body"]["to"] for entry in mailing.graph.ledger] == ["+525512345678", "+5215512345678"]
        assert Customer.objects.count() == 1

    def test_a_message_to_a_number_goes_to_that_number_though_the_customer_now_writes_with_an_id(self, mailing, owner):
        inbox = Inbox(owner)
        inbox.gets(meta.text("Hello", from_user_id=meta.SHEENA_ID))
        inbox.gets(meta.text("Without a number", from_=None, from_user_id=meta.SHEENA_ID))
        conversation = Conversation.objects.get()
        mailing.writes(to=f"+{meta.SHEENA}")
        mailing.post(f"/api/conversations/{conversation.pk}/messages", message="A reply")
        template = {"name": "code", "language": "de"}
        mailing.post(f"/api/conversations/{conversation.pk}/messages", template=template)
        mailing.send_due()
        bodies = [entry["body"] for entry in mailing.graph.ledger]
        assert [body.get("to") or body["recipient"] for body in bodies] == [
            f"+{meta.SHEENA}",
            meta.SHEENA_ID,
            f"+{meta.SHEENA}",
        ]

    def test_a_reply_does_not_go_to_a_former_address(self, mailing, owner):
        inbox = Inbox(owner)
        inbox.gets(meta.text("Hello"))
        inbox.gets(meta.message("system", {"type": "user_changed_number", "body": "Changed", "wa_id": "12195555358"}))
        conversation = Conversation.objects.get()
        mailing.post(f"/api/conversations/{conversation.pk}/messages", message="Hello")
        mailing.send_due()
        assert mailing.graph.ledger[0]["body"]["to"] == "+12195555358"

    def test_a_template_is_sent_in_metas_format(self, mailing):
        components = [{"type": "body", "parameters": [{"type": "text", "text": "Amina"}]}]
        template = {"name": "cake_ready", "language": "en_US", "components": components}
        mailing.post(to=AMINA, template=template)
        mailing.send_due()
        body = mailing.graph.ledger[0]["body"]
        assert body["type"] == "template"
        assert body["template"] == template | {"language": {"code": "en_US"}}
        assert Message.objects.get().content == "cake_ready: Amina"

    def test_a_reply_goes_through_the_number_that_the_customer_wrote_to(self, mailing, owner):
        second = connect_channel(user_id=owner.id, phone_number_id="2222", access_token="another token")
        Inbox(owner, channel="2222").gets(meta.text("Hello", from_=AMINA[1:]))
        mailing.writes()
        mailing.writes(to=BRUNO)
        mailing.send_due()
        sent = {entry["body"]["to"]: (entry["path"], entry["token"]) for entry in mailing.graph.ledger}
        assert sent[AMINA] == (f"/v26.0/{second.phone_number_id}/messages", "another token")
        assert sent[BRUNO] == (f"/v26.0/{meta.CHANNEL}/messages", TOKEN)
