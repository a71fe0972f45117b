"""`axolotl`: the YAML read as a user's, its data sets loaded and prepared by axolotl's strategies, tokens and labels made
with a tokenizer of bytes."""

import importlib.metadata
import os

from absent import stand_in

ABSENT = stand_in("torch", "accelerate", "peft", "trl", "bitsandbytes", "torchao", "fire")

import datasets
import yaml

from byte_tokenizer import tokenizer
from common import asks, calls, folded, labelled, main, report, same, tools, written

datasets.disable_progress_bars()

from axolotl.prompt_strategies import load as load_strategy
from axolotl.prompt_strategies.base import load as load_preference
from axolotl.utils.dict import DictDefault

VERSION = f"axolotl {importlib.metadata.version('axolotl')}, datasets {datasets.__version__}"


def configured(folder, name):
    """A configuration, and its data sets with their rows."""
    with open(f"{folder}/{name}", encoding="utf-8") as text:
        cfg = DictDefault(yaml.safe_load(text))
    cfg.train_on_inputs = False
    for number, one in enumerate(cfg.datasets):
        rows = datasets.load_dataset(one.ds_type, data_files=f"{folder}/{one.path}", split=one.split)
        yield cfg, number, one, rows


def full(message):
    return (message["role"], message["content"] or "", message.get("reasoning"), message.get("name"), calls(message))


def given(turn):
    assert None not in turn.values(), turn
    listed = [(c["function"]["name"], c["function"]["arguments"]) for c in turn.get("tool_calls", [])]
    return (turn["role"], turn["content"], turn.get("reasoning_content"), turn.get("name"), listed)


def learned(tokens, tok):
    """The text of the labels that are learned."""
    return tok.decode([label for label in tokens["labels"] if label != -100])


def check(exports, build):
    print(f"stands in: {', '.join(ABSENT)}", flush=True)
    folder, tok = f"{exports}/axolotl", tokenizer()

    (cfg, _, one, rows), = configured(folder, "pretrain.yaml")
    strategy = load_strategy(one.type, tok, cfg, one)
    tokens = strategy.tokenize_prompt(rows[:])
    same("pretrain", rows["text"], [r["text"] for r in written(folder, build, "pretrain")])
    same("tokens", [tok.decode(ids, skip_special_tokens=True) for ids in tokens["input_ids"]], rows["text"])
    report(VERSION, "pretrain.yaml: completion", len(rows), "tokenised")

    tasks = [
        {"messages": [{"role": "user", "content": r["input"]}, {"role": "assistant", "content": r["output"]}]}
        for r in written(folder, build, "task")
    ]
    kept = {"task.parquet": tasks, "instruct.parquet": written(folder, build, "instruct", lambda r: not asks(r))}
    for cfg, _, one, rows in configured(folder, "sft.yaml"):
        strategy = load_strategy(one.type, tok, cfg, one)
        wanted = kept[one.path]
        same(one.path, [[given(t) for t in strategy.get_conversation_thread(r)] for r in rows], [[full(m) for m in r["messages"]] for r in wanted])
        same("tools", [strategy._get_tools(r) or [] for r in rows], [tools(r) for r in wanted])
        for row, of in zip(rows, wanted):
            text = learned(strategy.tokenize_prompt(row), tok)
            answers = [m["content"] for m in of["messages"] if m["role"] == "assistant" and m["content"]]
            for answer in answers:
                assert answer in text, f"{of.get('id')}: {answer!r} is not learned"
                text = text.replace(answer, "", 1)
            for thought in filter(None, (m.get("reasoning") for m in of["messages"])):
                text = text.replace(thought, "", 1)
            asked = [m["content"] for m in of["messages"] if m["role"] in ["system", "user", "tool"]]
            assert not any(turn in text for turn in asked), f"{of.get('id')}: learned beside answers: {text!r}"
        report(VERSION, f"sft.yaml: {one.path}", len(rows), "roles, texts, thinking, calls, tools; labels on answers alone")

    (cfg, number, one, rows), = configured(folder, "dpo.yaml")
    transform, _ = load_preference(one.type, cfg, module_base="axolotl.prompt_strategies.dpo", dataset_idx=number)
    wanted = written(folder, build, "rlhf", lambda r: not labelled(r))
    got = [transform(dict(r), tokenizer=tok) for r in rows]
    end = "<|im_end|>"
    prompts = [tok.apply_chat_template([{"role": m["role"], "content": m["content"]} for m in r["prompt"]], tokenize=False, add_generation_prompt=True) for r in wanted]
    same("dpo", [(r["prompt"], r["chosen"], r["rejected"]) for r in got], [(p, folded(r["chosen"][0]) + end, folded(r["rejected"][0]) + end) for p, r in zip(prompts, wanted)])
    report(VERSION, "dpo.yaml: chat_template.default", len(rows), "prompts and answers in ChatML")

    (cfg, number, one, rows), = configured(folder, "kto.yaml")
    transform = load_preference(one.type, cfg, module_base="axolotl.prompt_strategies.kto", dataset_idx=number)
    wanted = written(folder, build, "rlhf", labelled)
    got = [transform(dict(r)) for r in rows]
    history = lambda r: "".join(f"<|im_start|>{m['role']}\n{m['content']}<|im_end|>\n" for m in r["prompt"])
    same("kto", [(r["prompt"], r["completion"], r["label"]) for r in got], [(history(r) + "<|im_start|>assistant\n", r["completion"][0]["content"] + end, r["label"]) for r in wanted])
    report(VERSION, "kto.yaml: chatml.argilla_chat", len(rows), "labels")


main(check)
