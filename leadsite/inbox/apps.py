from django.apps import AppConfig


class InboxConfig(AppConfig):
    name = "leadsite.inbox"
    label = "inbox"
    verbose_name = "Inbox"
