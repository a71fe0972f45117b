"""Trains and extends tokenizers by `corpus train-tokenizer`, and holds them against the libraries that read them: the
files load, ids are those that `corpus export` writes, and what is extended keeps its ids and cuts what has no new piece
as before.

    pip install tokenizers transformers sentencepiece numpy
    cargo build --release
    python3 tests/bench/train_tokenizers.py target/release/corpus TEXTS.jsonl [TOKENIZER.json …] [--sample MB] [--rows N]

TEXTS has a `text` a line; the lines of the last N are held against each other, and all are trained on. Each
TOKENIZER.json (of byte-pair encoding) is extended by 2,000 ids, or by 8,000 where characters have bytes to fall back on;
so is a model of SentencePiece that is trained on the first texts here. Of the models of 8,000 ids that are trained anew, SentencePiece's own of the same size are told beside them.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy
import sentencepiece
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast


def run(*command) -> str:
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command}: {done.stderr}{done.stdout}")
    return done.stdout


class Check:
    def __init__(self, corpus: str, folder: Path, texts: list, rows: int):
        self.corpus, self.folder, self.texts = corpus, folder, texts[-rows:]
        self.texts = [line for text in self.texts for line in text.split("\n") if line.strip()]
        self.data = folder / "held.jsonl"
        lines = [json.dumps({"text": text}, ensure_ascii=False) for text in self.texts]
        self.data.write_text("\n".join(lines) + "\n", encoding="utf-8")
        recipe = folder / "recipe.toml"
        recipe.write_text(f"name = 'held'\n[[source]]\nname = 'texts'\npath = '{self.data}'\nuse = 'pretrain'\n")
        run(corpus, "build", "--recipe", recipe, "--out", folder / "build", "--quiet")

    def ours(self, tokenizer: Path, eos: str) -> list:
        """The ids that `corpus export` writes, text by text."""
        out = self.folder / "ids"
        run("rm", "-rf", out)
        run(self.corpus, "export", self.folder / "build", "--to", "nanogpt", "--tokenizer", tokenizer, "--eos", eos, "--out", out, "--quiet")
        told = json.loads((out / "export.json").read_text())["tokens"]
        ids = numpy.fromfile(out / "train.bin", dtype=told["dtype"]).tolist()
        end, texts, text = told["end_id"], [], []
        for one in ids:
            text.append(one)
            if one == end:
                texts.append(text[:-1])
                text = []
        return texts

    def same(self, name: str, tokenizer: Path, eos: str) -> list:
        """Loads it by both libraries, and holds their ids against ours; ours."""
        loaded = Tokenizer.from_file(str(tokenizer))
        loaded.encode_special_tokens = True
        theirs = [e.ids for e in loaded.encode_batch(self.texts, add_special_tokens=False)]
        fast = PreTrainedTokenizerFast(tokenizer_file=str(tokenizer))
        # A text is cut with special tokens as words here too.
        fast.backend_tokenizer.encode_special_tokens = True
        fasts = fast(self.texts, add_special_tokens=False)["input_ids"]
        ours = self.ours(tokenizer, eos)
        wrong = [at for at, ids in enumerate(ours) if ids != theirs[at] or ids != fasts[at]]
        back = sum(loaded.decode(ids, skip_special_tokens=False) != text for ids, text in zip(ours, self.texts))
        tokens, chars = sum(map(len, ours)), sum(map(len, self.texts))
        print(f"{name}: {loaded.get_vocab_size()} ids, {len(ours)} texts, {tokens} tokens, {chars / tokens:.3f} characters a token, {len(wrong)} cut otherwise, {back} not given back as they were", flush=True)
        if len(ours) != len(self.texts) or wrong:
            sys.exit(f"{name}: ids differ: rows {wrong[:5]}")
        return ours

    def extended(self, name: str, base: list, ours: list, first: int) -> None:
        """Texts without a new id have the ids that they had."""
        old = [at for at, ids in enumerate(ours) if all(one < first for one in ids)]
        wrong = [at for at in old if ours[at] != base[at]]
        print(f"  of {len(ours)} texts {len(old)} have no new piece, {len(wrong)} of these are cut otherwise than before", flush=True)
        if wrong:
            sys.exit(f"{name}: {wrong[:5]}")


def piece_model(folder: Path, texts: list, kind: str, size: int, name: str, coverage: float = 0.9995) -> Path:
    """A model of SentencePiece that is trained on texts."""
    lines = [line for text in texts for line in text.split("\n") if line.strip()]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_prefix=str(folder / name), model_type=kind, vocab_size=size,
        byte_fallback=True, normalization_rule_name="identity", remove_extra_whitespaces=False,
        split_digits=True, character_coverage=coverage, max_sentence_length=1 << 20, minloglevel=2,
    )
    return folder / f"{name}.model"


def same_merges(corpus: str, folder: Path, texts: list) -> None:
    """Byte-pair encoding of bytes, trained on 49 texts (of which none is held out) by us and by the library: all merges."""
    long = re.compile(r"[^\W\d_]{100,}|[^\w\s]{120,}|\s{100,}")
    some = [text for text in texts if len(text.encode()) < 60_000 and not long.search(text)][:49]
    data = folder / "some.jsonl"
    data.write_text("".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in some), encoding="utf-8")
    out = folder / "merges"
    run(corpus, "train-tokenizer", data, "--size", 8000, "--byte-level", "--longest", 1000, "--out", out)
    ours = json.loads((out / "tokenizer.json").read_text())
    pattern = ours["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"]
    theirs = Tokenizer(models.BPE())
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    theirs.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"), level])
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=8000, min_frequency=2, special_tokens=["<|endoftext|>"], initial_alphabet=alphabet, show_progress=False
    )
    theirs.train_from_iterator(some, trainer)
    model = json.loads(theirs.to_str())["model"]
    merges = [merge if isinstance(merge, list) else merge.split(" ") for merge in model["merges"]]
    if merges != ours["model"]["merges"] or model["vocab"] != ours["model"]["vocab"]:
        sys.exit("the library's trainer has other merges")
    print(f"byte-pair encoding of bytes: all {len(merges)} merges are those of the library's trainer", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus")
    parser.add_argument("texts")
    parser.add_argument("tokenizers", nargs="*")
    parser.add_argument("--sample", type=int, default=16)
    parser.add_argument("--rows", type=int, default=500)
    options = parser.parse_args()
    corpus = os.path.abspath(options.corpus)
    texts = [json.loads(line)["text"] for line in open(options.texts, encoding="utf-8")]
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        check = Check(corpus, folder, texts, options.rows)
        same_merges(corpus, folder, texts)
        train = [corpus, "train-tokenizer", options.texts, "--sample", options.sample, "--format", "json"]
        for name, more in (("bpe of bytes", ["--byte-level"]), ("bpe of characters", []), ("unigram", ["--model", "unigram"])):
            begin = time.time()
            out = folder / name.replace(" ", "-")
            run(*train, "--size", 8000, *more, "--out", out)
            seconds = time.time() - begin
            check.same(f"{name}, {seconds:.0f} s", out / "tokenizer.json", "<|endoftext|>")
            again = folder / "again"
            run(*train, "--size", 8000, *more, "--out", again, "--threads", 1, "--replace")
            if (again / "tokenizer.json").read_bytes() != (out / "tokenizer.json").read_bytes():
                sys.exit(f"{name}: another file by one thread")
        # What SentencePiece makes of as much of the same text.
        drawn, left = [], options.sample << 20
        for text in texts[:: max(1, sum(map(len, texts)) * 2 // (options.sample << 20))]:
            left -= len(text.encode())
            if left > 0:
                drawn.append(text)
        for kind in ("bpe", "unigram"):
            begin = time.time()
            model = piece_model(folder, drawn, kind, 8000, f"theirs-{kind}")
            seconds = time.time() - begin
            processor = sentencepiece.SentencePieceProcessor(model_file=str(model))
            tokens = sum(map(len, processor.encode(check.texts)))
            print(f"SentencePiece's {kind}, {seconds:.0f} s: {sum(map(len, check.texts)) / tokens:.3f} characters a token", flush=True)
        for path in options.tokenizers:
            size = max(Tokenizer.from_file(path).get_vocab(with_added_tokens=True).values()) + 1
            beside = json.loads(Path(path).with_name("tokenizer_config.json").read_text())["eos_token"]
            eos = beside if isinstance(beside, str) else beside["content"]
            out = folder / "extended"
            more = 8000 if json.loads(Path(path).read_text())["model"].get("byte_fallback") else 2000
            told = json.loads(run(*train, "--size", size + more, "--extend", path, "--out", out, "--replace"))
            print(f"{path}, extended: {told['made']} new, lines held out: {told['extended']}", flush=True)
            base = check.same("  before", Path(path), eos)
            ours = check.same("  after", out / "tokenizer.json", eos)
            check.extended(path, base, ours, size)
        # A model of SentencePiece that has seen little Chinese.
        model = piece_model(folder, texts[:300], "bpe", 4000, "small", 0.98)
        out = folder / "more"
        run(*train, "--size", 12000, "--extend", model, "--out", out)
        new = out / "tokenizer.model"
        print("a model of SentencePiece, extended", flush=True)
        ours = check.same("  tokenizer.json", out / "tokenizer.json", "</s>")
        for file, ids in (("tokenizer.model", ours), ("before", check.ours(model, "</s>"))):
            processor = sentencepiece.SentencePieceProcessor(model_file=str(new if file == "tokenizer.model" else model))
            wrong = [at for at, text in enumerate(check.texts) if processor.encode(text) != ids[at]]
            print(f"  {file}: {processor.get_piece_size()} pieces, {len(wrong)} of {len(ids)} texts cut otherwise by SentencePiece", flush=True)
            if wrong:
                sys.exit(f"{file}: {wrong[:5]}")
        check.extended("SentencePiece", check.ours(model, "</s>"), ours, 4000)


main()
