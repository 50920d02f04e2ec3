"""The append-only log: outbox, audit trail, timeline and source of figures.

Actions use `ledger.once.once`, `ledger.record.record`; rooms follow with `ledger.follow.copies` and `.reacts`, and
sweep with `ledger.sweeps.every`. `ledger.node.here()` says who we are.
"""
