"""Becomes a command that ends when its parent ends, as an unprivileged user where asked.

Run as a script by `process.bound`, never imported: `child.py '{"parent": …}' command arguments…`.
A script of its own rather than `preexec_fn`, which is unsafe beside threads, and rather than
`setpriv`, which cannot see that the parent died before the signal was asked for.
"""

import ctypes
import json
import os
import pwd
import sys

PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 47, 2
SECBIT_NO_SETUID_FIXUP = 1 << 2
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
CAPABILITY_VERSION_3 = 0x20080522

libc = ctypes.CDLL(None, use_errno=True)


def prctl(option: int, *arguments: int) -> None:
    """Call prctl(2); raises OSError when the kernel refuses."""
    padded = [ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0, 0)[:4]]
    if libc.prctl(option, *padded) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class CapabilityHeader(ctypes.Structure):
    """struct __user_cap_header_struct."""

    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class CapabilityData(ctypes.Structure):
    """struct __user_cap_data_struct: 32 capabilities of the three sets."""

    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def way_through_closed_folders() -> int:
    """The weakest capability this process holds that lets it enter folders of another user."""
    header, data = CapabilityHeader(CAPABILITY_VERSION_3, 0), (CapabilityData * 2)()
    libc.capget(ctypes.byref(header), data)
    # Containers often hold the second and not the first.
    for capability in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
        if data[0].permitted & 1 << capability:
            return capability
    raise PermissionError("this process may not hand on the right to enter closed folders")


def become(user: str, *, reach: bool) -> None:
    """Change to `user`; with `reach`, keep the one right to enter folders that are not its own."""
    account = pwd.getpwnam(user)
    capability = way_through_closed_folders() if reach else None
    if capability is not None:
        # Without this bit access(2) ignores the capability, and PostgreSQL asks access(2).
        prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP)
    os.setgroups([])
    os.setresgid(account.pw_gid, account.pw_gid, account.pw_gid)
    os.setresuid(account.pw_uid, account.pw_uid, account.pw_uid)
    if capability is not None:
        header, data = CapabilityHeader(CAPABILITY_VERSION_3, 0), (CapabilityData * 2)()
        data[0].effective = data[0].permitted = data[0].inheritable = 1 << capability
        if libc.capset(ctypes.byref(header), data) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability)
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def main() -> None:
    """Bind this process to its parent, then become the command."""
    order, command = json.loads(sys.argv[1]), sys.argv[2:]
    try:
        if order["user"] is not None:
            os.chdir("/")
            os.umask(0o077)
            become(order["user"], reach=order["reach"])
        if sys.platform == "linux":
            # After the change of user, which would clear it.
            prctl(PR_SET_PDEATHSIG, order["signal"])
        if os.getppid() != order["parent"]:
            sys.exit(0)
        os.execv(command[0], command)
    except (OSError, KeyError) as error:
        as_user = f" as the user {order['user']}" if order["user"] else ""
        sys.exit(f"{command[0]} cannot be started{as_user}: {error}.")


if __name__ == "__main__":
    main()
