"""The names of the files of a sweep's folder."""

LEDGER_FILE = "ledger.jsonl"
MEMBERS_FILE = "members.jsonl"
JOURNAL = "search.journal"
CONFIG_FILE = "config.json"
ORIGIN_FILE = "origin.json"
