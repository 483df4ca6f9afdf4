"""Runs: replicates of one configuration, on threads or on a device.

Begin with `simulation`, which holds ``technopole.run``. `ensemble` computes many replicates on several threads,
`device_ensemble` chooses between them and a device, `advance` moves one world.
"""
