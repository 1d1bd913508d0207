"""Programs that an environment starts but does not fork from the zygote: how they are found, and what is said if they do not start."""

import os


def execute(arguments, environment, control):
    """Becomes the program, or says why not (`entrypoint TEXT`) and returns."""
    os.set_inheritable(control, False)
    try:
        os.execve(arguments[0], arguments, environment)
    except OSError as error:
        os.write(control, ("entrypoint %s\n" % reason(arguments[0], error)).encode())


def bootstrap(candidates, environment, control):
    """Becomes the first of these files that there is, or says why not and returns."""
    for path in candidates:
        if os.path.isfile(path):
            return execute([path], environment, control)
    text = "entrypoint Couldn't find valid bootstrap(s): [%s]\n" % " ".join(candidates)
    os.write(control, text.encode())
    return None


def reason(path, error):
    """As AWS's own supervisor, a Go program, puts it."""
    text = "exec format error" if error.errno == 8 else os.strerror(error.errno).lower()
    return "fork/exec %s: %s" % (path, text)
