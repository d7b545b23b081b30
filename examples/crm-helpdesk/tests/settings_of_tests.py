"""The desk's settings, with passwords that are checked quickly."""

from __future__ import annotations

from desk.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
