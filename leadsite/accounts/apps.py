from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "leadsite.accounts"
    label = "accounts"
    verbose_name = "Businesses and API keys"
