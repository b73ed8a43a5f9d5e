"""What a file is, by its content."""

import pytest

from conversations.media.sniffing import OTHER, PROGRAM, SVG, type_of, with_claim
from tests.whatsapp.provider_files import picture

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.mark.parametrize(
    ("head", "mime"),
    [
        (picture(2, 2), "image/jpeg"),
        (picture(2, 2, "PNG"), "image/png"),
        (picture(2, 2, "WEBP"), "image/webp"),
        (picture(2, 2, "GIF"), "image/gif"),
        (b"\x00\x00\x00\x18ftypheic", "image/heic"),
        (b"\x00\x00\x00\x18ftypmp42", "video/mp4"),
        (b"\x00\x00\x00\x18ftypM4A ", "audio/mp4"),
        (b"\x00\x00\x00\x18ftyp3gp4", "video/3gpp"),
        (b"OggS\x00", "audio/ogg"),
        (b"ID3\x03", "audio/mpeg"),
        (b"\xff\xfb\x90", "audio/mpeg"),
        (b"\xff\xf1\x50", "audio/aac"),
        (b"#!AMR\n", "audio/amr"),
        (b"RIFF\x00\x00\x00\x00WAVE", "audio/wav"),
        (b"%PDF-1.4", "application/pdf"),
        (b"PK\x03\x04", "application/zip"),
        (b"Dear Sheena", "text/plain"),
        ("Grüße".encode(), "text/plain"),
        (b"\xef\xbb\xbfname;phone", "text/plain"),
        (b"<!DOCTYPE html><p>", "text/html"),
        (b"  <HTML>", "text/html"),
        (b"<script>alert(1)</script>", "text/html"),
        (b"<img src=x onerror=alert(1)>", "text/html"),
        (b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'>", SVG),
        (b"<svg onload=alert(1)>", SVG),
        (b"MZ\x90", PROGRAM),
        (b"#!/bin/sh", PROGRAM),
        (b"\x7fELF", PROGRAM),
        (b"\x00\x01\x02", OTHER),
        (b"\x80\x81\x82\x83\x84\x85\x86\x87", OTHER),
        (b"", OTHER),
    ],
)
def test_the_type_of_a_content(head, mime):
    assert type_of(head) == mime


@pytest.mark.parametrize(
    ("found", "claimed", "shown"),
    [
        ("application/zip", DOCX, DOCX),
        ("application/zip", "image/jpeg", "application/zip"),
        ("text/plain", "text/csv; charset=utf-8", "text/csv"),
        ("text/html", "text/plain", "text/html"),
        ("image/jpeg", "text/html", "image/jpeg"),
        ("audio/ogg", "", "audio/ogg"),
        ("application/octet-stream", "text/html", "application/octet-stream"),
    ],
)
def test_a_claim_counts_only_where_the_content_may_be_it(found, claimed, shown):
    assert with_claim(found, claimed) == shown
