"""Backups: the database by pg_dump, media, and a manifest that says what is in them. docs/operations.md, "Backups"."""
