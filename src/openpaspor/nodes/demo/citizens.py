"""Made-up people of the demo: names as Indonesians have them, NIKs that fit, papers and faces that are drawings."""

from __future__ import annotations

import io
import random
import textwrap
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from django.utils.translation import override
from PIL import Image, ImageDraw, ImageFont

from openpaspor.applications.answers import Answers
from openpaspor.applications.papers import PAPERS

WOMEN = [
    "Siti",
    "Dewi",
    "Sri",
    "Ayu",
    "Ni_Wayan",
    "Ni_Made",
    "Komang",
    "Ratna",
    "Fitri",
    "Nur",
    "Indah",
    "Putri",
    "Kadek",
    "Maria",
    "Yuliana",
    "Rina",
    "Wulan",
    "Lestari",
    "Hartini",
    "Aminah",
]
MEN = [
    "Agus",
    "Budi",
    "I_Wayan",
    "I_Made",
    "Nyoman",
    "Ketut",
    "Ahmad",
    "Muhammad",
    "Yohanes",
    "Dwi",
    "Eko",
    "Hendra",
    "Rizky",
    "Joko",
    "Slamet",
    "Bambang",
    "Wahyu",
    "Gede",
    "Yusuf",
    "Suharto",
]
LATER = [
    "Santoso",
    "Wijaya",
    "Suardana",
    "Pratama",
    "Saputra",
    "Lestari",
    "Rahmawati",
    "Siregar",
    "Nainggolan",
    "Sudira",
    "Astuti",
    "Handayani",
    "Kurniawan",
    "Hidayat",
    "Mahendra",
    "Wibowo",
    "Tanjung",
    "Rumbiak",
    "Wenda",
    "Pattiasina",
]
PLACES = [
    "Denpasar",
    "Gianyar",
    "Surabaya",
    "Jakarta",
    "Makassar",
    "Jayapura",
    "Singaraja",
    "Medan",
    "Bandung",
    "Ambon",
]
REGIONS = ["517101", "510401", "357801", "317401", "737101", "917101", "510801", "127101", "327301", "817101"]
COUNTRIES = ["Japan", "Singapore", "Malaysia", "Australia", "Saudi Arabia", "Thailand", "Netherlands", ""]
PURPOSES = ["tourism"] * 6 + ["umrah", "family", "study", "work", "medical"]
OCCUPATIONS = ["private", "own", "civil", "student", "homemaker", "other"]


@dataclass(frozen=True)
class Citizen:
    """One made-up person and what they answer."""

    answers: Answers
    kind: str
    booklet: str
    years: int


def nik_of(region: str, born: date, sex: str, serial: int) -> str:
    """A NIK that fits the person: region, birth date (day + 40 for women), serial."""
    return f"{region}{born.day + (40 if sex == 'F' else 0):02d}{born:%m%y}{serial % 9000 + 1:04d}"


def citizen(rng: random.Random, number: int, kind: str, today: date) -> Citizen:
    """The `number`th person of a demo, of a kind of application."""
    sex = rng.choice("FM")
    place = rng.randrange(len(PLACES))
    age = (
        rng.randint(1, 15)
        if kind == "child"
        else rng.choice([rng.randint(18, 59)] * 9 + [rng.randint(60, 80)])
    )
    born = today - timedelta(days=age * 365 + rng.randint(30, 330))
    first = rng.choice(WOMEN if sex == "F" else MEN).replace("_", " ")
    name = first if rng.random() < 0.12 else f"{first} {rng.choice(LATER)}"
    family = rng.choice(LATER)
    answers = Answers(
        full_name=name,
        nik=nik_of(REGIONS[place], born, sex, number),
        kk=f"{REGIONS[place]}{born:%d%m%y}{number % 9000 + 1:04d}",
        born=born,
        birth_place=PLACES[place],
        sex=sex,
        phone=f"+62812{10000000 + number}",
        address=f"Jalan Contoh {number % 200 + 1}, {PLACES[place]}",
        civil_status="" if kind == "child" else rng.choice(["single", "married", "married", "widowed"]),
        occupation="student" if kind == "child" else rng.choice(OCCUPATIONS),
        father_name=f"{rng.choice(MEN).replace('_', ' ')} {family}",
        mother_name=f"{rng.choice(WOMEN).replace('_', ' ')} {family}",
        purpose=rng.choice(PURPOSES),
        destination=rng.choice(COUNTRIES),
        travel_on=today + timedelta(days=rng.randint(20, 200)),
        truth_stated=True,
    )
    if kind == "child":
        answers = answers.with_changes(
            father_nik=nik_of(REGIONS[place], born - timedelta(days=11000), "M", number + 1),
            mother_nik=nik_of(REGIONS[place], born - timedelta(days=10300), "F", number + 2),
        )
    if kind in ("adult-replace", "damaged"):
        answers = answers.with_changes(
            old_number=f"{rng.choice('ABCX')}{rng.randint(1000000, 9999999)}",
            old_expires_on=today + timedelta(days=rng.randint(-300, 170)),
            old_reason=rng.choice(["expired", "expired", "full"]),
        )
    booklet = "electronic" if rng.random() < 0.75 else "regular"
    return Citizen(answers, kind, booklet, 5 if kind == "child" else rng.choice([5, 10, 10]))


def _jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=72)
    return out.getvalue()


@cache
def paper(code: str) -> bytes:
    """A drawing that stands for one kind of paper."""
    image = Image.new("RGB", (860, 540), "#F4EFE2")
    draw = ImageDraw.Draw(image)
    draw.rectangle((14, 14, 846, 526), outline="#74431B", width=4)
    with override("id"):
        name = textwrap.fill(str(PAPERS[code].name), 40) if code in PAPERS else code
    draw.text((48, 36), f"CONTOH / SPECIMEN\n{name}", fill="#74431B", font=ImageFont.load_default(34))
    for line in range(7):
        draw.line((48, 190 + line * 44, 560 - line % 3 * 60, 190 + line * 44), fill="#7C878F", width=6)
    draw.rectangle((640, 180, 810, 410), fill="#DDEEF0", outline="#0B5563", width=3)
    return _jpeg(image)


SKIN = ["#E0B08C", "#C68E65", "#A9714B", "#8A5A3B"]
SHIRT = ["#0B5563", "#2C4797", "#9B1C45", "#1A6A3B", "#74431B"]


@cache
def face(which: int) -> bytes:
    """A drawn face, one of twenty, in 3:4 before a light ground."""
    image = Image.new("RGB", (720, 960), "#D9DEE2")
    draw = ImageDraw.Draw(image)
    skin, shirt = SKIN[which % 4], SHIRT[which % 5]
    draw.ellipse((80, 720, 640, 1300), fill=shirt)
    draw.rectangle((300, 600, 420, 780), fill=skin)
    draw.ellipse((180, 170, 540, 690), fill=skin)
    if which % 2:
        draw.chord((165, 140, 555, 560), 180, 360, fill="#1d1d1f")
    else:
        draw.ellipse((140, 130, 580, 470), fill="#6b2d4a")
        draw.ellipse((205, 230, 515, 680), fill=skin)
    for eye in (275, 405):
        draw.ellipse((eye, 400, eye + 50, 430), fill="#ffffff")
        draw.ellipse((eye + 15, 403, eye + 37, 428), fill="#231815")
    draw.line((360, 430, 350, 510, 368, 512), fill="#7a4a30", width=5)
    draw.arc((300, 520, 420, 590), 20, 160, fill="#8d3b3b", width=8)
    return _jpeg(image)
