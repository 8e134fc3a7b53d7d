"""The Python side of the bridge: one process, one account, one vendor call at a time."""
