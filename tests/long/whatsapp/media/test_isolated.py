"""Pictures are decoded in a process of its own."""

import io
import tempfile

import pytest
from PIL import Image

from conversations.media.pictures import NotAPicture
from leads.importing.isolated.process import Limits
from tests.whatsapp.provider_files import picture
from whatsapp.media import isolated


@pytest.fixture
def file_of():
    with tempfile.TemporaryFile() as file:

        def filled(content):
            file.write(content)
            return file

        yield filled


def test_a_small_picture_is_made_in_another_process(file_of):
    made = isolated.small_picture(file_of(picture(4000, 3000)))
    assert Image.open(io.BytesIO(made.content)).size == (640, 480)


@pytest.mark.parametrize("content", [b"\xff\xd8\xff damaged", picture(8000, 8000, "PNG", "1"), picture()[:200]])
def test_what_cannot_be_decoded_is_no_picture(file_of, content):
    with pytest.raises(NotAPicture):
        isolated.small_picture(file_of(content))


def test_the_process_ends_where_it_needs_too_much_memory(file_of, monkeypatch):
    small = Limits(memory=300 * 2**20, cpu=20, silence=30, message=2**20, expected=(NotAPicture,))
    monkeypatch.setattr(isolated, "LIMITS", small)
    with pytest.raises(NotAPicture):
        isolated.small_picture(file_of(picture(7000, 7000, "PNG")))
