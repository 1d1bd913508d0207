"""What runs inside Python execution environments: Python 3.8 and later, standard library only, nothing of Atoll.

zygote      forks one environment after another from a warm interpreter
namespaces  Linux: the root file system, and the system calls that isolate
filters     Linux: system calls that functions are refused
sdk         what botocore reads for nearly every client, read beforehand
supervisor  process 1 of an environment: sets it up, waits for its end, takes everything with it
ahead       the same for a program that is started before it is known for whom
bootstrap   the runtime itself: imports the handler and serves invocations
"""
