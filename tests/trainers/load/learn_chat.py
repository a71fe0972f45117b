"""Tunes a small model on exports of dialogues and pairs as TRL's trainers do it: FOLDER STEPS (tests/trainers/learn_chat
makes the folder)."""

import copy
import json
import os
import pathlib
import sys

import datasets
import torch
import transformers
import trl
from trl.trainer.dpo_trainer import DataCollatorForPreference

datasets.disable_progress_bars()
transformers.logging.set_verbosity_error()
FOLDER, STEPS = pathlib.Path(sys.argv[1]), int(sys.argv[2])
LENGTH = 512
KEYS = ["prompt_ids", "chosen_ids", "rejected_ids"]
# Builds with pairs, and the tokens of one at the most: those of people, and the damaged ones.
PAIRS = {"build": LENGTH, "damaged": 256}


def exports(build):
    return FOLDER / build / "exports"


def ids(name, build="build"):
    """The rows of an export of token ids."""
    return datasets.load_dataset("parquet", data_files=f"{exports(build) / name}/data/*.parquet", split="train")


def tokenizer():
    made = transformers.PreTrainedTokenizerFast(tokenizer_file=str(FOLDER / "tokenizer.json"), clean_up_tokenization_spaces=False, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    made.chat_template = (FOLDER / "template.jinja").read_bytes().decode()
    return made


def model(vocabulary):
    torch.manual_seed(1)
    size = {"hidden_size": 256, "intermediate_size": 768, "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 4}
    config = transformers.Qwen2Config(vocab_size=vocabulary, max_position_embeddings=1024, tie_word_embeddings=True, eos_token_id=2, pad_token_id=0, bos_token_id=None, **size)
    return transformers.Qwen2ForCausalLM._from_config(config, attn_implementation="sdpa", dtype=torch.float32)


def options(kind, name, **more):
    shared = {"output_dir": str(FOLDER / name), "report_to": [], "save_strategy": "no", "logging_steps": 1000, "disable_tqdm": True, "use_cpu": True, "bf16": False, "gradient_checkpointing": False, "seed": 1}
    return kind(**{**shared, **more})


def parts(rows):
    """The dialogues of packed rows: ids and labels, sorted."""
    found = []
    for row in rows:
        at = 0
        for length in row["seq_lengths"]:
            part = slice(at, at + length)
            found.append((tuple(row["input_ids"][part]), tuple(row["labels"][part])))
            at += length
        assert at == len(row["input_ids"]) <= LENGTH
    return sorted(found)


def has_words(row, special):
    text = json.dumps(row, ensure_ascii=False, default=str)
    return any(token in text for token in special)


def as_trl_cuts_dialogues(made, side):
    """What the trainer itself makes of the dialogues of the `trl` export; those that do not fit are set aside by ours."""
    folder = exports("build") / "trl" / ("" if side == "train" else side)
    rows = datasets.load_dataset("parquet", data_files=f"{folder}/messages.parquet", split="train")
    args = options(trl.SFTConfig, f"cut-{side}", max_length=None, assistant_only_loss=True)
    cut = trl.SFTTrainer(model=model(len(made)), args=args, train_dataset=rows, processing_class=made).train_dataset
    return sorted((tuple(row["input_ids"]), tuple(row["labels"])) for row in cut if len(row["input_ids"]) <= LENGTH)


def apart(net, rows):
    """Whether the documents of a packed sequence keep to themselves: the loss of each is that of the document alone."""
    collator = trl.trainer.sft_trainer.DataCollatorForLanguageModeling(pad_token_id=0, padding_free=True)
    row = next(row for row in rows if len(row["seq_lengths"]) > 1)
    batch = collator([row])
    net.eval()
    with torch.no_grad():
        whole = net(input_ids=batch["input_ids"], position_ids=batch["position_ids"], use_cache=False).logits[0]
        at = 0
        for length in row["seq_lengths"]:
            alone = net(input_ids=torch.tensor([row["input_ids"][at : at + length]])).logits[0]
            far = (whole[at : at + length] - alone).abs().max().item()
            assert far < 1e-3, f"a document of {length} tokens at {at} sees others: its logits differ by {far}"
            at += length
    print(f"documents of a packed sequence keep to themselves ({len(row['seq_lengths'])} of them)", flush=True)


def supervised(made):
    """SFTTrainer on packed rows."""
    rows = {side: ids(f"packed-{side}") for side in ["train", "validation"]}
    for side in rows:
        ours, theirs = parts(rows[side]), as_trl_cuts_dialogues(made, side)
        assert ours == theirs, f"{side}: {len(ours)} dialogues of ours, {len(theirs)} of TRL; first that differs: {next(pair for pair in zip(ours, theirs) if pair[0] != pair[1])}"
        learnt = sum(label != -100 for part in ours for label in part[1])
        print(f"{side}: {len(ours)} dialogues, {learnt} tokens learnt: ids and labels are those of SFTTrainer(assistant_only_loss=True)", flush=True)
    net = model(len(made))
    apart(net, rows["train"])
    batch = {"per_device_train_batch_size": 4, "per_device_eval_batch_size": 1}
    args = options(trl.SFTConfig, "sft", max_length=None, padding_free=True, learning_rate=2e-3, warmup_steps=5, max_steps=STEPS, **batch)
    trainer = trl.SFTTrainer(model=net, args=args, train_dataset=rows["train"], eval_dataset=rows["validation"], processing_class=made)
    before = trainer.evaluate()["eval_loss"]
    trainer.train()
    after = trainer.evaluate()["eval_loss"]
    size = sum(weights.numel() for weights in net.parameters())
    print(f"SFTTrainer, {size / 1e6:.1f} M parameters, {STEPS} steps of 4 sequences: held-out loss {before:.3f} -> {after:.3f}", flush=True)
    return net, after < 0.9 * before


class Trainer(trl.DPOTrainer):
    """As the lines that the export prints have it."""

    def _prepare_dataset(self, rows, processing_class, args, name):
        return rows


def as_trl_cuts_pairs(made, net, build, side):
    """What the trainer itself makes of the pairs of the `trl` export; those that do not fit are set aside by ours."""
    length = PAIRS[build]
    folder = exports(build) / "trl" / ("" if side == "train" else side)
    pairs = datasets.load_dataset("json", data_files=f"{folder}/preference.jsonl", split="train")
    args = options(trl.DPOConfig, f"cut-{build}-{side}", max_length=length)
    cut = trl.DPOTrainer(model=net, ref_model=copy.deepcopy(net), args=args, train_dataset=pairs, processing_class=made).train_dataset
    fits = lambda row: len(row["prompt_ids"]) + max(len(row["chosen_ids"]), len(row["rejected_ids"])) <= length
    return [[row[key] for key in KEYS] for row in cut if fits(row)]


def preferred(made, net):
    """DPOTrainer on pairs."""
    for build in PAIRS:
        for side in ["train", "validation"]:
            theirs = as_trl_cuts_pairs(made, net, build, side)
            ours = [[row[key] for key in KEYS] for row in ids(f"dpo-{side}", build)]
            assert ours == theirs, f"{build}, {side}: {len(ours)} pairs of ours, {len(theirs)} of TRL"
            print(f"{build}, {side}: {len(ours)} pairs: ids are those of DPOTrainer", flush=True)
    rows, length = {side: ids(f"dpo-{side}", "damaged") for side in ["train", "validation"]}, PAIRS["damaged"]
    batch = DataCollatorForPreference(pad_token_id=0, max_length=length)([rows["train"][0], rows["train"][1]])
    assert batch["completion_mask"].sum().item() == sum(len(rows["train"][n][key]) for n in range(2) for key in KEYS[1:])
    batch = {"per_device_train_batch_size": 4, "per_device_eval_batch_size": 4}
    args = options(trl.DPOConfig, "dpo", max_length=length, learning_rate=5e-5, warmup_steps=5, max_steps=STEPS, **batch)
    trainer = Trainer(model=net, ref_model=copy.deepcopy(net), args=args, train_dataset=rows["train"], eval_dataset=rows["validation"], processing_class=made)
    before = trainer.evaluate()
    trainer.train()
    after = trainer.evaluate()
    told = ", ".join(f"{key} {before[f'eval_{key}']:.3f} -> {after[f'eval_{key}']:.3f}" for key in ["loss", "rewards/accuracies", "rewards/margins"])
    print(f"DPOTrainer, {STEPS} steps of 4 damaged pairs, {len(rows['validation'])} held out: {told}", flush=True)
    return after["eval_loss"] < 0.9 * before["eval_loss"]


torch.set_num_threads(len(os.sched_getaffinity(0)))
print(f"trl {trl.__version__}, transformers {transformers.__version__}, torch {torch.__version__}", flush=True)
MADE = tokenizer()
NET, LEARNT = supervised(MADE)
sys.exit(0 if preferred(MADE, NET) and LEARNT else "a held-out loss did not fall")
