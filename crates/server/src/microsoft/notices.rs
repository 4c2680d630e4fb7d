//! What Graph tells us of its own accord: which subscriptions are ours, and what a notification that counts is good for.
//!
//! Each subscription has a secret that comes back with its notifications; only its hash is kept, in memory. A notification is
//! a hint: it makes the next reading come now. What it brings itself is taken only with a token of its tenant.

use crate::microsoft::Carrier;
use crate::microsoft::background::now;
use redact::Secret;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use store::TenantId;
use teams::Cloud;
use teams::entra::{Endpoints, KeyCache, NotificationRules, Refused};
use teams::graph::{DecryptionKey, Known, Lifecycle, Notice, NoticeFault, Notices, Seen, Subscription};

/// The id that our certificate has in subscriptions.
pub const CERTIFICATE_ID: &str = "background";
/// The largest delivery that is read, in bytes.
pub const LARGEST: usize = 4 * 1024 * 1024;

/// A subscription of ours.
#[derive(Clone)]
pub struct Ours {
    /// For which tenant here.
    pub tenant: TenantId,
    /// As Graph has it.
    pub subscription: Subscription,
    /// What its notifications must bring.
    pub known: Known,
    /// When to renew it.
    pub renew_at: teams::Time,
    /// It has to be made anew.
    pub is_gone: bool,
    /// It has to be renewed before its time.
    pub is_asked: bool,
}

/// Who may tell us what.
struct Judge {
    rules: NotificationRules,
    carrier: Carrier,
    decryption: BTreeMap<String, DecryptionKey>,
    /// The authority's keys.
    keys: Mutex<KeyCache>,
}

/// Subscriptions and what they tell.
#[derive(Default)]
pub struct NoticeBoard {
    judge: Option<Judge>,
    ours: Mutex<Vec<Ours>>,
    seen: Mutex<Seen>,
    /// Somebody changed in a directory.
    news: AtomicBool,
    /// Notifications that counted.
    pub taken: AtomicU64,
    /// Notifications that were dropped.
    pub dropped: AtomicU64,
}

/// What a delivery was worth.
pub struct Delivered {
    /// The notifications that count.
    pub notices: Vec<Notice>,
    /// Why the others do not.
    pub faults: Vec<NoticeFault>,
}

impl NoticeBoard {
    /// For the subscriptions of this app in this cloud, whose data is encrypted for this key.
    pub fn new(
        cloud: &Cloud,
        client_id: &str,
        carrier: Carrier,
        key: Option<&Secret<String>>,
    ) -> Option<NoticeBoard> {
        // The keys of all tenants stand in one document.
        let keys = KeyCache::new(&Endpoints::entra(cloud, "common")?.keys);
        let rules = NotificationRules {
            client_ids: vec![client_id.into()],
            login: cloud.login.clone(),
            sts: cloud.sts.clone(),
        };
        let decryption = key.and_then(DecryptionKey::read).map(|key| (CERTIFICATE_ID.to_string(), key));
        let decryption = decryption.into_iter().collect();
        let judge = Judge { rules, carrier, decryption, keys: Mutex::new(keys) };
        Some(NoticeBoard { judge: Some(judge), ..NoticeBoard::default() })
    }

    /// The subscriptions, to be looked at and changed.
    pub fn ours(&self) -> MutexGuard<'_, Vec<Ours>> {
        self.ours.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// There is a reason to read the directories now.
    pub fn hurry(&self) {
        self.news.store(true, Ordering::Relaxed);
    }

    /// Whether somebody changed since the last time this was asked.
    pub fn take_news(&self) -> bool {
        self.news.swap(false, Ordering::Relaxed)
    }

    /// Judges a delivery. It may wait for Microsoft's keys.
    pub fn deliver(&self, body: &[u8]) -> Delivered {
        let mut delivered = self.judged(body);
        let unknown = NoticeFault::Token(Refused::UnknownKey);
        if delivered.faults.contains(&unknown) && self.fetch_keys() {
            let mut again = self.judged(body);
            // Those that counted are marked as seen and come out as such now; what was wrong with others is said anew.
            for _ in &delivered.notices {
                let seen = again.faults.iter().position(|f| *f == NoticeFault::Replayed);
                seen.map(|at| again.faults.remove(at));
            }
            delivered.notices.extend(again.notices);
            delivered.faults = again.faults;
        }
        self.taken.fetch_add(delivered.notices.len() as u64, Ordering::Relaxed);
        self.dropped.fetch_add(delivered.faults.len() as u64, Ordering::Relaxed);
        for notice in &delivered.notices {
            self.take(notice);
        }
        delivered
    }

    fn judged(&self, body: &[u8]) -> Delivered {
        let nothing = |fault| Delivered { notices: Vec::new(), faults: vec![fault] };
        let Some(judge) = &self.judge else { return nothing(NoticeFault::UnknownSubscription) };
        let ours: BTreeMap<String, Known> =
            self.ours().iter().map(|o| (o.subscription.id.clone(), o.known.clone())).collect();
        let keys = judge.keys.lock().unwrap_or_else(|e| e.into_inner()).keys().clone();
        let notices = Notices { rules: &judge.rules, keys: &keys, decryption: &judge.decryption };
        let mut seen = self.seen.lock().unwrap_or_else(|e| e.into_inner());
        let connected = |tenant: &str| ours.values().any(|k| k.tenant == tenant);
        match notices.read(now(), body, |id| ours.get(id).cloned(), connected, &mut seen) {
            Err(fault) => nothing(fault),
            Ok(all) => {
                let mut delivered = Delivered { notices: Vec::new(), faults: Vec::new() };
                for one in all {
                    match one {
                        Ok(notice) => delivered.notices.push(notice),
                        Err(fault) => delivered.faults.push(fault),
                    }
                }
                delivered
            }
        }
    }

    fn fetch_keys(&self) -> bool {
        let Some(judge) = &self.judge else { return false };
        let keys = || judge.keys.lock().unwrap_or_else(|e| e.into_inner());
        let Some(request) = keys().missed(now()) else { return false };
        let reply = judge.carrier.send(&request).ok();
        keys().took(now(), reply.as_ref());
        true
    }

    fn take(&self, notice: &Notice) {
        let mut ours = self.ours();
        let found = ours.iter_mut().find(|o| o.subscription.id == notice.subscription);
        match (notice.lifecycle, found) {
            (Some(Lifecycle::Reauthorize), Some(one)) => one.is_asked = true,
            (Some(Lifecycle::Removed), Some(one)) => one.is_gone = true,
            _ => {}
        }
        // Whatever was told: the next reading finds what changed.
        self.hurry();
    }
}
