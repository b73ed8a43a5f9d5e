"""Imported by the process that readers are forked from: what they need, loaded once."""

import django

django.setup()

import leads.importing.isolated.reading  # noqa: E402, F401 - after the setup, which its models need
