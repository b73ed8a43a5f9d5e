"""Filters of templates."""

from typing import Any

from django import template

from leadsite.languages import texts

register = template.Library()


@register.filter
def shown(text: Any) -> str:
    """What was stored in English, in the language of the page."""
    return texts.shown(text)
