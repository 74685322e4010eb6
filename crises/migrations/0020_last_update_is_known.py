from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("crises", "0019_last_update_of_the_office"),
    ]

    operations = [
        migrations.AlterField("crisis", "last_update", models.DateTimeField(editable=False)),
        migrations.AlterField("historicalcrisis", "last_update", models.DateTimeField(editable=False)),
        migrations.AlterField("standing", "last_update", models.DateTimeField()),
        migrations.AlterField("updaterequest", "after", models.DateTimeField(editable=False)),
        migrations.RemoveField("updaterequest", "after_revision"),
        migrations.AddConstraint(
            "updaterequest",
            models.UniqueConstraint(
                fields=["crisis", "after"],
                condition=models.Q(withdrawn_at=None),
                name="office_asked_once_until_it_answers",
            ),
        ),
    ]
