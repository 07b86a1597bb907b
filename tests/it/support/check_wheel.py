"""Reads paths of wheels from its input, a line each; answers each with `ok` or what is wrong.

Written against the standards (the binary distribution format, RECORD's specification) with
Python's own modules, so that it shares no mistake with the program it checks.
"""

import base64
import csv
import email.parser
import hashlib
import io
import itertools
import os
import sys
import zipfile

SIGNATURES = ("RECORD.jws", "RECORD.p7s")


def complaint(path):
    with zipfile.ZipFile(path) as archive:
        broken = archive.testzip()
        if broken is not None:
            return f"testzip: {broken}"
        infos = archive.infolist()
        names = [info.filename for info in infos]
        if len(set(names)) != len(names):
            return "two entries have one name"
        streamed = [info.filename for info in infos if info.flag_bits & 8]
        if streamed:
            return f"a data descriptor: {streamed}"
        for info in infos:
            mode = info.external_attr >> 16
            if mode & 0o7777 not in (0o644, 0o755) or mode >> 12 not in (0o4, 0o10):
                return f"{info.filename} has mode {mode:o}"
        records = [name for name in names if name.endswith(".dist-info/RECORD")]
        if len(records) != 1 or names[-1] != records[0]:
            return f"RECORD is not the last entry: {names[-3:]}"
        info_folder = records[0].rpartition("/")[0] + "/"
        first = next(i for i, name in enumerate(names) if name.startswith(info_folder))
        if not all(name.startswith(info_folder) for name in names[first:]):
            return ".dist-info does not come last"
        return wrong_record(archive, records[0], names) or wrong_tags(
            archive, info_folder + "WHEEL", path
        )


def wrong_record(archive, record, names):
    text = archive.read(record).decode()
    rows = list(csv.reader(io.StringIO(text, newline="")))
    listed = [row[0] for row in rows]
    if len(set(listed)) != len(listed):
        return "RECORD lists a file twice"
    files = {name for name in names if not name.endswith("/")}
    files -= {record.rpartition("/")[0] + "/" + name for name in SIGNATURES}
    if set(listed) != files:
        return f"RECORD lists other files than the archive has: {set(listed) ^ files}"
    for name, digest, size in rows:
        if name == record:
            if digest or size:
                return "RECORD has a hash of itself"
            continue
        body = archive.read(name)
        raw = hashlib.sha256(body).digest()
        expected = "sha256=" + base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
        if digest != expected or size != str(len(body)):
            return f"RECORD is wrong about {name}"
    return None


def wrong_tags(archive, wheel, path):
    headers = email.parser.Parser().parsestr(archive.read(wheel).decode())
    stem = os.path.basename(path)[: -len(".whl")]
    parts = stem.split("-")[2:]
    if parts[0][0].isdigit():
        parts = parts[1:]  # A build tag; behind the platform may stand a variant's label (PEP 825).
    parts = [part.split(".") for part in parts[:3]]
    expected = {"-".join(tag) for tag in itertools.product(*parts)}
    tags = headers.get_all("Tag")
    if set(tags) != expected or len(tags) != len(expected):
        return f"WHEEL has the tags {tags}, the file name {sorted(expected)}"
    return None


for line in sys.stdin:
    try:
        answer = complaint(line.rstrip("\n")) or "ok"
    except Exception as error:  # noqa: BLE001 - any failure is the answer
        answer = f"{type(error).__name__}: {error}"
    print(answer.replace("\n", " "), flush=True)
