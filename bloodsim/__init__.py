"""Regional blood supply: simulate it, plan transfers and collection, brief policy offices."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from bloodsim import metrics, plots
    from bloodsim.decision import Plan, Policy, Shipments, Snapshot
    from bloodsim.experiment import simulate
    from bloodsim.load import bundled, load
    from bloodsim.planning import TransferProposal, plan
    from bloodsim.policies import register as register_policy
    from bloodsim.results import Results
    from bloodsim.scenario import Scenario, ScenarioError

# Names are imported when first used: `bloodsim --help` needs no NumPy.
_HOME = {
    "load": ("bloodsim.load", "load"),
    "bundled": ("bloodsim.load", "bundled"),
    "simulate": ("bloodsim.experiment", "simulate"),
    "plan": ("bloodsim.planning", "plan"),
    "TransferProposal": ("bloodsim.planning", "TransferProposal"),
    "register_policy": ("bloodsim.policies", "register"),
    "Plan": ("bloodsim.decision", "Plan"),
    "Policy": ("bloodsim.decision", "Policy"),
    "Shipments": ("bloodsim.decision", "Shipments"),
    "Snapshot": ("bloodsim.decision", "Snapshot"),
    "Results": ("bloodsim.results", "Results"),
    "Scenario": ("bloodsim.scenario", "Scenario"),
    "ScenarioError": ("bloodsim.scenario", "ScenarioError"),
    "metrics": ("bloodsim.metrics", None),
    "plots": ("bloodsim.plots", None),
}

__all__ = [
    "Plan",
    "Policy",
    "Results",
    "Scenario",
    "ScenarioError",
    "Shipments",
    "Snapshot",
    "TransferProposal",
    "bundled",
    "load",
    "metrics",
    "plan",
    "plots",
    "register_policy",
    "simulate",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for (PEP 562)."""
    # `bloodsim.load` is a package and a function; the function is what users mean.
    if name not in _HOME:
        raise AttributeError(f"module 'bloodsim' has no attribute {name!r}")
    module, attribute = _HOME[name]
    found = import_module(module)
    value = getattr(found, attribute) if attribute else found
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted([*__all__, "__version__"])
