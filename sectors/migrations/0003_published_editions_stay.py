from django.db import migrations

from sectors import guard


def install(apps, schema_editor):
    guard.install(schema_editor)


def remove(apps, schema_editor):
    guard.remove(schema_editor)


class Migration(migrations.Migration):
    dependencies = [("sectors", "0002_editions_in_draft")]

    operations = [migrations.RunPython(install, remove)]
