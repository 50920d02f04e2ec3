"""Booklet stock, printing, inspection, shelf and hand-over."""
