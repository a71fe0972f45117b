"""Stand-ins for packages that are not installed (torch and its kind), so that a trainer's loading code can be imported.

A name of an absent package can be imported, called, subclassed and used in annotations, and does nothing. Code that
computes with tensors fails on it, so what passes here is reading and converting of rows, never tokenising or training.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types


class Nothing:
    """A name of an absent package."""

    def __init__(self, *args, **kwargs):
        pass

    def __init_subclass__(cls, **kwargs):
        pass

    def __class_getitem__(cls, item):
        return cls

    def __call__(self, *args, **kwargs):
        # A decorator of an absent package gives back what it decorates.
        return args[0] if len(args) == 1 and callable(args[0]) and not kwargs else Nothing()

    def __getattr__(self, name):
        return named(name)

    def __or__(self, other):
        return other

    def __ror__(self, other):
        return other


class _Meta(type(Nothing)):
    def __getattr__(cls, name):
        return named(name)

    def __or__(cls, other):
        return other

    def __ror__(cls, other):
        return other


def named(name):
    """What stands for a name: a class where it begins with a capital letter, since that may be subclassed."""
    if name.startswith("__"):
        raise AttributeError(name)
    return _Meta(name, (Nothing,), {}) if name[:1].isupper() else Nothing()


class Module(types.ModuleType):
    __path__ = []
    __version__ = "0.0.0+absent"

    def __getattr__(self, name):
        made = named(name)
        setattr(self, name, made)
        return made


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, names):
        self.names = names

    def find_spec(self, fullname, path=None, target=None):
        if any(fullname == name or fullname.startswith(name + ".") for name in self.names):
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec):
        return Module(spec.name)

    def exec_module(self, module):
        pass


def stand_in(*names):
    """Lets these packages be imported, where they are not installed; gives back the names that stand in.

    A name with a dot is a module of an installed package, and always stands in.
    """
    # These look for torch once, and must not find what stands in for it.
    for library in ["datasets", "transformers"]:
        if importlib.util.find_spec(library) is not None:
            importlib.import_module(library)
    if "transformers" in sys.modules:
        sys.modules["transformers"].utils.is_torch_available()
    missing = []
    for name in names:
        if "." in name:
            missing.append(name)
            continue
        try:
            found = importlib.util.find_spec(name) is not None
        except (ImportError, ValueError):
            found = False
        if not found:
            missing.append(name)
    sys.meta_path.insert(0, _Finder(set(missing)))
    return missing
