"""Views of the API that need no key, with the API's errors: other methods are 405 as JSON, and no form of a page's."""

from collections.abc import Callable

from django.http.response import HttpResponseBase
from rest_framework.decorators import api_view, authentication_classes, permission_classes, throttle_classes

View = Callable[..., HttpResponseBase]


def public_view(view: View) -> View:
    """A view for GET and HEAD by anybody. It gets a request of DRF's."""
    for without in (authentication_classes, permission_classes, throttle_classes):
        view = without([])(view)
    made: View = api_view(["GET", "HEAD"])(view)
    return made
