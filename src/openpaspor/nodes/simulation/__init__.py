"""A portal, three offices and the centre in one process and one thread, under a seed.

Real: each node's SQLite database, keys and folder, the ledger, the rooms' actions, restore and epochs. Played: the
clock, the lines between nodes, the people, chance, and whatever goes wrong. One seed always gives the same run.
"""

ACTIONS = 80  # of one seed, unless somebody asks for another number
