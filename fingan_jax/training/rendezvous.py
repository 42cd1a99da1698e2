"""Processes meet at an address before anything else, so that one that is missing is an error in words."""

import socket
import time

HELLO, GO = "fingan_jax", b"go\n"
PATIENCE = 5.0  # seconds that one caller may keep the others waiting


def meet(address: str, num_processes: int, process_id: int, timeout: float) -> None:
    """Returns once processes 0 to num_processes - 1 have all called this; process 0 listens at `address`, host:port.

    Raises: ValueError in one line, naming who is missing, after `timeout` seconds.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"devices.coordinator={address}: give host:port of process 0, such as node1:12345")
    end = time.monotonic() + timeout
    if process_id == 0:
        _listen(address, int(port), num_processes, end, timeout)
    else:
        _call(address, (host.strip("[]"), int(port)), f"{HELLO} {process_id} {num_processes}\n", end, timeout)


def _listen(address: str, port: int, num_processes: int, end: float, timeout: float) -> None:
    try:
        server = socket.create_server(("", port))
    except OSError as error:
        raise ValueError(
            f"devices.coordinator={address}: port {port} cannot be opened here ({error.strerror}): choose another"
        ) from error
    came: dict[int, socket.socket] = {}
    expected = {f"{HELLO} {i} {num_processes}": i for i in range(1, num_processes)}
    with server:
        while len(came) < num_processes - 1:
            server.settimeout(max(end - time.monotonic(), 0.01))
            try:
                caller, _ = server.accept()
            except TimeoutError:
                missing = ", ".join(str(i) for i in expected.values() if i not in came)
                raise ValueError(
                    f"devices.coordinator={address}: within {timeout:g} s process {missing} of {num_processes} did not "
                    "come: start it (devices.process_id, devices.num_processes), or raise devices.timeout"
                ) from None
            if (who := expected.get(_line(caller))) is None:
                caller.close()
            else:
                came[who] = caller
        for caller in came.values():
            caller.sendall(GO)
        for caller in came.values():  # they hang up first, which leaves the port free at once
            _line(caller)
            caller.close()


def _call(address: str, place: tuple[str, int], hello: str, end: float, timeout: float) -> None:
    reason = "no answer"
    while (left := end - time.monotonic()) > 0:
        try:
            with socket.create_connection(place, timeout=min(left, PATIENCE)) as line:
                line.sendall(hello.encode())
                line.settimeout(left)
                if line.recv(len(GO)) == GO:
                    return
        except OSError as error:
            reason = error.strerror or str(error)
        time.sleep(0.2)
    raise ValueError(
        f"devices.coordinator={address}: process 0 could not be reached within {timeout:g} s ({reason}): start it "
        "there, open the port, or raise devices.timeout"
    )


def _line(caller: socket.socket) -> str:
    caller.settimeout(PATIENCE)
    try:
        return caller.recv(64).decode(errors="replace").strip()
    except OSError:
        return ""
