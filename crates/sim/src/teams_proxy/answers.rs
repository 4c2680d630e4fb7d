//! What border controllers ask of the proxy, and what a user who is called does.

use super::text::{Request, host_of, other, uri_of, user_of, value};
use super::words::{TeamsCall, TeamsEvent, TeamsOutput};
use super::{Call, Line, State, TeamsProxy, Watch, judge};
use sip::{Message, Method, Name, Time};
use std::net::SocketAddr;

const ALLOW: &str = "ALLOW: INVITE,ACK,OPTIONS,CANCEL,BYE,NOTIFY\r\n";

/// The interval of Session-Expires.
pub(super) fn seconds(value: &[u8]) -> Option<u64> {
    std::str::from_utf8(value).ok()?.split(';').next()?.trim().parse().ok()
}

fn timer_lines(watch: Option<Watch>) -> String {
    match watch {
        Some(watch) => {
            let refresher = if watch.refreshes.is_some() { "uas" } else { "uac" };
            format!("REQUIRE: timer\r\nSESSION-EXPIRES: {};refresher={refresher}\r\n", watch.seconds)
        }
        None => String::new(),
    }
}

impl TeamsProxy {
    pub(super) fn on_request(&mut self, connection: u64, host: usize, m: &Message, method: Method) {
        let request = Request::of(connection, m);
        let names = self.connections.get(&connection).map(|c| c.names.clone()).unwrap_or_default();
        let in_dialog = request.to.contains(";tag=");
        match method {
            Method::Options if !in_dialog => self.on_options(host, &request, &names, m),
            Method::Invite if !in_dialog => self.on_invite(host, request, &names, m),
            Method::Ack => self.on_inside(request, m, method),
            _ if in_dialog && self.busy.contains(&host) => self.say(&request, 503, "Busy", "", "", ""),
            _ => self.on_inside(request, m, method),
        }
    }

    fn say(&mut self, request: &Request, code: u16, phrase: &str, tag: &str, lines: &str, body: &str) {
        let bytes = request.answer(code, phrase, tag, lines, body);
        self.outputs.push_back(TeamsOutput::Answer { connection: request.connection, bytes });
    }

    fn refuse_as(&mut self, request: &Request, refusal: &judge::Refusal) {
        let cause = if refusal.code == 403 { 63 } else { 21 };
        let lines = format!("REASON: Q.850;cause={cause};text=\"{};{}\"\r\n", refusal.sub, refusal.rule);
        self.say(request, refusal.code, "Refused", "r", &lines, "");
        self.broken(refusal.rule);
    }

    fn on_options(&mut self, host: usize, request: &Request, names: &[String], m: &Message) {
        let judged = judge::tenant(&self.settings, names, m).map(|_| ());
        if let Err(refusal) = judged.and_then(|()| judge::options(&self.settings, m)) {
            return self.refuse_as(request, &refusal);
        }
        self.say(request, 200, "OK", "o", ALLOW, "");
        let contact = value(m, Name::Contact);
        let by = host_of(uri_of(&contact)).to_string();
        if let Err(refusal) = judge::allows(m) {
            self.broken(refusal.rule);
        }
        self.events.push_back(TeamsEvent::Asked { host, by: by.clone() });
        // Once it knows who asks, a machine asks back.
        self.asks.insert((host, by), self.now.0);
    }

    fn on_invite(&mut self, host: usize, request: Request, names: &[String], m: &Message) {
        self.say(&request, 100, "Trying", "", "", "");
        if let Some((code, lines)) = self.refusing.get(&host).cloned() {
            return self.say(&request, code, "Refused", "b", &lines, "");
        }
        let target = String::from_utf8_lossy(m.target()).into_owned();
        let referred_by = m.value(Name::ReferredBy);
        let transfer = self
            .transfers
            .iter()
            .find(|t| t.target == target && referred_by == Some(&t.referred_by))
            .map(|t| t.number.clone());
        if referred_by.is_some() && transfer.is_none() {
            self.broken("Refer-To and Referred-By come back byte for byte");
        }
        let bypass = if self.bypass { judge::bypass(m) } else { Ok(()) };
        let number = match bypass.and_then(|()| judge::invite(&self.settings, names, m, transfer.is_some())) {
            Ok(number) => transfer.unwrap_or(number),
            Err(refusal) => return self.refuse_as(&request, &refusal),
        };
        let timer = m.value(Name::SessionExpires).and_then(seconds);
        let call_id = value(m, Name::CallId);
        let (contact, route) = self.addresses(&call_id);
        let their_contact = value(m, Name::Contact);
        let target = uri_of(&their_contact).to_string();
        let (from, tag) = (value(m, Name::From), self.hex());
        let call = self.add(Call {
            host,
            controller: host_of(&target).to_string(),
            state: State::Offered,
            call_id,
            local: request.to.clone(),
            remote: from.clone(),
            target,
            cseq: 0,
            invite: Some(request),
            offer: m.session_description().to_vec(),
            sent: Default::default(),
            tag,
            forks: 0,
            contact,
            route,
            lines: Vec::new(),
            anchor: None,
            ice_said: None,
            music: None,
            timer,
            watch: None,
        });
        self.anchor(call, m.session_description());
        let from = user_of(uri_of(&from)).to_string();
        self.events.push_back(TeamsEvent::Offered { call, host, number, from });
    }

    /// What comes inside a call.
    fn on_inside(&mut self, request: Request, m: &Message, method: Method) {
        let call = self.by_id.get(&value(m, Name::CallId)).copied();
        if method == Method::Cancel {
            self.say(&request, if call.is_some() { 200 } else { 481 }, "OK", "", "", "");
            let Some(call) = call else { return };
            let Some(c) = self.calls.get_mut(&call).filter(|c| c.state == State::Offered) else { return };
            let tag = c.tag.clone();
            if let Some(invite) = c.invite.take() {
                self.say(&invite, 487, "Request Terminated", &tag, "", "");
            }
            return self.over(call, TeamsEvent::Over { call });
        }
        let Some((call, c)) = call.and_then(|id| Some((id, self.calls.get_mut(&id)?))) else {
            if method != Method::Ack {
                self.say(&request, 481, "Call Leg Does Not Exist", "", "", "");
            }
            return;
        };
        // The ACK of a refusal is no request inside the dialog, and the call of it is gone already.
        let to_contact = String::from_utf8_lossy(m.target()) == c.contact.as_str();
        let by_route = other(m, "Route").is_some_and(|route| route == c.route);
        let right_tag = request.to.contains(&format!(";tag={}", c.tag));
        if !(to_contact && by_route && right_tag) {
            self.broken(
                "a request inside a call goes to Contact by way of Record-Route, with the tags of the call",
            );
            if method != Method::Ack {
                self.say(&request, 481, "Call Leg Does Not Exist", "", "", "");
            }
            return;
        }
        match method {
            Method::Ack if c.state == State::Answering => {
                c.state = State::Up;
                let now = self.now.0;
                if let Some(line) = c.lines.last_mut() {
                    line.nominate(now);
                }
                self.events.push_back(TeamsEvent::Up { call });
            }
            Method::Ack => {}
            Method::Bye => {
                self.say(&request, 200, "OK", "", "", "");
                self.over(call, TeamsEvent::Over { call });
            }
            Method::Invite => self.on_change(call, &request, m),
            Method::Notify => {
                self.say(&request, 200, "OK", "", "", "");
                let body = String::from_utf8_lossy(m.body()).into_owned();
                let code = body.strip_prefix("SIP/2.0 ").and_then(|rest| rest.get(..3)?.parse().ok());
                match code {
                    Some(code) => self.events.push_back(TeamsEvent::Transfer { call, code }),
                    None => self.broken("a NOTIFY says how far a transfer is"),
                }
            }
            _ => self.say(&request, 405, "Method Not Allowed", "", ALLOW, ""),
        }
    }

    /// The border controller changes the session. Its address stays the first one that it named, whatever it says.
    fn on_change(&mut self, call: TeamsCall, request: &Request, m: &Message) {
        let controller = self.calls.get(&call).map(|c| c.controller.clone()).unwrap_or_default();
        if let Err(rule) = judge::in_call(&controller, m) {
            self.broken(rule);
        }
        self.anchor(call, m.session_description());
        let now = self.now.0;
        let Some(c) = self.calls.get_mut(&call) else { return };
        let answer = c.lines.last_mut().map(|line| line.answer(now, m.session_description()));
        if let Some(watch) = &mut c.watch {
            *watch = Watch::new(now, watch.seconds, watch.refreshes.is_some());
            self.events.push_back(TeamsEvent::Refreshed { call });
        }
        let lines = format!("CONTACT: <{}>\r\n{}", c.contact, timer_lines(c.watch));
        match answer {
            Some(Ok(answer)) => self.say(request, 200, "OK", "", &lines, &answer),
            Some(Err(_)) | None => self.say(request, 488, "Not Acceptable Here", "", "", ""),
        }
    }

    // ---- what a user who is called does ----

    /// One more of the user's clients rings, with a tag of its own.
    pub fn ring(&mut self, now: Time, call: TeamsCall) {
        self.provisional(now, call, None);
    }

    /// Audio may come before the answer, from a media processor or a client at this address: this tone, or nothing for 0 Hz.
    pub fn send_early(&mut self, now: Time, call: TeamsCall, addr: SocketAddr, hz: u32) {
        self.provisional(now, call, Some((addr, hz)));
    }

    fn provisional(&mut self, now: Time, call: TeamsCall, audio: Option<(SocketAddr, u32)>) {
        self.now = self.now.max(now);
        let line = audio.map(|(addr, hz)| self.line(addr, hz));
        let Some(c) = self.calls.get_mut(&call).filter(|c| c.state == State::Offered) else { return };
        c.forks += 1;
        let tag = format!("{}f{}", c.tag, c.forks);
        let lines = format!("RECORD-ROUTE: {}\r\nCONTACT: <{}>\r\n{ALLOW}", c.route, c.contact);
        let Some(invite) = c.invite.clone() else { return };
        let mut description = String::new();
        let code = if line.is_some() { 183 } else { 180 };
        if let Some(mut line) = line {
            match line.answer(self.now.0, &c.offer) {
                Ok(answer) => description = answer,
                Err(rule) => return self.broken(rule),
            }
            line.early = Some((tag.clone(), description.clone()));
            // This client chooses before anybody answers.
            line.nominate(self.now.0);
            self.attach(call, line);
        }
        self.say(&invite, code, "Ringing", &tag, &lines, &description);
        self.tick();
    }

    /// The user answers on a client that was never heard of before, with audio at this address.
    pub fn answer(&mut self, now: Time, call: TeamsCall, addr: SocketAddr, hz: u32) {
        self.now = self.now.max(now);
        let mut line = self.line(addr, hz);
        let Some(c) = self.calls.get_mut(&call).filter(|c| c.state == State::Offered) else { return };
        match line.answer(self.now.0, &c.offer) {
            Ok(answer) => self.accept(call, line, &answer),
            Err(rule) => self.broken(rule),
        }
    }

    /// The user answers on a client that may have been heard before: the one that was the `n`th, from 0, of those. From now
    /// on it says this tone.
    pub fn answer_on(&mut self, now: Time, call: TeamsCall, n: usize, hz: u32) {
        self.now = self.now.max(now);
        let Some(c) = self.calls.get_mut(&call).filter(|c| c.state == State::Offered) else { return };
        if n >= c.lines.len() {
            return;
        }
        let mut line = c.lines.remove(n);
        let Some((tag, answer)) = line.early.take() else { return };
        c.tag = tag;
        line.say(self.now.0, hz);
        self.accept(call, line, &answer);
    }

    fn accept(&mut self, call: TeamsCall, line: Line, answer: &str) {
        let Some(c) = self.calls.get_mut(&call) else { return };
        let Some(invite) = c.invite.clone() else { return };
        c.state = State::Answering;
        c.local = format!("{};tag={}", c.local, c.tag);
        // Whoever called says that the call goes on.
        c.watch = c.timer.map(|seconds| Watch::new(self.now.0, seconds, false));
        let timer = timer_lines(c.watch);
        let lines = format!("RECORD-ROUTE: {}\r\nCONTACT: <{}>\r\n{ALLOW}{timer}", c.route, c.contact);
        let tag = c.tag.clone();
        for early in c.lines.drain(..) {
            self.ports.remove(&early.port);
        }
        self.attach(call, line);
        self.say(&invite, 200, "OK", &tag, &lines, answer);
        self.tick();
    }

    /// The user, or Teams, refuses; `sub` is Microsoft's own code, `lines` are further header lines.
    pub fn refuse(&mut self, now: Time, call: TeamsCall, code: u16, sub: u32, lines: &str) {
        self.now = self.now.max(now);
        let Some(c) = self.calls.get_mut(&call).filter(|c| c.state == State::Offered) else { return };
        let tag = c.tag.clone();
        let Some(invite) = c.invite.take() else { return };
        let lines = format!("REASON: SIP;cause={code};text=\"{sub}\"\r\n{lines}");
        self.say(&invite, code, "Refused", &tag, &lines, "");
        self.over(call, TeamsEvent::Over { call });
    }
}
