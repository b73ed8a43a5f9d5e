"""The history of a lead."""

from drf_spectacular.utils import extend_schema_view

from leads.models import Lead
from leadsite.audit.api import HistorySerializer, HistoryViewSet
from leadsite.rest.schema import reading


@extend_schema_view(
    list=reading("Who changed it, and what, newest first", HistorySerializer(many=True), 400, 404),
)
class LeadHistoryViewSet(HistoryViewSet):
    """The changes of one lead, also of a deleted one."""

    rows = Lead.all_objects.all()
    row_kwarg = "lead_id"
