"""Runs a command several times and prints its wall and processor seconds: median, least, largest.

    python repeat.py RUNS NAME COMMAND ARGUMENT …
"""

import resource
import subprocess
import sys
import time


def once(command):
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


runs, name, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
once(command)
for label, times in zip(("wall", "processor"), zip(*(once(command) for _ in range(runs)))):
    times = sorted(times)
    print(f"{name}: {label} {times[len(times) // 2]:.3f} s (least {times[0]:.3f}, largest {times[-1]:.3f}, {runs} runs)")
