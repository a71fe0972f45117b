"""`webdataset`: samples as its reader decodes them, and archives byte by byte as its writer makes them."""

import glob
import importlib.metadata
import io
import os

import webdataset as wds

from common import build_rows, main, report, same


def lean(value):
    """Without what has no value: fields of objects, and empty lists in them."""
    if isinstance(value, dict):
        return {key: lean(inner) for key, inner in value.items() if inner is not None and inner != []}
    return [lean(inner) for inner in value] if isinstance(value, list) else value


def columns(row):
    return {name: lean(value) for name, value in row.items() if value is not None}


def written_again(path):
    """The archive as the real writer makes it of the same samples."""
    out = io.BytesIO()
    with wds.TarWriter(out, mtime=0, encoder=False) as writer:
        for sample in wds.WebDataset(path, shardshuffle=False):
            members = {name: value for name, value in sample.items() if name == "__key__" or not name.startswith("__")}
            writer.write(members)
    return out.getvalue()


def check(exports, build):
    folder, version = f"{exports}/webdataset", f"webdataset {importlib.metadata.version('webdataset')}"
    for use in ["pretrain", "task", "instruct", "rlhf"]:
        archives = sorted(glob.glob(f"{folder}/{use}-*.tar"))
        samples = list(wds.WebDataset(archives, shardshuffle=False).decode())
        wanted = [columns(row) for row in build_rows(build, use)]
        same(f"{use}: keys", [s["__key__"] for s in samples], [f"{number:09}" for number in range(len(wanted))])
        got = [{**s["json"], **({"text": s["txt"]} if "txt" in s else {})} for s in samples]
        same(use, got, wanted)
        for path in archives:
            with open(path, "rb") as file:
                assert file.read() == written_again(path), f"{os.path.basename(path)} is not what TarWriter writes"
        report(version, f"{use}-*.tar: WebDataset", len(samples), "every column; archives byte by byte those of TarWriter")


main(check)
