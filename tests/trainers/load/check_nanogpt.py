"""`nanogpt`: the ids as nanoGPT's `get_batch` takes them; its own function is run where CORPUS_SOURCES has the repository
and torch is there."""

import ast
import os
import sys

import numpy

from common import ids, main, report, same, stream


def blocks(path, dtype, block, batch, random):
    """The rule of `get_batch` (train.py of github.com/karpathy/nanoGPT, MIT): blocks that begin anywhere, and the same one
    token further."""
    data = numpy.memmap(path, dtype=dtype, mode="r")
    for at in random.integers(len(data) - block, size=batch):
        yield at, data[at : at + block].astype(numpy.int64), data[at + 1 : at + 1 + block].astype(numpy.int64)


def own(folder, sources):
    """Batches of the function itself, with the names that it finds in its file."""
    sys.path.append(os.environ["CORPUS_TORCH"])
    import torch

    with open(os.path.join(sources, "nanoGPT", "train.py"), encoding="utf-8") as file:
        tree = ast.parse(file.read())
    only = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "get_batch"]
    names = {"np": numpy, "os": os, "torch": torch, "data_dir": folder, "block_size": 64, "batch_size": 32, "device_type": "cpu", "device": "cpu"}
    exec(compile(ast.Module(only, []), "train.py", "exec"), names)
    return [pair for _ in range(8) for pair in zip(*names["get_batch"]("train"))]


def check(exports, build):
    sources, random = os.environ.get("CORPUS_SOURCES"), numpy.random.default_rng(1)
    for kind, folder, expected, narrow in ids(exports):
        path, wanted = f"{folder}/nanogpt/train.bin", stream(expected)
        dtype = numpy.uint16 if narrow else numpy.uint32
        same(kind, numpy.memmap(path, dtype=dtype, mode="r").tolist(), wanted)
        for at, x, y in blocks(path, dtype, 64, 256, random):
            assert x.tolist() == wanted[at : at + 64] and y.tolist() == wanted[at + 1 : at + 65], (kind, at)
        note = f"{len(wanted)} ids in order, 256 blocks, as {dtype.__name__}"
        report("nanoGPT's rule, numpy", f"train.bin, {kind} ids", len(expected["documents"]), note)
        if not narrow:
            continue
        if sources and os.environ.get("CORPUS_TORCH"):
            text = numpy.asarray(wanted, dtype=numpy.uint16).tobytes()
            for x, y in own(f"{folder}/nanogpt", sources):
                assert x[1:].tolist() == y[:-1].tolist()
                assert numpy.asarray(x.tolist() + [int(y[-1])], dtype=numpy.uint16).tobytes() in text
            report("nanoGPT's own get_batch", f"train.bin, {kind} ids", len(expected["documents"]), "256 blocks are stretches of the ids")
        else:
            print("left out: nanoGPT's own get_batch (CORPUS_SOURCES, torch)", flush=True)


main(check)
