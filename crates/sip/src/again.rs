//! Sending a request once more, changed as its answer asked: with credentials, or with a longer session interval.

use crate::build::Again;
use crate::endpoint::Endpoint;
use crate::login::Attempt;
use crate::slots::Key;
use crate::time::Time;
use crate::timer::{Timer, Wait};
use crate::transaction::{ClientTx, Owner};

impl Endpoint {
    /// Sends the request of a transaction again, as a new one with the next number. `attempt` has taken in who asks who
    /// we are; without one, the request says what it said before. Whether it was sent; if not, the answer is the last
    /// word.
    pub(crate) fn send_again(
        &mut self,
        now: Time,
        key: Key,
        attempt: Option<Box<Attempt>>,
        session: Option<Vec<u8>>,
    ) -> bool {
        let Some(tx) = self.clients.get_mut(key) else { return false };
        let asked = attempt.is_some();
        let mut attempt = attempt.or_else(|| tx.login.take());
        let (owner, method, to, request) = (tx.owner, tx.method, tx.to, tx.request.clone());
        let elsewhere = tx.elsewhere.clone();
        let Some(cseq) = self.next_number(owner, request.cseq) else { return false };
        let mut login = Vec::new();
        if let Some(attempt) = &mut attempt {
            let method = method.as_str().as_bytes();
            login = attempt.logins.lines(&mut self.chance, method, request.uri(), request.body());
            if asked && login.is_empty() {
                return false;
            }
        }
        let logins = attempt.as_ref().map(|a| Box::new(a.logins.clone()));
        let secret = self.chance.next();
        let new = ClientTx { login: attempt, elsewhere, ..ClientTx::new(secret, method, to, owner) };
        let again = self.clients.insert(new);
        let via = &self.face(to.transport).via;
        let branch = (again.index, secret);
        let session = session.as_deref();
        let sent = request.again(&Again { method, cseq, via, branch, login: &login, session });
        if let Some(tx) = self.clients.get_mut(again) {
            tx.request = sent;
        }
        self.start_client(now, again);
        if let Some(c) = owner.call().and_then(|call| self.calls.get_mut(call)) {
            if logins.is_some() {
                c.logins = logins;
            }
            match owner {
                Owner::Invite(_) => c.called_again(again),
                Owner::Reoffer(_) => self.timers.set(now, Timer::Unanswered, Wait::Guard, again),
                _ => {}
            }
        }
        true
    }

    // The number for sending a request again; `None` if nobody wants that any more.
    fn next_number(&mut self, owner: Owner, last: u32) -> Option<u32> {
        let Some(call) = owner.call() else { return last.checked_add(1) };
        let c = self.calls.get_mut(call)?;
        if matches!(owner, Owner::Invite(_)) && !c.is_calling() {
            return None;
        }
        c.dialog.local_cseq = c.dialog.local_cseq.max(last) + 1;
        Some(c.dialog.local_cseq)
    }
}
