"""`litdata`: read by litdata's StreamingDataset with TokensLoader, as LitGPT's data module reads it; byte by byte what its
writer makes."""

import importlib.metadata
import json
import os
import tempfile

from absent import stand_in

ABSENT = ["lightning", "psutil", "torchmetrics", "bitsandbytes", "tqdm", "jsonargparse", "datasets", "tokenizers", "huggingface_hub", "safetensors"]
print("stands in: " + ", ".join(stand_in(*ABSENT, "litgpt.api")), flush=True)

import torch
from litdata import StreamingDataset
from litdata.streaming.item_loader import TokensLoader
from litdata.streaming.writer import BinaryWriter

from litgpt.data.lit_data import LitData

from common import ids, main, report, same, stream

BLOCK = 129
CHUNK = 1 << 24


def config(path):
    with open(path, encoding="utf-8") as file:
        index = json.load(file)
    assert index.pop("updated_at")
    return index


def check(exports, build):
    version = f"litdata {importlib.metadata.version('litdata')}"
    for kind, folder, expected, _ in ids(exports):
        own = f"{folder}/litdata"
        chunks = [chunk["dim"] for chunk in config(f"{own}/index.json")["chunks"]]
        tokens, wanted, at = stream(expected), [], 0
        assert sum(chunks) == len(tokens)
        for chunk in chunks:
            wanted += [tokens[begin : begin + BLOCK] for begin in range(at, at + chunk - BLOCK + 1, BLOCK)]
            at += chunk
        data = StreamingDataset(own, item_loader=TokensLoader(block_size=BLOCK), shuffle=False)
        same(kind, [block.tolist() for block in data], wanted)
        module = LitData(data_path=own, num_workers=0)
        module.connect(batch_size=4, max_seq_length=BLOCK - 1)
        batches = [block.tolist() for batch in module.val_dataloader() for block in batch]
        same(f"{kind}: LitGPT", batches, wanted[: len(wanted) // 4 * 4])
        report(f"litgpt {importlib.metadata.version('litgpt')}", f"LitData.val_dataloader, {kind} ids", len(batches), f"batches of 4 blocks of {BLOCK}")
        with tempfile.TemporaryDirectory() as scratch:
            writer = BinaryWriter(scratch, chunk_size=CHUNK, item_loader=TokensLoader())
            for number, document in enumerate(expected["documents"]):
                writer[number] = torch.tensor(document, dtype=torch.int32)
            writer.done()
            writer.merge()
            names = sorted(os.listdir(scratch))
            for name in names:
                if name == "index.json":
                    same(f"{kind}: index", [config(f"{own}/{name}")], [config(os.path.join(scratch, name))])
                    continue
                with open(os.path.join(scratch, name), "rb") as made, open(f"{own}/{name}", "rb") as ours:
                    assert made.read() == ours.read(), f"{kind}: {name} is not what the writer makes"
        note = f"blocks of {BLOCK}; chunks byte by byte those of the writer, index.json but for `updated_at`"
        report(version, f"StreamingDataset, TokensLoader, {kind} ids", len(wanted), note)


main(check)
