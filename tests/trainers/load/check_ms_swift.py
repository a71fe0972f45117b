"""`ms_swift`: read by ms-swift's `load_dataset`, with its preprocessors, strictly."""

import importlib.metadata
import json
import os
import tempfile

os.environ["MODELSCOPE_CACHE"] = tempfile.mkdtemp()

from absent import stand_in

ABSENT = stand_in("torch", "torchvision", "peft", "trl", "deepspeed", "cryptography", "transformers.trainer")

import datasets

from common import asks, calls, folded, labelled, main, report, same, tools, written

datasets.disable_progress_bars()

from swift.dataset import load_dataset

VERSION = f"ms-swift {importlib.metadata.version('ms-swift')}, datasets {datasets.__version__}"


def read(path):
    rows, _ = load_dataset([path], split_dataset_ratio=0.0, num_proc=1, strict=True, load_from_cache_file=False, remove_unused_columns=False)
    return rows


def wanted(messages):
    """A dialogue as ms-swift has it: role, text, whether it is learned."""
    turns = []
    for message in messages:
        made = calls(message)
        role = {"tool": "tool_response"}.get(message["role"], message["role"])
        if folded(message) or not made:
            turns.append((role, folded(message), role == "assistant"))
        turns += [("tool_call", {"name": name, "arguments": arguments}, True) for name, arguments in made]
    return turns


def given(messages):
    text = lambda m: json.loads(m["content"]) if m["role"] == "tool_call" and isinstance(m["content"], str) else m["content"]
    return [(m["role"], text(m), m["loss"]) for m in messages]


def check(exports, build):
    print(f"stands in: {', '.join(ABSENT)}", flush=True)
    folder = f"{exports}/ms_swift"

    rows = read(f"{folder}/pt.jsonl")
    kept = written(folder, build, "pretrain")
    same("pt", [given(r["messages"]) for r in rows], [[("assistant", r["text"], True)] for r in kept])
    report(VERSION, "pt.jsonl", len(rows))

    rows = read(f"{folder}/sft.jsonl")
    tasks = [
        {"messages": [{"role": "user", "content": r["input"]}, {"role": "assistant", "content": r["output"]}], "source": r["source"]}
        for r in written(folder, build, "task")
    ]
    kept = tasks + written(folder, build, "instruct", lambda r: not asks(r))
    same("sft", [given(r["messages"]) for r in rows], [wanted(r["messages"]) for r in kept])
    same("tools", [r["tools"] for r in rows], [tools(r) for r in kept])
    same("channel", [r["channel"] for r in rows], [r["source"] for r in kept])
    report(VERSION, "sft.jsonl", len(rows), "roles, texts, thinking, calls, tools, loss flags, channel")

    rows = read(f"{folder}/rl.jsonl")
    kept = written(folder, build, "instruct", asks)
    same("rl", [(given(r["messages"]), r["solution"]) for r in rows], [(wanted(r["messages"]), r["answer"] or "") for r in kept])
    report(VERSION, "rl.jsonl: GRPO", len(rows), "prompts, solutions")

    rows = read(f"{folder}/pairs.jsonl")
    kept = written(folder, build, "rlhf", lambda r: not labelled(r))
    got = [(given(r["messages"]), given(r["rejected_messages"]), r["margin"]) for r in rows]
    by = lambda r: r["chosen_score"] - r["rejected_score"]
    same("pairs", got, [(wanted(r["prompt"] + r["chosen"]), wanted(r["prompt"] + r["rejected"]), by(r)) for r in kept])
    report(VERSION, "pairs.jsonl: DPO, RM", len(rows), "margins")

    rows = read(f"{folder}/kto.jsonl")
    kept = written(folder, build, "rlhf", labelled)
    got = [(given(r["messages"]), bool(r["label"])) for r in rows]
    same("kto", got, [(wanted(r["prompt"] + r["completion"]), r["label"]) for r in kept])
    report(VERSION, "kto.jsonl: KTO", len(rows), "labels")


main(check)
