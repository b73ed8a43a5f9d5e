"""Takes admin pages that other packages register out of the site."""

from django.contrib import admin
from procrastinate.contrib.django.models import ProcrastinateJob

# Its pages do not use unfold and count all rows. Staff look at messages and deliveries, not at jobs.
admin.site.unregister(ProcrastinateJob)
