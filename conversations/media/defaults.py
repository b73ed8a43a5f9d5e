"""Where the bytes of files are kept, by the environment: for leadsite/settings.py."""

from pathlib import Path
from typing import Any, Final

# Nobody but the site and the worker reads them: they run as one user.
_FILE_MODE: Final = 0o600
_FOLDER_MODE: Final = 0o700


def storage_of(folder: Path, *, bucket_name: str, **options: str) -> dict[str, Any]:
    """Return the entry of STORAGES: S3 where a bucket is named, with these options; otherwise a folder."""
    if not bucket_name:
        modes = {"file_permissions_mode": _FILE_MODE, "directory_permissions_mode": _FOLDER_MODE}
        return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": folder, **modes}}
    # What is left out, S3's client finds where it usually looks: the machine's role, for instance.
    named = {name: value for name, value in options.items() if value}
    ours = {"bucket_name": bucket_name, "default_acl": None, "file_overwrite": False}
    return {"BACKEND": "conversations.media.bucket.Bucket", "OPTIONS": ours | named}
