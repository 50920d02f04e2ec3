"""The offices of `data/offices.csv`."""

import csv
from decimal import Decimal
from importlib import resources

from django.db import migrations


def load(apps, schema_editor):
    Office = apps.get_model("offices", "Office")
    with resources.files("openpaspor.offices").joinpath("data/offices.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            Office.objects.update_or_create(
                code=row["code"],
                defaults={
                    "name": row["name"],
                    "office_class": row["class"],
                    "kind": row["kind"],
                    "city": row["city"],
                    "province": row["province"],
                    "timezone": row["iana_tz"],
                    "parent": row["parent"],
                    "address": row["address"],
                    "latitude": Decimal(row["latitude"]) if row["latitude"] else None,
                    "longitude": Decimal(row["longitude"]) if row["longitude"] else None,
                },
            )


class Migration(migrations.Migration):
    dependencies = [("offices", "0001_initial")]
    operations = [migrations.RunPython(load, migrations.RunPython.noop)]
