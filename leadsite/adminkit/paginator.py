"""Pagination of long lists with a bounded count."""

from typing import Any

from django.core.paginator import Paginator
from django.utils.functional import cached_property

COUNT_LIMIT = 10_000


class BoundedPaginator(Paginator[Any]):
    """Counts at most COUNT_LIMIT rows: a business of years has millions of leads, messages and deliveries."""

    template_name = "adminkit/bounded_pagination.html"
    limit = COUNT_LIMIT

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return rows[: self.limit].count()
