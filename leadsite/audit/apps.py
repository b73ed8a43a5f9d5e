from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "leadsite.audit"
    label = "audit"
    verbose_name = "Audit"
