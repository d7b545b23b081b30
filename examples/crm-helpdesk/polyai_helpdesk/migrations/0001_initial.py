"""The tables of the store, and views of them."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models

from polyai_helpdesk.models import AgentMessage, AgentTicket
from polyai_helpdesk.store import make_tables


class Migration(migrations.Migration):
    initial = True

    dependencies: ClassVar = []

    operations: ClassVar = [
        migrations.RunPython(lambda _apps, _schema_editor: make_tables()),
        *(
            migrations.CreateModel(
                name=model.__name__,
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    *((field.name, field.clone()) for field in model._meta.local_fields if field.name != "id"),
                ],
                options={"managed": False},
            )
            for model in (AgentMessage, AgentTicket)
        ),
    ]
