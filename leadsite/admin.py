"""Unregisters admin pages of other packages."""

from django.contrib import admin
from procrastinate.contrib.django.models import ProcrastinateJob

# Its pages do not use unfold, and count all rows. Staff need the pages of messages and deliveries, not of jobs.
admin.site.unregister(ProcrastinateJob)
