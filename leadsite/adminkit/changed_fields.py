"""Forms that save only what was changed in them."""

from typing import Any

from django import forms


class ChangedFields(forms.ModelForm[Any]):
    """Saves only the fields that the user changed: a form opened an hour ago does not overwrite later changes.

    Each field submits the value it was shown with (Django's show_hidden_initial), and "changed" means different from
    that. Where a client sends no such value, the row's value is used, as in any Django form.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance._state.adding:
            return
        columns = {field.name for field in self._meta.model._meta.get_fields()}
        for name, field in self.fields.items():
            # The only disabled field shows the password's hash, which is not submitted.
            if name in columns and not field.disabled:
                field.show_hidden_initial = not self.is_bound or self._has_initial(name, field)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.instance._state.adding:
            # A field that is removed here keeps the row's present value.
            for name in set(cleaned) - set(self.changed_data):
                del cleaned[name]
        return cleaned

    def changed_columns(self) -> dict[str, Any]:
        """Return the new values of the columns that the user changed, for a service. The form is valid."""
        columns = [self._meta.model._meta.get_field(name).attname for name in self.changed_data]
        return {column: getattr(self.instance, column) for column in columns}

    def _has_initial(self, name: str, field: forms.Field) -> bool:
        hidden = field.hidden_widget()
        return not hidden.value_omitted_from_data(self.data, self.files, self.add_initial_prefix(name))
