"""The last update of a crisis by its office, apart from what others decide about it.

What has been changed until now counts as the office's, since nobody was told apart.
"""

from django.db import migrations, models
from django.db.models import F


def count_all_as_the_offices(apps, schema_editor):
    for name, when in [("Crisis", "updated_at"), ("HistoricalCrisis", "updated_at"), ("Standing", "since")]:
        apps.get_model("crises", name).objects.update(last_update=F(when))
    requests = apps.get_model("crises", "UpdateRequest").objects
    requests.update(after=F("asked_at"))
    for one in requests.filter(withdrawn_at=None, after_revision=F("crisis__revision")).select_related("crisis"):
        one.after = one.crisis.updated_at
        one.save(update_fields=["after"])


def moment(**more):
    return models.DateTimeField(editable=False, **more)


class Migration(migrations.Migration):

    dependencies = [
        ("crises", "0018_receipts_say_what_was_made"),
    ]

    operations = [
        migrations.RemoveConstraint("updaterequest", "office_asked_once_until_it_answers"),
        migrations.RenameField("updaterequest", "after", "after_revision"),
        migrations.AddField("updaterequest", "after", moment(null=True)),
        migrations.AddField("crisis", "last_update", moment(null=True)),
        migrations.AddField("historicalcrisis", "last_update", moment(null=True)),
        migrations.AddField("standing", "last_update", models.DateTimeField(null=True)),
        migrations.RunPython(count_all_as_the_offices, migrations.RunPython.noop),
    ]
