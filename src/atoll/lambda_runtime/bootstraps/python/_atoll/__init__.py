"""What runs inside Python execution environments: Python 3.8 and later, standard library only, nothing of Atoll.

zygote      forks one environment after another from a warm interpreter
namespaces  Linux: the root file system, and the system calls that isolate
filters     Linux: system calls that functions are refused
sdk         what botocore reads for nearly every client, read beforehand
messages    what Atoll, zygotes and supervisors tell each other
processes   what zygotes and supervisors fork: hearing of its end, and ending it

supervisor  process 1 of an environment: sets it up, waits for its end, takes everything with it
ahead       the same for a program that is started before it is known for whom
extensions  the same with external extensions beside the runtime
programs    what an environment starts rather than forks: bootstraps, extensions

bootstrap   the runtime itself: imports the handler and serves invocations
context     the context object that handlers get
marshal     what handlers return, as JSON
logs        what functions log, and errors, as text or JSON
"""
