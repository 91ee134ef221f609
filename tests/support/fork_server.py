"""A process that has imported the server, and is forked for each server that a test starts: the import takes seconds.

It is run as a script with the number of a socket. Through this it receives the environment and the arguments of each
server, and the descriptor for its output. It sends back the id of the process, and at its end the exit code.
"""

import array
import gc
import json
import os
import selectors
import signal
import socket
import sys

import alembic.command  # noqa: F401 - a migration imports it late

import deltawire.__main__
import deltawire.cli.serve
import deltawire.gemini.client
import deltawire.gemini.standin.server
import deltawire.limits.redis.backend

_MOST_BYTES = 2**18


def main(channel: socket.socket) -> int:
    """Serve until the other end closes. In a process that was forked, run the server; return its exit code."""
    gc.collect()
    gc.freeze()
    woken, wake = socket.socketpair()
    wake.setblocking(False)  # noqa: FBT003 - the library's own
    signal.set_wakeup_fd(wake.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    selector = selectors.DefaultSelector()
    for one in (channel, woken):
        selector.register(one, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is woken:
                woken.recv(4096)
                _send_ends(channel)
                continue
            data, ancillary, *_ = channel.recvmsg(_MOST_BYTES, socket.CMSG_SPACE(4))
            if not data:
                return 0
            [descriptor] = array.array("i", ancillary[0][2])
            pid = os.fork()
            if pid == 0:
                selector.close()
                for end in (channel, woken, wake):
                    end.close()
                environment, arguments = json.loads(data)
                return _become(environment, arguments, descriptor)
            os.close(descriptor)
            channel.send(json.dumps({"pid": pid}).encode())


def _send_ends(channel: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        channel.send(json.dumps({"pid": pid, "code": os.waitstatus_to_exitcode(status)}).encode())


def _become(environment: dict[str, str], arguments: list[str], descriptor: int) -> int:
    """Run `python -m deltawire` with these arguments in this environment."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for standard in (1, 2):
        os.dup2(descriptor, standard)
    os.close(descriptor)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["deltawire", *arguments]
    sys.modules["__main__"] = deltawire.__main__  # what its workers import
    return deltawire.__main__.main()


if __name__ == "__main__":
    sys.exit(main(socket.socket(fileno=int(sys.argv[1]))))
