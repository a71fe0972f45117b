#!/usr/bin/env python3
"""At which distance do fingerprints tell duplicates, by the length of a text?

    tests/bench/simhash.py FILE.jsonl TRUTH.json

FILE and TRUTH as for near.py. Fingerprints are made here anew, with another hash, in two ways: each different shingle
votes once (as simhash_dedup does it), and each occurrence votes. Prints, by length in shingles, which share of planted
copies lies within a distance, and of all pairs at a distance how many have a Jaccard similarity of 0.7. All pairs are
compared. Then the same for windows cut out of the texts, which are shorter than these. Needs numpy 2.
"""
import json
import random
import sys
import unicodedata

import numpy as np

U = np.uint64
LENGTHS = [0, 500, 1000, 2000, 5000]


def mix(x):
    x = (x ^ x >> U(30)) * U(0xBF58476D1CE4E5B9)
    x = (x ^ x >> U(27)) * U(0x94D049BB133111EB)
    return x ^ x >> U(31)


def shingles(text):
    c = np.frombuffer(unicodedata.normalize("NFKC", text).lower().encode("utf-32-le"), dtype=np.uint32).astype(U)
    if len(c) < 5:
        return np.zeros(0, U)
    a, b = c[:-4] << U(42) | c[1:-3] << U(21) | c[2:-2], c[3:-1] << U(21) | c[4:]
    return mix(mix(a + U(0x9E3779B97F4A7C15)) + b * U(0x9E3779B97F4A7C15))


def fingerprint(hashes):
    votes = np.zeros(64, np.int64)
    for at in range(0, len(hashes), 1 << 16):
        part = hashes[at:at + (1 << 16)].view(np.uint8).reshape(-1, 8)
        votes += np.unpackbits(part, axis=1).sum(0, dtype=np.int64)
    return np.packbits(votes * 2 > len(hashes)).view(U)[0]


def similarity(a, b):
    a, b = np.unique(a), np.unique(b)
    common = len(np.intersect1d(a, b, assume_unique=True))
    return common / max(1, len(a) + len(b) - common)


def within(distances):
    return " ".join(f"{(np.array(distances) <= d).mean():.2f}" for d in range(11))


def pairs(texts, prints, lengths, label):
    """Pairs of different texts at each distance: how many, and which share is similar (of 300 of them)."""
    found = {}
    for i in range(len(texts) - 1):
        distances = np.bitwise_count(prints[i] ^ prints[i + 1:])
        for j in np.nonzero(distances <= 10)[0]:
            at = i + 1 + int(j)
            length = max(b for b in LENGTHS if min(lengths[i], lengths[at]) >= b)
            found.setdefault((length, int(distances[j])), []).append((i, at))
    rng = random.Random(1)
    for (length, distance), some in sorted(found.items()):
        sample = some if len(some) <= 300 else rng.sample(some, 300)
        good = [similarity(shingles(texts[i]), shingles(texts[j])) >= 0.7 for i, j in sample]
        print(f"  {label} from {length:5} at {distance:2}: {len(some):6} pairs, {np.mean(good):.3f} reach 0.7")


def main():
    with open(sys.argv[1], encoding="utf-8") as lines:
        texts = {row["id"]: row["text"] for row in map(json.loads, lines)}
    truth = {copy: of for copy, of in json.load(open(sys.argv[2], encoding="utf-8")).items() if of[1] == "near"}
    for way, chosen in (("each different shingle votes", np.unique), ("each occurrence votes", lambda hashes: hashes)):
        print(way)
        prints, lengths = {}, {}
        for id, text in texts.items():
            hashes = shingles(text)
            prints[id], lengths[id] = fingerprint(chosen(hashes)), len(hashes)
        levels = {}
        for copy, (original, _, share) in truth.items():
            distance = int(np.bitwise_count(prints[copy] ^ prints[original]))
            length = max(b for b in LENGTHS if min(lengths[copy], lengths[original]) >= b)
            levels.setdefault((share, length), []).append(distance)
        print("  planted: share of copies within 0 … 10")
        for (share, length), distances in sorted(levels.items()):
            print(f"  {share * 100:3.1f} % from {length:5}: {len(distances):4} copies {within(distances)}")
        different = list({text: id for id, text in texts.items()}.items())
        of = [id for _, id in different]
        pairs([text for text, _ in different], np.array([prints[id] for id in of]), [lengths[id] for id in of], "texts")
        rng = random.Random(5)
        long = [texts[id] for id in texts if lengths[id] > 3000]
        for size in (50, 100, 200, 400):
            cut = []
            for _ in range(3000):
                text = rng.choice(long)
                at = rng.randrange(len(text) - size)
                cut.append(text[at:at + size])
            made = np.array([fingerprint(chosen(shingles(text))) for text in cut])
            distances = []
            for text, print_of in zip(cut[:1000], made):
                at = rng.randrange(size)
                copy = text[:at] + rng.choice(long[0]) + text[at + 1:]
                distances.append(int(np.bitwise_count(fingerprint(chosen(shingles(copy))) ^ print_of)))
            print(f"  windows of {size}, one character changed: {within(distances)}")
            kept = list(dict.fromkeys(cut))
            first = {text: i for i, text in reversed(list(enumerate(cut)))}
            pairs(kept, np.array([made[first[text]] for text in kept]), [size] * len(kept), f"windows of {size}")


main()
