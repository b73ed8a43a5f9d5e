"""Paths of the previous system, answered with 410 and the path to use instead."""

from rest_framework import status
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response


class PathGone(APIException):
    status_code = status.HTTP_410_GONE


@api_view(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@authentication_classes([])
@permission_classes([])
def gone(request: Request) -> Response:
    """Answers every request. Raises PathGone."""
    raise PathGone("This path is gone. Create a lead with its conversation by POST /api/leads.")
