"""What the benches share: processes that are measured, the facts of the machine, tables, projects of fettle.

Only the standard library: the harness stays small, since Linux counts a parent's memory into the peak of what it starts.
"""
