from django.apps import AppConfig


class ExportsConfig(AppConfig):
    name = "leadsite.exports"
    label = "exports"
    verbose_name = "Exports"
