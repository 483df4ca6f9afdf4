"""The same period on a GPU, with the same bits.

Begin with `interface`, what a device can do; `cuda` is a GPU of NVIDIA (by `driver`, `graph`, `ferry`), `emulated`
one made of this computer, `opening` and `shared` choose and keep one. `layout` says which arrays a world has there.
A `world` goes there and comes back; `together` computes the replicates of a run, as many at a time as `fit`, in
`worlds`. ``docs/GPU.md`` has the reasons.
"""
