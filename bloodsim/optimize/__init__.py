"""The best plan: linear programs that PuLP builds and HiGHS solves, and nothing else does.

`transfers.plan_transfers` plans who sends what to whom, `rolling.Planner` does so day after day.
The model of how blood moves is not known here: both sides meet in `bloodsim.decision`.
"""
