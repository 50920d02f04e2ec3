"""Bills, receipts and what the banks say."""
