"""`packed`: rows as `datasets` loads them and TRL's collator for padding-free training takes them."""

import datasets
import torch
import trl
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

from common import ids, main, report, same

datasets.disable_progress_bars()
LENGTH = 128


def check(exports, build):
    version = f"trl {trl.__version__}, datasets {datasets.__version__}"
    for kind, folder, expected, _ in ids(exports):
        rows = datasets.load_dataset("parquet", data_files=f"{folder}/packed/data/*.parquet", split="train")
        collator = DataCollatorForLanguageModeling(pad_token_id=expected["end"], padding_free=True)
        parts, tokens = [], 0
        for row in rows:
            assert 0 < len(row["input_ids"]) == sum(row["seq_lengths"]) <= LENGTH
            batch = collator([row])
            position, bounds = batch["position_ids"][0].tolist(), batch["cu_seq_lens_q"].tolist()
            same(f"{kind}: positions", position, [place for length in row["seq_lengths"] for place in range(length)])
            same(f"{kind}: bounds", torch.tensor(bounds).diff().tolist(), row["seq_lengths"])
            given, labels = batch["input_ids"][0].tolist(), batch["labels"][0].tolist()
            same(f"{kind}: labels", labels, [-100 if place == 0 else id for place, id in zip(position, given)])
            parts += [given[begin:end] for begin, end in zip(bounds, bounds[1:])]
            tokens += len(given)
        # Each part is a document, or a stretch of one that is longer than a sequence.
        wanted = [d[at : at + LENGTH] for d in expected["documents"] for at in range(0, len(d), LENGTH)]
        same(f"{kind}: documents", sorted(parts), sorted(wanted))
        note = f"{tokens} tokens, every document whole where it fits; positions, bounds and labels of the collator"
        report(version, f"DataCollatorForLanguageModeling, {kind} ids", len(rows), note)


main(check)
