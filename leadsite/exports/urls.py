"""Paths of exports, under /admin/exports/."""

from django.urls import path

from leadsite.exports import views
from leadsite.inbox.access import for_staff

urlpatterns = [
    path("", for_staff(views.exports), name="exports"),
    path("new/<slug:kind>/", for_staff(views.new_export), name="export-new"),
    path("<uuid:export_id>/", for_staff(views.export), name="export"),
    path("<uuid:export_id>/progress/", for_staff(views.progress), name="export-progress"),
    path("<uuid:export_id>/file/", for_staff(views.download), name="export-file"),
]
