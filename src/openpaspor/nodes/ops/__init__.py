"""Pages for operators: parked entries, seal lag, sweeps, disk."""
