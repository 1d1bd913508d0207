"""A zygote without an SDK: it makes environments in which another program runs, and leaves no trace of its own interpreter there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from atoll.lambda_runtime.launcher import Machine
from atoll.lambda_runtime.runtimes.interpreters import running
from atoll.lambda_runtime.runtimes.python_sdk import BOOTSTRAP
from atoll.lambda_runtime.zygote import Zygote

OWN = "/tmp/.atoll"  # noqa: S108
"""Where the zygote's own files are: an environment lets go of them, and its own /tmp covers the place."""


class PlainZygote(Zygote):
    """Environments of a program that Atoll does not fork but starts. `places` maps paths in the sandbox to the machine's, `links` to
    what they are symbolic links to."""

    def __init__(
        self,
        machine: Machine,
        *,
        name: str,
        places: Mapping[str, str | Path],
        links: Mapping[str, str] | None = None,
    ) -> None:
        interpreter = running()
        isolated = machine.capabilities.namespaces
        lang, modules = f"{OWN}/lang", f"{OWN}/modules"
        super().__init__(
            interpreter,
            machine,
            name=name,
            places={**places, lang: interpreter.prefix, f"{modules}/_atoll": BOOTSTRAP / "_atoll"},
            links=links,
            left=[lang, f"{modules}/_atoll"],
            executable=f"{lang}/bin/{interpreter.name}" if isolated else interpreter.executable,
            modules=modules if isolated else str(BOOTSTRAP),
            environment={"LD_LIBRARY_PATH": f"{lang}/lib"} if isolated else {},
        )
        self.runtime_dir = str(machine.work_dir)
