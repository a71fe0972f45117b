"""Signals beside the code that they are taken from: datatrove's and Data-Juicer's own functions, on the same documents.

Usage: signals_against.py DOCUMENTS.jsonl SIGNALS.jsonl [COUNT]
  DOCUMENTS  rows {"id","text"}
  SIGNALS    rows {"id", every signal, "words"}: what the stage `quality` measured with the words of the stage `words`
Needs `pip install datatrove==0.10.1 numpy` and `pip download --no-deps py-data-juicer==1.6.1`, unpacked on PYTHONPATH (the
package itself imports far more than the functions need, so its two base modules are replaced by empty ones here).
Prints a table: how many documents agree to 1e-9, the largest difference, and what is done to the reference where our
definition differs on purpose.
"""

import json
import re
import sys
import types

import numpy as np


class Empty:
    """Stands for whatever a module of Data-Juicer imports."""

    def __init__(self, *args, **kwargs):
        pass

    def __getattr__(self, name):
        return Empty()

    def __call__(self, *args, **kwargs):
        return args[0] if args and isinstance(args[0], type) else self


def juicer(name):
    from importlib import import_module, util
    import pathlib

    root = next(pathlib.Path(p) / "data_juicer" for p in sys.path if (pathlib.Path(p) / "data_juicer" / "ops").is_dir())
    for parent in ("data_juicer", "data_juicer.ops", "data_juicer.ops.filter", "data_juicer.ops.common", "data_juicer.utils"):
        if parent not in sys.modules:
            module = types.ModuleType(parent)
            module.__path__ = [str(root.joinpath(*parent.split(".")[1:]))]
            sys.modules[parent] = module
    base = types.ModuleType("data_juicer.ops.base_op")
    base.OPERATORS, base.Filter = Empty(), Empty
    base.OPERATORS = types.SimpleNamespace(register_module=lambda *_: lambda c: c)
    fusion = types.ModuleType("data_juicer.ops.op_fusion")
    for group in ("INTER_LINES", "INTER_WORDS"):
        setattr(fusion, group, base.OPERATORS)
    models = types.ModuleType("data_juicer.utils.model_utils")
    models.get_model, models.prepare_model = lambda *_: None, lambda *_, **__: None
    constant = types.ModuleType("data_juicer.utils.constant")

    class Keys(types.SimpleNamespace):
        def __getattr__(self, key):
            return key

    constant.Fields, constant.StatsKeys, constant.InterVars = Keys(), Keys(), Keys()
    for module in (base, fusion, models, constant):
        sys.modules[module.__name__] = module
    spec = util.spec_from_file_location("data_juicer.ops.common.helper_func", root / "ops/common/helper_func.py")
    special = util.spec_from_file_location("data_juicer.ops.common.special_characters", root / "ops/common/special_characters.py")
    common = sys.modules["data_juicer.ops.common"]
    for s in (spec, special):
        module = util.module_from_spec(s)
        s.loader.exec_module(module)
        sys.modules[s.name] = module
        for key, value in vars(module).items():
            setattr(common, key, value)
    return import_module("data_juicer.ops.filter." + name)


def statistic(module, kind, key, **options):
    """The value that an operator of Data-Juicer writes for one text."""
    operator = object.__new__(getattr(juicer(module), kind))
    for name, value in dict(text_key="text", **options).items():
        object.__setattr__(operator, name, value)

    def of(text):
        samples = {"text": [text], "__stats__": [{}], "stats": [{}]}
        samples = operator.compute_stats_batched(samples)
        return samples["stats"][0].get(key) if samples["stats"][0] else samples["__stats__"][0][key]

    return of


def main():
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
    documents = [json.loads(line)["text"] for line in open(sys.argv[1], encoding="utf8")][:count]
    ours = [json.loads(line) for line in open(sys.argv[2], encoding="utf8")][:count]
    from datatrove.pipeline.filters.gopher_repetition_filter import find_all_duplicate, find_duplicates
    from datatrove.utils.text import TERMINAL_PUNCTUATION

    special = juicer("special_characters_filter").SPECIAL_CHARACTERS
    letters = {c for c in special if c.isalpha()}
    han = re.compile("[\u4e00-\u9fff]")

    def spaced(row):
        return row["top_2_gram"] is not None and not row["chinese"]

    def top(words, n, text, between):
        from collections import Counter

        grams = [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]
        if not grams:
            return 0.0
        best, times = Counter(grams).most_common(1)[0]
        return len(between.join(best)) * times / len(text)

    def lines(text):
        return [line for line in text.split("\n") if line.strip() != ""]

    def paragraphs(text):
        found = re.split(r"\n[^\S\n]*\n\s*", text.strip("\n"))
        return [p for p in found if p.strip()]

    checks = {
        "char_rep_10": ("Data-Juicer char_rep_ratio", lambda t, r: char(t), ""),
        "alnum_ratio": ("Data-Juicer alnum_ratio", lambda t, r: alnum(t), ""),
        "special_ratio": ("Data-Juicer special_char_ratio", lambda t, r: spec(t) - sum(c in letters for c in t) / len(t), "less its letters"),
        "mean_line_length": ("Data-Juicer avg_line_length", lambda t, r: len(t) / max(1, len(t.removesuffix("\n").split("\n"))), "lines end with \\n only"),
        "max_line_length": ("Data-Juicer max_line_length", lambda t, r: max(map(len, t.split("\n"))), "lines end with \\n only"),
        "terminal_lines": ("datatrove FineWeb line_punct_thr", lambda t, r: sum(x.endswith(tuple(TERMINAL_PUNCTUATION)) for x in lines(t)) / len(lines(t)), ""),
        "lines_upto_30": ("datatrove FineWeb short_line_thr", lambda t, r: sum(len(x) <= 30 for x in lines(t)) / len(lines(t)), ""),
        "fineweb_dup_chars": ("datatrove FineWeb char_duplicates_ratio", lambda t, r: find_duplicates(lines(t))[1] / len(t.replace("\n", "")), ""),
        "newlines_per_unit": ("datatrove FineWeb new_line_ratio", lambda t, r: t.count("\n") / len(r["words"]), "our words"),
        "dup_lines": ("datatrove Gopher dup_line_frac", lambda t, r: find_duplicates(lines(t))[0] / len(lines(t)), "blank lines left out"),
        "dup_line_chars": ("datatrove Gopher dup_line_char_frac", lambda t, r: find_duplicates(lines(t))[1] / len(t), "blank lines left out"),
        "letter_units": ("datatrove Gopher alpha words", lambda t, r: sum(any(c.isalpha() for c in w) for w in r["words"]) / len(r["words"]), "our words"),
        "mean_unit_length": ("datatrove Gopher mean word length", lambda t, r: float(np.mean([len(w) for w in r["words"]])), "our words"),
        "hash_per_unit": ("datatrove Gopher # per word", lambda t, r: t.count("#") / len(r["words"]), "our words"),
        "ellipsis_per_unit": ("datatrove Gopher … per word", lambda t, r: len(re.findall(r"…+|\.{3,}", t)) / len(r["words"]), "runs count once; our words"),
        "bullet_lines": ("datatrove Gopher bullet lines", lambda t, r: bullets(t), "lines end with \\n only"),
        "ellipsis_lines": ("datatrove Gopher … lines", lambda t, r: ellipses(t), "lines end with \\n only"),
        "unique_units": ("datatrove type_token_ratio", lambda t, r: len(set(r["words"])) / len(r["words"]), "our words"),
        "upper_ratio": ("datatrove uppercase_ratio", lambda t, r: sum(c.isupper() for c in t) / len(t), ""),
        "letter_ratio": ("Python isalpha", lambda t, r: sum(c.isalpha() for c in t) / len(t), ""),
    }
    for n in (2, 3, 4):
        checks[f"top_{n}_gram"] = (f"datatrove Gopher top {n}-gram", lambda t, r, n=n: top(r["words"], n, t, "" if chinese(t) else " "), "no spaces between Chinese words; our words")
    for n in range(5, 11):
        checks[f"dup_{n}_gram"] = (f"datatrove Gopher duplicate {n}-grams", lambda t, r, n=n: find_all_duplicate(r["words"], n) / len(t), "our words")

    def chinese(text):
        latin = len(re.findall("[A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02afＡ-Ｚａ-ｚ]", text))
        return 0 < len(han.findall(text)) * 5 >= latin

    def split(text):
        return text.removesuffix("\n").split("\n")

    def bullets(text):
        return sum(x.lstrip().startswith(("•", "-")) for x in split(text)) / len(split(text))

    def ellipses(text):
        return sum(x.rstrip().endswith(("...", "…")) for x in split(text)) / len(split(text))

    char = statistic("character_repetition_filter", "CharacterRepetitionFilter", "char_rep_ratio", n=10)
    alnum = statistic("alphanumeric_filter", "AlphanumericFilter", "alnum_ratio", tokenization=False)
    spec = statistic("special_characters_filter", "SpecialCharactersFilter", "special_char_ratio")
    print(f"| signal | reference | agree to 1e-9 of {len(documents)} | largest difference | reference changed |\n|---|---|---|---|---|")
    for signal, (name, reference, changed) in checks.items():
        off, worst = [], 0.0
        for number, (text, row) in enumerate(zip(documents, ours)):
            difference = abs(reference(text, row) - row[signal])
            worst = max(worst, difference)
            if difference > 1e-9:
                off.append((difference, number))
        print(f"| `{signal}` | {name} | {len(documents) - len(off)} | {worst:.2g} | {changed} |" + (f"  e.g. document {max(off)[1]}" if off else ""))


main()
