"""`llmc` and `megatron` as NeMo AutoModel reads them: NanogptDataset (ids of 16 bits), and its own reader of `.bin` and `.idx`."""

import glob
import importlib.metadata

from absent import stand_in

print("stands in: " + ", ".join(stand_in("megatron_fsdp", "mistral_common", "torchao", "flashoptim", "quack", "torchdata")), flush=True)

from nemo_automodel.components.datasets.llm.megatron.indexed_dataset import IndexedDataset
from nemo_automodel.components.datasets.llm.nanogpt_dataset import NanogptDataset, load_bin_shard

from common import ids, main, report, same

LENGTH = 64


def blocks(tokens):
    """What it cuts the stream into: blocks of one length and a token, without the last one and without the first."""
    for at in range(0, len(tokens) - LENGTH, LENGTH + 1):
        yield tokens[at : at + LENGTH], tokens[at + 1 : at + LENGTH + 1]


def check(exports, build):
    version = f"nemo-automodel {importlib.metadata.version('nemo-automodel')}"
    for kind, folder, expected, narrow in ids(exports):
        data = IndexedDataset(f"{folder}/megatron/corpus_text_document")
        same(f"{kind}: megatron", [data[at].tolist() for at in range(len(data))], expected["documents"])
        report(version, f"megatron: IndexedDataset, {kind} ids", len(data), "ids of every document")
        if not narrow:
            continue
        files = sorted(glob.glob(f"{folder}/llmc/corpus_train_*.bin"))
        wanted = [id for document in expected["documents"] for id in [expected["end"], *document[:-1]]]
        same(f"{kind}: llmc", [id for path in files for id in load_bin_shard(path).tolist()], wanted)
        rows = NanogptDataset(files, LENGTH)
        got, pairs = [], list(blocks(wanted))
        for row in rows:
            got.append((row["input_ids"], row["labels"]))
            if len(got) == len(pairs):
                break
        same(f"{kind}: blocks", [tuple(list(part) for part in pair) for pair in got], pairs)
        report(version, f"llmc: NanogptDataset, {kind} ids", len(got), f"{len(wanted)} ids, blocks of {LENGTH}")


main(check)
