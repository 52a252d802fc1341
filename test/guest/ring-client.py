#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""A client of the rings, from docs/ring.md alone.

    ring-client.py contract     what the page says of set-up and errors
    ring-client.py frames N     N numbered frames each way, from and to a packet socket
    ring-client.py respond      answers ARP and ping for 10.99.0.2, until it is ended

Python has no barriers, so this is for x86, which keeps loads in order and stores in
order. What x86 does not keep in order, a store before a load, is left to the kernel: the
doorbell is rung after each batch, wanted or not, and there is no sleep but in poll().
"""
import errno
import fcntl
import mmap
import os
import select
import signal
import socket
import struct
import sys

FEATURES = 0x8004F700
SET_RINGS = 0x4020F701
DOORBELL = 0x0000F702
SET_WAKE = 0x4010F703
GET_WAKE = 0x8010F704
F_RINGS = 0x2

USER, KERNEL, TX, RX = 0x00000000, 0x00010000, 0x10000000, 0x20000000
# Words of the two pages, by their index.
TX_CONS, TX_WAKE, RX_PROD, RX_WAKE = 0, 1, 32, 33
TX_PROD, RX_CONS, DOORBELLS, STATUS = 0, 32, 64, 65

SIZE = 128 << 10
READ_WRITE = mmap.PROT_READ | mmap.PROT_WRITE


def record_size(length):
    return 8 + ((length + 7) & ~7)


class Rings:
    def __init__(self, tx_size=SIZE, rx_size=SIZE):
        self.fd = os.open("/dev/xtun", os.O_RDWR | os.O_CLOEXEC)
        fcntl.ioctl(self.fd, SET_RINGS, struct.pack("=8I", tx_size, rx_size, 0, 0, 0, 0, 0, 0))
        self.tx_size, self.rx_size = tx_size, rx_size
        # A view of "I" loads and stores a word as a whole.
        self.user = self.map(mmap.PAGESIZE, READ_WRITE, USER).cast("I")
        self.kernel = self.map(mmap.PAGESIZE, mmap.PROT_READ, KERNEL).cast("I")
        self.tx = self.map(2 * tx_size, mmap.PROT_READ, TX)
        self.rx = self.map(2 * rx_size, READ_WRITE, RX)
        self.poll = select.poll()
        self.poll.register(self.fd, select.POLLIN)

    def map(self, length, protection, offset):
        return memoryview(mmap.mmap(self.fd, length, mmap.MAP_SHARED, protection, offset=offset))

    def ring(self):
        return fcntl.ioctl(self.fd, DOORBELL)

    def receive(self):
        """All frames that wait, copied."""
        frames = []
        cons, prod = self.user[TX_CONS], self.kernel[TX_PROD]
        while cons != prod:
            at = cons & (self.tx_size - 1)
            (length,) = struct.unpack_from("=I", self.tx, at)
            frames.append(bytes(self.tx[at + 8:at + 8 + length]))
            cons = (cons + record_size(length)) & 0xFFFFFFFF
        self.user[TX_CONS] = cons
        self.ring()
        return frames

    def wait(self, seconds):
        """Whether a frame has come. poll() asks for the wake-up, and looks again itself."""
        events = self.poll.poll(seconds * 1000)
        if events and events[0][1] & (select.POLLERR | select.POLLHUP):
            raise OSError(errno.EPIPE, "status is %d" % self.kernel[STATUS])
        return bool(events)

    def send(self, frames):
        """All of them, which must fit; how many the kernel says it has taken."""
        prod = self.user[RX_PROD]
        room = self.rx_size - ((prod - self.kernel[RX_CONS]) & 0xFFFFFFFF)
        for frame in frames:
            size = record_size(len(frame))
            if size > room:
                raise BufferError("the rx ring is full")
            room -= size
            at = prod & (self.rx_size - 1)
            struct.pack_into("=II", self.rx, at, len(frame), 0)
            self.rx[at + 8:at + 8 + len(frame)] = frame
            prod = (prod + size) & 0xFFFFFFFF
        self.user[RX_PROD] = prod
        return self.ring()


def told(good, description):
    print("ok" if good else "not ok", "-", description, flush=True)


def error_of(call, *arguments, **named):
    try:
        call(*arguments, **named)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "success"


def fails(description, wanted, call, *arguments, **named):
    seen = error_of(call, *arguments, **named)
    told(seen == wanted, "%s: %s" % (description, wanted if seen == wanted else "not " + seen))


def contract():
    fd = os.open("/dev/xtun", os.O_RDWR)
    features = struct.unpack("I", fcntl.ioctl(fd, FEATURES, bytes(4)))[0]
    told(features & F_RINGS, "FEATURES tells of rings")
    fails("DOORBELL without rings", "EINVAL", fcntl.ioctl, fd, DOORBELL)
    fails("mmap() without rings", "ENODEV", mmap.mmap, fd, mmap.PAGESIZE, offset=USER)
    for what, sizes in (("too small", (SIZE // 2, SIZE)), ("no power of two", (SIZE, SIZE + 4096)),
                        ("too large", (SIZE << 10, SIZE))):
        fails("SET_RINGS, %s" % what, "EINVAL", fcntl.ioctl, fd, SET_RINGS,
              struct.pack("=8I", *sizes, 0, 0, 0, 0, 0, 0))
    fails("SET_RINGS, idle_usecs without a poller", "EINVAL", fcntl.ioctl, fd, SET_RINGS,
          struct.pack("=8I", SIZE, SIZE, 0, 1, 0, 0, 0, 0))
    os.close(fd)
    fd = os.open("/dev/xtun", os.O_RDONLY)
    fails("SET_RINGS on a file that is open for reading", "EACCES", fcntl.ioctl, fd, SET_RINGS,
          struct.pack("=8I", SIZE, SIZE, 0, 0, 0, 0, 0, 0))
    os.close(fd)

    rings = Rings()
    told(True, "SET_RINGS and four mappings")
    told([rings.user[i] for i in (TX_CONS, TX_WAKE, RX_PROD, RX_WAKE)] == [0] * 4 and
         rings.kernel[RX_CONS] == 0 and rings.kernel[STATUS] == 0, "positions and status begin at 0")
    told(rings.kernel[DOORBELLS] == 1, "the doorbell is wanted for rx")
    fails("SET_RINGS again", "EEXIST", fcntl.ioctl, rings.fd, SET_RINGS,
          struct.pack("=8I", SIZE, SIZE, 0, 0, 0, 0, 0, 0))
    fails("read()", "EBUSY", os.read, rings.fd, 2000)
    fails("write()", "EBUSY", os.write, rings.fd, bytes(60))
    fails("to write what the kernel writes", "EPERM", rings.map, mmap.PAGESIZE, READ_WRITE, KERNEL)
    fails("to write the tx ring", "EPERM", rings.map, 2 * SIZE, READ_WRITE, TX)
    fails("half a ring", "EINVAL", rings.map, SIZE, READ_WRITE, RX)
    fails("an offset between", "EINVAL", rings.map, mmap.PAGESIZE, READ_WRITE, 0x00020000)
    fails("MAP_PRIVATE", "EINVAL", mmap.mmap, rings.fd, 2 * SIZE, mmap.MAP_PRIVATE, READ_WRITE,
          offset=RX)
    rings.rx[0:4] = b"twin"
    told(bytes(rings.rx[SIZE:SIZE + 4]) == b"twin", "the rx ring is there twice")
    wake = struct.pack("=4I", 32, 0, 1000, 0)
    fcntl.ioctl(rings.fd, SET_WAKE, wake)
    told(fcntl.ioctl(rings.fd, GET_WAKE, bytes(16)) == wake, "GET_WAKE tells what SET_WAKE has set")
    fails("SET_WAKE that would never wake", "EINVAL", fcntl.ioctl, rings.fd, SET_WAKE,
          struct.pack("=4I", 32, 0, 0, 0))
    told(rings.ring() == 0, "a doorbell with nothing to do takes nothing")

    # The end of this record is wrong: the rings break, and say so.
    struct.pack_into("=II", rings.rx, 0, 100, 0)
    rings.user[RX_PROD] = 64
    fails("a record that ends behind rx_prod", "EPIPE", rings.ring)
    told(rings.kernel[STATUS] == 2, "status is 2 then")
    fails("poll()", "EPIPE", rings.wait, 1)


def numbered(n):
    """Frame number n, whose length and content depend on it."""
    length = 60 + n * 37 % 1455
    head = b"\x02\0\0\0\0\x02" b"\x02\0\0\0\0\x01" b"\x88\xb5" + struct.pack(">I", n)
    return head + bytes((n + i) & 0xFF for i in range(length - len(head)))


def frames(count):
    batch = 50
    rings = Rings()
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x88B5)) as peer:
        peer.bind(("xtun", 0x88B5))
        peer.settimeout(10)
        down, up, taken = [], [], 0
        for first in range(0, count, batch):
            wanted = [numbered(n) for n in range(first, first + batch)]
            for frame in wanted:
                peer.send(frame)
            while len(down) < first + batch and rings.wait(10):
                down += [f for f in rings.receive() if f[12:14] == b"\x88\xb5"]
            taken += rings.send(wanted)
            while len(up) < first + batch:
                up.append(peer.recv(2000))
    all_of_them = [numbered(n) for n in range(count)]
    told(down == all_of_them, "%d of %d frames came from the kernel, in order and whole" %
         (len(down), count))
    told(up == all_of_them, "%d of %d frames came to the kernel, in order and whole" %
         (len(up), count))
    told(taken == count, "the doorbell told of %d" % taken)
    bytes_each_way = sum(record_size(len(f)) for f in all_of_them)
    told(rings.user[RX_PROD] == bytes_each_way == rings.kernel[RX_CONS] and bytes_each_way > SIZE,
         "positions count %d bytes, %d times the ring" % (bytes_each_way, bytes_each_way // SIZE))
    told(rings.kernel[STATUS] == 0, "status is 0")


MAC, ADDRESS = b"\x02\x00\x00\x00\x00\x02", socket.inet_aton("10.99.0.2")


def checksum(data):
    total = sum(struct.unpack(">%dH" % (len(data) // 2), data[:len(data) & ~1]))
    if len(data) & 1:
        total += data[-1] << 8
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def answer(frame):
    """The answer to a request for us, or None."""
    kind = frame[12:14]
    if kind == b"\x08\x06" and frame[20:22] == b"\0\x01" and frame[38:42] == ADDRESS:
        return (frame[6:12] + MAC + frame[12:20] + b"\0\x02" + MAC + ADDRESS + frame[22:32] +
                bytes(18))
    if kind == b"\x08\x00" and frame[23] == 1 and frame[30:34] == ADDRESS and frame[34] == 8:
        icmp = b"\0\0\0\0" + frame[38:14 + int.from_bytes(frame[16:18], "big")]
        icmp = icmp[:2] + checksum(icmp).to_bytes(2, "big") + icmp[4:]
        # The sum of the addresses does not change with their order.
        return frame[6:12] + MAC + frame[12:26] + frame[30:34] + frame[26:30] + icmp
    return None


def respond():
    rings = Rings(1 << 20, 1 << 20)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    print("ready", flush=True)
    while True:
        answers = [a for a in map(answer, rings.receive()) if a]
        if answers:
            rings.send(answers)
        rings.wait(60)


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    {"contract": contract, "frames": frames, "respond": respond}[what](*map(int, rest))
