# What tests/host/tamstat.bats expects, found out in another way than tamstat's.
# SPDX-License-Identifier: GPL-2.0-only
#
#   names N             a file pids with N processes whose names are of all kinds
#   order FILE COLUMN   the PIDs as "-s COLUMN" sorts them
#   codepoints FILE     PID and the code points of each name
#   csv FILE            the same of CSV on standard input, and its columns checked
#   screen COLUMNS      fails unless standard input is safe on a terminal so wide
#   by FILE COLUMN      the sums for each value of a column
import codecs
import csv
import re
import sys

HEADER = """PID UID STARTTIME RESERVED_KB COMMITTED_KB COMMITTED_PCT RSS_KB ANON_KB FILE_KB
SHMEM_KB SWAP_KB HUGETLB_KB PGTABLES_KB OOM_SCORE OOM_SCORE_ADJ NAME""".split()


def escape(name):
    if not name:
        return "\\000"
    return "".join(chr(b) if 0x21 <= b <= 0x7E and b != 0x5C else "\\%03o" % b for b in name)


def decode(token):
    if token == "\\000":
        return b""
    parts = re.split(r"\\([0-7]{3})", token)
    return b"".join(p.encode() if i % 2 == 0 else bytes([int(p, 8)]) for i, p in enumerate(parts))


def read(path):
    with open(path) as lines:
        header = next(lines).split()
        return [dict(zip(header, line.split())) for line in lines]


codecs.register_error("each", lambda e: ("\ufffd" * (e.end - e.start), e.end))


def text(token):
    return decode(token).decode("utf-8", "each")


def names(count):
    seed = 1

    def draw(n):
        nonlocal seed
        seed = (seed * 6364136223846793005 + 1442695040888963407) % 2**64
        return (seed >> 33) % n

    made = [b""] + [bytes([b]) for b in range(1, 256)]
    made += [b"a\r\nb", b'","', b"'$(id)`id`", b"[1mx", b"\x1b[31mred", b"-", b"=1+1", b"\xe2\x80\xaegpj.exe"]
    made += [chr(c).encode() for c in (0x80, 0x9B, 0xA0, 0xAD, 0xE9, 0x7FF, 0x800, 0xD7FF, 0xE000, 0x202E,
                                       0xFFFD, 0xFFFF, 0x10000, 0x1F600, 0x10FFFF)]
    # Too long forms, halves of pairs, beyond Unicode, and broken off.
    made += [b"\xc0\x80", b"\xc1\xbf", b"\xe0\x80\x80", b"\xe0\x9f\xbf", b"\xed\xa0\x80", b"\xed\xbf\xbf",
             b"\xf0\x80\x80\x80", b"\xf0\x8f\xbf\xbf", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xe2\x82",
             b"\xf0\x9f\x98", b"\xc3", b"\xc3\x28", b"\xe2\x28\xa1", b"\x80\x80", b"\xc3\xa9\xa9"]
    kinds = [b"abcXYZ09", b" \"',;\\", bytes(range(1, 33)), bytes(range(128, 192)), bytes(range(192, 256)),
             b"\xc3\xa9", "\u65e5\u672c\u00e9\u0394".encode()]
    while len(made) < count:
        name = b""
        while len(name) < 1 + draw(15):
            kind = kinds[draw(len(kinds))]
            start = draw(len(kind))
            name += kind[start:start + 1 + draw(3)]
        made.append(name[:15])
    print(" ".join(HEADER))
    for i, name in enumerate(made[:count]):
        pid = i + 1
        print(pid, i % 3, pid * 10, 1000 + draw(100000), draw(5000), "0.00", draw(5000), 1, 2, 3, 0, 0, 4,
              draw(1000), draw(2001) - 1000, escape(name))


def order(path, column):
    def key(row):
        if column == "NAME":
            return decode(row["NAME"]), int(row["PID"])
        if column == "UNTOUCHED_KB":
            return -max(0, int(row["RESERVED_KB"]) - int(row["COMMITTED_KB"])), int(row["PID"])
        return -float(row[column]), int(row["PID"])

    for row in sorted(read(path), key=key):
        print(row["PID"])


def codepoints(path):
    for row in read(path):
        print(row["PID"], *[ord(c) for c in text(row["NAME"])])


def from_csv(path):
    # newline="": the reader sees the line breaks in fields as they are.
    with open(0, encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines, strict=True))
    header = rows.pop(0)
    source = {row["PID"]: row for row in read(path)}
    for cells in rows:
        assert len(cells) == len(header), cells
        record = dict(zip(header, cells))
        for name, value in source[record["PID"]].items():
            assert record["NAME_ESCAPED" if name == "NAME" else name] == value, (name, record)
        print(record["PID"], *[ord(c) for c in record["NAME"]])


def screen(columns):
    data = sys.stdin.buffer.read()
    for line in data.decode("utf-8").split("\n"):
        bad = [c for c in line if ord(c) < 32 or 127 <= ord(c) < 160 or 0x200B <= ord(c) <= 0x200F or
               0x2028 <= ord(c) <= 0x202E or 0x2060 <= ord(c) <= 0x206F]
        assert not bad, (bad, line)
        assert not columns or len(line) <= columns, (len(line), line)


def by(path, column):
    groups = {}
    for row in read(path):
        groups.setdefault(row[column], []).append(row)
    for value, rows in groups.items():
        def total(name):
            return sum(int(row[name]) for row in rows)
        share = total("COMMITTED_KB") * 10000 // total("RESERVED_KB")
        print(value, len(rows), *[total(name) for name in HEADER if name.endswith("_KB")],
              share, max(int(row["OOM_SCORE"]) for row in rows))


what, *args = sys.argv[1:]
{"names": lambda n: names(int(n)), "order": order, "codepoints": codepoints, "csv": from_csv,
 "screen": lambda n: screen(int(n)), "by": by}[what](*args)
