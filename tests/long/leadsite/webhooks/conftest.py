from tests.leadsite.webhooks.conftest import integrator, receiver

__all__ = ["integrator", "receiver"]
