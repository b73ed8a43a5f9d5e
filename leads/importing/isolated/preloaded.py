"""Imported by the process that readers are forked from: what they need, loaded once."""

from importlib import import_module

import django

django.setup()
# Not by an import above: its models need the setup.
import_module("leads.importing.isolated.reading")
# Of pictures: whatsapp/media/isolated.py.
import_module("conversations.media.pictures")
