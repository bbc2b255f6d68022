"""Runs one command and prints what it took, its children included, as one line of JSON.

python measure.py <output file> <command> [<argument> ...]
"""

import json
import os
import subprocess
import sys
import time


def main(output, *command):
    with open(output, 'wb') as lines:
        began = time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=lines, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.monotonic() - began
    # Linux counts kibibytes, macOS bytes.
    unit = 1 if sys.platform == 'darwin' else 1024
    report = {
        'exit': os.waitstatus_to_exitcode(status),
        'wall_s': wall_s,
        'cpu_s': usage.ru_utime + usage.ru_stime,
        'peak_bytes': usage.ru_maxrss * unit,
    }
    print(json.dumps(report))


if __name__ == '__main__':
    main(*sys.argv[1:])
