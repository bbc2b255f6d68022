"""Checks an audit pack with Python's standard library only (3.8 or later): python3 verify.py

It recomputes what can be recomputed from the files that lie beside it. Signatures are not checked here, since the library
has no Ed25519: VERIFY.md says how OpenSSL and Go do that. It prints one line per check and ends non-zero at the first that fails.
"""

import base64
import csv
import decimal
import hashlib
import json
import os
import sys

csv.field_size_limit(1 << 30)
decimal.getcontext().prec = 60
decimal.getcontext().traps[decimal.Inexact] = True

FOLDER = os.path.dirname(os.path.abspath(__file__))
# What vouches for the manifest, so that the manifest cannot list it.
OUTSIDE = {"manifest.json", "pack.note", "SHA256SUMS"}
LEAF = "cluster_id customer_id dimension hour page_sha256 quantity reading_id recorded_at revision seq subscription_id unit"


def at(*names):
    return os.path.join(FOLDER, *names)


def read(name):
    with open(at(name), "rb") as file:
        return file.read()


def fail(what):
    sys.exit("FAILED: " + what)


def want(holds, what):
    if not holds:
        fail(what)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def note(name):
    """The text of a signed note: what stands before its last empty line."""
    text = read(name).decode("utf-8")
    return text[: text.rindex("\n\n") + 1].split("\n")


def checkpoint(name):
    origin, size, root = note(name)[:3]
    return origin, int(size), base64.b64decode(root, validate=True)


def values(name):
    """The `key value` lines of a note after its first line."""
    return dict(line.split(" ", 1) for line in note(name)[1:] if line)


def file_hash(name):
    digest = hashlib.sha256()
    with open(at(*name.split("/")), "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def check_files(manifest):
    """Every file is the one that the manifest names, and there is no other."""
    listed = {entry["path"]: entry for entry in manifest["files"]}
    found = set()
    for folder, _, names in os.walk(FOLDER):
        for name in names:
            found.add(os.path.relpath(os.path.join(folder, name), FOLDER).replace(os.sep, "/"))
    others = sorted(found - set(listed) - OUTSIDE)
    want(not others, "files that the manifest does not name: " + ", ".join(others))
    for path, entry in listed.items():
        want(path in found, path + " is missing")
        want(file_hash(path) == entry["sha256"], path + " is not the file of the manifest")
    print("files: %d as in the manifest, no other" % len(listed))


def rows_of(path):
    with open(at(*path.split("/")), encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def check_tables(manifest):
    """Rows and exact sums of each CSV file, counted and added up anew."""
    for table in manifest["tables"]:
        path = next(each for each in table["files"] if each.endswith(".csv"))
        sums, rows = {name: None for name in table["sums"]}, 0
        for row in rows_of(path):
            rows += 1
            for name in sums:
                if row[name] != "":
                    sums[name] = (sums[name] or 0) + decimal.Decimal(row[name])
        want(rows == table["rows"], "%s: %d rows, the manifest says %d" % (path, rows, table["rows"]))
        for name, total in sums.items():
            stated = table["sums"][name]
            want(total == decimal.Decimal(stated), "%s: sum of %s is %s, the manifest says %s" % (path, name, total, stated))
    print("tables: %d, rows and sums as in the manifest" % len(manifest["tables"]))


def root_of(hashes):
    """RFC 6962: nodes SHA-256(0x01, left, right); a node without a neighbour goes up as it is."""
    level = [hashes[place : place + 32] for place in range(0, len(hashes), 32)]
    while len(level) > 1:
        above = [sha256(b"\x01", level[n], level[n + 1]) for n in range(0, len(level) - 1, 2)]
        level = above + level[len(above) * 2 :]
    return level[0] if level else sha256()


def check_log():
    """The tree over all leaf hashes is the checkpoint's, and its beginning is that of the checkpoint before."""
    hashes = read("leaf_hashes.bin")
    _, size, root = checkpoint("checkpoint")
    want(len(hashes) == 32 * size, "leaf_hashes.bin has not 32 bytes for each of %d entries" % size)
    want(root_of(hashes) == root, "the root over leaf_hashes.bin is not the checkpoint's")
    print("log: %d leaf hashes give the root %s" % (size, base64.b64encode(root).decode()))
    if os.path.exists(at("previous.checkpoint")):
        _, old, before = checkpoint("previous.checkpoint")
        want(root_of(hashes[: 32 * old]) == before, "the first %d entries are not the log of previous.checkpoint" % old)
        print("log: its first %d entries are the log of previous.checkpoint" % old)
    return hashes


def check_leaves(hashes):
    """Each line of leaves.jsonl is a leaf of the log, and the row of metering_evidence.csv says what it says."""
    fields, count = LEAF.split(), 0
    rows = rows_of("tables/metering_evidence.csv")
    with open(at("leaves.jsonl"), "rb") as leaves, open(at("leaves.index"), encoding="ascii") as indexes:
        for line, index_line in zip(leaves, indexes):
            leaf, index, row = line.rstrip(b"\n"), int(index_line), next(rows, None)
            hashed = sha256(b"\x00", leaf)
            want(hashed == hashes[32 * index : 32 * index + 32], "leaf %d is not the one in the log" % index)
            want(row is not None and int(row["evidence_index"]) == index, "metering_evidence.csv lacks entry %d" % index)
            said = json.loads(leaf)
            for field in fields:
                want(row[field] == (said[field] or ""), "entry %d: %s is %r in metering_evidence.csv, %r in the log" % (index, field, row[field], said[field]))
            want(row["leaf_hash"] == hashed.hex(), "entry %d: another leaf_hash in metering_evidence.csv" % index)
            count += 1
        want(leaves.readline() == b"" and indexes.readline() == "", "leaves.jsonl and leaves.index differ in length")
    want(next(rows, None) is None, "metering_evidence.csv has more rows than there are leaves")
    print("leaves: %d, each in the log and as in metering_evidence.csv" % count)


def check_notes(month):
    """What the notes say of the log, of the manifest and of the frozen lines."""
    _, size, root = checkpoint("checkpoint")
    if os.path.exists(at("pack.note")):
        said = values("pack.note")
        want(said["manifest_sha256"] == file_hash("manifest.json"), "manifest.json is not the one that pack.note names")
        want(int(said["tree_size"]) == size and base64.b64decode(said["root"]) == root, "pack.note names another log")
        print("pack.note: names this manifest and this log")
    if os.path.exists(at(month + ".close")):
        said = values(month + ".close")
        lines = month + ".lines.jsonl"
        want(int(said["tree_size"]) == size and base64.b64decode(said["root"]) == root, "the close names another log")
        want(said["lines_sha256"] == file_hash(lines), lines + " is not the file that the close names")
        check_lines(lines, int(said["lines"]))
        print("close: names this log and these frozen lines")


def check_lines(name, count):
    """The frozen lines and overage_lines.csv are the same."""
    frozen = {line["line_id"]: line for line in map(json.loads, read(name).decode("utf-8").splitlines())}
    rows = {row["line_id"]: row for row in rows_of("tables/overage_lines.csv")}
    want(len(frozen) == count and frozen.keys() == rows.keys(), "overage_lines.csv has other lines than " + name)
    for line_id, line in frozen.items():
        for field in ("amount", "measured", "included", "burst", "above"):
            given, row = line.get(field), rows[line_id][field]
            same = row == "" if given is None else row != "" and decimal.Decimal(given) == decimal.Decimal(row)
            want(same, "line %s: %s is %r in overage_lines.csv, %r in %s" % (line_id, field, row, given, name))


def main():
    manifest = json.loads(read("manifest.json"))
    check_files(manifest)
    check_tables(manifest)
    check_leaves(check_log())
    check_notes(manifest["subject"].split()[-1])
    print("OK")


if __name__ == "__main__":
    main()
