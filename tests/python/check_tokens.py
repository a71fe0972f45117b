"""Holds exports of token ids against the writers of the trainers themselves, byte by byte.

    corpus export BUILD --to NAME --tokenizer FILE --eos TOKEN …      for each layout
    python3 tests/python/check_tokens.py BUILD FILE TOKEN

The texts of the build are cut by Hugging Face's own tokenizers and written by datatrove's `TokenizedFile` and
`MegatronTokenizedFile`, by mosaicml-streaming's `MDSWriter`, and by NumPy as nanoGPT's and llm.c's `prepare.py` do it;
packed Parquet is read by pyarrow: every token once, no document cut that fits. What was not exported, and writers that
are not installed, are skipped, and say so. Nothing is fetched. Exit code: 0 all is well, 1 something differs.

    pip install tokenizers==0.23.2 numpy pyarrow datatrove==0.9.0 mosaicml-streaming==0.13.0
"""

import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from tokenizers import Tokenizer


def documents(build: Path, file: str, end: int, before: bool) -> list:
    tokenizer = Tokenizer.from_file(file)
    tokenizer.encode_special_tokens = True
    tokenizer.no_truncation()
    tokenizer.no_padding()
    found = []
    for part in sorted((build / "data/pretrain").glob("*.parquet")):
        texts = pq.read_table(part, columns=["text"])["text"].to_pylist()
        for at in range(0, len(texts), 500):
            cut = tokenizer.encode_batch_fast(texts[at : at + 500], add_special_tokens=False)
            found += [[end] + e.ids if before else e.ids + [end] for e in cut]
    return found


def same(ours: Path, theirs: Path) -> bool:
    return ours.read_bytes() == theirs.read_bytes()


def nanogpt(folder: Path, documents: list, aside: Path, wide: bool) -> bool:
    ids = np.concatenate([np.array(d, np.uint32) for d in documents])
    ids.astype(np.uint32 if wide else np.uint16).tofile(aside / "train.bin")
    return same(folder / "train.bin", aside / "train.bin")


def llmc(folder: Path, documents: list, aside: Path, wide: bool) -> bool:
    ids = np.concatenate([np.array(d, np.uint32) for d in documents])
    good = True
    for number, at in enumerate(range(0, len(ids), 1 << 24)):
        part = ids[at : at + (1 << 24)]
        header = np.zeros(256, dtype=np.int32)
        header[:3] = (20240801, 7, len(part)) if wide else (20240520, 1, len(part))
        name = f"corpus_train_{number:06}.bin"
        with open(aside / name, "wb") as file:
            file.write(header.tobytes() + part.astype(np.uint32 if wide else np.uint16).tobytes())
        good &= same(folder / name, aside / name)
    return good


def datatrove(folder: Path, documents: list, aside: Path, wide: bool) -> bool:
    from datatrove.pipeline.tokens.tokenizer import TokenizedFile

    name = "00000_unshuffled.ds"
    named = json.loads((folder / "export.json").read_text())["tokens"]["tokenizer"]
    options = {"tokenizer_name_or_path": named, "save_final_metadata": True, "token_size": 4 if wide else 2}
    file = TokenizedFile(str(aside), name, **options)
    for ids in documents:
        file.write(ids, None)
    file.close()
    return all(same(folder / f"{name}{end}", aside / f"{name}{end}") for end in ("", ".index", ".metadata"))


def megatron(folder: Path, documents: list, aside: Path, wide: bool) -> bool:
    from datatrove.pipeline.tokens.megatron_tokenizer import MegatronTokenizedFile

    file = MegatronTokenizedFile(str(aside), "corpus_text_document", token_size=4 if wide else 2)
    for ids in documents:
        file.write(ids)
    file.close()
    return all(same(folder / f"corpus_text_document{end}", aside / f"corpus_text_document{end}") for end in (".bin", ".idx"))


def mds(folder: Path, documents: list, aside: Path, length: int) -> bool:
    from streaming import MDSWriter

    ids = np.concatenate([np.array(d, np.int32) for d in documents])
    with MDSWriter(out=str(aside / "mds"), columns={"tokens": "ndarray:int32"}) as writer:
        for at in range(0, len(ids) - length + 1, length):
            writer.write({"tokens": ids[at : at + length]})
    files = sorted(p.name for p in (aside / "mds").iterdir())
    ours = sorted(p.name for p in folder.iterdir() if p.name != "export.json")
    return files == ours and all(same(folder / name, aside / "mds" / name) for name in files)


def packed(folder: Path, documents: list, length: int) -> bool:
    parts = Counter()
    for file in sorted((folder / "data").glob("*.parquet")):
        table = pq.read_table(file)
        for ids, lengths in zip(table["input_ids"].to_pylist(), table["seq_lengths"].to_pylist()):
            if len(ids) > length or sum(lengths) != len(ids):
                return False
            at = 0
            for size in lengths:
                parts[tuple(ids[at : at + size])] += 1
                at += size
    cut = (d[at : at + length] for d in documents for at in range(0, len(d), length))
    return parts == Counter(map(tuple, cut))


def main() -> int:
    build, file, token = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    end = Tokenizer.from_file(file).token_to_id(token)
    behind, good = documents(build, file, end, before=False), True
    tokens = sum(map(len, behind))
    for check in (nanogpt, llmc, datatrove, megatron, mds, packed):
        folder = build / "exports" / check.__name__
        if not (folder / "export.json").is_file():
            print(f"{check.__name__}: skipped, it was not exported")
            continue
        sums = json.loads((folder / "export.json").read_text())["tokens"]
        wide = sums["dtype"] != "uint16"
        with tempfile.TemporaryDirectory() as aside:
            try:
                if check is packed:
                    if sums["packed"]["packing"] != "best-fit":
                        print("packed: skipped, it is not best-fit")
                        continue
                    well = packed(folder, behind, sums["packed"]["length"])
                elif check is mds:
                    well = mds(folder, behind, Path(aside), sums["packed"]["length"])
                else:
                    ids = documents(build, file, end, before=True) if check is llmc else behind
                    well = check(folder, ids, Path(aside), wide)
            except ImportError as error:
                print(f"{check.__name__}: skipped, {error}")
                continue
        well &= (sums["documents"], sums["tokens"]) == (len(behind), tokens)
        print(f"{check.__name__}: {len(behind)} documents, {tokens} tokens: {'the same' if well else 'DIFFERENT'}")
        good &= well
    return 0 if good else 1


sys.exit(main())
