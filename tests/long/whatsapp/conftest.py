from tests.whatsapp.conftest import graph, inbox, mailing, views

__all__ = ["graph", "inbox", "mailing", "views"]
