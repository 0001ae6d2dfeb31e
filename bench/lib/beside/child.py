"""Runs a program and says what it cost."""
import contextlib
import dataclasses
import os
import signal
import subprocess
import tempfile
import time


@dataclasses.dataclass
class Run:
    wall: float  # seconds
    cpu: float  # user and system seconds
    peak: float  # largest resident memory, MB
    others: float  # share of the cores that other programs took meanwhile
    out: str


class Failed(Exception):
    pass


def busy():
    """CPU seconds that all cores have spent on anything so far."""
    with open("/proc/stat") as f:
        user, nice, system, _, _, irq, soft, steal, *_ = map(int, f.readline().split()[1:])
    return (user + nice + system + irq + soft + steal) / os.sysconf("SC_CLK_TCK")


class Child:
    """A started program; end() waits for it, or stops it by SIGTERM, and gives the Run."""

    def __init__(self, argv, env=None, cwd=None):
        self.argv = [str(a) for a in argv]
        self.out, self.err = tempfile.TemporaryFile("w+"), tempfile.TemporaryFile("w+")
        self.began, self.busy = time.perf_counter(), busy()
        self.process = subprocess.Popen(self.argv, env={**os.environ, **(env or {})}, cwd=cwd, stdout=self.out, stderr=self.err)

    def end(self, stop=False, timeout=1800):
        if stop:
            self.process.send_signal(signal.SIGTERM)
        status, usage = self._wait(timeout)
        wall, spent = time.perf_counter() - self.began, busy() - self.busy
        cpu = usage.ru_utime + usage.ru_stime
        code = os.waitstatus_to_exitcode(status)
        if code not in ((0, 143, -signal.SIGTERM) if stop else (0,)):
            raise Failed(f"{' '.join(self.argv)}: exit {code}\n{self.text(self.err)[-4000:]}")
        return Run(wall, cpu, usage.ru_maxrss * 1024 / 1e6, max(0, spent - cpu) / wall / os.cpu_count(), self.text(self.out))

    def _wait(self, timeout):
        deadline = time.perf_counter() + timeout
        while True:
            pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
            if pid:
                self.process.returncode = status  # it is gone: subprocess must not wait for it again
                return status, usage
            if time.perf_counter() > deadline:
                self.process.kill()
                os.wait4(self.process.pid, 0)
                self.process.returncode = -9
                raise Failed(f"{' '.join(self.argv)}: not done after {timeout} s")
            time.sleep(0.005)

    @staticmethod
    def text(file):
        file.seek(0)
        return file.read()


def run(argv, env=None, cwd=None, timeout=1800):
    return Child(argv, env, cwd).end(timeout=timeout)


@contextlib.contextmanager
def started(argv, env=None, cwd=None):
    """A server for a while."""
    child = Child(argv, env, cwd)
    try:
        yield child
    finally:
        if child.process.returncode is None:
            child.process.kill()
            child.process.wait()
