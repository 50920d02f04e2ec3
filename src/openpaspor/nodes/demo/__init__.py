"""The demo desk: doors by one click and a clock that can be moved. It exists only in a demo, and only at this machine."""
