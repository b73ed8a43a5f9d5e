"""Reports about payments among the statuses."""

from tests.whatsapp import meta

PAYMENT = {"reference_id": "r1", "amount": {"value": 21000, "offset": 100}, "currency": "INR"}


def report(status, **fields):
    return meta.status(status, id="wamid.asked", type="payment", payment=PAYMENT, **fields)


def test_a_payment_is_a_notice_and_no_status_of_the_message_that_asked_for_it(inbox):
    inbox.gets_change("smb_message_echoes", message_echoes=[meta.echo("Please pay", id="wamid.asked")])
    inbox.gets_statuses(report("failed"))
    inbox.gets_statuses(report("captured", timestamp=meta.NOON + 60), report("captured", timestamp=meta.NOON + 60))
    asked, failed, paid = inbox.messages
    assert (asked.status, asked.error) == ("sent", "")
    assert [(row.kind, row.direction, row.content) for row in (failed, paid)] == [
        ("payment", "in", "Payment of 210 INR failed (reference r1)"),
        ("payment", "in", "Paid 210 INR (reference r1)"),
    ]
    assert inbox.counts() == (1, 1, 0, 3)


def test_a_payment_without_customer_or_id_is_rejected():
    reports = [report("captured", recipient_id=None), report("captured") | {"id": None}]
    reading = meta.read_all(meta.messages_value(statuses=reports))
    assert reading.events == []
    assert len(reading.rejected) == 2
