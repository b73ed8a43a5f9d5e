from django.apps import AppConfig


class FiguresConfig(AppConfig):
    name = "leadsite.figures"
    label = "figures"
    verbose_name = "Figures"
