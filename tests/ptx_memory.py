"""Memory of a made-up GPU that knows of every byte what became of it.

Refused is to read or write what was not allocated or was released, to read what nobody has written, and an address that
is no multiple of the size. Refused are races: a thread reads or writes what another thread of the same launch writes,
unless all of them add to it (``atom``) or all write the same; or it writes what was read as a constant
(``ld.global.nc``) in this launch. They are seen whatever the order of threads is, between accesses of one size.
"""

import numpy as np

ALIGNMENT = 256
ALLOCATED, WRITTEN = 1, 3
SEVERAL = -1
"""In place of the number of a thread."""
_SIZES = {1: "B", 2: "H", 4: "I", 8: "Q"}


class Forbidden(Exception):
    """An access that is not allowed."""


class Memory:
    """So many bytes at most in all, counting what was released: no address is given twice.

    Attributes
    ----------
    loads, stores, constants, additions : dict of int to callable
        By size in bytes: ``load(address)``, ``store(address, value)``, ``constant(address)``,
        ``add(address, value)`` for whole numbers without sign; under ``"f64"`` for doubles.
    """

    def __init__(self, size):
        self._bytes = np.zeros(size + ALIGNMENT, dtype=np.uint8)
        self._begin = -int(self._bytes.ctypes.data) % ALIGNMENT
        self.base, self.size = int(self._bytes.ctypes.data) + self._begin, size
        self._states = np.zeros(size, dtype=np.uint8)
        self._next = ALIGNMENT
        self._blocks = {}
        self._thread = [0]
        self._readers, self._writers, self._constants, self._adders = {}, {}, set(), set()
        self.loads, self.stores, self.constants, self.additions = {}, {}, {}, {}
        for width, letter in _SIZES.items():
            self._make(width, width, letter)
        self._make("f64", 8, "d")
        for width in (4, 8):
            self.additions[width] = self._make_addition(width)

    def allocate(self, nbytes):
        """Address of new memory, full of numbers that nobody should see."""
        offset = self._next
        self._next += -(-(nbytes + 1) // ALIGNMENT) * ALIGNMENT
        if self._next > self.size:
            raise Forbidden("this memory gives every address once, and all are given")
        self._states[offset : offset + nbytes] = ALLOCATED
        self.view(self.base + offset, nbytes)[:] = 0xAB
        self._blocks[self.base + offset] = nbytes
        return self.base + offset

    def release(self, address):
        """Give back what `allocate` has returned."""
        offset = address - self.base
        self._states[offset : offset + self._blocks.pop(address)] = 0

    def view(self, address, nbytes):
        """Bytes at an address, to look at."""
        begin = self._begin + address - self.base
        return self._bytes[begin : begin + nbytes]

    def written(self, address, nbytes):
        """Whether somebody has written all these bytes."""
        offset = address - self.base
        return 0 <= offset <= self.size - nbytes and bool(
            (self._states[offset : offset + nbytes] == WRITTEN).all()
        )

    def mark(self, address, nbytes):
        """Take bytes for written."""
        offset = address - self.base
        self._states[offset : offset + nbytes] = WRITTEN

    def begin_launch(self):
        """Forget which thread has read or written what."""
        for seen in (self._readers, self._writers, self._constants, self._adders):
            seen.clear()

    def begin_thread(self, thread):
        """Another thread goes on."""
        self._thread[0] = thread

    def _refuse(self, address, width, what):
        if what is None:
            offset = address - self.base
            states = set(self._states[offset : offset + width].tolist()) if 0 <= offset < self.size else {0}
            if address % width:
                what = "is no multiple of the size"
            else:
                what = "was not allocated" if 0 in states or len(states) == 0 else "was not written"
        inside = [start for start, size in self._blocks.items() if start <= address < start + size]
        place = f"byte {address - inside[0]} of {self._blocks[inside[0]]}" if inside else "in no block"
        raise Forbidden(f"{width} bytes at {address:#x} ({place}): {what}")

    def _make(self, key, width, letter):
        """Make the functions for accesses of one size; closures, since they are called all the time."""
        content = memoryview(self._bytes[self._begin : self._begin + self.size]).cast(letter)
        states = memoryview(self._states).cast(_SIZES[width])
        base, size, shift, thread = self.base, self.size, width.bit_length() - 1, self._thread
        readers, writers, constants, adders = self._readers, self._writers, self._constants, self._adders
        written = int.from_bytes(bytes([WRITTEN] * width), "little")
        allocated = int.from_bytes(bytes([ALLOCATED] * width), "little")
        refuse = self._refuse

        def load(address):
            offset = address - base
            if offset % width or not 0 <= offset < size or states[offset >> shift] != written:
                refuse(address, width, None)
            me = thread[0]
            if writers.get(address, me) != me:
                refuse(address, width, "another thread has written it")
            if readers.setdefault(address, me) != me:
                readers[address] = SEVERAL
            return content[offset >> shift]

        def store(address, value):
            offset = address - base
            if offset % width or not 0 <= offset < size or states[offset >> shift] & allocated != allocated:
                refuse(address, width, None)
            me = thread[0]
            if writers.get(address, me) != me:
                if content[offset >> shift] != value:
                    refuse(address, width, "another thread has written something else")
                me = SEVERAL
            if readers.get(address, me) != me:
                refuse(address, width, "another thread has read it")
            if address in constants:
                refuse(address, width, "it was read as a constant")
            if address in adders:
                refuse(address, width, "it was added to")
            writers[address] = me
            states[offset >> shift] = written
            content[offset >> shift] = value

        def constant(address):
            if address in writers:
                refuse(address, width, "it is read as a constant and was written")
            constants.add(address)
            return load(address)

        self.loads[key], self.stores[key], self.constants[key] = load, store, constant

    def _make_addition(self, width):
        content = memoryview(self._bytes[self._begin : self._begin + self.size]).cast(_SIZES[width])
        base, mask, load = self.base, (1 << 8 * width) - 1, self.loads[width]

        def add(address, value):
            if address not in self._adders:
                if address in self._readers or address in self._writers or address in self._constants:
                    self._refuse(address, width, "it is added to and was read or written")
                load(address)
                self._adders.add(address)
                self._writers[address] = SEVERAL  # nobody may read or write it in this launch
            place = address - base >> width.bit_length() - 1
            old = content[place]
            content[place] = old + value & mask
            return old

        return add
