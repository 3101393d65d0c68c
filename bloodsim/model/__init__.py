"""How blood moves: the simulated world (the only place that imports SimPy)."""
