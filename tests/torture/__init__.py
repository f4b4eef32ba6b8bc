"""The application under many clients, killed again and again; and what it acknowledged, looked for afterwards.

`python -m tests.torture --seed 1 --kills 200 --clients 8`, or `make torture`. `ledger.py` keeps what was asked and
answered and compares it with what is there, `clients.py` are the people and programs, `run.py` kills and checks.
`--broken NAME` serves with a mistake made on purpose (`broken.py`), which must be found.
"""
