from tests.whatsapp.conftest import graph, inbox, mailing

__all__ = ["graph", "inbox", "mailing"]
