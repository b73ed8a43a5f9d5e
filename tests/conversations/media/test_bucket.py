"""A bucket that does not answer is given up: how long and how often its client tries."""

from pathlib import Path

from django.utils.module_loading import import_string

from conversations.media.defaults import storage_of

KEYS = {"region_name": "eu-central-1", "access_key": "a", "secret_key": "b", "endpoint_url": ""}


def test_a_thread_is_not_kept_longer_than_proxies_wait() -> None:
    entry = storage_of(Path(), bucket_name="files", **KEYS)
    bucket = import_string(entry["BACKEND"])(**entry["OPTIONS"])
    config = bucket.connection.meta.client.meta.config
    assert config.retries["total_max_attempts"] * (config.connect_timeout + config.read_timeout) < 30
    assert (bucket.bucket_name, config.signature_version) == ("files", "s3v4")
