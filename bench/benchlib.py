"""Shared helpers of the bench tools: CPU and memory of a target, noise of the
machine, percentiles, and a small UDP SIP endpoint (not a full stack: loopback,
no authentication, no TCP)."""
import asyncio
import os
import random
import re
import socket
import time

TICK = os.sysconf("SC_CLK_TCK")


# ---------------------------------------------------------------- processes
def family(pids):
    """The given pids and all their descendants."""
    kids = {}
    for d in os.listdir("/proc"):
        if d.isdigit():
            try:
                with open(f"/proc/{d}/stat") as f:
                    ppid = int(f.read().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError, ValueError):
                continue
            kids.setdefault(ppid, []).append(int(d))
    out, todo = [], list(pids)
    while todo:
        p = todo.pop()
        if p not in out and os.path.exists(f"/proc/{p}"):
            out.append(p)
            todo += kids.get(p, [])
    return out


def cpu_seconds(pids):
    """(user, sys, both) CPU seconds so far of pids and descendants, dead threads included.
    The first two are counted in ticks and sampled; `both` is the scheduler's own clock, in nanoseconds."""
    u = s = 0
    both = 0.0
    for p in family(pids):
        try:
            with open(f"/proc/{p}/stat") as f:
                v = f.read().rsplit(")", 1)[1].split()
            u += int(v[11])
            s += int(v[12])
            try:
                # What clock_getcpuclockid(3) gives for a process.
                both += time.clock_gettime((~p << 3) | 2)
            except OSError:
                both += (int(v[11]) + int(v[12])) / TICK
        except (OSError, IndexError):
            pass
    return u / TICK, s / TICK, both


def memory_kib(pids):
    """PSS where it can be read (processes that share pages), else RSS; in KiB."""
    total = 0
    for p in family(pids):
        try:
            with open(f"/proc/{p}/smaps_rollup") as f:
                m = re.search(r"^Pss:\s+(\d+)", f.read(), re.M)
            total += int(m.group(1))
        except (OSError, AttributeError):
            try:
                with open(f"/proc/{p}/status") as f:
                    total += int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))
            except (OSError, AttributeError):
                pass
    return total


def others_seconds(mine):
    """CPU seconds so far of every process that is not of the families of `mine`, with the children they waited for:
    what a difference of two readings shows was not the benchmark."""
    ours = set(family(mine))
    ticks = 0
    for d in os.listdir("/proc"):
        if d.isdigit() and int(d) not in ours:
            try:
                with open(f"/proc/{d}/stat") as f:
                    v = f.read().rsplit(")", 1)[1].split()
                if v[1] != "2" and d != "2":    # kernel threads work for us too
                    ticks += sum(map(int, v[11:15]))
            except (OSError, IndexError, ValueError):
                pass
    return ticks / TICK


def steal_seconds():
    """CPU seconds that the host took away."""
    with open("/proc/stat") as f:
        return int(f.readline().split()[8]) / TICK


class Meter:
    """CPU used by a target between start() and stop(), plus what else ran."""

    def __init__(self, pids):
        self.pids = pids

    def mine(self):
        # `run` says who it is, so that the peers it started beside the target are not taken for strangers.
        return [os.getpid(), int(os.environ.get("BENCH_ROOT", os.getpid())), *self.pids]

    def start(self):
        self.o0, self.s0 = others_seconds(self.mine()), steal_seconds()
        self.t0, self.c0 = time.monotonic(), cpu_seconds(self.pids)
        return self

    def stop(self, own_cpu=0.0):
        wall = time.monotonic() - self.t0
        user, sysc, both = (b - a for a, b in zip(self.c0, cpu_seconds(self.pids)))
        cores = (os.cpu_count() or 1) * max(wall, 1e-9)
        return {
            "wall_s": round(wall, 2),
            "target_user_s": round(user, 3),
            "target_sys_s": round(sysc, 3),
            "target_cpu_s": round(both, 4),
            "loader_cpu_s": round(own_cpu, 2),
            "steal_pct": round(100 * (steal_seconds() - self.s0) / cores, 1),
            "other_busy_pct": round(100 * max(0.0, others_seconds(self.mine()) - self.o0) / cores, 1),
        }


def percentiles(v, unit=1.0):
    if not v:
        return None
    v = sorted(v)

    def at(q):
        return round(v[min(len(v) - 1, int(q * len(v)))] * unit, 3)
    return {"n": len(v), "min": at(0), "p50": at(.5), "p90": at(.9), "p95": at(.95),
            "p99": at(.99), "max": round(v[-1] * unit, 3)}


def host_port(s, default=5060):
    h, _, p = s.partition(":")
    return h, int(p or default)


def only_loopback(*hosts):
    for h in hosts:
        if not socket.gethostbyname(h).startswith("127."):
            raise SystemExit(f"{h}: these tools send to 127.0.0.0/8 only")


# ---------------------------------------------------------------- small SIP
class Msg:
    __slots__ = ("line", "hdr", "body", "at")

    def __init__(self, data):
        head, _, self.body = data.decode("utf-8", "replace").partition("\r\n\r\n")
        lines = head.split("\r\n")
        self.line = lines[0]
        self.hdr = []
        for ln in lines[1:]:
            k, _, v = ln.partition(":")
            self.hdr.append((k.strip().lower(), v.strip()))

    SHORT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact",
             "l": "content-length", "c": "content-type"}

    def all(self, name):
        return [v for k, v in self.hdr if self.SHORT.get(k, k) == name]

    def get(self, name):
        a = self.all(name)
        return a[0] if a else ""

    @property
    def status(self):
        return int(self.line.split()[1]) if self.line.startswith("SIP/2.0 ") else 0

    @property
    def method(self):
        return self.line.split(" ", 1)[0]

    @property
    def cseq(self):
        n, m = self.get("cseq").split()
        return int(n), m

    def tag(self, name):
        m = re.search(r";\s*tag=([^;\s]+)", self.get(name))
        return m.group(1) if m else ""

    def user(self, name):
        m = re.search(r"sips?:([^@>;]+)@", self.get(name))
        return m.group(1) if m else ""

    def media(self):
        """(ip, port) of the first audio line of the SDP, or None."""
        c = re.search(r"^c=IN IP4 (\S+)", self.body, re.M)
        m = re.search(r"^m=audio (\d+)", self.body, re.M)
        return (c.group(1), int(m.group(1))) if c and m else None


def sdp(ip, port, pts=(8, 0)):
    names = {0: "PCMU", 8: "PCMA"}
    s = ["v=0", f"o=bench 1 1 IN IP4 {ip}", "s=-", f"c=IN IP4 {ip}", "t=0 0",
         f"m=audio {port} RTP/AVP {' '.join(map(str, pts))}"]
    s += [f"a=rtpmap:{p} {names[p]}/8000" for p in pts]
    s += ["a=ptime:20", "a=sendrecv", ""]
    return "\r\n".join(s)


class Call:
    """One dialog of an Endpoint. Events are delivered to `on(call, name, msg)`."""

    def __init__(self, ep, on):
        self.ep, self.on = ep, on
        self.state = "new"
        self.cseq = 1
        self.remote_media = None
        self.t = {}
        self.routes = []
        self.timers = {}
        self.retrans = 0
        self.last200 = None
        self.data = None

    def mark(self, what):
        self.t.setdefault(what, time.monotonic())

    def request(self, method, body="", cseq=None, extra=()):
        n = cseq or self.cseq
        h = [f"{method} {self.target} SIP/2.0",
             f"Via: SIP/2.0/UDP {self.ep.ip}:{self.ep.port};branch=z9hG4bK{random.getrandbits(56):x};rport",
             "Max-Forwards: 70"]
        h += [f"Route: {r}" for r in self.routes]
        h += [f"From: {self.local}", f"To: {self.remote}", f"Call-ID: {self.cid}",
              f"CSeq: {n} {method}", f"Contact: <sip:{self.luser}@{self.ep.ip}:{self.ep.port}>"]
        h += extra
        if body:
            h.append("Content-Type: application/sdp")
        h.append(f"Content-Length: {len(body)}")
        return ("\r\n".join(h) + "\r\n\r\n" + body).encode()

    def send(self, data, key=None, wait=0.5, left=7):
        self.ep.tx(data, self.addr)
        if key:
            def again():
                self.retrans += 1
                self.ep.retrans += 1
                self.send(data, key, min(wait * 2, 4), left - 1)
            if left:
                self.timers[key] = self.ep.loop.call_later(wait, again)
            else:
                self.timers.pop(key, None)
                self.ep.timeouts += 1
                self.finish("timeout", None)

    def stop(self, key):
        t = self.timers.pop(key, None)
        if t:
            t.cancel()

    def finish(self, why, msg):
        for k in list(self.timers):
            self.stop(k)
        if self.state != "done":
            self.state = "done"
            self.mark("done")
            self.on(self, why, msg)

    # -- caller side
    def invite(self, luser, ruser, addr, body, extra=()):
        self.luser, self.addr = luser, addr
        self.target = f"sip:{ruser}@{addr[0]}:{addr[1]}"
        self.cid = f"{random.getrandbits(64):x}@bench"
        self.local = f"<sip:{luser}@{self.ep.ip}:{self.ep.port}>;tag={random.getrandbits(40):x}"
        self.remote = f"<{self.target}>"
        self.ep.calls[self.cid] = self
        self.state = "calling"
        self.inv = self.request("INVITE", body, extra=extra)
        self.mark("invite")
        self.send(self.inv, "INVITE")

    def bye(self):
        if self.state == "up":
            self.state = "leaving"
            self.cseq += 1
            self.mark("bye")
            self.send(self.request("BYE"), "BYE")

    def cancel(self):
        if self.state in ("calling", "ringing"):
            d = self.inv.decode().split("\r\n\r\n")[0].split("\r\n")
            d[0] = d[0].replace("INVITE", "CANCEL", 1)
            d = [x.replace("INVITE", "CANCEL") if x.startswith("CSeq") else x
                 for x in d if not x.startswith(("Content-", "Contact"))]
            self.send(("\r\n".join(d) + "\r\nContent-Length: 0\r\n\r\n").encode(), "CANCEL")

    def response(self, m):
        n, method = m.cseq
        st = m.status
        if method == "INVITE":
            self.stop("INVITE")
            if st < 200:
                if st > 100 and self.state == "calling":
                    self.state = "ringing"
                    self.mark("ringing")
                    self.on(self, "ringing", m)
                return
            if st < 300:
                if self.state in ("calling", "ringing"):
                    self.mark("answer")
                    self.state = "up"
                    self.remote = m.get("to")
                    c = re.search(r"<([^>]+)>", m.get("contact"))
                    if c:
                        self.target = c.group(1)
                    self.routes = list(reversed(m.all("record-route")))
                    self.remote_media = m.media()
                    self.ack = self.request("ACK", cseq=n)
                    self.ep.tx(self.ack, self.addr)
                    self.on(self, "up", m)
                elif hasattr(self, "ack"):
                    self.ep.tx(self.ack, self.addr)
                return
            via = self.inv.decode().split("\r\nVia: ")[1].split("\r\n")[0]
            a = ["ACK " + self.target + " SIP/2.0", "Via: " + via, "Max-Forwards: 70",
                 f"From: {self.local}", f"To: {m.get('to')}", f"Call-ID: {self.cid}",
                 f"CSeq: {n} ACK", "Content-Length: 0", "", ""]
            self.ep.tx("\r\n".join(a).encode(), self.addr)
            self.finish(f"refused {st}", m)
        elif method == "BYE":
            if st >= 200:
                self.mark("bye_ok")
                self.finish("left", m)
        elif method == "CANCEL":
            self.stop("CANCEL")

    # -- callee side
    def reply(self, m, code, text, body="", tagged=True):
        h = [f"SIP/2.0 {code} {text}"] + [f"Via: {v}" for v in m.all("via")]
        h += [f"Record-Route: {v}" for v in m.all("record-route")]
        to = m.get("to")
        if tagged and not m.tag("to"):
            to += f";tag={self.ltag}"
        h += [f"From: {m.get('from')}", f"To: {to}", f"Call-ID: {m.get('call-id')}",
              f"CSeq: {m.get('cseq')}", f"Contact: <sip:{self.luser}@{self.ep.ip}:{self.ep.port}>",
              "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS"]
        if body:
            h.append("Content-Type: application/sdp")
        h.append(f"Content-Length: {len(body)}")
        return ("\r\n".join(h) + "\r\n\r\n" + body).encode()

    def incoming(self, m, addr):
        self.addr = addr
        self.cid = m.get("call-id")
        self.ltag = f"{random.getrandbits(40):x}"
        self.luser = re.match(r"INVITE sips?:(?:([^@]+)@)?", m.line).group(1) or "agent"
        self.first = m
        self.state = "incoming"
        self.mark("invite")
        self.local, self.remote = m.get("to") + f";tag={self.ltag}", m.get("from")
        c = re.search(r"<([^>]+)>", m.get("contact"))
        self.target = c.group(1) if c else f"sip:{addr[0]}:{addr[1]}"
        self.routes = m.all("record-route")
        self.remote_media = m.media()
        self.cseq = 100
        self.ep.tx(self.reply(m, 180, "Ringing"), addr)

    def answer(self, body):
        if self.state == "incoming":
            self.state = "answered"
            self.mark("answer")
            self.body = body
            self.last200 = self.reply(self.first, 200, "OK", body)
            self.send(self.last200, "200")

    def request_in(self, m):
        me = m.method
        if me == "ACK":
            self.stop("200")
            if self.state == "answered":
                self.mark("ack")
                self.state = "up"
                self.on(self, "up", m)
        elif me == "INVITE":
            if self.first is not None and m.cseq == self.first.cseq:
                if self.last200:
                    self.ep.tx(self.last200, self.addr)
                return
            if m.body:
                self.remote_media = m.media() or self.remote_media
            self.first_re = m
            self.ep.tx(self.reply(m, 200, "OK", self.body), self.addr)
        elif me == "BYE":
            self.ep.tx(self.reply(m, 200, "OK"), self.addr)
            self.finish("remote bye", m)
        elif me == "CANCEL":
            self.ep.tx(self.reply(m, 200, "OK"), self.addr)
            if self.state == "incoming":
                self.ep.tx(self.reply(self.first, 487, "Request Terminated"), self.addr)
                self.finish("cancelled", m)
        else:
            self.ep.tx(self.reply(m, 200, "OK"), self.addr)

    first = None
    body = ""


class Endpoint(asyncio.DatagramProtocol):
    """A UDP socket with many calls. on_call(call, msg) hears of new incoming calls;
    it sets call.on and answers when it likes."""

    def __init__(self, ip, port, on_call=None):
        self.ip, self.port, self.on_call = ip, port, on_call
        self.calls, self.retrans, self.timeouts, self.strays = {}, 0, 0, 0
        self.rx_retrans = 0
        self.gone = {}

    async def open(self):
        self.loop = asyncio.get_running_loop()
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        s.bind((self.ip, self.port))
        self.port = s.getsockname()[1]
        await self.loop.create_datagram_endpoint(lambda: self, sock=s)
        return self

    def connection_made(self, tr):
        self.tr = tr

    def tx(self, data, addr):
        self.tr.sendto(data, addr)

    def datagram_received(self, data, addr):
        if len(data) < 20:
            return
        m = Msg(data)
        c = self.calls.get(m.get("call-id"))
        if m.status:
            if c:
                c.response(m)
            return
        if c is None:
            if m.method == "INVITE" and not m.tag("to") and self.on_call:
                c = Call(self, lambda *a: None)
                self.calls[m.get("call-id")] = c
                c.incoming(m, addr)
                self.on_call(c, m)
            elif m.method != "ACK":
                self.strays += 1
                h = [f"SIP/2.0 {200 if m.method in ('OPTIONS', 'BYE') else 481} x"]
                h += [f"Via: {v}" for v in m.all("via")]
                h += [f"{k}: {m.get(k.lower())}" for k in ("From", "To", "Call-ID", "CSeq")]
                self.tx(("\r\n".join(h) + "\r\nContent-Length: 0\r\n\r\n").encode(), addr)
            return
        c.request_in(m)

    def call(self, on):
        return Call(self, on)

    def forget(self, call):
        self.loop.call_later(5, self.calls.pop, call.cid, None)

    def close(self):
        self.tr.close()
