"""`datatrove`: read by its DatatroveFolderDataset, which Nanotron reads the folder with, positions too; byte by byte what
its TokenizedFile writes."""

import importlib.metadata
import os
import tempfile

from datatrove.io import get_datafolder
from datatrove.pipeline.tokens.tokenizer import TokenizedFile
from datatrove.utils.dataset import DatatroveFolderDataset

from common import ids, main, report, same, stream

LENGTH = 127
NAME = "00000_unshuffled.ds"


def check(exports, build):
    version = f"datatrove {importlib.metadata.version('datatrove')}"
    for kind, folder, expected, narrow in ids(exports):
        own, size, tokens = f"{folder}/datatrove", 2 if narrow else 4, stream(expected)
        places = [place for document in expected["documents"] for place in range(len(document))]
        begins = range(0, len(tokens) - LENGTH, LENGTH + 1)
        data = DatatroveFolderDataset(own, seq_len=LENGTH, filename_pattern="*.ds", token_size=size, return_positions=True)
        got = [data[at] for at in range(len(data))]
        same(kind, [item["input_ids"].tolist() for item in got], [tokens[at : at + LENGTH + 1] for at in begins])
        # A document that goes on from the window before begins at 0 in this one.
        wanted = []
        for at in begins:
            row, first = places[at : at + LENGTH + 1], places[at]
            goes_on = next((n for n, place in enumerate(row) if n and place == 0), len(row))
            wanted.append([place - first for place in row[:goes_on]] + row[goes_on:])
        same(f"{kind}: positions", [item["positions"].tolist() for item in got], wanted)
        with tempfile.TemporaryDirectory() as scratch:
            with open(f"{own}/{NAME}.metadata", encoding="utf-8") as file:
                tokenizer = file.readline().strip().partition("|")[0]
            made = TokenizedFile(get_datafolder(scratch), NAME, token_size=size, tokenizer_name_or_path=tokenizer, save_final_metadata=True)
            for document in expected["documents"]:
                made.write(document, None)
            made.close()
            for name in [NAME, f"{NAME}.index", f"{NAME}.metadata"]:
                with open(os.path.join(scratch, name), "rb") as real, open(f"{own}/{name}", "rb") as ours:
                    assert real.read() == ours.read(), f"{kind}: {name} is not what TokenizedFile writes"
        report(version, f"DatatroveFolderDataset, {kind} ids", len(got), f"windows of {LENGTH + 1}, positions; 3 files byte by byte those of TokenizedFile")


main(check)
