from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0006_link_gave_back_epoch")]

    operations = [
        migrations.AddField(
            model_name="link",
            name="missing",
            field=models.JSONField(default=list, db_default=[]),
        ),
    ]
