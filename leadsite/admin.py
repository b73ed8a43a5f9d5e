"""What other packages register and this admin does without."""

from django.contrib import admin
from procrastinate.contrib.django.models import ProcrastinateJob

# Its pages are in another skin and count all rows; rows of messages and deliveries are what staff look at, not jobs.
admin.site.unregister(ProcrastinateJob)
