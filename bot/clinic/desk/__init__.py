"""The front desk's rules: who may speak, what was promised, what means the same. Pure functions over plain values."""
