"""Writes src/text/quality/data/sense.zst: where pairs of Han that words are made of stand among all that is spoken of.

Usage: sense.py FOLDER TEXTS.jsonl…   (objects with `text`; FOLDER is src/text/quality/data; needs numpy 2, scikit-learn 1
and the program zstd)

Of the first 4,000 characters of each text, traditional ones made simplified, the pairs of pairs.txt are taken that have no
character of TIES; the 6,000 most frequent ones are kept. Counted is how often two different ones come at most eight such
pairs apart; positive pointwise mutual information with the exponent .75 for the context, then a truncated singular value
decomposition to 32 dimensions, scaled by the roots of the singular values (Levy, Goldberg and Dagan 2015, TACL 3), each
row of length 127, rounded. The file: the pairs, a line break, 32 signed bytes a pair.
"""

import json
import pathlib
import subprocess
import sys

import numpy
from sklearn.utils.extmath import randomized_svd

from odd_pairs import characters

MOST, DIMENSIONS, APART, LONGEST = 6000, 32, 8, 4000
TIES = "的一是了我不人在他有这个上们来到和地为也以说而去对就那要与之其于则者所但被把很都着过吗呢吧么从向使让你她它自己年月日"


def listed(folder: pathlib.Path) -> numpy.ndarray:
    """The pairs of pairs.txt, as numbers in order."""
    lines = open(folder / "pairs.txt", encoding="utf8")
    pairs = {line[0] + c for line in lines for c in line[1:-1]}
    return numpy.array(sorted(ord(p[0]) << 32 | ord(p[1]) for p in pairs if not set(p) & set(TIES)), numpy.uint64)


def main():
    folder = pathlib.Path(sys.argv[1])
    simplified, pairs = characters(folder)[0], listed(folder)
    texts = []
    for path in sys.argv[2:]:
        for line in open(path, encoding="utf8"):
            text = json.loads(line)["text"][:LONGEST].translate(simplified)
            codes = numpy.frombuffer(text.encode("utf-32-le"), numpy.uint32).astype(numpy.uint64)
            keys = codes[:-1] << numpy.uint64(32) | codes[1:]
            at = numpy.minimum(numpy.searchsorted(pairs, keys), len(pairs) - 1)
            texts.append(at[pairs[at] == keys].astype(numpy.int32))
    counts = numpy.bincount(numpy.concatenate(texts), minlength=len(pairs))
    most = numpy.argsort(-counts, kind="stable")[:MOST]
    number = numpy.full(len(pairs), -1, numpy.int64)
    number[most] = numpy.arange(MOST)
    together, pending, size = numpy.zeros(MOST * MOST, numpy.float32), [], 0
    for text in [*texts, None]:
        if text is not None:
            text = number[text][number[text] >= 0]
            for apart in range(1, APART + 1):
                first, then = text[:-apart], text[apart:]
                pending.append((first * MOST + then)[first != then])
                size += len(pending[-1])
        if pending and (text is None or size > 8_000_000):
            together += numpy.bincount(numpy.concatenate(pending), minlength=MOST * MOST)
            pending, size = [], 0
    together = together.reshape(MOST, MOST)
    together += together.T
    row = together.sum(1, keepdims=True) + 1
    context = row.T**0.75 / (row**0.75).sum()
    information = numpy.log(numpy.maximum(together / (row * context), 1e-9))
    information = numpy.where(together < 2, 0, numpy.maximum(information, 0))
    left, values, _ = randomized_svd(information, DIMENSIONS, n_iter=3, random_state=0)
    vectors = left * numpy.sqrt(values)
    vectors /= numpy.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9
    bytes_ = numpy.rint(vectors * 127).astype(numpy.int8).tobytes()
    words = "".join(chr(int(k) >> 32) + chr(int(k) & 0xFFFFFFFF) for k in pairs[most])
    packed = subprocess.run(["zstd", "-19", "-c"], input=words.encode() + b"\n" + bytes_, capture_output=True, check=True)
    folder.joinpath("sense.zst").write_bytes(packed.stdout)
    print(int(counts.sum()), "pairs counted, the rarest kept", int(counts[most[-1]]), "times;", len(packed.stdout), "bytes")


if __name__ == "__main__":
    main()
