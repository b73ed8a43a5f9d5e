from django.urls import path

from leadsite.webhooks.api import views

_ENDPOINT = "webhook-endpoints/<uuid:endpoint_id>"
urlpatterns = [
    path("webhook-endpoints", views.EndpointList.as_view(), name="webhook-endpoints"),
    path(_ENDPOINT, views.EndpointDetail.as_view(), name="webhook-endpoint"),
    path(f"{_ENDPOINT}/rotate-secret", views.EndpointSecret.as_view(), name="webhook-secret"),
    path(f"{_ENDPOINT}/test", views.EndpointTest.as_view(), name="webhook-test"),
    path(f"{_ENDPOINT}/events", views.EndpointEvents.as_view(), name="webhook-events"),
    path(f"{_ENDPOINT}/events/<uuid:event_id>/retry", views.EventRetry.as_view(), name="webhook-retry"),
]
