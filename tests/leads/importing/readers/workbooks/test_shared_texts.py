import zipfile
from contextlib import ExitStack
from io import BytesIO

import pytest

from leads.importing.readers.workbooks import shared_texts
from leads.importing.readers.workbooks.packages import Package
from leads.importing.readers.workbooks.shared_texts import SharedTexts
from tests.leads.importing.tables import memory_below


def table(closing: ExitStack) -> SharedTexts:
    with zipfile.ZipFile(BytesIO(), "w") as archive:
        return SharedTexts(Package(archive, closing))


@pytest.mark.parametrize("memory", [0, 200, 10**9])
def test_each_text_is_found_in_any_order_wherever_it_is_kept(memory, monkeypatch):
    monkeypatch.setattr(shared_texts, "_MEMORY", memory)
    monkeypatch.setattr(shared_texts, "_BLOCK", 16)
    written = ["Phone", "", "Zoë", "a text that is longer than a block", "+4915112345678", "फ़ोन", "", "x"]
    with ExitStack() as closing:
        texts = table(closing)
        for text in written:
            texts.append(text)
        for number in (*range(8), *reversed(range(8)), 3, 0, 7, 3):
            assert texts[number] == written[number]
        for number in (8, -1, 10**6):
            with pytest.raises(IndexError):
                texts[number]
        # Texts may be added between.
        texts.append("later")
        assert (texts[8], texts[0]) == ("later", "Phone")


def test_a_table_of_many_texts_is_not_in_memory(monkeypatch):
    monkeypatch.setattr(shared_texts, "_MEMORY", 2**20)
    with ExitStack() as closing, memory_below(4):
        texts = table(closing)
        for number in range(80_000):
            texts.append(f"a text of a cell with the number {number}")
        assert texts[79_999].endswith(" 79999")
