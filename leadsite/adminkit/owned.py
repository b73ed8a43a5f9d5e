"""Admin of rows that belong to a business: its people see and change its own rows, superusers all."""

from typing import Any
from uuid import UUID

from django.contrib.admin import RelatedFieldListFilter
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import ForeignKey, Model, QuerySet
from django.forms import ModelChoiceField, ModelForm
from django.http import HttpRequest
from unfold.admin import TabularInline

from leadsite.adminkit.changed_fields import ChangedFields
from leadsite.adminkit.page import AdminPage, ReadOnly
from leadsite.adminkit.workplace import business_of, rows_of_business, sees_all
from leadsite.core.models import OwnedModel


class OwnedForm(ChangedFields):
    """Also validates constraints on fields that are not in the form: the business and the customer of the row, and that
    it is not deleted."""

    def _get_validation_exclusions(self) -> set[str]:
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc] # django-stubs omit it
        return excluded if self.instance._state.adding else excluded - {"user", "customer", "phone_key", "deleted_at"}


class BusinessFilter(RelatedFieldListFilter):
    """Offers businesses; the people who work for them have no rows, though both are users."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        businesses = get_user_model()._default_manager.businesses().order_by("business_name", "email")
        return [(business.pk, str(business)) for business in businesses]


class OwnedAdmin(AdminPage):
    """Admin of a model whose rows have an owner."""

    form = OwnedForm

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return rows_of_business(request, super().get_queryset(request))

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return self._with_owner(request, super().get_list_display(request))

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        names = list(super().get_list_filter(request))
        return [*names, ("user", BusinessFilter)] if sees_all(request) else names

    def get_list_select_related(self, request: HttpRequest) -> list[str]:
        return self._with_owner(request, super().get_list_select_related(request) or [])

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        fields = super().get_fields(request, obj)
        return list(fields) if sees_all(request) else [name for name in fields if name != "user"]

    @staticmethod
    def _with_owner(request: HttpRequest, names: Any) -> list[Any]:
        """Add the owner for superusers; other users see the rows of one business only."""
        return [*names, "user"] if sees_all(request) else list(names)

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **options: Any
    ) -> ModelChoiceField[Any] | None:
        related = db_field.related_model
        if related is get_user_model():
            options["queryset"] = businesses_to_choose(request)
        elif isinstance(related, type) and issubclass(related, OwnedModel):
            options["queryset"] = rows_of_business(request, related._default_manager.all())
        return super().formfield_for_foreignkey(db_field, request, **options)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Where an operator chooses the business, preselect the operator's own, if there is one (as in the demo)."""
        own = business_of(request) if sees_all(request) else None
        return super().get_changeform_initial_data(request) | ({"user": own} if own else {})

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool) -> None:
        if not change and not sees_all(request):
            obj.user_id = owner_of(request, form)
        super().save_model(request, obj, form, change)


def owner_of(request: HttpRequest, form: Any, field: str = "user") -> UUID:
    """Return whose a new row is: of the business that an operator has chosen in the form, otherwise of the person's.

    Raises PermissionDenied where the person works for none.
    """
    chosen = form.cleaned_data.get(field) if sees_all(request) else None
    business_id = chosen.pk if chosen else business_of(request)
    if business_id is None:
        raise PermissionDenied
    return business_id


def businesses_to_choose(request: HttpRequest) -> QuerySet[Any]:
    """Return the businesses that a form offers for a row: to operators all that are active, to others their own."""
    own = {} if sees_all(request) else {"pk": business_of(request)}
    businesses = get_user_model()._default_manager.businesses()
    return businesses.filter(is_active=True, **own).order_by("business_name", "email")


class ReadOnlyInline(ReadOnly, TabularInline):
    """Rows shown below the page of the row they belong to."""

    ordering = ["-pk"]
    extra = 0
    can_delete = False
    hide_title = True
