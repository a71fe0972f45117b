"""What each profile keeps of sets of text, and the reasons that come first, as builds tell it.

    pip install pyarrow
    profiles_kept.py CORPUS SET.jsonl... [--profile NAME]... [--han 0.1]

SET has rows with `text` (and `id`); `.zst` and `.gz` are read too. A build a profile over all sets. Rows with less Han than
`--han`, and none at all, are left out of the shares of Chinese profiles: they are no Chinese. Prints two tables: kept
share a set and profile; and of each profile and set the first reasons, as shares of the rows.
"""

import argparse
import collections
import pathlib
import subprocess
import tempfile

import pyarrow.parquet as parquet

OURS = ["zh-web", "zh-book", "zh-wiki", "zh-dialogue", "zh-classical"]
ALL = [*OURS, "gopher", "fineweb", "fineweb2-cmn_Hani", "dclm", "c4", "data-juicer-zh", "chinesewebtext"]


def recipe(sets, profile, han):
    text = f'name = "kept"\n[output]\ndropped_text = 0\n'
    for number, path in enumerate(sets):
        text += f'[[source]]\nname = "s{number}"\nuse = "pretrain"\npath = ["{path.resolve()}"]\n'
    if han > 0 and profile.startswith("zh-"):
        text += f'[[stage]]\nrun = "keep"\nname = "chinese"\nhan_share = {{ min = {han} }}\n'
    return text + f'[[stage]]\nrun = "profile"\nprofile = "{profile}"\n'


def kept(corpus, sets, profile, han):
    """Of each set: rows that stay (under None) and rows by reason."""
    found = collections.defaultdict(collections.Counter)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "recipe.toml").write_text(recipe(sets, profile, han))
        command = [corpus, "build", "--recipe", folder / "recipe.toml", "--out", folder / "out", "--quiet", "--threads", "1"]
        subprocess.run(command, check=True)
        for path in sorted((folder / "out/data").rglob("*.parquet")):
            for source in parquet.read_table(path, columns=["source"])["source"].to_pylist():
                found[source][None] += 1
        for path in sorted((folder / "out/dropped").rglob("*.parquet")):
            table = parquet.read_table(path, columns=["source", "stage", "reason"])
            for row in table.to_pylist():
                if row["stage"] != "chinese":
                    found[row["source"]][row["reason"]] += 1
    return [found[f"s{number}"] for number in range(len(sets))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("sets", nargs="+", type=pathlib.Path)
    parser.add_argument("--profile", action="append")
    parser.add_argument("--han", type=float, default=0.1)
    given = parser.parse_args()
    names = [path.name.split(".")[0] for path in given.sets]
    profiles = given.profile or ALL
    tables = {profile: kept(given.corpus, given.sets, profile, given.han) for profile in profiles}
    print("| profile | " + " | ".join(names) + " |\n| --- |" + " ---: |" * len(names))
    for profile, counts in tables.items():
        shares = [f"{c[None] / c.total():.3f}" if c.total() else "–" for c in counts]
        print(f"| {profile} | " + " | ".join(shares) + " |")
    print("\n| profile | set | rows | kept | first reasons |\n| --- | --- | ---: | ---: | --- |")
    for profile, counts in tables.items():
        for name, c in zip(names, counts):
            rows = c.total()
            reasons = [f"{reason} {n / rows:.3f}" for reason, n in c.most_common() if reason is not None][:4]
            if rows:
                print(f"| {profile} | {name} | {rows:,} | {c[None] / rows:.3f} | {', '.join(reasons)} |")


main()
