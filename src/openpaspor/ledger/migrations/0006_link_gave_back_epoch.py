from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0005_link_fetched_at")]

    operations = [
        migrations.AddField(
            model_name="link",
            name="gave_back_epoch",
            field=models.PositiveIntegerField(default=0, db_default=0),
        ),
    ]
