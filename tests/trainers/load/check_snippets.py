"""The blocks of docs/trainers.md, held against the source of the packages, which is read and not run: what they import is
there, and so are the arguments that they name."""

import ast
import importlib.metadata
import pathlib
import re
import sysconfig

import yaml

from common import main, report

PAGE = pathlib.Path(__file__).resolve().parents[3] / "docs" / "trainers.md"
PACKAGES = pathlib.Path(sysconfig.get_paths()["purelib"])
OURS = {"torchtitan", "unsloth", "trl", "transformers", "megatron", "nemo_automodel"}


def blocks():
    """Each block with the packages and versions over it."""
    for named, kind, text in re.findall(r"<!-- (.+?) -->\n```(\w+)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S):
        words = named.split()
        versions = dict(zip(words[::2], words[1::2]))
        for package, version in versions.items():
            assert importlib.metadata.version(package) == version, f"{package} {version} is not what is installed"
        yield named, kind, text


def source(module):
    """The parsed file of a module."""
    path = PACKAGES.joinpath(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    assert path.is_file(), f"no module {module}"
    return ast.parse(path.read_text(encoding="utf-8"))


def bound(node):
    """The names that a statement binds."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return {node.name}
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {alias.asname or alias.name for alias in node.names}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}


def definition(module, name, depth=0):
    """Where a name is defined, followed through imports: its node, and the module in which that stands."""
    assert depth < 12, f"{module}.{name} goes round in circles"
    stars = []
    for node in ast.walk(source(module)):
        if isinstance(node, ast.ImportFrom):
            package = module if (PACKAGES.joinpath(*module.split(".")) / "__init__.py").is_file() else module.rpartition(".")[0]
            base = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
            of = ".".join(part for part in [base, node.module] if part)
            if name in {alias.asname or alias.name for alias in node.names}:
                own = next(alias.name for alias in node.names if (alias.asname or alias.name) == name)
                return definition(of, own, depth + 1) if of.split(".")[0] in OURS else (node, module)
            if any(alias.name == "*" for alias in node.names) and of.split(".")[0] in OURS:
                stars.append(of)
    for node in source(module).body:
        if name in bound(node) and not isinstance(node, ast.Import):
            return node, module
    for of in stars:
        try:
            return definition(of, name, depth + 1)
        except AssertionError:
            continue
    for node in ast.walk(source(module)):
        if name in bound(node) and not isinstance(node, ast.Import):
            return node, module
        # A package that hands out its names when they are asked for (`_LazyModule`) lists them as text.
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values):
                listed = [item.value for item in ast.walk(value) if isinstance(item, ast.Constant)]
                if isinstance(key, ast.Constant) and isinstance(key.value, str) and name in listed:
                    return definition(f"{module}.{key.value}", name, depth + 1)
    raise AssertionError(f"{module} has no {name}")


def members(module, node):
    """What a function or a class can be given by name: its arguments; those of `__init__`, or where it has none (a data class)
    its fields, and those of the classes before it."""
    if isinstance(node, ast.FunctionDef):
        of = node.args
        return {arg.arg for arg in [*of.posonlyargs, *of.args, *of.kwonlyargs]}
    own = next((part for part in node.body if isinstance(part, ast.FunctionDef) and part.name == "__init__"), None)
    if own is not None:
        names = members(module, own)
        # What it hands on by `**` reaches the classes before it.
        if own.args.kwarg is None:
            return names
    else:
        names = {name for part in node.body for name in bound(part)}
    for where, found in before(module, node):
        names |= members(where, found)
    return names


def before(module, node):
    """The classes before a class, as far as they are in these packages, each with its module."""
    for base in node.bases:
        words = ast.unparse(base).split(".")
        try:
            found, where = definition(module, words[0])
            for word in words[1:]:
                found = next(part for part in found.body if word in bound(part))
        except (AssertionError, StopIteration):
            continue
        if isinstance(found, ast.ClassDef):
            yield where, found


def attribute(module, node, name):
    """What a class has under a name, and what it can be given by name: of a method that hands on what it is given by `**`,
    also what that of the class before it can be."""
    found = next((part for part in node.body if name in bound(part)), None)
    names = members(module, found) if isinstance(found, (ast.ClassDef, ast.FunctionDef)) else set()
    if found is None or isinstance(found, ast.FunctionDef) and found.args.kwarg is not None:
        for where, earlier in before(module, node):
            inner, more = attribute(where, earlier, name)
            found, names = found or inner, names | more
    return found, names


def python(text):
    """Holds a block of Python against the packages; gives back how many things were held."""
    tree, known, held = ast.parse(text), {}, 0
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] in OURS:
            for alias in node.names:
                known[alias.asname or alias.name] = definition(node.module, alias.name)
                held += 1
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        words = ast.unparse(node.func).split(".")
        if words[0] not in known:
            continue
        found, where = known[words[0]]
        names = members(where, found) if isinstance(found, (ast.ClassDef, ast.FunctionDef)) else None
        for word in words[1:]:
            found, names = attribute(where, found, word)
            assert found is not None, f"{words[0]} has no {word}"
            held += 1
        for keyword in node.keywords if names is not None else []:
            assert keyword.arg in names, f"{ast.unparse(node.func)} takes no {keyword.arg}"
            held += 1
    return held


def settings(text):
    """Holds a block of YAML against the class that it names."""
    options = yaml.safe_load(text)["dataset"]
    module, _, name = options.pop("_target_").rpartition(".")
    found, where = definition(module, name)
    names = members(where, found)
    for option in options:
        assert option in names, f"{name} takes no {option}"
    return 1 + len(options)


def check(exports, build):
    found = list(blocks())
    assert len(found) == 6, f"{len(found)} blocks in {PAGE.name}"
    for named, kind, text in found:
        held = python(text) if kind == "python" else settings(text)
        assert held > 2, f"{named}: {held} names"
        report(named, f"docs/trainers.md, {kind}", held, "names of the block are in the package")


main(check)
