"""Builds of `corpus` in Python: the binary that comes in the same wheel, called; and what it wrote, loaded.

    import corpus
    manifest = corpus.build("quickstart", out="builds/quickstart")
    rows = corpus.load("builds/quickstart", use="pretrain")
    corpus.report("builds/quickstart")          # in a notebook: the page

Nothing is computed here: every function runs the command of its name, or reads Parquet.
"""

from __future__ import annotations

import html
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

__all__ = ["Error", "Page", "binary", "build", "load", "report", "run", "sql"]

USES = ("pretrain", "task", "instruct", "rlhf")
KINDS = ("data", "dropped", "unreadable")


class Error(RuntimeError):
    """What a command refused, with its cure (`hint`), who is at fault (`code`) and the exit code (`status`)."""

    def __init__(self, message, hint=None, code=None, status=None):
        super().__init__(message + (f"\n\nhint: {hint}" if hint else ""))
        self.message, self.hint, self.code, self.status = message, hint, code, status


def binary() -> str:
    """The path of the binary: `CORPUS`, else the one that was installed with this module, else that of `PATH`."""
    named = os.environ.get("CORPUS")
    beside = [sysconfig.get_path("scripts"), os.path.dirname(sys.executable)]
    schemes = [name for name in ("posix_user", "nt_user", "osx_framework_user") if name in sysconfig.get_scheme_names()]
    beside += [sysconfig.get_path("scripts", scheme) for scheme in schemes]
    found = named or next((path for place in beside if (path := shutil.which("corpus", path=place))), None)
    found = found or shutil.which("corpus")
    if found is None:
        raise Error("the binary `corpus` is not found", "install the wheel (`pip install .`), or name it: CORPUS=/path/to/corpus")
    return found


def _arguments(options):
    words = []
    for name, value in options.items():
        option = "--" + name.rstrip("_").replace("_", "-")
        if value is None or value is False:
            continue
        if value is True:
            words.append(option)
        elif isinstance(value, dict):
            for key, inner in value.items():
                inner = inner if isinstance(inner, str) else json.dumps(inner, ensure_ascii=False)
                words += [option, f"{key}={inner}"]
        elif isinstance(value, (list, tuple)):
            for inner in value:
                words += [option, str(inner)]
        else:
            words += [option, str(value)]
    return words


def run(command, *words, **options):
    """Runs a command and gives back what it prints with `--format json`.

    Options are those of the command line: `threads=2` is `--threads 2`, `fresh=True` is `--fresh`, a list repeats an
    option, `set={"length.chars.min": 80}` is `--set length.chars.min=80`. What the command says of its work goes to stderr.
    Raises `Error` where it fails.
    """
    line = [binary(), command, *map(os.fspath, words), *_arguments(options), "--format", "json"]
    done = subprocess.run(line, stdout=subprocess.PIPE, encoding="utf-8")
    try:
        told = json.loads(done.stdout) if done.stdout.strip() else None
    except ValueError:
        told = None
    if isinstance(told, dict) and isinstance(told.get("error"), dict):
        error = told["error"]
        raise Error(error["message"], error.get("hint"), error.get("code"), done.returncode)
    # 1 with an answer: a gate of the build failed, a recipe has problems. The answer says which.
    if told is None or done.returncode not in (0, 1):
        raise Error(f"`corpus {command}` ended with {done.returncode}", status=done.returncode)
    return told


def build(recipe, out=None, **options):
    """Runs a recipe (a path, or the name of a shipped one) and gives back the manifest, which is `build.json`.

    A gate that fails ends the command with 1 and raises nothing: `manifest["gates"]` says which.
    """
    return run("build", recipe=os.fspath(recipe), out=None if out is None else os.fspath(out), **options)


def sql(build, query, **options):
    """The rows that answer a query over a build, as a list of dicts (`corpus sql`)."""
    return run("sql", build, query, **options)["rows"]


def load(build, use=None, split=None, kind="data", library=None):
    """The rows of a build.

    `use` is one of `pretrain`, `task`, `instruct`, `rlhf`; it may be left out where the build has one alone, and
    `kind="unreadable"` has none. `kind` is `data`, `dropped` or `unreadable`; `split` is `train`, `validation` or `test`
    where the recipe has `[split]`. `library` is `"datasets"` (a `Dataset`, or a `DatasetDict` where there are splits and
    none is named) or `"arrow"` (a `pyarrow.Table`); where it is left out, `datasets` if that is installed.
    """
    files = _files(Path(build), use, split, kind)
    if library is None:
        library = "datasets" if _is_there("datasets") else "arrow"
    if library == "arrow":
        import pyarrow
        import pyarrow.parquet

        # Read one by one: what is called `dropped/…` must not be taken for a partition.
        tables = [pyarrow.parquet.read_table(file, partitioning=None) for files in files.values() for file in files]
        return pyarrow.concat_tables(tables)
    if library == "datasets":
        import datasets

        named = {name or "train": [str(file) for file in files] for name, files in files.items()}
        loaded = datasets.load_dataset("parquet", data_files=named)
        return next(iter(loaded.values())) if len(named) == 1 else loaded
    raise ValueError(f"library is 'datasets' or 'arrow', not {library!r}")


def _is_there(module):
    import importlib.util

    return importlib.util.find_spec(module) is not None


def _files(build, use, split, kind):
    """The files of a table by split; `None` where the build has no splits."""
    if not (build / "build.json").is_file():
        raise Error(f"{build} is no build: it has no build.json", "name the folder of a finished build")
    if kind not in KINDS:
        raise ValueError(f"kind is one of {', '.join(KINDS)}, not {kind!r}")
    folder = build / kind
    if kind != "unreadable":
        there = [name for name in USES if (folder / name).is_dir()]
        use = "rlhf" if use == "preference" else use
        if use is None and len(there) == 1:
            use = there[0]
        if use not in there:
            named = ", ".join(there) or "none"
            what = "no use is named" if use is None else f"{build} has no {kind} rows of {use}"
            raise Error(f"{what}; there are {named}", f"corpus.load(BUILD, use={there[0]!r})" if there else None)
        folder = folder / use
    found = {}
    for file in sorted(folder.glob("*.parquet")):
        name = file.name.split("-")[0]
        found.setdefault(name if name in ("train", "validation", "test") else None, []).append(file)
    if split is not None:
        found = {name: files for name, files in found.items() if name == split}
    if not found:
        raise Error(f"{folder} has no rows" + (f" of the split {split}" if split else ""))
    return found


class Page:
    """A page of `corpus report`: shown in a notebook, written with `save`."""

    def __init__(self, text, height=800):
        self.html, self.height = text, height

    def save(self, path):
        """Writes the page to a file, and gives back its path."""
        Path(path).write_text(self.html, encoding="utf-8")
        return Path(path)

    def _repr_html_(self):
        # Its own document: its style stays within, and texts of the corpus reach nothing of the notebook.
        return (
            f'<iframe sandbox="allow-scripts" style="width:100%;height:{int(self.height)}px;border:0" '
            f'title="corpus report" srcdoc="{html.escape(self.html, quote=True)}"></iframe>'
        )

    def __repr__(self):
        return f"<corpus.Page of {len(self.html):,} characters: save(path), or let a notebook show it>"


def report(build, height=800, **options):
    """The page of a build (`corpus report`), as an object that a notebook shows."""
    with tempfile.TemporaryDirectory(prefix="corpus-report-") as folder:
        path = os.path.join(folder, "report.html")
        run("report", build, out=path, **options)
        return Page(Path(path).read_text(encoding="utf-8"), height)
