"""The desk's settings, with passwords that are checked quickly, and with patience for a machine that is busy."""

from __future__ import annotations

from desk.settings import *  # noqa: F403
from desk.settings import DATABASES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# When the mail server is late, the desk sends the mail again. Meanwhile other processes wait for the database.
EMAIL_TIMEOUT = 120
if "timeout" in DATABASES["default"]["OPTIONS"]:
    DATABASES["default"]["OPTIONS"]["timeout"] = 240
