"""`openrlhf`: files opened by its `blending_datasets`, rows prepared by its data sets. Tokens are only counted, by a
stand-in of a tokenizer, since the data sets ask for tensors."""

import importlib.metadata
from types import SimpleNamespace

from absent import stand_in

ABSENT = stand_in("torch", "ray", "deepspeed", "flash_attn", "peft", "vllm", "optree", "bitsandbytes")

import datasets
import numpy

from byte_tokenizer import tokenizer
from common import asks, labelled, main, report, said, same, written

datasets.disable_progress_bars()

from openrlhf.datasets import PromptDataset, RewardDataset, SFTDataset
from openrlhf.datasets.utils import blending_datasets

VERSION = f"openrlhf {importlib.metadata.version('openrlhf')}, datasets {datasets.__version__}"


class Counts(numpy.ndarray):
    """Numbers that can be asked for whole ones, as tensors can."""

    def int(self):
        return self.astype(numpy.int64).view(Counts)


class Tokenizer:
    """The tokenizer of bytes, with numbers for tensors."""

    def __init__(self):
        self.real = tokenizer()
        self.eos_token = self.real.eos_token
        self.apply_chat_template = self.real.apply_chat_template

    def __call__(self, text, return_tensors=None, padding=False, **options):
        made = self.real(text, **options)
        return {key: numpy.array([made[key]]).view(Counts) for key in ["input_ids", "attention_mask"]}


def strategy(**data):
    args = SimpleNamespace(data=SimpleNamespace(**data), use_ms=False)
    return SimpleNamespace(args=args, print=lambda *a: None, is_rank_0=lambda: False)


def turns(messages):
    return [{"role": role, "content": text} for role, text in said(messages)]


def check(exports, build):
    print(f"stands in: {', '.join(ABSENT)}; a tokenizer that counts", flush=True)
    folder, tok = f"{exports}/openrlhf", Tokenizer()
    whole = lambda messages, ask=False: tok.real.apply_chat_template(messages, tokenize=False, add_generation_prompt=ask)

    how = strategy(input_key="text", output_key=None)
    rows = SFTDataset(blending_datasets(f"{folder}/pretrain.jsonl", strategy=how), tok, 4096, how, pretrain_mode=True, num_processors=1)
    same("pretrain", rows.prompts, [r["text"] for r in written(folder, build, "pretrain")])
    report(VERSION, "pretrain.jsonl: SFTDataset", len(rows))

    how = strategy(input_key="messages", output_key=None, apply_chat_template=True)
    rows = SFTDataset(blending_datasets(f"{folder}/sft.jsonl", strategy=how), tok, 4096, how, multiturn=True, num_processors=1)
    tasks = [[{"role": "user", "content": r["input"]}, {"role": "assistant", "content": r["output"]}] for r in written(folder, build, "task")]
    kept = tasks + [turns(r["messages"]) for r in written(folder, build, "instruct", lambda r: not asks(r))]
    same("sft", [p + r for p, r in zip(rows.prompts, rows.responses)], [whole(m) for m in kept])
    # Where the loss lies: the bytes of each answer, with the end of its turn.
    for ranges, prompt, response, messages in zip(rows.response_ranges, rows.prompts, rows.responses, kept):
        ids = tok.real(prompt + response, add_special_tokens=False)["input_ids"]
        learned = [tok.real.decode(ids[start : end + 1]) for start, end in ranges]
        answers = [m["content"] for m in messages if m["role"] == "assistant"]
        assert [text.split("<|im_end|>")[0] for text in learned] == answers, (learned, answers)
    report(VERSION, "sft.jsonl: SFTDataset, multiturn", len(rows), "roles, texts, thinking; loss on answers alone")

    how = strategy(prompt_key="prompt", chosen_key="chosen", rejected_key="rejected", apply_chat_template=True)
    for dpo in [True, False]:
        rows = RewardDataset(blending_datasets(f"{folder}/preference.jsonl", strategy=how), tok, 4096, how, is_dpo=dpo, num_processors=1)
        kept = written(folder, build, "rlhf", lambda r: not labelled(r))
        for key, got in [("chosen", rows.chosens), ("rejected", rows.rejects)]:
            same(key, [p + a for p, a in zip(rows.prompts, got)], [whole(turns(r["prompt"] + r[key])) for r in kept])
        if not dpo:
            same("margin", rows.extras, [r["chosen_score"] - r["rejected_score"] for r in kept])
    report(VERSION, "preference.jsonl: RewardDataset, DPO and RM", len(rows), "margins")

    how = strategy(input_key="prompt", label_key="label", apply_chat_template=True)
    rows = PromptDataset(blending_datasets(f"{folder}/prompts.jsonl", strategy=how), tok, how)
    kept = written(folder, build, "instruct", asks)
    same("prompts", list(zip(rows.prompts, rows.labels, rows.datasources)), [(whole(turns(r["messages"]), True), r["answer"] or "", r["data_source"] or r["source"]) for r in kept])
    report(VERSION, "prompts.jsonl: PromptDataset", len(rows), "labels, data sources")


main(check)
