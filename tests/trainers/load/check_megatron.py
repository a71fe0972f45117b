"""`megatron`: read by Megatron Core's IndexedDataset, and byte by byte what its builder writes."""

import importlib.metadata
import os
import tempfile

import numpy
import torch
from megatron.core.datasets.indexed_dataset import IndexedDataset, IndexedDatasetBuilder

from common import ids, main, report, same


def check(exports, build):
    version = f"megatron-core {importlib.metadata.version('megatron-core')}"
    for kind, folder, expected, _ in ids(exports):
        prefix = f"{folder}/megatron/corpus_text_document"
        data = IndexedDataset(prefix)
        # Items are views of the mapped file: copied before the dataset goes.
        same(kind, [data[at].tolist() for at in range(len(data))], expected["documents"])
        same(f"{kind}: documents", data.document_indices.tolist(), range(len(expected["documents"]) + 1))
        parts = [data.get(at, offset=1, length=1).tolist() for at, d in enumerate(expected["documents"]) if len(d) > 1]
        same(f"{kind}: parts", parts, [d[1:2] for d in expected["documents"] if len(d) > 1])
        dtype = numpy.uint16 if expected["vocabulary"] < 65_500 else numpy.int32
        with tempfile.TemporaryDirectory() as scratch:
            made = os.path.join(scratch, "made")
            builder = IndexedDatasetBuilder(f"{made}.bin", dtype=dtype)
            for document in expected["documents"]:
                builder.add_document(torch.tensor(document), [len(document)])
            builder.finalize(f"{made}.idx")
            for end in [".bin", ".idx"]:
                with open(made + end, "rb") as own, open(prefix + end, "rb") as ours:
                    assert own.read() == ours.read(), f"{kind}: {end} is not what the builder writes"
        report(version, f"IndexedDataset, {kind} ids", len(data), f"ids of every document, as {dtype.__name__}; both files byte by byte those of the builder")


main(check)
