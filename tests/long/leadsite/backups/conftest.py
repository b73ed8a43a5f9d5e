from tests.whatsapp.conftest import graph, mailing

__all__ = ["graph", "mailing"]
