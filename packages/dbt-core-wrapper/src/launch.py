"""Starts dbt's own command line, and ends it when the process that started it goes away.

Standard input is a pipe whose other end the starting process holds. Its end means "stop": the starter closed it on
purpose (where there are no signals) or died. dbt is then interrupted as by Ctrl-C, so that it cancels its queries
and closes its connections, and ended hard when that takes longer than the grace period.
"""

import _thread
import os
import signal
import sys
import threading
import time

# sysexits.h EX_UNAVAILABLE: tells "this Python has no dbt" from dbt's own exit codes 0, 1 and 2.
NO_DBT = 69
GRACE_SECONDS = float(os.environ.pop("DBT_CORE_WRAPPER_GRACE_SECONDS", "10"))


def end_with_starter():
    try:
        # os.read and not sys.stdin: a buffered reader that blocks here would hold its lock when Python shuts down.
        while os.read(0, 4096):
            pass
    except OSError:
        pass
    # Nobody reads any more: a write that fails would break off dbt's own cleaning up.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    if os.name == "posix":
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
    else:
        _thread.interrupt_main()
    time.sleep(GRACE_SECONDS)
    os._exit(130)


def write_only_what_is_shown():
    """dbt writes each event as a line and drops the lines below the level: an eighth of a build's time.

    Where a later dbt has no such class, nothing is saved and nothing is lost.
    """
    try:
        from dbt_common.events.logger import _is_print_event, _Logger

        write_line = _Logger.write_line
    except (ImportError, AttributeError):
        return
    levels = {"test": 10, "debug": 10, "info": 20, "warn": 30, "error": 40}

    def write_shown_line(self, msg):
        target = getattr(self, "_python_logger", None)
        level = levels.get(msg.info.level)
        is_dropped = target is not None and level is not None and not target.isEnabledFor(level)
        # What a macro prints is shown at every level.
        if not is_dropped or _is_print_event(msg):
            write_line(self, msg)

    _Logger.write_line = write_shown_line


def main():
    # A starter that ignores SIGINT hands that on; dbt relies on KeyboardInterrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=end_with_starter, daemon=True).start()
    # Python puts this file's folder first, where it could shadow modules.
    del sys.path[0]
    sys.argv[0] = "dbt"
    try:
        from dbt.cli.main import cli
    except ModuleNotFoundError as error:
        if error.name not in ("dbt", "dbt.cli", "dbt.cli.main"):
            raise
        print(f"{sys.executable} has no dbt-core: {error}", file=sys.stderr)
        sys.exit(NO_DBT)
    write_only_what_is_shown()
    cli()


if __name__ == "__main__":
    main()
