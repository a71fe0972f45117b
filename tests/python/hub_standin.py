"""The Python client of the hub, `huggingface_hub`, against the stand-in that the tests of `corpus fetch` use.

The client must get the same tree from it that was put in: so the stand-in is fair, and what `corpus fetch` is tested
against is what the real client takes for a hub. Reads one line of JSON from standard input, as `CORPUS_TEST_SERVE=hub`
prints it. Started by the test `python_hub_client_gets_the_same_tree`; by hand:

    CORPUS_PYTHON=/path/to/python cargo test --test it python_hub_client -- --nocapture
"""

import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path

told = json.loads(sys.stdin.readline())
scratch = tempfile.TemporaryDirectory()
os.environ.update(
    HF_ENDPOINT=told["url"], HF_HOME=scratch.name, HF_HUB_DISABLE_XET="1", HF_HUB_DISABLE_TELEMETRY="1",
    HF_HUB_DISABLE_PROGRESS_BARS="1", HF_HUB_DISABLE_IMPLICIT_TOKEN="1",
)  # fmt: skip
for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "HF_TOKEN"):
    os.environ.pop(name, None)

import huggingface_hub  # noqa: E402  (it reads the environment when imported)
from huggingface_hub import HfApi, errors, hf_hub_download, snapshot_download  # noqa: E402

want = {file["path"]: file["sha256"] for file in told["files"]}
api = HfApi()

info = api.dataset_info(told["repo"])
assert info.sha == told["commit"], (info.sha, told["commit"])
listed = {entry.path for entry in api.list_repo_tree(told["repo"], repo_type="dataset", recursive=True) if hasattr(entry, "size")}
assert listed == set(want), listed ^ set(want)

folder = Path(snapshot_download(told["repo"], repo_type="dataset"))
assert folder.name == told["commit"], folder
got = {
    path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
    for path in folder.rglob("*")
    if path.is_file()
}
assert got == want, {name: (got.get(name), want.get(name)) for name in got.keys() | want.keys()}

# Its cache names blobs by their etags: the SHA-256 of large files, git's SHA-1 of small ones.
blobs = {path.name for path in (folder.parent.parent / "blobs").iterdir()}
for entry in api.list_repo_tree(told["repo"], repo_type="dataset", recursive=True):
    if hasattr(entry, "blob_id"):
        assert (entry.lfs.sha256 if entry.lfs else entry.blob_id) in blobs, entry

facts = {item.path: item for item in api.get_paths_info(told["repo"], ["README.md"], repo_type="dataset")}
assert facts["README.md"].size == (folder / "README.md").stat().st_size


def refused(kind, repo, token=None, revision=None):
    try:
        hf_hub_download(repo, "a.jsonl", repo_type="dataset", token=token, revision=revision)
    except kind:
        return
    raise AssertionError(f"{repo} was not refused with {kind.__name__}")


refused(errors.RepositoryNotFoundError, "stand/missing")
refused(errors.RepositoryNotFoundError, "stand/private")
refused(errors.GatedRepoError, "stand/gated")
refused(errors.GatedRepoError, "stand/asked-not-let-in", token=told["token"])
refused(errors.RevisionNotFoundError, told["repo"], revision="no-such-branch")
refused(errors.EntryNotFoundError, told["repo"])
for repo in ("stand/private", "stand/gated"):
    path = hf_hub_download(repo, "a.jsonl", repo_type="dataset", token=told["token"])
    assert Path(path).read_text() == '{"text":"a"}\n'

print(f"huggingface_hub {huggingface_hub.__version__}: {len(want)} files, the same")
