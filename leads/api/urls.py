from django.urls import path

from leads.api import views

urlpatterns = [
    path("leads", views.LeadList.as_view(), name="leads"),
    path("leads/batch", views.LeadBatch.as_view(), name="lead-batch"),
    path("leads/<uuid:lead_id>", views.LeadDetail.as_view(), name="lead"),
    # Where the system before this one took leads.
    path("conversation", views.gone, name="gone-conversation"),
    path("leads/create-with-conversation", views.gone, name="gone-create-with-conversation"),
]
