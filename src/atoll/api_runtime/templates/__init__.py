"""Mapping templates: Velocity, as API Gateway speaks it.

`render.py` is the way in; `parse.py` makes nodes (`nodes.py`) of a text; `values.py` and `methods.py` are the values that templates see
and what may be asked of them; `variables.py` are `$input` and `$util`; `jsonpath.py` reads bodies.

Why not airspeed: its parser takes time exponential in how deep brackets nest (`#set($x = [$a.b([$a.b(…` of 300 characters hangs it), its
evaluator hands templates every attribute of every Python object, and neither can be stopped. Templates are users' text.
"""
