"""The catalogues of messages, without the gettext programs.

    python tools/messages.py --check     lists what is missing, empty, fuzzy, unused or wrongly filled in; exit 1 if any
    python tools/messages.py --write     adds the missing msgids (empty) to their room's catalogue, then compiles
    python tools/messages.py --compile   makes the .mo files only

A room keeps its own `locale/id/LC_MESSAGES/django.po`; what stands outside a room goes to `openpaspor/locale`.
English is the source, so there is no English catalogue.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "openpaspor"
CATALOGUE = Path("locale", "id", "LC_MESSAGES", "django.po")
KEYWORDS = DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
LITERAL = r"""u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
CALLS = {  # what Django's templatize leaves behind, with the places of context, msgid and plural
    re.compile(rf"\bnpgettext\({LITERAL}, {LITERAL}, {LITERAL},"): (0, 1, 2),
    re.compile(rf"\bngettext\({LITERAL}, {LITERAL},"): (None, 0, 1),
    re.compile(rf"\bpgettext\({LITERAL}, {LITERAL}\)"): (0, 1, None),
    re.compile(rf"(?<![a-z])(?:gettext|_)\({LITERAL}\)"): (None, 0, None),
}
INLINE = re.compile(
    rf"(?<![\w.])_\({LITERAL}\)"
)  # also in places that templatize does not look at: attributes of components
PLACE = re.compile(r"%\((\w+)\)[a-z]|(?<!%)%[sd]|\{(\w*)\}")


@dataclass(frozen=True)
class Text:
    """One translatable text, as the code asks for it."""

    msgid: str
    plural: str | None = None
    context: str | None = None

    @property
    def key(self) -> tuple[str | None, str]:
        return self.context, self.msgid


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a catalogue."""

    catalogue: Path
    kind: str
    msgid: str
    where: str = ""

    def __str__(self) -> str:
        where = f"  ({self.where})" if self.where else ""
        return f"{self.catalogue.relative_to(PACKAGE.parent)}: {self.kind}: {self.msgid!r}{where}"


# --- what the code asks for -------------------------------------------------------------------------------


def texts_of_python(path: Path) -> Iterator[tuple[Text, int]]:
    with path.open("rb") as source:
        for line, found, _, context in extract(
            "python", source, keywords=KEYWORDS, options={"encoding": "utf-8"}
        ):
            msgid, plural = found[:2] if isinstance(found, tuple) else (found, None)
            if msgid:
                yield Text(str(msgid), plural, context), line


def texts_of_template(path: Path) -> Iterator[tuple[Text, int]]:
    source = path.read_text()
    for code, calls in ((templatize(source, origin=str(path)), CALLS), (source, {INLINE: (None, 0, None)})):
        for pattern, places in calls.items():
            for found in pattern.finditer(code):
                words = [ast.literal_eval(word) for word in found.groups()]
                context, msgid, plural = (None if place is None else words[place] for place in places)
                yield Text(str(msgid), plural, context), code.count("\n", 0, found.start()) + 1


def catalogue_of(path: Path) -> Path:
    """The catalogue in which the texts of this file belong."""
    room = path.relative_to(PACKAGE).parts[0]
    return (PACKAGE / room if (PACKAGE / room).is_dir() else PACKAGE) / CATALOGUE


def wanted() -> dict[Path, dict[Text, str]]:
    """Every text the code asks for, by catalogue, with the first place that asks."""
    found: dict[Path, dict[Text, str]] = defaultdict(dict)
    for path in sorted(PACKAGE.rglob("*")):
        inside = path.relative_to(PACKAGE)
        if path.suffix == ".py" and not {"tests", "migrations"} & set(inside.parts):
            texts = texts_of_python(path)
        elif "templates" in inside.parts and path.suffix in {".html", ".txt", ".ics"}:
            texts = texts_of_template(path)
        else:
            continue
        for text, line in texts:
            found[catalogue_of(path)].setdefault(text, f"{inside}:{line}")
    return found


# --- what the catalogues hold -----------------------------------------------------------------------------


def catalogues() -> dict[Path, Catalog]:
    found = {}
    for path in sorted(PACKAGE.rglob(CATALOGUE.name)):
        with path.open("rb") as source:
            found[path] = read_po(source, locale="id", abort_invalid=True)
    return found


def entries(catalogue: Catalog) -> Iterator[tuple[tuple[str | None, str], Message]]:
    for message in catalogue:
        msgid = message.id[0] if isinstance(message.id, (tuple, list)) else message.id
        if msgid:
            yield (message.context, msgid), message


def translations(message: Message) -> list[str]:
    return list(message.string) if isinstance(message.string, (tuple, list)) else [message.string or ""]


def places(text: str) -> set[str]:
    """The variables a text names; 100%% and the like are none."""
    return {found.group(0) for found in PLACE.finditer(text)}


def flaws(message: Message) -> Iterator[str]:
    """What is wrong with one entry by itself."""
    texts = translations(message)
    sources = list(message.id) if isinstance(message.id, (tuple, list)) else [message.id]
    if not all(texts):
        yield "empty"
    elif message.fuzzy:
        yield "fuzzy"
    elif any(places(text) - set().union(*map(places, sources)) for text in texts):
        yield "names a variable that the source does not"
    elif places(sources[-1]) - places(texts[-1]):
        yield "leaves out a variable of the source"


def findings() -> list[Finding]:
    """Everything a translator still has to do. A text that another room has translated already is not missing."""
    asked, held = wanted(), catalogues()
    known = {key for catalogue in held.values() for key, _ in entries(catalogue)}
    used = {text.key for texts in asked.values() for text in texts}
    found = [
        Finding(path, "missing", text.msgid, where)
        for path, texts in asked.items()
        for text, where in texts.items()
        if text.key not in known
    ]
    for path, catalogue in held.items():
        for key, message in entries(catalogue):
            found += [Finding(path, flaw, key[1]) for flaw in flaws(message)]
            if key not in used:
                found.append(Finding(path, "unused", key[1]))
    return found


# --- the three commands -----------------------------------------------------------------------------------


def check() -> int:
    found = findings()
    for finding in found:
        print(finding)
    print(f"{len(found)} messages need work." if found else "All messages are translated.", file=sys.stderr)
    return 1 if found else 0


def write() -> int:
    """Append what is missing, leaving the order and the words of the catalogue alone."""
    held = catalogues()
    known = {key for catalogue in held.values() for key, _ in entries(catalogue)}
    added = 0
    for path, texts in wanted().items():
        fresh = Catalog(locale="id")
        for text, where in texts.items():
            if text.key not in known:
                known.add(text.key)
                file, _, line = where.rpartition(":")
                fresh.add(
                    (text.msgid, text.plural) if text.plural else text.msgid,
                    context=text.context,
                    locations=[(file, int(line))],
                )
        if not len(fresh):
            continue
        added += len(fresh)
        is_new = not path.exists()
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as target:
            target.write(b"" if is_new else b"\n")
            write_po(target, fresh, omit_header=not is_new, width=100)
    print(f"{added} messages added.", file=sys.stderr)
    return compile_all()


def compile_all() -> int:
    for path, catalogue in catalogues().items():
        aside = path.with_suffix(".mo.new")
        with aside.open("wb") as target:
            write_mo(target, catalogue)
        aside.replace(path.with_suffix(".mo"))
    return 0


def main() -> int:
    deeds = {"--check": check, "--write": write, "--compile": compile_all}
    if len(sys.argv) != 2 or sys.argv[1] not in deeds:
        print(__doc__, file=sys.stderr)
        return 2
    return deeds[sys.argv[1]]()


if __name__ == "__main__":
    sys.exit(main())
