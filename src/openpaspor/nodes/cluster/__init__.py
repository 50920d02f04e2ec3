"""A whole country of nodes on one machine: portal, centre and three offices as real processes, and the lines between them.

`plan` is the data, `relay` the lines that can be cut, `tls` the demo's own certificate authority, `machines` starts and
stops it all. `openpaspor cluster` is the door.
"""
