//! Calling with one click: through Switchroom's own trunks, or through the organisation's telephone system or softphone.
//!
//! [`dial`] chooses the way and says how far a call of ours is; [`system`] has another system call, over [`drive`]. What was
//! asked for is kept in memory only, and forgotten a while after the call's end (`dial.memory`).

pub mod dial;
mod drive;
pub mod hand_out;
pub mod line;
pub mod system;

pub use drive::Hook;

use crate::adapt::Switch;
use crate::per_minute::PerMinute;
use crate::running::Handle;
use crate::shares::Shares;
use aws_lc_rs::hmac;
use engine::CallId;
use line::Passes;
use pbx::commportal::SignIns;
use pbx::{Ledger, Time};
use redact::Secret;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;
use store::{DataKey, TenantId};

/// How often it is looked what can be forgotten.
const SWEEP: Duration = Duration::from_secs(30);

/// How often somebody may look what they may in a minute.
const MOST_LOOKS: u32 = 10;
/// How many links for softphones may be asked for in a minute from one address, without a sign-in: what people of one office
/// press, and too few to find out which numbers an organisation calls.
const MOST_LINKS: u32 = 20;
/// Numbers of people who are no users begin here: no object of a configuration is numbered so high.
const FIRST_PERSON: u32 = 1 << 31;
/// So many such people have numbers of their own at the most. Whoever comes after them may share one.
const MOST_PEOPLE: usize = 1 << 20;

/// Whose calls: a user of a tenant, by id; or somebody of the organisation who is no user, by `@` and the object id.
pub type Who = (TenantId, String);

/// What is kept of a call beside how far it is.
#[derive(Clone, Debug, Default)]
pub struct Placed {
    /// Through which `Pbx`, by id; none is our own trunks.
    pub through: Option<String>,
    /// The call here, where it goes through our own trunks.
    pub call: Option<CallId>,
    /// The link that the person's own computer opens.
    pub open: Option<Secret<String>>,
    /// The way to hang it up, where another system makes it.
    pub hook: Option<Arc<Hook>>,
}

/// Calls that people asked for.
pub struct Connector {
    ledger: Mutex<Ledger<Who, Placed>>,
    /// Who failed to sign in at which `Pbx`.
    sign_ins: Mutex<SignIns<(Who, String)>>,
    /// Somebody's try to sign in is over.
    tried: Condvar,
    /// Hashes what they signed in with. It is drawn at each start.
    key: hmac::Key,
    /// What is carried through other telephone systems, by tenant.
    carried: Shares<TenantId>,
    /// Numbers of people who are no users, and the hash of whom each belongs to.
    people: Mutex<BTreeMap<u32, [u8; 16]>>,
    /// Who looked lately what they may.
    looks: PerMinute<Who>,
    /// From where links for softphones were asked for without a sign-in.
    links: PerMinute<IpAddr>,
    /// By which people show which line is theirs.
    passes: Passes,
}

impl Connector {
    /// With the key of line passes, if it could be read. Through other telephone systems it carries so many calls at once, each
    /// on a thread, and of one tenant never more than are then free for the others.
    pub fn new(passes: Option<DataKey>, calls: usize) -> Connector {
        let mut bytes = [0; 32];
        // Without chance from the operating system the hashes are worth less, and still kept in memory only.
        let _ = aws_lc_rs::rand::fill(&mut bytes);
        Connector {
            ledger: Mutex::default(),
            sign_ins: Mutex::default(),
            tried: Condvar::new(),
            key: hmac::Key::new(hmac::HMAC_SHA256, &bytes),
            carried: Shares::new(calls, calls),
            people: Mutex::default(),
            looks: PerMinute::new(MOST_LOOKS),
            links: PerMinute::new(MOST_LINKS),
            passes: Passes::new(passes),
        }
    }

    /// Line passes.
    pub fn passes(&self) -> &Passes {
        &self.passes
    }

    // Whether somebody may look once more what they may, which signs them in at a telephone system.
    fn may_look(&self, who: &Who) -> bool {
        self.looks.may(now().0, who)
    }

    /// Whether a link for a softphone may be asked for once more from this address, by nobody who is known. Of IPv6 it is the
    /// network that counts: whoever has one has all of its addresses.
    pub fn may_ask_for_link(&self, from: IpAddr) -> bool {
        let network = match from.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
            address => address,
        };
        self.links.may(now().0, &network)
    }

    /// A number for somebody who is no user here, under which what they call is counted: the same as long as the process
    /// runs, nobody's who is one, and without their id in it.
    pub fn number_of(&self, (tenant, person): &Who) -> u32 {
        let mut all = hmac::Context::with_key(&self.key);
        all.update(&tenant.0.to_be_bytes());
        all.update(person.as_bytes());
        let tag = all.sign();
        let mut hash = [0; 16];
        hash.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
        let mut number = hash.iter().take(4).fold(0_u32, |n, b| (n << 8) | u32::from(*b)) | FIRST_PERSON;
        let mut people = self.people.lock().unwrap_or_else(|e| e.into_inner());
        // Two whose hashes begin alike are told apart: nobody's limits are used up by another.
        while people.get(&number).is_some_and(|of| *of != hash) {
            number = number.wrapping_add(1) | FIRST_PERSON;
        }
        if people.len() < MOST_PEOPLE {
            people.insert(number, hash);
        }
        number
    }

    /// Calls that are carried through other telephone systems now.
    pub fn carried(&self) -> usize {
        self.carried.held()
    }

    /// The calls. Held for moments only, also on the switch's thread.
    pub fn ledger(&self) -> MutexGuard<'_, Ledger<Who, Placed>> {
        self.ledger.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn sign_ins(&self) -> MutexGuard<'_, SignIns<(Who, String)>> {
        self.sign_ins.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// How long a call is remembered after its end.
    pub fn remember_for(&self, kept: Duration) {
        self.ledger().remember_for(kept.as_millis() as u64);
    }

    /// Forgets again and again what ended long enough ago, also of those who look no longer how far their call is.
    pub async fn keep_forgetting(self: Arc<Connector>, handle: Handle) {
        let mut sweep = tokio::time::interval(SWEEP);
        loop {
            sweep.tick().await;
            let of = self.clone();
            if handle.ask(move |switch, _| of.notice_ends(switch)).await.is_none() {
                return;
            }
            self.ledger().forget(now());
            self.looks.forget(now().0);
            self.links.forget(now().0);
        }
    }

    /// Calls through our own trunks that are over, as the switch knows.
    fn notice_ends(&self, switch: &Switch) {
        let mut ledger = self.ledger();
        let is_over = |tenant: TenantId, call: CallId| {
            switch.tenant(tenant).is_none_or(|t| dial::progress(&t.engine, call).is_none())
        };
        let over: Vec<(Who, pbx::Correlation)> = ledger
            .unfinished()
            .filter(|(who, _, placed)| placed.call.is_some_and(|call| is_over(who.0, call)))
            .map(|(who, id, _)| (who.clone(), id.clone()))
            .collect();
        for (who, id) in over {
            // Why it is over is looked up when somebody asks for it.
            ledger.went_on(now(), &who, &id, pbx::Progress::Over(pbx::Over::HungUp));
        }
    }
}

/// The time of the ledger.
pub fn now() -> Time {
    Time(crate::clock::wall_ms())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn everybody_of_a_large_chat_has_a_number_of_their_own() {
        const PEOPLE: usize = 20_000;
        let connector = Connector::new(None, 2);
        let who = |n: usize| (TenantId(1), format!("@5c0de000-0000-4000-8000-{n:012x}"));
        let numbers: BTreeSet<u32> = (0..PEOPLE).map(|n| connector.number_of(&who(n))).collect();
        assert_eq!(numbers.len(), PEOPLE);
        assert!(numbers.iter().all(|n| *n >= FIRST_PERSON), "nobody's who is a user");
        assert_eq!(connector.number_of(&who(7)), connector.number_of(&who(7)));
        let elsewhere = connector.number_of(&(TenantId(2), who(7).1));
        assert!(!numbers.contains(&elsewhere), "in another tenant it is another person");
        // Somebody whose number is taken already has the next.
        let number = Connector::new(None, 2).number_of(&who(1));
        let crowded = Connector::new(None, 2);
        let first = crowded.number_of(&who(1));
        crowded.people.lock().unwrap().insert(first, [7; 16]);
        assert_eq!(crowded.number_of(&who(1)), first.wrapping_add(1) | FIRST_PERSON);
        assert_ne!(number, first, "it is drawn anew at each start");
    }
}
