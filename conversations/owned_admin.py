"""What the pages of owned rows share: a business's own people see and touch its own rows, superusers all."""

from typing import Any

from django.db.models import ForeignKey, Model, Q, QuerySet
from django.forms import ModelChoiceField, ModelForm
from django.http import HttpRequest
from unfold.admin import TabularInline

from conversations.forms import OwnedForm
from conversations.models import OwnedModel
from conversations.search import sought_numbers
from leadsite.accounts.admin_page import AdminPage
from leadsite.accounts.models import User


class OwnedAdmin(AdminPage):
    """Pages of rows with an owner."""

    form = OwnedForm
    # The way from a row to its customer, for the search by phone number; None where there is no customer.
    customer_path: str | None = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows if request.user.is_superuser else rows.filter(user_id=request.user.pk)

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return self._with_owner(request, super().get_list_display(request))

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        return self._with_owner(request, super().get_list_filter(request))

    def get_list_select_related(self, request: HttpRequest) -> list[str]:
        return self._with_owner(request, super().get_list_select_related(request) or [])

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        fields = super().get_fields(request, obj)
        return list(fields) if request.user.is_superuser else [name for name in fields if name != "user"]

    @staticmethod
    def _with_owner(request: HttpRequest, names: Any) -> list[Any]:
        """Whose the row is says something to a superuser only."""
        return [*names, "user"] if request.user.is_superuser else list(names)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """As Django searches, and by phone number in any spelling."""
        found, doubled = super().get_search_results(request, queryset, search_term)
        if self.customer_path is not None and (numbers := sought_numbers(search_term)):
            for number in numbers:
                for column in ("phone", "phone_key"):
                    found |= queryset.filter(**{f"{self.customer_path}{column}__contains": number})
        return found, doubled

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **options: Any
    ) -> ModelChoiceField[Any] | None:
        related = db_field.related_model
        mine = Q() if request.user.is_superuser else Q(user_id=request.user.pk)
        if related is User:
            mine = Q(is_active=True) if request.user.is_superuser else Q(pk=request.user.pk)
            options["queryset"] = User.objects.filter(mine).order_by("business_name", "email")
        elif isinstance(related, type) and issubclass(related, OwnedModel):
            options["queryset"] = related._default_manager.filter(mine)
        return super().formfield_for_foreignkey(db_field, request, **options)

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool) -> None:
        if not change and not request.user.is_superuser:
            obj.user_id = request.user.pk
        super().save_model(request, obj, form, change)


class ReadOnlyInline(TabularInline):
    """Rows shown below the page of the row they belong to."""

    ordering = ["-pk"]
    extra = 0
    can_delete = False
    hide_title = True

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
