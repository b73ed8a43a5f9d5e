"""Settings of logins, sessions and API keys. None depends on the environment."""

from typing import Any, Final

BACKENDS: Final = ["leadsite.accounts.logins.LimitedBackend"]
# The others verify passwords of before; each is hashed by the first at its next login.
HASHERS: Final = [
    "leadsite.accounts.hashers.Argon2id",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "django.contrib.auth.hashers.ScryptPasswordHasher",
]
# Of one API key.
REQUESTS_PER_MINUTE: Final = 6000
# How long a link to a new password is valid.
RESET_SECONDS: Final = 3600
VALIDATORS: Final[list[dict[str, Any]]] = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
