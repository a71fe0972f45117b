"""`llmc`: the files by the rules of llm.c's loaders; where CORPUS_SOURCES has the repository and there is a compiler, by its
own `dataloader.h` too."""

import glob
import os
import shutil
import subprocess
import tempfile

import numpy

from common import ids, main, report, same

# Reads all batches of one sequence, and prints their inputs and the last target.
PROGRAM = """
#include <stdio.h>
#include "llmc/dataloader.h"
int main(int count, char **words) {
    DataLoader loader;
    dataloader_init(&loader, words[1], 1, atoi(words[2]), 0, 1, 0);
    size_t samples = loader.shard_num_samples;
    for (size_t at = 0; at < samples; at++) {
        dataloader_next_batch(&loader);
        for (size_t i = 0; i < loader.T; i++) printf("%d ", loader.inputs[i]);
    }
    printf("%d\\n", loader.targets[loader.T - 1]);
    dataloader_free(&loader);
    return 0;
}
"""


def shard(path, magic, version, dtype):
    """The rule of `_load_data_shard` (train_gpt2.py of github.com/karpathy/llm.c, MIT; the second magic is that of
    dev/data/data_common.py for Llama 3)."""
    with open(path, "rb") as file:
        header = numpy.frombuffer(file.read(256 * 4), dtype=numpy.int32)
        assert (header[0], header[1]) == (magic, version), header[:3]
        tokens = numpy.frombuffer(file.read(), dtype=dtype)
    assert len(tokens) == header[2], "number of tokens read does not match header"
    return tokens


def own(path, sources, length):
    """The ids that the loader in C hands out."""
    with tempfile.TemporaryDirectory() as scratch:
        program = os.path.join(scratch, "read")
        with open(f"{program}.c", "w") as file:
            file.write(PROGRAM)
        command = ["cc", "-O1", "-w", "-I", os.path.join(sources, "llm.c"), f"{program}.c", "-o", program, "-lm"]
        subprocess.run(command, check=True)
        said = subprocess.run([program, path, str(length)], check=True, capture_output=True, text=True).stdout
    return [int(word) for word in said.split()]


def check(exports, build):
    sources = os.environ.get("CORPUS_SOURCES")
    for kind, folder, expected, narrow in ids(exports):
        # The end token stands in front of each document.
        wanted = [id for document in expected["documents"] for id in [expected["end"], *document[:-1]]]
        files = sorted(glob.glob(f"{folder}/llmc/corpus_train_*.bin"))
        of = (20_240_520, 1, numpy.uint16) if narrow else (20_240_801, 7, numpy.uint32)
        same(kind, [id for path in files for id in shard(path, *of).tolist()], wanted)
        report("llm.c's rule, numpy", f"{len(files)} file(s), {kind} ids", len(expected["documents"]), f"{len(wanted)} ids in order")
        if not narrow:
            continue
        if sources and shutil.which("cc"):
            got = own(files[0], sources, 64)
            same(f"{kind}, dataloader.h", got, wanted[: len(got)])
            report("llm.c's own dataloader.h", f"{os.path.basename(files[0])}, {kind} ids", len(expected["documents"]), f"{len(got)} ids in batches of 64")
        else:
            print("left out: llm.c's own dataloader.h (CORPUS_SOURCES, cc)", flush=True)


main(check)
