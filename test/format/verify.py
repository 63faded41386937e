#!/usr/bin/env python3
"""Verifies a ledger of Gatebook as docs/FORMAT.md says, with no code of Gatebook.

usage: verify.py [--key KEY] [--since FILE]... DIRECTORY

Exit code 0: the evidence holds; 1: it does not; 2: it could not be read.
Needs Python 3.9 and the command zstd; nothing else.
"""
import argparse
import base64
import bisect
import hashlib
import json
import os
import re
import stat
import subprocess
import sys

CLASSES = ("who", "what", "payload")
DIGITS = re.compile(r"[0-9]{20}")
BLOCK, LIMIT = 256, 1 << 28

# Ed25519, RFC 8032 section 5.1, in extended coordinates.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
I = pow(2, (P - 1) // 4, P)


def point_add(a, b):
    A, B = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    C, Z = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    E, F, G, H = B - A, Z - C, Z + C, B + A
    return E * F % P, G * H % P, F * G % P, E * H % P


def point_mul(n, a):
    r = (0, 1, 1, 0)
    while n:
        if n & 1:
            r = point_add(r, a)
        a, n = point_add(a, a), n >> 1
    return r


def point_decode(b):
    n = int.from_bytes(b, "little")
    y, sign = n & (1 << 255) - 1, n >> 255
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * I % P
    if (x * x - x2) % P or x == 0 and sign:
        raise ValueError("not a point")
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def point_encode(a):
    z = pow(a[2], P - 2, P)
    x, y = a[0] * z % P, a[1] * z % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = point_decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed_by(public, text, sig):
    s = int.from_bytes(sig[32:], "little")
    if s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(sig[:32] + public + text).digest(), "little") % L
    x, y, z, t = point_decode(public)
    minus = (P - x, y, z, P - t)
    return point_encode(point_add(point_mul(s, BASE), point_mul(k, minus))) == sig[:32]


CRC = []
for _n in range(256):
    for _ in range(8):
        _n = _n >> 1 ^ (0x82F63B78 if _n & 1 else 0)
    CRC.append(_n)


def crc32c(*parts):
    c = 0xFFFFFFFF
    for part in parts:
        for b in part:
            c = CRC[(c ^ b) & 255] ^ c >> 8
    return c ^ 0xFFFFFFFF


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def unbase64(s):
    b = base64.b64decode(s, validate=True)
    if base64.b64encode(b).decode() != s:
        raise ValueError("base64 is spelt differently")
    return b


class Damage(Exception):
    """Bytes that could be read are not those that were sealed."""


class Key:
    """A public key: algorithm 1 for ledgers, 4 for witnesses."""
    def __init__(self, text, algorithm=1):
        try:
            self.name, digest, b64 = text.split("+", 2)
            b = unbase64(b64)
            self.hash, self.public = bytes.fromhex(digest), b[1:]
            ok = len(b) == 33 and b[0] == algorithm and self.hash == sha(self.name.encode(), b"\n", b)[:4]
        except ValueError:
            ok = False
        if not ok:
            raise Damage("%r is not a public key" % text)


def parse_checkpoint(raw, key):
    """Returns (size, root) of a signed checkpoint (section 3)."""
    try:
        text, sigs = raw.decode().split("\n\n", 1)
        text += "\n"
        origin, size, root = text.split("\n")[:3]
        root = unbase64(root)
        if text != "%s\n%d\n%s\n" % (origin, int(size), base64.b64encode(root).decode()) or len(root) != 32:
            raise ValueError("its text is spelt differently")
        if not sigs.endswith("\n") or origin != key.name:
            raise ValueError("it is cut, or has another origin")
        for line in sigs[:-1].split("\n"):
            dash, name, b64 = line.split(" ")
            b = unbase64(b64)
            if dash != "\u2014":
                raise ValueError("a signature line is damaged")
            if name == key.name and b[:4] == key.hash:
                if len(b) == 68 and signed_by(key.public, text.encode(), b[4:]):
                    return int(size), root
                raise ValueError("its signature is wrong")
        raise ValueError("it is not signed by the ledger's key")
    except ValueError as e:
        raise Damage("checkpoint: %s" % e) from None


def cosigned_by(raw, witness):
    """Returns the time at which the witness cosigned (section 12), or None."""
    text, sigs = raw.decode().split("\n\n", 1)
    for line in sigs[:-1].split("\n"):
        _, name, b64 = line.split(" ")
        b = unbase64(b64)
        if name == witness.name and b[:4] == witness.hash:
            at = be(b[4:12])
            message = "cosignature/v1\ntime %d\n%s\n" % (at, text)
            if len(b) != 76 or at >= 1 << 63 or not signed_by(witness.public, message.encode(), b[12:]):
                raise Damage("the cosignature of %s is wrong" % name)
            return at
    return None


def history(b):
    """Returns the checkpoints in a file of cosigned/, and what is left over."""
    notes = []
    while True:
        text = b.find(b"\n\n")
        end = b.find(b"\n\n", text + 2)
        if text < 0 or end < 0:
            return notes, b
        notes.append(b[:end + 1])
        b = b[end + 2:]


class Reader:
    def __init__(self, b):
        self.b, self.at = b, 0

    def take(self, n):
        if self.at + n > len(self.b):
            raise Damage("it is cut short inside")
        self.at += n
        return self.b[self.at - n:self.at]

    def num(self, n):
        return int.from_bytes(self.take(n), "big")

    def end(self):
        if self.at != len(self.b):
            raise Damage("its parts do not fill it")


def be(b):
    return int.from_bytes(b, "big")


def parse_frame(b):
    """Returns first, [(header, {class: (salt, data)})], root, checkpoint."""
    if be(b[20:24]) != crc32c(b[:20], b[24:]):
        raise Damage("its CRC-32C is wrong")
    r, records = Reader(b[24:-4]), []
    encrypted = b[:4] == b"GBF2"
    if encrypted and not any(r.take(16)):
        raise Damage("it names no key")
    count = be(b[8:12])
    if count == 0:
        raise Damage("it has no records")
    for _ in range(count):
        header, mask = r.take(r.num(2)), None
        mask = r.num(1)
        if mask > 7:
            raise Damage("a record has an unknown class of envelope")
        envs = {}
        for c in range(3):
            if mask >> c & 1 and encrypted:
                envs[c] = (None, r.take(r.num(4)))
                if len(envs[c][1]) < 44:
                    raise Damage("an encrypted envelope is too short")
            elif mask >> c & 1:
                salt = r.take(16)
                envs[c] = (salt, r.take(r.num(4)))
        records.append((header, envs))
    root = r.take(32)
    checkpoint = r.take(r.num(2))
    r.end()
    return be(b[12:20]), records, root, checkpoint


def frame_size(b, at):
    """Returns the size of the whole frame at at, or 0."""
    n = be(b[at + 4:at + 8])
    if b[at:at + 4] not in (b"GBF1", b"GBF2") or not 62 <= n <= LIMIT or at + n > len(b) or b[at + n - 4:at + n] != b"GBFE":
        return 0
    return n


def uncompress(b, size):
    out = subprocess.run(["zstd", "-dcq"], input=b, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if out.returncode or len(out.stdout) != size:
        raise Damage("it does not uncompress")
    return out.stdout


def blocks(b):
    """Yields (first, count, items) of the blocks of a block file (section 8)."""
    count = be(b[-12:-8])
    if count > 1 << 22:
        raise Damage("its index claims %d blocks" % count)
    start = len(b) - 12 - 16 * count
    if len(b) < 12 or b[-4:] != b"GBX1" or start < 0 or crc32c(b[start:-8]) != be(b[-8:-4]):
        raise Damage("its index is damaged or cut off")
    refs = [(be(b[i:i + 8]), be(b[i + 8:i + 16])) for i in range(start, len(b) - 12, 16)]
    ends = [offset for _, offset in refs[1:]] + [start]
    last = (-1, 0)
    if (refs[0][1] if refs else start) != 0:
        raise Damage("its first block is not at its beginning")
    for (first, offset), end in zip(refs, ends):
        if first <= last[0] or offset < last[1] or end - offset < 28:
            raise Damage("its index is out of order")
        last = first, end
        h, stored = b[offset:offset + 28], b[offset + 28:end]
        if h[:4] not in (b"GBB1", b"GBC1") or be(h[4:12]) != first or be(h[20:24]) != len(stored) or be(h[16:20]) > LIMIT:
            raise Damage("block of record %d: its header is damaged" % first)
        if crc32c(h[:24], stored) != be(h[24:28]):
            raise Damage("block of record %d: its CRC-32C is wrong" % first)
        if h[:4] == b"GBC1":
            if len(stored) < 44 or not any(stored[:16]):
                raise Damage("block of record %d: it is not an encrypted block" % first)
            yield first, be(h[12:16]), None
        else:
            yield first, be(h[12:16]), uncompress(stored, be(h[16:20]))


def commitments(header):
    """Returns {class: hash} of a header, and its day."""
    try:
        h = json.loads(header.decode())
        return {c: bytes.fromhex(h["commit"][n]) for c, n in enumerate(CLASSES) if n in h.get("commit", {})}, h["arrived"][:10]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Damage("its header is not one") from None


def commitment(c, salt, data):
    return sha(b"gatebook/envelope/v1\0", bytes([c]), salt, data)


class Tree:
    def __init__(self):
        self.size, self.stack = 0, []

    def add(self, leaf):
        self.stack.append(leaf)
        n = self.size
        while n & 1:
            right = self.stack.pop()
            self.stack[-1] = sha(b"\1", self.stack[-1], right)
            n >>= 1
        self.size += 1

    def root(self):
        if not self.stack:
            return sha()
        h = self.stack[-1]
        for left in reversed(self.stack[:-1]):
            h = sha(b"\1", left, h)
        return h


def route(header):
    i = header.find(b',"capture":')
    return json.JSONDecoder().raw_decode(header[i + 11:].decode())[0].get("route", "") if i >= 0 else ""


def ranges(text):
    """Parses "12,15-20" into ascending pairs."""
    out = []
    for part in text.split(",") if text else ():
        a, _, b = part.partition("-")
        out.append((int(a), int(b or a)))
    if ",".join(str(a) if a == b else "%d-%d" % (a, b) for a, b in out) != text or any(a[1] + 1 >= b[0] for a, b in zip(out, out[1:])):
        raise ValueError("its records are not ascending ranges")
    return out


class Removal:
    """A decision that lets envelopes be missing (10)."""

    def __init__(self, n, note):
        facts = {f["name"]: f["value"] for f in note["facts"]}
        self.n, self.erase = n, note["name"] == "erase"
        known = {"by", "classes", "count", "held", "principal", "request", "role", "tool"}
        known |= {"records"} if self.erase else {"below", "except", "from", "routes", "routes_except", "until"}
        if set(facts) - known:
            raise ValueError("unknown facts " + " ".join(sorted(set(facts) - known)))
        self.classes = [CLASSES.index(c) for c in facts["classes"].split(",")]
        self.list = ranges(facts["records"] if self.erase else facts.get("except", ""))
        if not self.erase:
            self.below, self.first, self.last = int(facts["below"]), facts["from"], facts["until"]
            self.only = facts["routes"].split(",") if "routes" in facts else None
            self.other = facts.get("routes_except", "").split(",") if "routes_except" in facts else []

    def covers(self, n, c, day, by):
        if n >= self.n or c not in self.classes:
            return False
        i = bisect.bisect(self.list, (n, 1 << 64)) - 1
        listed = i >= 0 and self.list[i][0] <= n <= self.list[i][1]
        if self.erase:
            return listed
        return n < self.below and self.first <= day <= self.last and not listed and (by in self.only if self.only else by not in self.other)


class Verifier:
    def __init__(self, root):
        self.root = root
        self.damage, self.unreadable, self.notes = [], [], []
        self.leaves, self.wanted = [], []  # wanted: (size, root, where)
        self.envelopes = self.locked = 0  # locked: encrypted, which we have no keys for
        self.checkpoint = None
        self.short = []  # encrypted blocks that have fewer than are wanted
        self.removals, self.absent = {}, []  # absent: (record, class, day, route, where)

    def wrong(self, where, what):
        self.damage.append("%s: %s" % (where, what))

    def read(self, name):
        path = os.path.join(self.root, name)
        try:
            info = os.lstat(path)
            small = name in ("format", "checkpoint", "witnessed")
            if not stat.S_ISREG(info.st_mode) and not stat.S_ISDIR(info.st_mode):
                self.wrong(name, "it is no regular file")
            elif small and info.st_size > 1 << 20:
                self.wrong(name, "it has more than 1 MiB")
            elif info.st_size > 1 << 32:  # a limit of this program, not of the format
                self.unreadable.append("%s: it has %d bytes, too many for this verifier" % (name, info.st_size))
            else:
                with open(path, "rb") as f:
                    return f.read()
            return None
        except FileNotFoundError:
            return None
        except OSError as e:
            self.unreadable.append("%s: %s" % (name, e.strerror))
            return None

    def list(self, name):
        try:
            return sorted(n for n in os.listdir(os.path.join(self.root, name)) if not n.endswith(".tmp"))
        except FileNotFoundError:
            return []
        except OSError as e:
            self.unreadable.append("%s: %s" % (name, e.strerror))
            return []

    def segments(self, folder, ext):
        firsts = []
        for name in self.list(folder):
            if name.endswith(ext) and DIGITS.fullmatch(name[:-len(ext)]):
                firsts.append(int(name[:-len(ext)]))
            else:
                self.wrong(folder + "/" + name, "it is no part of a ledger")
        return firsts

    def run(self, key, since, witnesses=(), quorum=0):
        if not self.open(key):
            return
        self.witnessed([Key(w, 4) for w in witnesses], quorum or len(witnesses))
        self.sealed()
        self.journals()
        self.removed()
        for i, name in enumerate(since):
            with open(name, "rb") as f:
                self.older(f.read(), "older checkpoint %d" % (i + 1))
        self.tree()
        self.strangers()

    def open(self, key):
        b = self.read("format")
        if b is None:
            if not self.unreadable:
                self.wrong("format", "it is missing")
            return False
        lines = b.decode("utf-8", "replace").split("\n")
        body = "\n".join(lines[:-2]) + "\n"
        if len(lines) < 3 or (body + hashlib.sha256(body.encode()).hexdigest()[:16] + "\n").encode() != b:
            self.wrong("format", "it was changed")
            return False
        if lines[0] != "gatebook-ledger 1":
            self.unreadable.append("format: %r is a newer version" % lines[0])
            return False
        try:
            own = Key(lines[2])
            if len(lines) != 5 or own.name != lines[1]:
                raise Damage("it is not that of the origin")
            self.key = Key(key) if key else own
        except Damage as e:
            self.wrong("format", str(e))
            return False
        if not key:
            self.notes.append("the key was taken from the ledger itself")
        elif key != lines[2]:
            self.wrong("format", "it names another key than the one given")
        b = self.read("checkpoint")
        if b is not None:
            try:
                self.checkpoint = parse_checkpoint(b, self.key)
                self.wanted.append(self.checkpoint + ("checkpoint",))
            except Damage as e:
                self.wrong("checkpoint", str(e))
        self.has_checkpoint = b is not None
        return True

    def witnessed(self, witnesses, quorum):
        """Reads the cosigned checkpoints (section 12)."""
        notes, days = [], self.list("cosigned")
        for day in days:
            if not re.fullmatch(r"\d{4}-\d\d-\d\d", day):
                self.wrong("cosigned/" + day, "it is no part of a ledger")
                continue
            found, rest = history(self.read("cosigned/" + day) or b"")
            notes += [("cosigned/" + day, n) for n in found]
            if rest and day != days[-1]:
                self.wrong("cosigned/" + day, "its end is not a whole checkpoint")
            elif rest:
                self.notes.append("cosigned/%s: a torn end" % day)
        b = self.read("witnessed")
        if b is not None:
            notes.append(("witnessed", b))
        before, vouched = 0, 0
        for where, note in notes:
            try:
                size, root = parse_checkpoint(note, self.key)
                if size < before:
                    raise Damage("it stands after one for %d records" % before)
                if self.checkpoint and size > self.checkpoint[0]:
                    raise Damage("it is newer than the published checkpoint, which was replaced by an older one")
                before = size
                if sum(cosigned_by(note, w) is not None for w in witnesses) >= quorum:
                    vouched = size
                self.wanted.append((size, root, where))
            except (Damage, ValueError) as e:
                self.wrong(where, str(e))
        for name in self.list("stamped"):
            stem, _, ext = name.partition(".")
            if not DIGITS.fullmatch(stem) or ext not in ("checkpoint", "tsr"):
                self.wrong("stamped/" + name, "it is no part of a ledger")
            elif ext == "checkpoint":
                self.older(self.read("stamped/" + name) or b"", "stamped/" + name)
            elif self.read("stamped/" + stem + ".checkpoint") is None:
                self.wrong("stamped/" + name, "its checkpoint is missing")
            elif sha(self.read("stamped/" + stem + ".checkpoint")) not in (self.read("stamped/" + name) or b""):
                self.wrong("stamped/" + name, "it is of something else")
        if witnesses and not vouched:
            self.wrong("witnessed", "fewer than %d of the witnesses vouch for these records" % quorum)

    def older(self, b, where):
        try:
            self.wanted.append(parse_checkpoint(b, self.key) + (where,))
        except Damage as e:
            self.wrong(where, str(e))

    def sealed(self):
        files = {}
        for c in self.list("envelope"):
            if c not in CLASSES:
                self.wrong("envelope/" + c, "it is no part of a ledger")
                continue
            for day in self.list("envelope/" + c):
                folder = "envelope/%s/%s" % (c, day)
                for first in self.segments(folder, ".env"):
                    files.setdefault(first, []).append("%s/%020d.env" % (folder, first))
        for first in self.segments("sealed", ".entries"):
            name = "sealed/%020d.entries" % first
            if first != len(self.leaves):
                self.wrong(name, "it begins with record %d, want %d" % (first, len(self.leaves)))
                files.pop(first, None)
                continue
            expect = {}
            b = self.read(name)
            try:
                for block, count, items in blocks(b) if b is not None else ():
                    if block != len(self.leaves) or count != BLOCK or items is None:
                        raise Damage("a block has %d records from %d" % (count, block))
                    r = Reader(items)
                    for _ in range(count):
                        header = r.take(r.num(2))
                        n, (commit, day) = len(self.leaves), self.commits(name, header)
                        self.removal(name, n, header)
                        for c, h in commit.items():
                            expect.setdefault("envelope/%s/%s/%020d.env" % (CLASSES[c], day, first), []).append((n, c, h, day, route(header)))
                        self.leaves.append(sha(b"\0", header))
                    r.end()
            except Damage as e:
                self.wrong(name, str(e))
                files.pop(first, None)
                continue
            mine = files.pop(first, [])
            for missing in sorted(set(expect) - set(mine)):
                self.absent += [(n, c, day, by, missing) for n, c, _, day, by in expect[missing]]
            for env in mine:
                self.envelope_file(env, expect.get(env, []))
        self.covered = len(self.leaves)
        self.orphans = files

    def commits(self, name, header):
        try:
            return commitments(header)
        except Damage as e:
            self.wrong(name, str(e))
            return {}, ""

    def envelope_file(self, name, expect):
        b = self.read(name)
        if b is None:
            return
        have, hidden = [], []
        try:
            for first, count, items in blocks(b):
                if items is None:
                    hidden.append((first, count))
                    continue
                r = Reader(items)
                for i in range(count):
                    n, salt = r.num(8), r.take(16)
                    if i == 0 and n != first or have and n <= have[-1][0]:
                        raise Damage("the envelopes are out of order")
                    have.append((n, salt, r.take(r.num(4))))
                r.end()
        except Damage as e:
            return self.wrong(name, str(e))
        if hidden:
            return self.hidden(name, hidden, have, expect)
        self.envelopes += len(have)
        there = {n for n, _, _ in have}
        self.absent += [(n, c, day, by, name) for n, c, _, day, by in expect if n not in there]
        expect = [e for e in expect if e[0] in there]
        if len(have) != len(expect):
            return self.wrong(name, "its envelopes are not those of the records that commit to some")
        for (n, salt, data), (_, c, h, _, _) in zip(have, expect):
            if commitment(c, salt, data) != h:
                self.wrong(name, "record %d: its envelope is not the one that was sealed" % n)

    def hidden(self, name, hidden, have, expect):
        """Counts the envelopes of encrypted blocks, whose keys we do not have."""
        if have:
            return self.wrong(name, "some of its blocks are encrypted and some are not")
        for i, (first, count) in enumerate(hidden):
            end = hidden[i + 1][0] if i + 1 < len(hidden) else 1 << 64
            within = [e for e in expect if (e[0] >= first or i == 0) and e[0] < end]
            self.locked += count
            if first not in [e[0] for e in within] or count > len(within):
                self.wrong(name, "block of record %d: %d encrypted envelopes are not what the headers commit to" % (first, count))
            elif count < len(within):
                self.short.append((name, first, count, within))

    def journals(self):
        firsts = self.segments("journal", ".journal")
        for first, names in sorted(self.orphans.items()):
            if first == self.covered and firsts and firsts[0] <= first:
                self.notes.append("%s and %d more: a sealing was interrupted" % (names[0], len(names) - 1))
            else:
                for name in names:
                    self.wrong(name, "its sealed segment is missing")
        end = None
        for i, first in enumerate(firsts):
            name = "journal/%020d.journal" % first
            if first > len(self.leaves) or end is not None and first != end:
                self.wrong(name, "it begins with record %d, want %d" % (first, len(self.leaves) if end is None else end))
                return
            b = self.read(name)
            if b is None:
                return
            end = self.journal(name, b, first, i == len(firsts) - 1)

    def journal(self, name, b, n, last):
        at = 0
        while b[at:].strip(b"\0") if len(b) - at < 4 else b[at:at + 4] != b"\0\0\0\0" or b[at:].strip(b"\0"):
            where = "%s: frame at byte %d" % (name, at)
            size = frame_size(b, at)
            try:
                if not size:
                    raise Damage("it is not complete")
                first, records, root, cp = parse_frame(b[at:at + size])
                if first != n:
                    self.wrong(where, "it begins with record %d, want %d" % (first, n))
                    return n
            except Damage as e:
                if last and self.tail(b, at, n) and self.checkpoint and n >= self.checkpoint[0]:
                    self.notes.append("%s: %s: a write that was interrupted" % (where, e))
                else:
                    self.wrong(where, str(e))
                return n
            try:
                if parse_checkpoint(cp, self.key) != (n + len(records), root):
                    raise Damage("its checkpoint is not that of its records")
                self.wanted.append((n + len(records), root, where))
            except Damage as e:
                self.wrong(where, str(e))
            for header, envs in records:
                self.record(where, n, header, envs)
                n += 1
            at += size
        return n

    def tail(self, b, at, n):
        at = b.find(b"GBF", at + 1)
        while at >= 0:
            if frame_size(b, at) and be(b[at + 12:at + 20]) > n:
                return False
            at = b.find(b"GBF", at + 1)
        return True

    def record(self, where, n, header, envs):
        leaf = sha(b"\0", header)
        if n < len(self.leaves):
            if self.leaves[n] != leaf:
                self.wrong(where, "record %d is not the one in the sealed segment" % n)
        else:
            self.leaves.append(leaf)
        commit, day = self.commits(where, header)
        self.removal(where, n, header)
        for c, (salt, data) in envs.items():
            if salt is None:
                self.locked += 1
                if c not in commit:
                    self.wrong(where, "record %d: nothing commits to its %s envelope" % (n, CLASSES[c]))
                continue
            self.envelopes += 1
            if commitment(c, salt, data) != commit.get(c):
                self.wrong(where, "record %d: its %s envelope is not the one that was sealed" % (n, CLASSES[c]))
        if n >= self.covered:
            self.absent += [(n, c, day, route(header), where) for c in sorted(set(commit) - set(envs))]

    def removal(self, where, n, header):
        """Takes note of a decision to remove envelopes (10)."""
        if b',"kind":"decision"' not in header[:96]:
            return
        try:
            h = json.loads(header)
            note = h.get("note", {})
            if h.get("kind") == "decision" and h.get("capture", {}).get("method") == "self" and note.get("name") in ("erase", "expire"):
                self.removals[n] = Removal(n, note)
        except (ValueError, KeyError, TypeError, AttributeError) as e:
            self.notes.append("%s: record %d: a decision that is not understood covers nothing: %s" % (where, n, e))

    def removed(self):
        gone, wrong = 0, {}
        decisions = [self.removals[n] for n in sorted(self.removals)]
        for n, c, day, by, where in self.absent:
            if any(r.covers(n, c, day, by) for r in decisions):
                gone += 1
            else:
                wrong.setdefault(where, []).append(n)
        for where, list in sorted(wrong.items()):
            self.wrong(where, "record %d: its envelope is missing, it is missing in %d records, and no decision covers that" % (list[0], len(list)))
        for name, first, count, within in self.short:
            may = sum(any(r.covers(n, c, day, by) for r in decisions) for n, c, _, day, by in within)
            if len(within) - count > may:
                self.wrong(name, "block of record %d: %d of its encrypted envelopes are missing, %d may be" % (first, len(within) - count, may))
            gone += len(within) - count
        if self.locked:
            self.notes.append("%d envelopes are encrypted: that they are there was checked, not their content" % self.locked)
        if decisions:
            self.notes.append("%d envelopes were removed by %d decisions" % (gone, len(decisions)))

    def tree(self):
        size = len(self.leaves)
        if not self.has_checkpoint and size:
            self.wrong("checkpoint", "it is missing")
        tree, by_size = Tree(), {}
        for n, root, where in self.wanted:
            by_size.setdefault(n, []).append((root, where))
        for n in range(size + 1):
            for root, where in by_size.get(n, ()):
                if tree.root() != root:
                    self.wrong(where, "its root is not that of the first %d records" % n)
            if n < size:
                tree.add(self.leaves[n])
        for n, _, where in self.wanted:
            if n > size:
                self.wrong(where, "it is for %d records, there are only %d: the newest were removed" % (n, size))
        newest = max((n for n, _, _ in self.wanted), default=0)
        if newest < size:
            self.wrong("checkpoint", "no checkpoint covers the records from %d on" % newest)
        elif self.checkpoint and self.checkpoint[0] < size:
            self.notes.append("%d records are newer than the published checkpoint" % (size - self.checkpoint[0]))
        self.tiles()

    def tiles(self):
        level, hashes = 0, self.leaves
        covered = self.checkpoint[0] if self.checkpoint else 0
        while True:
            name = "tile/%d" % level
            b = self.read(name) or b""
            for i, want in enumerate(hashes):
                have = b[32 * i:32 * i + 32]
                if have != want and (i < covered >> 8 * level or len(have) == 32 and have.strip(b"\0")):
                    self.wrong(name, "hash %d is not that of the records" % i)
                    break
            if len(b) > 32 * len(hashes):
                self.wrong(name, "it has more hashes than there are records for")
            if not hashes:
                break
            hashes = [self.fold(hashes[i:i + BLOCK]) for i in range(0, len(hashes) // BLOCK * BLOCK, BLOCK)]
            level += 1
        self.levels = level

    @staticmethod
    def fold(hashes):
        while len(hashes) > 1:
            hashes = [sha(b"\1", hashes[i], hashes[i + 1]) for i in range(0, len(hashes), 2)]
        return hashes[0]

    def strangers(self):
        known = ["format", "checkpoint", "witnessed", "cosigned", "stamped", "journal", "sealed", "envelope", "tile", "lock"]
        for name in self.list("."):
            if name not in known:
                self.wrong(name, "it is no part of a ledger")
        for name in self.list("tile"):
            if name not in map(str, range(self.levels + 1)):
                self.wrong("tile/" + name, "it is no part of a ledger")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--key")
    p.add_argument("--since", action="append", default=[])
    p.add_argument("--witness", action="append", default=[])
    p.add_argument("--quorum", type=int, default=0)
    p.add_argument("directory")
    args = p.parse_args()
    v = Verifier(args.directory)
    v.run(args.key, args.since, args.witness, args.quorum)
    for kind, lines in (("CHANGED", v.damage), ("UNREADABLE", v.unreadable), ("note", v.notes)):
        for line in lines:
            print("%-11s %s" % (kind, line))
    # What could not be read is missing from the tree, so that a root that does
    # not fit says nothing more.
    code = 2 if v.unreadable else 1 if v.damage else 0
    print("%s: %d records, %d envelopes" % (("INTACT", "BROKEN", "UNKNOWN")[code], len(v.leaves), v.envelopes))
    return code


if __name__ == "__main__":
    sys.exit(main())
