"""Pages of long lists: how many there are is counted only so far."""

from typing import Any

from django.core.paginator import Paginator
from django.utils.functional import cached_property

COUNT_LIMIT = 1000


class BoundedPaginator(Paginator[Any]):
    """Counts no further than a person would turn pages: a busy site keeps millions of deliveries and events."""

    template_name = "adminkit/bounded_pagination.html"
    limit = COUNT_LIMIT

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return rows[: self.limit].count()
