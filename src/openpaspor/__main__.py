"""`python -m openpaspor`."""

import sys

from openpaspor.nodes.cli import main

sys.exit(main())
