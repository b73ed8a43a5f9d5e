"""The choice of a label's colour, the same in the admin and beside a chat."""

from django import forms


class ColourChoice(forms.RadioSelect):
    """Shows each colour; its word is for a screen reader, and where the pointer rests."""

    template_name = "conversations/colours.html"
