"""`trl`: rows as TRL's own functions take them, and as its chat templates print them."""

import json

import datasets
import transformers
import trl
from trl import data_utils

from common import asks, calls, folded, labelled, main, report, same, tools, written

datasets.disable_progress_bars()


def load(folder, name):
    kind = "parquet" if name.endswith(".parquet") else "json"
    return datasets.load_dataset(kind, data_files=f"{folder}/{name}", split="train")


def full(message):
    """A message with all it has, for comparison."""
    return (message["role"], message["content"], message.get("reasoning"), message.get("name"), calls(message))


def plain(messages):
    return [{"role": m["role"], "content": m["content"]} for m in messages]


def loaded(message):
    """The same of a message that `datasets` gave back, which has no key without a value."""
    assert None not in message.values(), message
    listed = [(c["function"]["name"], c["function"]["arguments"]) for c in message.get("tool_calls", [])]
    return (message["role"], message["content"], message.get("reasoning_content"), message.get("name"), listed)


def check(exports, build):
    folder, version = f"{exports}/trl", f"trl {trl.__version__}, datasets {datasets.__version__}"

    rows = load(folder, "text.jsonl")
    assert not data_utils.is_conversational(rows[0])
    same("text", rows["text"], [r["text"] for r in written(folder, build, "pretrain")])
    report(version, "text.jsonl: language modelling", len(rows))

    rows = load(folder, "messages.parquet")
    assert all(data_utils.is_conversational(row) for row in rows)
    wanted = written(folder, build, "instruct", lambda r: not asks(r))
    same("messages", [[loaded(m) for m in r["messages"]] for r in rows], [[full(m) for m in r["messages"]] for r in wanted])
    same("tools", rows["tools"], [tools(r) for r in wanted])
    report(version, "messages.parquet: SFT", len(rows), "roles, texts, thinking, calls, tools")

    rows = load(folder, "prompt_completion.jsonl")
    assert all(data_utils.is_conversational(row) for row in rows)
    turns = [([("user", r["input"])], [("assistant", r["output"])]) for r in written(folder, build, "task")]
    got = [tuple([(m["role"], m["content"]) for m in r[key]] for key in ["prompt", "completion"]) for r in rows]
    same("task", got, turns)
    report(version, "prompt_completion.jsonl", len(rows))

    rows = load(folder, "prompts.jsonl")
    wanted = written(folder, build, "instruct", asks)
    same("prompts", [(r["prompt"], r["answer"]) for r in rows], [(plain(r["messages"]), r["answer"] or "") for r in wanted])
    report(version, "prompts.jsonl: GRPO", len(rows), "prompts, answers")

    rows = load(folder, "preference.jsonl")
    wanted = written(folder, build, "rlhf", lambda r: not labelled(r))
    keys = ["prompt", "chosen", "rejected"]
    same("preference", [[r[k] for k in keys] for r in rows], [[plain(r[k]) for k in keys] for r in wanted])
    assert all(data_utils.maybe_extract_prompt(r) == r for r in rows)
    unpaired = data_utils.unpair_preference_dataset(rows)
    assert len(unpaired) == 2 * len(rows) and unpaired["label"][:] == [True] * len(rows) + [False] * len(rows)
    report(version, "preference.jsonl: DPO, reward", len(rows), "also through unpair_preference_dataset")

    rows = load(folder, "unpaired.jsonl")
    wanted = written(folder, build, "rlhf", labelled)
    keys = ["prompt", "completion"]
    same("unpaired", [[r[k] for k in keys] + [r["label"]] for r in rows], [[plain(r[k]) for k in keys] + [r["label"]] for r in wanted])
    report(version, "unpaired.jsonl: KTO", len(rows))


main(check)
