"""The history of a lead."""

from leads.models import Lead
from leadsite.audit.api import HistoryViewSet


class LeadHistoryViewSet(HistoryViewSet):
    """The changes of one lead, also of a deleted one."""

    rows = Lead.all_objects.all()
    row_kwarg = "lead_id"
