"""Everything public has a numpydoc docstring that names its parameters, its result and the errors it raises itself."""

import ast
import importlib
import importlib.util
import inspect
import pkgutil
import textwrap
from dataclasses import is_dataclass

import pytest

import technopole

numpydoc = pytest.importorskip("numpydoc.docscrape")
validate = pytest.importorskip("numpydoc.validate").validate

MODULES = [
    "technopole",
    "technopole.indicators",
    "technopole.indicators.accessor",
    "technopole.bmi",
    "technopole.gym",
]
"""Their public names are promised to users; those that do not exist yet are left out."""
CODES = {
    "GL06": "unknown section",
    "GL07": "sections in the wrong order",
    "GL08": "no docstring",
    "PR01": "parameters not documented",
    "PR02": "unknown parameters documented",
    "PR03": "parameters in the wrong order",
    "PR04": "parameter without a type",
    "PR10": "no space before the colon",
    "RT01": "result not documented",
    "SS01": "no summary",
    "YD01": "what is yielded is not documented",
}
FIELDS = {"PR01"}
"""Not asked of classes whose parameters are their documented attributes, their model's fields, or inherited."""


INTERFACE = {"GL08", "SS01"}
"""All that is asked of methods that an interface of others defines (BMI, Gymnasium): the rest is written there."""


def is_of_others(value, method):
    bases = [base for base in value.__mro__[1:] if not base.__module__.startswith(("technopole", "builtins"))]
    return any(method in vars(base) for base in bases)


def is_public(name, value):
    return not name.startswith(("_", "model_")) and (inspect.isroutine(value) or isinstance(value, property))


def objects_of(module):
    """Yield name and object of the public functions, classes and methods of a module."""
    names = getattr(module, "__all__", None) or [
        name for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__
    ]
    for name in names:
        value = getattr(module, name)
        if name.startswith("_") or not (inspect.isfunction(value) or inspect.isclass(value)):
            continue
        yield f"{value.__module__}.{value.__qualname__}", value
        if inspect.isclass(value):
            for owner in (base for base in value.__mro__ if base.__module__.startswith("technopole")):
                for method, held in vars(owner).items():
                    if is_public(method, held):
                        yield (
                            f"{owner.__module__}.{owner.__qualname__}.{method}",
                            getattr(held, "__func__", held),
                        )


PUBLIC = dict(
    sorted(
        found
        for name in MODULES
        if importlib.util.find_spec(name)
        for found in objects_of(importlib.import_module(name))
    )
)
OF_OTHERS = {
    f"{owner.__module__}.{owner.__qualname__}.{method}"
    for value in PUBLIC.values()
    if inspect.isclass(value)
    for owner in value.__mro__
    if owner.__module__.startswith("technopole")
    for method in vars(owner)
    if is_of_others(owner, method)
}


def has_own_parameters(value):
    if not inspect.isclass(value):
        return True
    return "__init__" in vars(value) and not is_dataclass(value) and not hasattr(value, "model_fields")


def faults(path, value):
    if path in OF_OTHERS:
        return [f"{CODES[code]}: {text}" for code, text in validate(path)["errors"] if code in INTERFACE]
    wanted = set(CODES) - (set() if has_own_parameters(value) else FIELDS)
    return [f"{CODES[code]}: {text}" for code, text in validate(path)["errors"] if code in wanted]


def raised_by_itself(value):
    """Return the names of the errors in the ``raise`` statements of a function."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(value)))
    raised = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise) and node.exc is not None]
    called = [error.func for error in raised if isinstance(error, ast.Call)]
    return {node.id for node in called if isinstance(node, ast.Name) and node.id[0].isupper()}


def undocumented_errors(value):
    named = [error.type for error in numpydoc.FunctionDoc(value)["Raises"]]
    documented = {name.strip() for names in named for name in names.split(",")}
    above = {base.__name__ for name in documented for base in _family(name)}
    return raised_by_itself(value) - documented - above


def _family(name):
    """Return the subclasses of an error of technopole: who documents the base documents them."""
    base = getattr(technopole, name, None)
    return base.__subclasses__() if inspect.isclass(base) else []


def test_there_is_something_to_check():
    assert len(PUBLIC) > 80
    assert "technopole.simulation.simulation.run" in PUBLIC
    assert "technopole.model.model.Model.fork" in PUBLIC
    assert "technopole.model.steps.ModelSteps.step" in PUBLIC  # of a base class


@pytest.mark.parametrize("path", PUBLIC)
def test_docstring_is_complete(path):
    assert faults(path, PUBLIC[path]) == []


@pytest.mark.parametrize(
    "path", [path for path, value in PUBLIC.items() if inspect.isfunction(value) and path not in OF_OTHERS]
)
def test_raised_errors_are_documented(path):
    assert undocumented_errors(PUBLIC[path]) == set()


def lacking(wage, workforce):
    """Return something.

    Parameters
    ----------
    wage : float
        Of a region.
    """
    if wage < 0:
        raise ValueError("negative")
    return wage * workforce


def test_what_is_missing_is_found():
    found = {code for code, _ in validate(numpydoc.get_doc_object(lacking))["errors"]}
    assert {"PR01", "RT01"} <= found & set(CODES)
    assert undocumented_errors(lacking) == {"ValueError"}


@pytest.mark.parametrize(
    "name", [module.name for module in pkgutil.walk_packages(technopole.__path__, "technopole.")]
)
def test_every_function_and_class_has_a_docstring(name):
    """Also what is not public; the models of the sections are made of the schema and documented there."""
    if name == "technopole.__main__":
        return
    module = importlib.import_module(name)
    own = [value for value in vars(module).values() if getattr(value, "__module__", "") == module.__name__]
    without = [
        value.__name__
        for value in own
        if (inspect.isfunction(value) or inspect.isclass(value))
        and not value.__name__.startswith("_")
        and not (value.__doc__ or "").strip()
    ]
    assert name == "technopole.config.models" or without == []
