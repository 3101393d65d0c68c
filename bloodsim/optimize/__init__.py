"""The best plan: linear programs that PuLP builds and HiGHS solves, and nothing else does.

`transfers.plan_transfers` plans who sends what to whom, `rolling.Planner` does so day after day.
`drives.plan_drives` places the visits of one region, with throttles and appeals; what an eligible
donor is worth to it comes from `donor_value`, and `pool_facts` brings both from what is known of a
pool.
The model of how blood moves is not known here: both sides meet in `bloodsim.decision`.
"""
