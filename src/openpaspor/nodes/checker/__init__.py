"""The checker of the invariants: what must be true after any fault, looked up by plain SQL.

It shares no model and no query with the application, only table names, and reads the log with code of its own, so
that a mistake in the application cannot hide itself. Each check answers how many rows it looked at and which
offend; nothing looked at is "checked nothing", not a pass. `openpaspor invariants` runs them.

It looks at this installation's database, at those of other nodes beside it (`databases.py`), and at what simulated
clients wrote down themselves (`clients.py`).
"""

from .clients import ClientLedger
from .databases import CannotLook, Database, opened
from .run import CHECKS, Result, run_checks

__all__ = ["CHECKS", "CannotLook", "ClientLedger", "Database", "Result", "opened", "run_checks"]
