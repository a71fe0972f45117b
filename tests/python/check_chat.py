#!/usr/bin/env python3
"""Packed dialogues of a build, held against the code of `transformers`.

    check_chat.py CORPUS BUILD TOKENIZER.json TEMPLATES [--length N] [NAME…]

TEMPLATES is a folder of `*.jinja`. For each of them the build's dialogues are exported by `corpus export --to packed
--template`, and every dialogue's ids are compared with those that `apply_chat_template` gives, and what is learnt with its
`assistant_masks` where the template has generation blocks; else with the tokens that overlap with what each turn adds to
the text of the turns before it, where that text is how the whole begins. Rows that either side refuses are counted. Strings
of special tokens in the dialogues are words for `corpus` and tokens for `transformers`: such rows are counted apart. Preference rows
are compared with what TRL's trainers cut them into (`dpo`, `reward`, `kto`). Needs
transformers and pyarrow. Exit status 1 where something differs.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
from transformers import PreTrainedTokenizerFast
from transformers.utils import chat_template_utils

DAY = "2026-11-29"


def rows(build, use):
    for file in sorted((build / "data" / use).glob("*.parquet")):
        yield from pq.read_table(file).to_pylist()


def messages(row):
    """A row's messages as `trl` and `openai` exports have them, arguments as objects."""
    out = []
    for turn in row["messages"]:
        made = {"role": turn["role"], "content": turn["content"] or ""}
        if turn.get("reasoning"):
            made["reasoning_content"] = turn["reasoning"]
        if turn.get("name"):
            made["name"] = turn["name"]
        if turn.get("tool_calls"):
            calls = turn["tool_calls"]
            made["tool_calls"] = [
                {**({"id": c["id"]} if c.get("id") else {}), "type": c["type"], "function": {"name": c["function"]["name"], "arguments": json.loads(c["function"]["arguments"] or "{}")}}
                for c in calls
            ]
        if turn.get("tool_call_id"):
            made["tool_call_id"] = turn["tool_call_id"]
        out.append(made)
    made, open_ids = 0, []
    for turn in out:
        for place, call in enumerate(turn.get("tool_calls", [])):
            if "id" not in call:
                made += 1
                open_ids.append(f"call_{made}")
                turn["tool_calls"][place] = {"id": f"call_{made}", **call}
        if turn["role"] == "tool" and "tool_call_id" not in turn and open_ids:
            turn["tool_call_id"] = open_ids.pop(0)
    return out


def tools(row):
    listed = json.loads(row.get("tools") or "[]")
    return [t if "function" in t or "type" in t else {"type": "function", "function": t} for t in listed] or None


def by_prefix(tokenizer, template, turns, offered):
    """Which tokens are learnt by what each answer adds; None where the text of fewer turns is not how the whole begins."""
    text = lambda upto, prompt: tokenizer.apply_chat_template(turns[:upto], tools=offered, chat_template=template, tokenize=False, add_generation_prompt=prompt)
    whole, spans = text(len(turns), False), []
    for at, turn in enumerate(turns):
        if turn["role"] == "assistant":
            begin, end = text(at, True) if at else None, text(at + 1, False)
            if begin is None or not whole.startswith(begin) or not whole.startswith(end):
                return None
            spans.append((len(begin), len(end)))
    offsets = tokenizer(whole, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    return [int(any(start < end and begin < to for start, to in spans)) for begin, end in offsets]


def but_for_empty(tokenizer, template, row):
    """The mask of the blocks that wrote something: `transformers` also marks the token that an empty block falls into."""
    turns, offered = messages(row), tools(row)
    (text,), (spans,) = chat_template_utils.render_jinja_template([turns], offered, chat_template=template, return_assistant_tokens_mask=True, **tokenizer.special_tokens_map)
    spans = [(begin, end) for begin, end in spans if begin < end]
    offsets = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    return [int(any(start < end and begin < to for start, to in spans)) for begin, end in offsets]


def expected(tokenizer, template, row):
    turns, offered = messages(row), tools(row)
    blocks = "generation" in template and "endgeneration" in template
    done = tokenizer.apply_chat_template(turns, tools=offered, chat_template=template, return_dict=True, return_assistant_tokens_mask=blocks)
    ids = done["input_ids"]
    return ids, done["assistant_masks"] if blocks else by_prefix(tokenizer, template, turns, offered)


def packed(folder):
    parts = Counter()
    for file in sorted((folder / "data").glob("*.parquet")):
        table = pq.read_table(file).to_pylist()
        for row in table:
            at = 0
            for length in row["seq_lengths"]:
                part = slice(at, at + length)
                parts[tuple(row["input_ids"][part]), tuple(int(l != -100) for l in row["labels"][part])] += 1
                at += length
    return parts


def exported(options, path, out, layout, use):
    command = [options.corpus, "export", options.build, "--to", layout, "--tokenizer", options.tokenizer, "--template", path, "--seq-length", str(options.length), "--date", DAY, "--out", out, "--use", use, "--format", "json"]
    return subprocess.run([str(word) for word in command], capture_output=True, text=True)


def set_aside(out, use):
    """Rows that the export set aside, by id."""
    path = out / "dropped" / f"{use}.jsonl"
    if not path.exists():
        return {}
    with open(path, encoding="utf-8") as lines:
        return {row["id"]: (row["aside_reason"], row["aside_detail"]) for row in map(json.loads, lines)}


def alike(one, other):
    return next((at for at, (a, b) in enumerate(zip(one, other)) if a != b), min(len(one), len(other)))


def pairs(options, tokenizer, special, path, scratch):
    """Preference rows, as TRL's DPOTrainer, RewardTrainer and KTOTrainer cut them (`tokenize_fn` of each)."""
    template, told = path.read_text(encoding="utf-8"), Counter()
    listed = list(rows(Path(options.build), "rlhf"))

    def ids(turns, prompt=False):
        turns = messages({"messages": turns})
        return tokenizer.apply_chat_template(turns, chat_template=template, add_generation_prompt=prompt, return_dict=True)["input_ids"]

    for layout in ("dpo", "reward", "kto") if listed else ():
        out = Path(scratch) / f"{path.stem}-{layout}"
        done = exported(options, path, out, layout, "rlhf")
        if done.returncode != 0:
            told["failed"] = done.stderr[-300:]
            continue
        aside, got = set_aside(out, "rlhf"), [row for file in sorted((out / "data").glob("*.parquet")) for row in pq.read_table(file).to_pylist()]
        kept = iter(got)
        for row in listed:
            if row["id"] in aside:
                told[f"{layout}: {aside[row['id']][0]}"] += 1
                continue
            ours = next(kept)
            try:
                prompt = ids(row["prompt"], True)
                if layout == "kto":
                    whole = ids(row["prompt"] + row["completion"])
                    begin = alike(prompt, whole)
                    theirs = {"prompt_ids": prompt[:begin], "completion_ids": whole[begin:], "label": row["label"]}
                else:
                    chosen, rejected = ids(row["prompt"] + row["chosen"]), ids(row["prompt"] + row["rejected"])
                    begin = min(alike(prompt, chosen), alike(prompt, rejected))
                    theirs = {"prompt_ids": prompt[:begin], "chosen_ids": chosen[begin:], "rejected_ids": rejected[begin:]}
                    if layout == "reward":
                        theirs = {"chosen_ids": chosen, "rejected_ids": rejected, "margin": ours["margin"]}
            except Exception:
                told["WRITTEN, NOT BY TRANSFORMERS"] += 1
                continue
            words = any(token in json.dumps(row, ensure_ascii=False, default=str) for token in special)
            told[f"{layout}: equal" if ours == theirs else "has strings of special tokens" if words else f"OTHER IDS: {layout}"] += 1
        if next(kept, None) is not None:
            told["ACCOUNT"] += 1
    return told


def check(options, tokenizer, special, path, scratch):
    template = path.read_text(encoding="utf-8")
    out = Path(scratch) / path.stem
    done = exported(options, path, out, "packed", "instruct")
    if done.returncode != 0:
        return {"template": path.stem, "failed": done.stderr[-400:]}
    account = json.loads(done.stdout)["uses"][0]
    aside = set_aside(out, "instruct")
    got, told = packed(out), Counter()
    by_ids = {}
    for ids, mask in got:
        by_ids.setdefault(ids, []).append(mask)
    for row in rows(Path(options.build), "instruct"):
        words = any(token in json.dumps(row, ensure_ascii=False, default=str) for token in special)
        try:
            ids, mask = expected(tokenizer, template, row)
        except Exception:
            told["both refuse" if row["id"] in aside else "WRITTEN, NOT BY TRANSFORMERS"] += 1
            continue
        if row["id"] in aside:
            reason, detail = aside[row["id"]]
            fine = reason in ("export_no_answer", "export_no_turns", "export_empty_turn", "export_special_token") or reason == "export_too_long" and len(ids) > options.length
            fine |= reason == "export_nothing_learnt" and mask is not None and 1 not in mask
            fine |= reason == "export_no_mask" and mask is None
            told[f"set aside ({reason})" if fine else f"SET ASIDE: {reason}: {detail[:80]}"] += 1
        elif words:
            told["has strings of special tokens"] += 1
        elif tuple(ids) not in by_ids:
            told["OTHER IDS"] += 1
        elif mask is None:
            told["equal ids, no mask by prefixes"] += 1
        elif tuple(mask) in by_ids[tuple(ids)]:
            told["equal ids and masks"] += 1
        elif "endgeneration" in template and tuple(but_for_empty(tokenizer, template, row)) in by_ids[tuple(ids)]:
            told["equal ids and masks, but for an empty block"] += 1
        else:
            told["OTHER MASK"] += 1
    if account["read"] != account["written"] + account["aside"] or account["aside"] != len(aside) or sum(got.values()) != account["written"]:
        told["ACCOUNT"] += 1
    return {"template": path.stem, **told, **pairs(options, tokenizer, special, path, scratch)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus"), parser.add_argument("build"), parser.add_argument("tokenizer"), parser.add_argument("templates")
    parser.add_argument("names", nargs="*"), parser.add_argument("--length", type=int, default=4096)
    options = parser.parse_args()
    folder = Path(options.tokenizer).parent
    config = json.loads((folder / "tokenizer_config.json").read_text()) if (folder / "tokenizer_config.json").exists() else {}
    named = {name: token if isinstance(token, str) else token["content"] for name, token in config.items() if name.endswith("_token") and token and not isinstance(token, bool)}
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=options.tokenizer, clean_up_tokenization_spaces=False, **named)
    special = [t.content for t in tokenizer.added_tokens_decoder.values() if t.special]

    class Midnight(__import__("datetime").datetime):
        @classmethod
        def now(cls, tz=None):
            return cls.fromisoformat(DAY)

    chat_template_utils.datetime = Midnight
    good, sums = True, Counter()
    with tempfile.TemporaryDirectory() as scratch:
        for path in sorted(Path(options.templates).glob("*.jinja")):
            if options.names and path.stem not in options.names:
                continue
            told = check(options, tokenizer, special, path, scratch)
            good &= not any(key == "failed" or key.isupper() or key[:9] in ("SET ASIDE", "WRITTEN, ", "OTHER IDS", "OTHER MAS") for key in told)
            sums.update({key: value for key, value in told.items() if isinstance(value, int)})
            print(json.dumps(told, ensure_ascii=False), flush=True)
    print(json.dumps({"all": dict(sums)}, ensure_ascii=False))
    return 0 if good else 1


sys.exit(main())
