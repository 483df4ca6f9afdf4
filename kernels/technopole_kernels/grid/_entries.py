"""Entry functions of a launch in LLVM's language: which items of which worlds a thread of the device handles.

A thread is a stage of ``(setting, world, work, records, i)``. Numba's convention for it is
``i32 thread(result *, reason **, arguments...)``; a stage raises nothing, so the code it returns is dropped.

Every entry takes ``(setting, worlds, works, records, count, items)``: the addresses of the setting and of ``count``
structs side by side, and the number of items of each world. On a device, items lie along x and worlds along y, and each
thread goes on in steps of the whole grid: it does the same whatever the grid and the block it is started with.
"""

PREFIX, THREAD = "launch_", "thread_"

_ITEM = """
declare i32 @{thread}{name}(ptr, ptr, ptr, ptr, ptr, ptr, i64)

define internal void @item_{name}(
    ptr %setting, ptr %worlds, ptr %works, ptr %records, i64 %world, i64 %item
) alwaysinline {{
  %result = alloca ptr
  %reason = alloca ptr
  %world.skip = mul nuw nsw i64 %world, {world}
  %work.skip = mul nuw nsw i64 %world, {work}
  %record.skip = mul nuw nsw i64 %world, {record}
  %this.world = getelementptr inbounds i8, ptr %worlds, i64 %world.skip
  %this.work = getelementptr inbounds i8, ptr %works, i64 %work.skip
  %this.record = getelementptr inbounds i8, ptr %records, i64 %record.skip
  %code = call i32 @{thread}{name}(
    ptr %result, ptr %reason, ptr %setting, ptr %this.world, ptr %this.work, ptr %this.record, i64 %item
  )
  ret void
}}
"""

REGISTERS = tuple(f"{name}.{axis}" for axis in "xy" for name in ("ctaid", "nctaid", "tid", "ntid"))
"""Where a thread is: its block, how many there are, its place in the block, how many there are; along x and y."""
MOST_REGISTERS = {"firms": 64, "entrants": 128}
"""Of a thread, by the items of a launch: with fewer, more threads are there to do something while others wait for
memory, and some of their values wait in memory too. Measured on an H100; others take as many as they need."""
_DEVICE_START = "".join(f"declare i32 @llvm.nvvm.read.ptx.sreg.{name}()\n" for name in REGISTERS)

_DEVICE = """
define ptx_kernel void @{prefix}{name}(
    ptr %setting, ptr %worlds, ptr %works, ptr %records, i64 %count, i64 %items
) {limit}{{
entry:
  %x.block32 = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  %x.blocks32 = call i32 @llvm.nvvm.read.ptx.sreg.nctaid.x()
  %x.place32 = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %x.size32 = call i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
  %y.block32 = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.y()
  %y.blocks32 = call i32 @llvm.nvvm.read.ptx.sreg.nctaid.y()
  %y.place32 = call i32 @llvm.nvvm.read.ptx.sreg.tid.y()
  %y.size32 = call i32 @llvm.nvvm.read.ptx.sreg.ntid.y()
  %x.block = zext i32 %x.block32 to i64
  %x.blocks = zext i32 %x.blocks32 to i64
  %x.place = zext i32 %x.place32 to i64
  %x.size = zext i32 %x.size32 to i64
  %y.block = zext i32 %y.block32 to i64
  %y.blocks = zext i32 %y.blocks32 to i64
  %y.place = zext i32 %y.place32 to i64
  %y.size = zext i32 %y.size32 to i64
  %x.before = mul nuw nsw i64 %x.block, %x.size
  %x.first = add nuw nsw i64 %x.before, %x.place
  %x.stride = mul nuw nsw i64 %x.blocks, %x.size
  %y.before = mul nuw nsw i64 %y.block, %y.size
  %y.first = add nuw nsw i64 %y.before, %y.place
  %y.stride = mul nuw nsw i64 %y.blocks, %y.size
  %some = icmp slt i64 %x.first, %items
  br i1 %some, label %worlds.head, label %end
worlds.head:
  %world = phi i64 [ %y.first, %entry ], [ %world.next, %worlds.step ]
  %world.left = icmp slt i64 %world, %count
  br i1 %world.left, label %items.body, label %end
items.body:
  %item = phi i64 [ %x.first, %worlds.head ], [ %item.next, %items.body ]
  call void @item_{name}(ptr %setting, ptr %worlds, ptr %works, ptr %records, i64 %world, i64 %item)
  %item.next = add nuw nsw i64 %item, %x.stride
  %item.left = icmp slt i64 %item.next, %items
  br i1 %item.left, label %items.body, label %worlds.step
worlds.step:
  %world.next = add nuw nsw i64 %world, %y.stride
  br label %worlds.head
end:
  ret void
}}
"""

_HOST = """
define void @{prefix}{name}(
    ptr %setting, ptr %worlds, ptr %works, ptr %records, i64 %count, i64 %items, i64 %first, i64 %stride
) {{
entry:
  %total = mul i64 %count, %items
  %some = icmp sgt i64 %total, 0
  br i1 %some, label %body, label %end
body:
  %done = phi i64 [ 0, %entry ], [ %done.next, %body ]
  %flat = phi i64 [ %first, %entry ], [ %flat.next, %body ]
  %world = udiv i64 %flat, %items
  %item = urem i64 %flat, %items
  call void @item_{name}(ptr %setting, ptr %worlds, ptr %works, ptr %records, i64 %world, i64 %item)
  %ahead = add nuw nsw i64 %flat, %stride
  %beyond = icmp sge i64 %ahead, %total
  %back = sub i64 %ahead, %total
  %flat.next = select i1 %beyond, i64 %back, i64 %ahead
  %done.next = add nuw nsw i64 %done, 1
  %left = icmp slt i64 %done.next, %total
  br i1 %left, label %body, label %end
end:
  ret void
}}
"""


def entry_code(launches, sizes, device):
    """Module of entry functions as text.

    Parameters
    ----------
    launches : dict of str to str
        Names and items; the symbol of a compiled thread is ``thread_`` and the name of its launch.
    sizes : tuple of int
        Bytes of a world, a work and a record struct.
    device : bool
        For a GPU: kernels that find their items by their place in the grid. Else functions that handle all items, in
        the order ``first, first + stride, ...`` modulo the number of all items of all worlds.
    """
    world, work, record = sizes
    parts = [_DEVICE_START] if device else []
    for name, items in launches.items():
        most = MOST_REGISTERS.get(items)
        limit = f'"nvvm.maxnreg"="{most}" ' if most else ""
        parts.append(_ITEM.format(name=name, thread=THREAD, world=world, work=work, record=record))
        parts.append((_DEVICE if device else _HOST).format(name=name, prefix=PREFIX, limit=limit))
    return "".join(parts)
