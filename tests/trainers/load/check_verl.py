"""`verl`: read by its three data sets. What they do with tensors is not run."""

import importlib.metadata

from absent import stand_in

ABSENT = stand_in("torch", "ray", "tensordict", "hydra", "torchdata", "peft", "codetiming", "verl.models")

import datasets
from omegaconf import OmegaConf

from byte_tokenizer import tokenizer
from common import asks, folded, labelled, main, report, said, same, written

datasets.disable_progress_bars()

from verl.utils.dataset.multiturn_sft_dataset import MultiTurnSFTDataset
from verl.utils.dataset.rl_dataset import RLHFDataset
from verl.utils.dataset.rm_dataset import RMDataset

VERSION = f"verl {importlib.metadata.version('verl')}, datasets {datasets.__version__}"


def turns(messages):
    return [(m["role"], m["content"]) for m in messages]


def check(exports, build):
    print(f"stands in: {', '.join(ABSENT)}", flush=True)
    folder, tok = f"{exports}/verl", tokenizer()

    rows = MultiTurnSFTDataset(f"{folder}/sft.parquet", tok, OmegaConf.create({"max_length": 4096}))
    tasks = [[("user", r["input"]), ("assistant", r["output"])] for r in written(folder, build, "task")]
    kept = [said(r["messages"]) for r in written(folder, build, "instruct", lambda r: not asks(r))]
    same("sft", [turns(m) for m in rows.messages], tasks + kept)
    report(VERSION, "sft.parquet: MultiTurnSFTDataset", len(rows), "roles, texts, thinking")

    config = OmegaConf.create({"filter_overlong_prompts": True, "max_prompt_length": 4096, "filter_overlong_prompts_workers": 1})
    rows = RLHFDataset(f"{folder}/rl.parquet", tok, config)
    kept = written(folder, build, "instruct", asks)
    got = [rows[i] for i in range(len(rows))]
    same("rl", [(turns(r["raw_prompt"]), r["data_source"], r["reward_model"]) for r in got],
         [(said(r["messages"]), r["data_source"] or r["source"], {"style": "rule", "ground_truth": r["answer"]}) for r in kept])
    report(VERSION, "rl.parquet: RLHFDataset", len(rows), "prompts, data sources, ground truth; lengths by the template")

    rows = RMDataset(f"{folder}/rm.parquet", tok)
    kept = written(folder, build, "rlhf", lambda r: not labelled(r))
    got = list(zip(rows.prompts, rows.chosen_responses, rows.rejected_responses))
    same("rm", got, [(r["prompt"][-1]["content"], folded(r["chosen"][0]), folded(r["rejected"][0])) for r in kept])
    report(VERSION, "rm.parquet: RMDataset", len(rows))


main(check)
