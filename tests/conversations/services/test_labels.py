from conversations.models import Conversation, Label
from conversations.services import labels
from conversations.services.labels import delete_label
from tests.factories import Business


def test_a_deleted_label_is_taken_from_all_conversations_also_deleted_ones(owner: Business, monkeypatch):
    monkeypatch.setattr(labels, "AT_ONCE", 1)
    gone, other = (Label.objects.create(user=owner.user, name=name) for name in ("Gone", "Other"))
    ids = [owner.has_lead().conversation_id for _ in range(3)]
    Conversation.objects.filter(pk__in=ids).update(label_ids=[other.pk, gone.pk])
    Conversation.objects.filter(pk=ids[0]).update(deleted_at="2026-01-01T00:00:00Z")
    delete_label(user_id=owner.id, label_id=gone.pk)
    assert list(Conversation.all_objects.values_list("label_ids", flat=True)) == [[other.pk]] * 3
    assert Label.objects.get() == other
