"""Opens a build's output folder with the libraries that people use, and compares what they see with `build.json`.

    python3 tests/python/check_output.py FOLDER

pyarrow, pandas, DuckDB and Hugging Face `datasets` each read `data/`, `dropped/` and `unreadable/` on their own. A
library that is not installed is skipped, and says so; without pyarrow there is nothing to check. Nothing is fetched.
Exit code: 0 all is well, 1 something differs, 2 wrong usage.
"""

import json
import os
import sys
import tempfile
from importlib import import_module
from pathlib import Path

USES = ("pretrain", "task", "instruct", "rlhf")
COMMON = ("id", "source", "subset", "use", "language", "script", "license", "url", "meta")
MESSAGE = ("role", "content")
OPTIONAL = ("reasoning", "name", "tool_calls", "tool_call_id")
DROP = ("id", "source", "use", "stage", "reason", "value", "limit", "kept_id", "similarity", "spans")
UNREADABLE = ("source", "path", "offset", "line", "reason", "detail", "head")
LABELS = ("corpus.recipe", "corpus.fingerprint", "corpus.version", "corpus.schema")
CONTENT = {
    "pretrain": {"text": "text"},
    "task": {
        **dict.fromkeys(("task", "domain", "input", "output", "input_language", "output_language", "text"), "text"),
        "choices": "texts",
    },
    "instruct": {
        "messages": "messages",
        **dict.fromkeys(("tools", "answer", "answer_kind", "data_source"), "text"),
    },
    "rlhf": {
        **dict.fromkeys(("prompt", "chosen", "rejected", "completion"), "messages"),
        **dict.fromkeys(("chosen_score", "rejected_score", "margin"), "number"),
        "label": "boolean",
    },
}


class Build:
    """An output folder, and how many rows its manifest promises for each table."""

    def __init__(self, folder):
        self.folder = folder
        self.manifest = json.loads((folder / "build.json").read_text(encoding="utf-8"))
        self.failures = []
        self.checked = 0
        sources = self.manifest["sources"]
        self.uses = [use for use in USES if any(use in source["uses"] for source in sources)]
        self.rows = {f"data/{use}": self.kept(use) for use in self.uses}
        for use in self.uses:
            lines = [line for line in self.manifest["reasons"] if line["use"] == use]
            self.rows[f"dropped/{use}"] = sum(line["rows"] for line in lines)
        self.rows["unreadable"] = self.manifest["totals"]["unreadable"]

    def kept(self, use):
        files = [file for source in self.manifest["sources"] for file in source["files"]]
        return sum(file["uses"].get(use, 0) for file in files)

    def files(self, table):
        return sorted((self.folder / table).glob("*.parquet"))

    def tables(self):
        """Tables that are there. One without rows may be left out, but for those under data/."""
        for table, rows in self.rows.items():
            if self.files(table):
                yield table, rows
            else:
                self.same(f"{table}: no files", 0, rows)
                self.true(f"{table} is there", not table.startswith("data/"))

    def true(self, what, condition):
        self.checked += 1
        if not condition:
            self.failures.append(what)
            print(f"FAILED  {what}")

    def same(self, what, found, wanted):
        self.true(f"{what}: found {found!r}, wanted {wanted!r}", found == wanted)


def check_manifest(build):
    """read + added = kept + dropped + unreadable: for each file, and in all."""
    totals = dict.fromkeys(("read", "added", "kept", "dropped", "unreadable"), 0)
    for source in build.manifest["sources"]:
        for file in source["files"]:
            name = f"{source['name']}: {file['path']}"
            fate = file["kept"] + file["dropped"] + file["unreadable"]
            build.same(f"{name}: read + added", file["read"] + file["added"], fate)
            build.same(f"{name}: kept by use", sum(file["uses"].values()), file["kept"])
            for key in totals:
                totals[key] += file[key]
    build.same("totals", {key: build.manifest["totals"][key] for key in totals}, totals)
    build.same("rows dropped by reason", sum(line["rows"] for line in build.manifest["reasons"]), totals["dropped"])


def check_pyarrow(build, pa):
    parquet = import_module("pyarrow.parquet")

    def is_messages(kind):
        fields = kind.value_type if pa.types.is_list(kind) else None
        if fields is None or not pa.types.is_struct(fields):
            return False
        names = tuple(field.name for field in fields)
        # Fields that no row fills are left out; the others have their order.
        wanted = MESSAGE + tuple(name for name in OPTIONAL if name in names)
        calls = [field.type for field in fields if field.name == "tool_calls"]
        texts = all(pa.types.is_string(field.type) for field in fields if field.name != "tool_calls")
        return names == wanted and texts and all(is_call(kind) for kind in calls)

    def is_call(kind):
        item = kind.value_type if pa.types.is_list(kind) else None
        if item is None or not pa.types.is_struct(item):
            return False
        names = [field.name for field in item]
        return names in (["type", "function"], ["id", "type", "function"]) and pa.types.is_struct(item.field("function").type)

    kinds = {
        "text": pa.types.is_string,
        "texts": lambda kind: pa.types.is_list(kind) and pa.types.is_string(kind.value_type),
        "messages": is_messages,
        "number": pa.types.is_float64,
        "boolean": pa.types.is_boolean,
        "integer": pa.types.is_integer,
    }

    def column(table, schema, name, kind):
        there = name in schema.names
        build.true(f"pyarrow: {table} has the column {name}", there)
        if there:
            found = schema.field(name).type
            build.true(f"pyarrow: {table}.{name} is {kind}, not {found}", kinds[kind](found))

    for table, rows in build.tables():
        ids = set()
        found = 0
        for path in build.files(table):
            file = parquet.ParquetFile(path)
            schema = file.schema_arrow
            read = file.read()
            found += read.num_rows
            check_labels(build, table, path, file.metadata.metadata or {})
            if table == "unreadable":
                for name in UNREADABLE:
                    column(table, schema, name, "integer" if name in ("offset", "line") else "text")
                continue
            use = table.split("/")[1]
            for name, kind in CONTENT[use].items():
                column(table, schema, name, kind)
            if table.startswith("dropped/"):
                for name in DROP:
                    if name != "spans":
                        column(table, schema, name, "number" if name == "similarity" else "text")
                build.true(f"pyarrow: {table} has the column spans", "spans" in schema.names)
                build.same(f"pyarrow: {table}: rows without a reason", read["reason"].null_count, 0)
            else:
                for name in COMMON:
                    column(table, schema, name, "text")
            build.same(f"pyarrow: {table}: values of `use`", set(read["use"].to_pylist()) - {use}, set())
            ids.update(zip(read["source"].to_pylist(), read["id"].to_pylist()))
        build.same(f"pyarrow: rows of {table}", found, rows)
        if table != "unreadable":
            build.same(f"pyarrow: different ids in {table}", len(ids), rows)


def check_labels(build, table, path, metadata):
    labels = {key.decode(): value.decode() for key, value in metadata.items()}
    name = f"{table}/{path.name}"
    wanted = LABELS if table == "unreadable" else ("corpus.use", *LABELS)
    for label in wanted:
        build.true(f"{name}: metadata has {label}", bool(labels.get(label)))
    if table != "unreadable":
        build.same(f"{name}: corpus.use", labels.get("corpus.use"), table.split("/")[1])
    manifest = build.manifest
    build.same(f"{name}: corpus.recipe", labels.get("corpus.recipe"), manifest["recipe"]["name"])
    build.same(f"{name}: corpus.fingerprint", labels.get("corpus.fingerprint"), manifest["recipe"]["fingerprint"])
    build.same(f"{name}: corpus.version", labels.get("corpus.version"), manifest["version"])
    try:
        json.loads(labels.get("corpus.schema", ""))
    except ValueError as error:
        build.true(f"{name}: corpus.schema is JSON: {error}", False)


def check_pandas(build, pandas):
    for table, rows in build.tables():
        frame = pandas.read_parquet(build.folder / table)
        build.same(f"pandas: rows of {table}", len(frame), rows)
        names = ("source", "reason") if table == "unreadable" else ("id", "source", "use")
        for name in names:
            odd = [value for value in frame[name] if not isinstance(value, str)]
            build.same(f"pandas: {table}.{name}: values that are no text", odd, [])
        if table == "data/instruct" and rows:
            turn = frame["messages"].iloc[0][0]
            build.same("pandas: a message", tuple(turn), MESSAGE + tuple(n for n in OPTIONAL if n in turn))


def check_duckdb(build, duckdb):
    connection = duckdb.connect()
    for table, rows in build.tables():
        files = [str(path) for path in build.files(table)]
        read = connection.read_parquet(files)
        build.same(f"duckdb: rows of {table}", len(read.fetchall()), rows)
        types = dict(zip(read.columns, (str(kind) for kind in read.types)))
        use = table.split("/")[-1]
        for name, kind in CONTENT.get(use, {}).items():
            if kind == "text":
                build.same(f"duckdb: {table}.{name}", types.get(name), "VARCHAR")
            elif kind == "messages":
                found = types.get(name, "")
                build.true(f"duckdb: {table}.{name} is {found}", found.startswith("STRUCT(") and found.endswith("[]"))
    if build.rows.get("data/instruct"):
        files = [str(path) for path in build.files("data/instruct")]
        query = "select count(*) from read_parquet(?) where messages[1].role in ('user', 'system')"
        count = connection.execute(query, [files]).fetchone()[0]
        build.true("duckdb: dialogues that begin with the user or the system", count > 0)


def check_datasets(build, datasets):
    datasets.disable_progress_bars()
    folder = str(build.folder)

    def rows(*arguments, **options):
        return datasets.load_dataset(*arguments, split="train", **options)

    for use in build.uses:
        loaded = rows(folder, use)
        build.same(f"datasets: rows of {use}", loaded.num_rows, build.rows[f"data/{use}"])
        columns = set(COMMON) | set(CONTENT[use])
        build.same(f"datasets: columns missing from {use}", sorted(columns - set(loaded.column_names)), [])
        build.same(f"datasets: {use}: values of `use`", set(loaded["use"]) - {use}, set())
    default = rows(folder)
    build.same("datasets: rows of the default", default.num_rows, build.rows[f"data/{build.uses[0]}"])
    for table, wanted in build.tables():
        if not table.startswith("data/"):
            files = [str(path) for path in build.files(table)]
            build.same(f"datasets: rows of {table}", rows("parquet", data_files=files).num_rows, wanted)


def check_readme(build):
    """The Python of the README runs, over this build in place of `builds/quickstart`."""
    readme = Path(__file__).resolve().parents[2] / "README.md"
    blocks = readme.read_text(encoding="utf-8").split("```python\n")[1:]
    build.true("README.md has a block of Python", bool(blocks))
    for block in blocks:
        code = block.split("```")[0]
        build.true("the Python of the README reads builds/quickstart", "builds/quickstart" in code)
        exec(compile(code.replace("builds/quickstart", str(build.folder)), "README.md", "exec"), {})


LIBRARIES = {
    "pyarrow": check_pyarrow,
    "pandas": check_pandas,
    "duckdb": check_duckdb,
    "datasets": check_datasets,
}


def main(arguments):
    if len(arguments) != 1 or not (Path(arguments[0]) / "build.json").is_file():
        print("usage: check_output.py FOLDER, where FOLDER holds a build.json", file=sys.stderr)
        return 2
    build = Build(Path(arguments[0]))
    check_manifest(build)
    with tempfile.TemporaryDirectory(prefix="corpus-check-") as cache:
        os.environ.update(HF_HOME=cache, HF_DATASETS_CACHE=cache, HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1")
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
        for name, check in LIBRARIES.items():
            try:
                library = import_module(name)
            except ImportError as error:
                print(f"skipped {name}: {error}")
                continue
            before = build.checked
            try:
                check(build, library)
            except Exception as error:  # a library that cannot read the output is what this looks for
                build.true(f"{name} reads the output: {type(error).__name__}: {error}", False)
            print(f"checked {name} {library.__version__}: {build.checked - before} checks")
        if set(USES) <= set(build.uses):
            try:
                check_readme(build)
                print("checked the Python of README.md")
            except ImportError as error:
                print(f"skipped the Python of README.md: {error}")
            except Exception as error:
                build.true(f"the Python of README.md runs: {type(error).__name__}: {error}", False)
    counts = ", ".join(f"{table} {rows}" for table, rows in build.rows.items())
    print(f"{'ok' if not build.failures else 'not ok'}: {build.checked} checks, {len(build.failures)} failed ({counts})")
    return 1 if build.failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
