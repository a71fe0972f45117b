"""`mds`: read by MosaicML's StreamingDataset, and byte by byte what MDSWriter writes."""

import importlib.metadata
import os
import tempfile

from absent import stand_in

print("stands in: " + ", ".join(stand_in("torchvision", "streaming.vision", "matplotlib", "paramiko", "google", "azure")), flush=True)

import numpy
from streaming import MDSWriter, StreamingDataset

from common import ids, main, report, same, stream

LENGTH = 128


def check(exports, build):
    version = f"mosaicml-streaming {importlib.metadata.version('mosaicml-streaming')}"
    for kind, folder, expected, _ in ids(exports):
        tokens = stream(expected)
        wanted = [tokens[at : at + LENGTH] for at in range(0, len(tokens) - LENGTH + 1, LENGTH)]
        data = StreamingDataset(local=f"{folder}/mds", shuffle=False, batch_size=1)
        got = [data[at]["tokens"] for at in range(data.num_samples)]
        assert all(sample.dtype == numpy.int32 for sample in got)
        same(kind, [sample.tolist() for sample in got], wanted)
        same(f"{kind}: iterated", [sample["tokens"].tolist() for sample in data], wanted)
        with tempfile.TemporaryDirectory() as scratch:
            made = os.path.join(scratch, "made")
            with MDSWriter(out=made, columns={"tokens": "ndarray:int32"}) as writer:
                for sample in wanted:
                    writer.write({"tokens": numpy.asarray(sample, dtype=numpy.int32)})
            names = sorted(os.listdir(made))
            for name in names:
                with open(os.path.join(made, name), "rb") as own, open(f"{folder}/mds/{name}", "rb") as ours:
                    assert own.read() == ours.read(), f"{kind}: {name} is not what MDSWriter writes"
        report(version, f"StreamingDataset, {kind} ids", len(got), f"sequences of {LENGTH}; {len(names)} files byte by byte those of MDSWriter")


main(check)
