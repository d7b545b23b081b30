"""The helpdesk at the top, the admin site below."""

from __future__ import annotations

from django.conf import settings
from django.conf.urls.static import static
from django.contrib import admin
from django.contrib.staticfiles.urls import staticfiles_urlpatterns
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("helpdesk.urls", namespace="helpdesk")),
    *staticfiles_urlpatterns(),  # both are empty unless DEBUG
    *static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT),
]
