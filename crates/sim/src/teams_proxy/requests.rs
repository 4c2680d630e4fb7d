//! What the proxy asks of border controllers: calls of users, and changes of calls.

use super::text::{bytes_of, in_latin, other, uri_of, value};
use super::words::{TeamsCall, TeamsEvent, TeamsOutput};
use super::{Asked, Call, State, TeamsProxy, Transfer, Watch};
use media::negotiate::Direction;
use sip::{Message, Name, Time};
use std::net::SocketAddr;

/// What stands between the parts of a body.
const SEVERAL: &str = "--several";

impl TeamsProxy {
    /// A user calls a number over a machine and a border controller; audio is at that address.
    pub fn call(
        &mut self,
        now: Time,
        (host, controller): (usize, &str),
        (from, display): (&str, &str),
        number: &str,
        audio: (SocketAddr, u32),
    ) -> TeamsCall {
        self.now = self.now.max(now);
        let target = format!("sip:{number}@{controller}:5061;user=phone;transport=tls");
        let to = format!("<sip:{number}@{controller}:5061;user=phone>");
        self.begin((host, controller), (from, display), (target, to), audio, "")
    }

    /// A user takes a call over from another one (Replaces), as a queue of Teams hands it to whoever takes it. `foreign`: it
    /// names a call that is none.
    pub fn take_over(
        &mut self,
        now: Time,
        call: TeamsCall,
        (from, display): (&str, &str),
        audio: (SocketAddr, u32),
        foreign: bool,
    ) -> Option<TeamsCall> {
        self.now = self.now.max(now);
        let c = self.calls.get(&call)?;
        let tag = |value: &str| value.rsplit_once(";tag=").map(|(_, tag)| tag.to_string());
        let (theirs, ours) = (tag(&c.remote)?, tag(&c.local)?);
        let ours = if foreign { "0".into() } else { ours };
        let lines = format!("REPLACES: {};to-tag={theirs};from-tag={ours}\r\n", c.call_id);
        let (host, controller, target) = (c.host, c.controller.clone(), c.target.clone());
        let to = format!("<{target}>");
        Some(self.begin((host, &controller), (from, display), (target, to), audio, &lines))
    }

    /// A call by way of another border controller's name asks for the place of this one, and names it rightly.
    pub fn take_over_by(
        &mut self,
        now: Time,
        call: TeamsCall,
        (controller, number): (&str, &str),
        (from, display): (&str, &str),
        audio: (SocketAddr, u32),
    ) -> Option<TeamsCall> {
        self.now = self.now.max(now);
        let lines = format!("REPLACES: {}\r\n", self.replaces(call)?);
        let host = self.calls.get(&call)?.host;
        let target = format!("sip:{number}@{controller}:5061;user=phone;transport=tls");
        let to = format!("<sip:{number}@{controller}:5061;user=phone>");
        Some(self.begin((host, controller), (from, display), (target, to), audio, &lines))
    }

    /// What Replaces says to name a call.
    pub fn replaces(&self, call: TeamsCall) -> Option<String> {
        let c = self.calls.get(&call)?;
        let tag = |value: &str| value.rsplit_once(";tag=").map(|(_, tag)| tag.to_string());
        Some(format!("{};to-tag={};from-tag={}", c.call_id, tag(&c.remote)?, tag(&c.local)?))
    }

    fn begin(
        &mut self,
        (host, controller): (usize, &str),
        (from, display): (&str, &str),
        (target, address): (String, String),
        (addr, hz): (SocketAddr, u32),
        more: &str,
    ) -> TeamsCall {
        let call_id = self.hex();
        let (contact, route) = self.addresses(&call_id);
        let mut line = self.line(addr, hz);
        let offer = line.offer(Direction::SendRecv);
        let (more, offer) = match &self.location {
            Some((lines, part)) => (
                format!("{more}{lines}"),
                format!(
                    "{SEVERAL}\r\nCONTENT-TYPE: application/sdp\r\n\r\n{offer}\r\n{SEVERAL}\r\n{part}\r\n{SEVERAL}--\r\n"
                ),
            ),
            None => (more.to_string(), offer),
        };
        let first = self.host(0).to_string();
        let tag = self.hex();
        let call = self.add(Call {
            host,
            controller: controller.into(),
            state: State::Calling,
            call_id,
            // The name stands without quotes and without a space, as in traces.
            local: format!("{display}<sip:{from}@{first}:5061;user=phone>;tag={tag}"),
            remote: address,
            target,
            cseq: 0,
            invite: None,
            offer: Vec::new(),
            sent: Default::default(),
            tag,
            forks: 0,
            contact,
            route,
            lines: Vec::new(),
            anchor: None,
            ice_said: None,
            music: None,
            timer: None,
            watch: None,
        });
        self.attach(call, line);
        let asserted = self.asserted.as_deref().unwrap_or(from);
        let lines = format!(
            "MIN-SE: 300\r\nSUPPORTED: timer\r\nSESSION-EXPIRES: 3600\r\nP-ASSERTED-IDENTITY: <tel:{asserted}>\r\n{more}"
        );
        self.send(call, "INVITE", &lines, &offer, Asked::Invite, false);
        call
    }

    /// Hangs up: a call that is up, or one of ours that nobody answered yet.
    pub fn hang_up(&mut self, now: Time, call: TeamsCall) {
        self.now = self.now.max(now);
        let Some(c) = self.calls.get_mut(&call) else { return };
        match c.state {
            State::Up | State::Answering => {
                c.state = State::Leaving;
                self.send(call, "BYE", "", "", Asked::Bye, false);
            }
            State::Calling => {
                c.state = State::Leaving;
                self.cancel(call);
            }
            State::Offered => self.refuse(now, call, 480, 10_037, ""),
            State::Leaving => {}
        }
    }

    /// The same, with the BYE on a connection that was not there before, from another machine.
    pub fn hang_up_from(&mut self, now: Time, call: TeamsCall, host: usize) {
        self.now = self.now.max(now);
        let Some(c) = self.calls.get_mut(&call).filter(|c| c.state == State::Up) else { return };
        (c.state, c.host) = (State::Leaving, host);
        self.send(call, "BYE", "", "", Asked::Bye, true);
    }

    /// The user presses a key. Whether the border controller takes keys.
    pub fn press(&mut self, now: Time, call: TeamsCall, key: char) -> bool {
        self.now = self.now.max(now);
        let line = self.calls.get_mut(&call).and_then(|c| c.lines.last_mut());
        line.is_some_and(|line| line.press(now.0, key))
    }

    /// The user holds, or takes the call back.
    pub fn hold(&mut self, now: Time, call: TeamsCall, on: bool) {
        self.now = self.now.max(now);
        let direction = if on { Direction::Inactive } else { Direction::SendRecv };
        let line = self.calls.get_mut(&call).and_then(|c| c.lines.last_mut());
        let Some(offer) = line.map(|line| line.offer(direction)) else { return };
        self.send(call, "INVITE", "", &offer, Asked::Change, false);
    }

    /// With media bypass: the pair that was chosen is named in descriptions from now on. Whether one was chosen.
    pub fn settle(&mut self, now: Time, call: TeamsCall) -> bool {
        self.renew(now, call, super::checks::Checks::settle)
    }

    /// With media bypass: the client checks anew, with other credentials.
    pub fn restart(&mut self, now: Time, call: TeamsCall) -> bool {
        self.renew(now, call, |checks| {
            checks.restart();
            true
        })
    }

    fn renew(&mut self, now: Time, call: TeamsCall, change: fn(&mut super::checks::Checks) -> bool) -> bool {
        self.now = self.now.max(now);
        let line = self.calls.get_mut(&call).and_then(|c| c.lines.last_mut());
        let Some(line) = line.filter(|line| line.checks.is_some()) else { return false };
        if !line.checks.as_mut().is_some_and(change) {
            return false;
        }
        let offer = line.offer(Direction::SendRecv);
        self.send(call, "INVITE", "", &offer, Asked::Change, false);
        true
    }

    /// Says of calls that they go on, where that is the proxy's to say, and ends those of which nothing was heard in time.
    pub(super) fn watch_over(&mut self) {
        let now = self.now.0;
        let watched = self.calls.iter().filter(|(_, c)| c.state == State::Up);
        let watched: Vec<(TeamsCall, Watch)> = watched.filter_map(|(id, c)| Some((*id, c.watch?))).collect();
        for (call, watch) in watched {
            if now >= watch.ends {
                self.broken("a call is refreshed in time");
                self.hang_up(self.now, call);
            } else if watch.refreshes.is_some_and(|at| now >= at) {
                let Some(c) = self.calls.get_mut(&call) else { continue };
                c.watch = Some(Watch { refreshes: Some(watch.ends), ..watch });
                let Some(line) = c.lines.last_mut() else { continue };
                let offer = line.offer(Direction::SendRecv);
                let lines =
                    format!("SUPPORTED: timer\r\nSESSION-EXPIRES: {};refresher=uac\r\n", watch.seconds);
                self.send(call, "INVITE", &lines, &offer, Asked::Change, false);
            }
        }
    }

    /// The user holds, and a mixer plays music from this address in the user's place. The call never goes back from there.
    pub fn hold_with_music(&mut self, now: Time, call: TeamsCall, (addr, hz): (SocketAddr, u32)) {
        self.hold(now, call, true);
        if let Some(c) = self.calls.get_mut(&call) {
            c.music = Some((addr, hz));
        }
    }

    /// The user takes a call back that a mixer plays to: who speaks is another one, and where stays as it is.
    pub fn take_back(&mut self, now: Time, call: TeamsCall, hz: u32) {
        if let Some(line) = self.calls.get_mut(&call).and_then(|c| c.lines.last_mut()) {
            line.say(now.0, hz);
        }
        self.hold(now, call, false);
    }

    /// The call moves to a mixer: its audio is at another address from here on.
    pub fn move_audio(&mut self, now: Time, call: TeamsCall, addr: SocketAddr, hz: u32) {
        self.now = self.now.max(now);
        let mut line = self.line(addr, hz);
        let offer = line.offer(Direction::SendRecv);
        if let Some(old) = self.calls.get_mut(&call).and_then(|c| c.lines.pop()) {
            self.ports.remove(&old.port);
        }
        self.attach(call, line);
        self.send(call, "INVITE", "", &offer, Asked::Change, false);
    }

    /// The user passes the other side on to somebody: REFER, on a new connection of another machine. Without a `number`
    /// the target is a user whom only parameters name.
    pub fn transfer(&mut self, now: Time, call: TeamsCall, host: usize, number: &str) {
        self.now = self.now.max(now);
        let (first, hex) = (self.host(0).to_string(), self.hex());
        let target = match number {
            "" => {
                format!("sip:{first}:5061;transport=tls;x-m=8:orgid:aaaaaaaa-0000-0000-0000-{}", &hex[..12])
            }
            number => format!("sip:{number}@{first}:5061;user=phone;transport=tls;x-t={}", &hex[..8]),
        };
        let referred_by = format!(
            "\"Jörg Größe\" <sip:{first}:5061;x-m=8:orgid:aaaaaaaa-0000-0000-0000-000000000002;x-t=bbbbbbbb-0000-0000-0000-000000000001;\
             x-ti=cccccccc-0000-0000-0000-{};x-tt=aHR0cHM6Ly9hcGkuZXhhbXBsZS9jYWxs>",
            &hex[..12]
        );
        // Names are as a directory has them: some are Latin-1, which is no UTF-8.
        let referred_by = if number.is_empty() { referred_by } else { in_latin(&referred_by) };
        let lines = format!("REFER-TO: <{target}>\r\nREFERRED-BY: {referred_by}\r\n");
        let referred_by = bytes_of(&referred_by);
        self.transfers.push(Transfer { target, referred_by, number: number.into() });
        if let Some(c) = self.calls.get_mut(&call) {
            c.host = host;
        }
        self.send(call, "REFER", &lines, "", Asked::Refer, true);
    }

    /// As a transfer, but to an address of somebody else's.
    pub fn transfer_to(&mut self, now: Time, call: TeamsCall, target: &str) {
        self.now = self.now.max(now);
        self.send(call, "REFER", &format!("REFER-TO: <{target}>\r\n"), "", Asked::Refer, false);
    }

    /// Asks a border controller whether it is there.
    pub(super) fn ask(&mut self, host: usize, to: &str) {
        let (name, branch, hex) = (self.host(host).to_string(), self.branch(), self.hex());
        let text = format!(
            "OPTIONS sip:{to}:5061;transport=tls SIP/2.0\r\nFROM: <sip:{name}:5061>;tag={hex}\r\nTO: <sip:{to}>\r\n\
             CSEQ: 1 OPTIONS\r\nCALL-ID: {hex}o\r\nMAX-FORWARDS: 70\r\nVIA: SIP/2.0/TLS 52.112.0.10:5061;branch={branch}\r\n\
             CONTACT: <sip:{name}:5061;transport=tls>\r\nCONTENT-LENGTH: 0\r\n\r\n"
        );
        self.pending.insert(branch, (TeamsCall(0), Asked::Options(host)));
        let (to, bytes) = (to.to_string(), text.into_bytes());
        self.outputs.push_back(TeamsOutput::Request { host, to, fresh: false, bytes });
    }

    fn branch(&mut self) -> String {
        format!("z9hG4bK{}", self.hex())
    }

    fn send(&mut self, call: TeamsCall, method: &str, lines: &str, body: &str, asked: Asked, fresh: bool) {
        let branch = self.branch();
        let Some(c) = self.calls.get_mut(&call) else { return };
        c.cseq += 1;
        if method == "INVITE" {
            c.sent = (branch.clone(), c.cseq);
        }
        let text = written(c, method, c.cseq, &branch, lines, body);
        let (host, to) = (c.host, c.controller.clone());
        self.pending.insert(branch, (call, asked));
        self.outputs.push_back(TeamsOutput::Request { host, to, fresh, bytes: bytes_of(&text) });
    }

    /// ACK and CANCEL say the number of their INVITE; those of one that was not answered its branch too.
    fn follow(&mut self, call: TeamsCall, method: &str, same_branch: bool) {
        let other = self.branch();
        let Some(c) = self.calls.get(&call) else { return };
        let (branch, cseq) = (if same_branch { c.sent.0.clone() } else { other }, c.sent.1);
        let text = written(c, method, cseq, &branch, "", "");
        let (host, to) = (c.host, c.controller.clone());
        self.outputs.push_back(TeamsOutput::Request { host, to, fresh: false, bytes: text.into_bytes() });
    }

    fn cancel(&mut self, call: TeamsCall) {
        self.follow(call, "CANCEL", true);
    }

    pub(super) fn on_answer(&mut self, m: &Message, code: u16) {
        let branch = m.top_via().map(|via| String::from_utf8_lossy(via.branch).into_owned());
        let Some(branch) = branch else { return };
        let Some((call, asked)) = self.pending.get(&branch).copied() else { return };
        if let Asked::Options(host) = asked {
            self.pending.remove(&branch);
            return self.events.push_back(TeamsEvent::Answers { host, code });
        }
        // The answer to a CANCEL has the branch of its INVITE.
        if value(m, Name::CSeq).contains("CANCEL") {
            return;
        }
        if code >= 200 {
            self.pending.remove(&branch);
        }
        if !self.calls.contains_key(&call) {
            return;
        }
        match (asked, code) {
            (Asked::Invite | Asked::Change, 100) => {}
            (Asked::Invite, 101..200) => {
                self.judge_answer(call, m);
                let now = self.now.0;
                let line = self.calls.get_mut(&call).and_then(|c| c.lines.last_mut());
                if let (Some(line), false) = (line, m.session_description().is_empty()) {
                    let _ = line.accept(now, m.session_description());
                }
                self.events.push_back(TeamsEvent::Rings { call, code });
            }
            (Asked::Invite, 200..300) => self.on_answered(call, m),
            (Asked::Change, 200..300) => {
                self.judge_answer(call, m);
                self.follow(call, "ACK", false);
                let now = self.now.0;
                let line = self.calls.get_mut(&call).and_then(|c| c.lines.last_mut());
                let agreed = line.map_or(Ok(()), |line| {
                    line.accept(now, m.session_description())?;
                    line.nominate(now);
                    Ok(())
                });
                if let Some(watch) = self.calls.get_mut(&call).and_then(|c| c.watch.as_mut()) {
                    *watch = Watch::new(now, watch.seconds, watch.refreshes.is_some());
                }
                self.anchor(call, m.session_description());
                match agreed {
                    Ok(()) => self.events.push_back(TeamsEvent::Changed { call }),
                    Err(rule) => self.broken(rule),
                }
                if let Some((addr, hz)) = self.calls.get_mut(&call).and_then(|c| c.music.take()) {
                    self.move_audio(self.now, call, addr, hz);
                }
            }
            (Asked::Invite, 300..) => {
                self.follow(call, "ACK", true);
                self.over(call, TeamsEvent::Refused { call, code });
            }
            (Asked::Change, 300..) => {
                self.follow(call, "ACK", true);
                self.events.push_back(TeamsEvent::Refused { call, code });
            }
            (Asked::Refer, 200..) => self.events.push_back(TeamsEvent::Transfer { call, code }),
            (Asked::Bye, 200..) => self.over(call, TeamsEvent::Over { call }),
            _ => {}
        }
    }

    /// Looks at an answer to an INVITE of ours: at who gives it, at the way of what follows, and at what is said of ICE, which
    /// stays as it was said first (until a session is changed).
    fn judge_answer(&mut self, call: TeamsCall, m: &Message) {
        let Some(c) = self.calls.get_mut(&call) else { return };
        let mut judged = super::judge::in_call(&c.controller, m);
        if c.state != State::Up && other(m, "Record-Route").as_deref() != Some(&c.route) {
            judged = Err("an answer repeats Record-Route");
        }
        let description = String::from_utf8_lossy(m.session_description()).into_owned();
        let ice =
            |line: &&str| ["a=ice-ufrag:", "a=ice-pwd:", "a=candidate:"].iter().any(|s| line.starts_with(s));
        let said: Vec<String> = description.lines().filter(ice).map(String::from).collect();
        if c.state != State::Up && !description.is_empty() {
            let first = c.ice_said.get_or_insert_with(|| said.clone());
            if *first != said {
                judged = Err("ICE stays as it was said before the answer");
            }
        }
        if let Err(rule) = judged {
            self.broken(rule);
        }
    }

    /// Somebody answered our call.
    fn on_answered(&mut self, call: TeamsCall, m: &Message) {
        self.judge_answer(call, m);
        let now = self.now.0;
        let contact = value(m, Name::Contact);
        let target = uri_of(&contact).to_string();
        let Some(c) = self.calls.get_mut(&call) else { return };
        let expires = m.value(Name::SessionExpires);
        // Who answers says who refreshes, and leaves it to us unless it says otherwise.
        let by_us = !expires.is_some_and(|v| v.ends_with(b"refresher=uas"));
        c.watch = expires.and_then(super::answers::seconds).map(|s| Watch::new(now, s, by_us));
        c.target = target;
        c.remote = value(m, Name::To);
        let leaving = c.state == State::Leaving;
        c.state = State::Up;
        let line = c.lines.last_mut();
        let agreed = line.map_or(Ok(()), |line| {
            line.accept(now, m.session_description())?;
            line.nominate(now);
            Ok(())
        });
        self.anchor(call, m.session_description());
        if let Err(refusal) = super::judge::allows(m) {
            self.broken(refusal.rule);
        }
        if let Err(rule) = agreed {
            self.broken(rule);
        }
        self.follow(call, "ACK", false);
        self.events.push_back(TeamsEvent::Up { call });
        if leaving || agreed.is_err() {
            let now = self.now;
            self.hang_up(now, call);
        }
        self.tick();
    }
}

/// A request inside a call, or the one that begins it.
fn written(c: &Call, method: &str, cseq: u32, branch: &str, lines: &str, body: &str) -> String {
    let kind = match body {
        "" => "",
        body if body.starts_with(SEVERAL) => "CONTENT-TYPE: multipart/mixed; boundary=several\r\n",
        _ => "CONTENT-TYPE: application/sdp\r\n",
    };
    let dialog = match method {
        "INVITE" | "REFER" => format!(
            "RECORD-ROUTE: {}\r\nCONTACT: <{}>\r\nALLOW: INVITE,ACK,OPTIONS,CANCEL,BYE,NOTIFY\r\n",
            c.route, c.contact
        ),
        _ => String::new(),
    };
    format!(
        "{method} {} SIP/2.0\r\nFROM: {}\r\nTO: {}\r\nCSEQ: {cseq} {method}\r\nCALL-ID: {}\r\nMAX-FORWARDS: 70\r\n\
         VIA: SIP/2.0/TLS 52.112.0.10:5061;branch={branch}\r\n{dialog}{lines}\
         USER-AGENT: Microsoft.PSTNHub.SIPProxy v.2026.1.1.1 i.TEST.1\r\n{kind}CONTENT-LENGTH: {}\r\n\r\n{body}",
        c.target,
        c.local,
        c.remote,
        c.call_id,
        body.len()
    )
}
