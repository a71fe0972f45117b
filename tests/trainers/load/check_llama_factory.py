"""`llama_factory` and `llama_factory_v1`: read by LLaMA-Factory's own loaders and converters."""

import glob
import importlib.metadata
import json
import os
from types import SimpleNamespace

from absent import stand_in

ABSENT = stand_in("torch", "torchaudio", "torchvision", "accelerate", "peft", "trl", "av", "librosa")

import datasets

from common import asks, calls, folded, labelled, main, report, tools, same, written

datasets.disable_progress_bars()

from llamafactory.data.converter import get_dataset_converter
from llamafactory.data.parser import get_dataset_list
from llamafactory.v1.core.data_engine import DataEngine

VERSION = f"llamafactory {importlib.metadata.version('llamafactory')}, datasets {datasets.__version__}"
ROLES = {"user": "user", "assistant": "assistant", "tool": "observation"}


def wanted(messages):
    """A dialogue as LLaMA-Factory has it: (role, text) of each turn, and the system text."""
    system = messages[0]["content"] if messages[0]["role"] == "system" else ""
    turns = []
    for message in messages[1 if system else 0 :]:
        made = calls(message)
        if made:
            listed = [{"name": name, "arguments": arguments} for name, arguments in made]
            turns.append(("function", listed, message.get("reasoning") or ""))
        else:
            turns.append((ROLES[message["role"]], folded(message)))
    return turns, system


def given(turns):
    """The same of what its converter gave back."""
    found = []
    for turn in turns:
        if turn["role"] == "function":
            thought, _, call = turn["content"].rpartition("</think>\n\n")
            listed = json.loads(call)
            thought = thought.removeprefix("<think>\n").removesuffix("\n")
            found.append(("function", listed if isinstance(listed, list) else [listed], thought))
        else:
            found.append((turn["role"], turn["content"]))
    return found


def v0(exports, build):
    folder = f"{exports}/llama_factory"
    names = list(json.load(open(f"{folder}/dataset_info.json", encoding="utf-8")))
    read = {}
    for attributes in get_dataset_list(names, folder):
        file = f"{folder}/{attributes.dataset_name}"
        rows = datasets.load_dataset("json", data_files=file, split="train")
        converter = get_dataset_converter(attributes.formatting, attributes, SimpleNamespace(media_dir=folder))
        read[attributes.dataset_name] = [converter(row) for row in rows]

    rows = read["pretrain.jsonl"]
    same("pt", [r["_prompt"][0]["content"] for r in rows], [r["text"] for r in written(folder, build, "pretrain")])
    report(VERSION, "llama_factory pretrain.jsonl", len(rows))

    rows = read["instruct.jsonl"]
    kept = written(folder, build, "instruct", lambda r: not asks(r))
    got = [(given(r["_prompt"] + r["_response"]), r["_system"]) for r in rows]
    same("sft", got, [wanted(r["messages"]) for r in kept])
    same("tools", [json.loads(r["_tools"] or "[]") for r in rows], [json.loads(r["tools"] or "[]") for r in kept])
    report(VERSION, "llama_factory instruct.jsonl: SFT", len(rows), "roles, texts, thinking, calls, tools, system")

    rows = read["task.jsonl"]
    turns = [[("user", r["input"]), ("assistant", r["output"])] for r in written(folder, build, "task")]
    same("task", [given(r["_prompt"] + r["_response"]) for r in rows], turns)
    report(VERSION, "llama_factory task.jsonl: SFT", len(rows))

    rows = read["ranking.jsonl"]
    kept = written(folder, build, "rlhf", lambda r: not labelled(r))
    got = [(given(r["_prompt"]), r["_system"], [t["content"] for t in r["_response"]]) for r in rows]
    same("dpo", got, [(*wanted(r["prompt"]), [folded(r["chosen"][0]), folded(r["rejected"][0])]) for r in kept])
    report(VERSION, "llama_factory ranking.jsonl: DPO", len(rows))

    rows = read["kto.jsonl"]
    kept = written(folder, build, "rlhf", labelled)
    # A good answer is the first of two, a bad one the second; the other is empty.
    got = [(given(r["_prompt"]), r["_system"], [t["content"] for t in r["_response"]]) for r in rows]
    answers = [[folded(r["completion"][0]), ""] if r["label"] else ["", folded(r["completion"][0])] for r in kept]
    same("kto", got, [(*wanted(r["prompt"]), a) for r, a in zip(kept, answers)])
    report(VERSION, "llama_factory kto.jsonl: KTO", len(rows), "labels")


def parts(message):
    """A message as v1 has it."""
    listed = [("reasoning", message["reasoning"])] if message.get("reasoning") else []
    made = [("tool_call", {"name": name, "arguments": arguments}) for name, arguments in calls(message)]
    if message["content"] or not made:
        listed.append(("text", message["content"] or ""))
    return message["role"], listed + made, 1.0 if message["role"] == "assistant" else 0.0


def v1_given(messages):
    value = lambda p: json.loads(p["value"]) if p["type"] == "tool_call" else p["value"]
    return [(m["role"], [(p["type"], value(p)) for p in m["content"]], m["loss_weight"]) for m in messages]


def v1(exports, build):
    folder = os.path.abspath(f"{exports}/llama_factory_v1")
    before = os.getcwd()
    os.chdir(folder)
    engine = DataEngine("sft.yaml")
    rows = [engine[i] for i in range(len(engine))]
    pairs = DataEngine("dpo.yaml")
    pairs = [pairs[i] for i in range(len(pairs))]
    os.chdir(before)

    tasks = [
        {"messages": [{"role": "user", "content": r["input"]}, {"role": "assistant", "content": r["output"]}]}
        for r in written(folder, build, "task")
    ]
    kept = tasks + written(folder, build, "instruct", lambda r: not asks(r))
    same("v1 sft", [v1_given(r["messages"]) for r in rows], [[parts(m) for m in r["messages"]] for r in kept])
    same("v1 tools", [json.loads(r["tools"] or "[]") for r in rows], [tools(r) for r in kept])
    report(VERSION + " (v1)", "llama_factory_v1 sft.yaml", len(rows), "roles, texts, thinking, calls, tools, weights of the loss")

    kept = written(folder, build, "rlhf", lambda r: not labelled(r))
    both = ["chosen", "rejected"]
    got = [[v1_given(r[f"{k}_messages"]) for k in both] for r in pairs]
    same("v1 pairs", got, [[[parts(m) for m in r["prompt"] + r[k]] for k in both] for r in kept])
    report(VERSION + " (v1)", "llama_factory_v1 dpo.yaml", len(pairs))


def check(exports, build):
    print(f"stands in: {', '.join(ABSENT)}", flush=True)
    v0(exports, build)
    v1(exports, build)


main(check)
