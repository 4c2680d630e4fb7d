"""What erasing one caller out of ten thousand calls, a backup, a restore and a rehearsal take while calls go on.

Used by bench/run: `bench/run --only kept_data`. The server runs with an owner's token, which is made while it stands still.
"""
import json
import os
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.request

TENANT = "bench"


class Failed(Exception):
    """What was expected did not come; the text says what."""


class Owner:
    """The API as the owner of the tenant."""

    def __init__(self, server, token):
        self.base, self.token = f"http://{server.hello['http']}/api/v1", token

    def ask(self, method, path, body=None):
        """The answer's JSON and the seconds it took."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.base}{path}", data, method=method, headers={
            "Authorization": f"Bearer {self.token}", **({"Content-Type": "application/json"} if data else {})})
        began = time.monotonic()
        try:
            with urllib.request.urlopen(request, timeout=120) as r:
                said = r.read()
        except urllib.error.HTTPError as e:
            raise Failed(f"{method} {path}: {e.code} {e.read()[:300]}") from None
        return json.loads(said or "null"), time.monotonic() - began


def bytes_below(folder):
    return sum(os.path.getsize(os.path.join(at, name)) for at, _, names in os.walk(folder) for name in names)


def command(bench, server, *args, cwd=None):
    """A command of the program in the server's folder, and the seconds it took."""
    began = time.monotonic()
    p = subprocess.run([bench.path, *args, "--config", f"{bench.a.example}/switchroom.toml"], cwd=cwd or server.folder,
                       env=server.env, capture_output=True, text=True, timeout=600)
    if p.returncode != 0:
        raise Failed(f"switchroom {args[0]} ended with {p.returncode}: {(p.stdout + p.stderr).strip()[-400:]}")
    return p.stdout, time.monotonic() - began


def measure(bench):
    calls = 2_000 if bench.a.quick else 10_000
    with bench.server() as first:
        folder = first.folder
    token = command(bench, first, "token", "--tenant", TENANT, "--role", "owner")[0].strip()
    with bench.server(folder=folder) as ours:
        owner = Owner(ours, token)
        # Calls through a queue for the reports, and recorded ones for the audio in the copy.
        bench.sip(f"{calls} calls to keep", ours.target, "600", ours.pid, 250, calls / 250, 0)
        recorded = 20 if bench.a.quick else 100
        bench.sip(f"{recorded} recorded calls", ours.target, "510", ours.pid, 20, recorded / 20, 0, hold=5, media="stream")
        day = time.strftime("%Y-%m-%d", time.gmtime())
        report = f"/reports/queues?from={day}&by=total"
        before = owner.ask("GET", report)[0]["rows"]
        # SIPp numbers its callers from 1: this one is not among those who call meanwhile.
        number = f"7{calls - 10}"
        found = owner.ask("POST", "/people/find", {"number": number})[0]
        if len(found) != 1 or not found[0]["calls"]:
            raise Failed(f"{number} should have called: {found}")
        copy = f"{ours.folder}/copy"
        # To 500, which is no queue: the queues' figures must not change meanwhile.
        load = threading.Thread(target=bench.sip, args=("calls meanwhile", ours.target, "500", ours.pid, 50, 20, 0))
        load.start()
        try:
            _, whole_s = command(bench, ours, "backup", copy)
            whole = bytes_below(copy)
            erased, erased_s = owner.ask("DELETE", f"/people/{found[0]['id']}?reason=requested")
            _, next_s = command(bench, ours, "backup", copy)
            is_under_load = load.is_alive()
        finally:
            load.join()
        if not is_under_load:
            raise Failed("the calls were over before the second backup was")
        if erased["calls"] != found[0]["calls"]:
            raise Failed(f"{found[0]['calls']} calls were to be erased: {erased}")
        left = owner.ask("POST", "/people/find", {"number": number})[0]
        listed = owner.ask("GET", f"/calls?caller={number}")[0]["items"]
        after = owner.ask("GET", report)[0]["rows"]
        if left or listed or before != after:
            raise Failed(f"after the erasure: {left}, {listed}, {before}, {after}")
        log = f"{ours.folder}/audit.jsonl"
        for args in (["export", log, "--server", f"http://{ours.hello['http']}", "--token", token], ["verify", log]):
            p = subprocess.run([bench.path, "audit", *args], capture_output=True, text=True, timeout=120)
            if p.returncode != 0:
                raise Failed(f"switchroom audit {args[0]}: {(p.stdout + p.stderr).strip()[-400:]}")
        said, rehearse_s = command(bench, ours, "rehearse", copy)
    # Elsewhere: another folder, which has the master key only.
    other = f"{bench.scratch}/restored"
    os.makedirs(f"{other}/data/bench", mode=0o700)
    shutil.copy2(f"{ours.folder}/data/bench/master.key", f"{other}/data/bench/master.key")
    _, restore_s = command(bench, ours, "restore", copy, cwd=other)
    database = os.path.getsize(f"{other}/data/bench/switchroom.db")
    of = f"{calls:,} calls".replace(",", " ")
    bench.row(f"erasing one caller of {of}, calls going on", 1000 * erased_s, unit="ms", digits=0)
    bench.row(f"backup of {of} and {recorded} recordings, calls going on", whole_s, unit="s", digits=2)
    bench.row("its size", whole / 1e6, unit="MB", digits=1)
    bench.row("the database's size when restored", database / 1e6, unit="MB", digits=1)
    bench.row("the next backup", next_s, unit="s", digits=2)
    bench.row("restore elsewhere", restore_s, unit="s", digits=2)
    bench.row("rehearsal: every table, law and recording compared", rehearse_s, unit="s", digits=2)
    bench.notes.append("The rehearsal said: " + said.strip().splitlines()[-1])
    bench.notes.append("Kept data: found nowhere after the erasure, the queues' figures as before it, the audit log verified.")
