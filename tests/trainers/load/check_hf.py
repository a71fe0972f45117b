"""`hf`, and the plain files: read by `datasets` itself."""

import datasets

from common import build_rows, main, report, same

datasets.disable_progress_bars()


def check(exports, build):
    version = f"datasets {datasets.__version__}"
    for use in ["pretrain", "task", "instruct", "rlhf"]:
        rows = datasets.load_dataset(f"{exports}/hf", use, split="train")
        same(use, rows.to_list(), build_rows(build, use))
        report(f"{version}: load_dataset(folder, {use!r})", "hf", len(rows), "every column of every row")
    assert datasets.get_dataset_config_names(f"{exports}/hf") == ["pretrain", "task", "instruct", "rlhf"]
    same("default", datasets.load_dataset(f"{exports}/hf", split="train")["id"], [r["id"] for r in build_rows(build, "pretrain")])


main(check)
