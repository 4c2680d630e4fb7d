//! The chain of the audit log, and what finds a fault in it. Nothing here reads or writes anything.
//!
//! Each entry carries the SHA-256 of itself and of the digest before it, so that a changed, removed or moved entry breaks
//! every digest behind it. Personal values stand in an entry only sealed, and the chain goes over the sealed bytes:
//! destroying a person's key changes none of them. A head is a signed statement of which digest the log had at which
//! entry; kept elsewhere, it finds a log that was cut off at its end or made anew as a whole.
//!
//! A rule may dispose of the beginning of a log ([`AuditCut`]). A log that begins at an entry behind the first is whole only
//! if three things that the installation signed fit together: a head over the entry before its first one, whose digest the
//! first one is chained to; an entry [`CUT`] in the log which names that entry and digest and is signed by itself; and a head
//! over that entry or one behind it. A head alone is not enough, for one is signed each day whatever stands in the log; nor is
//! the signed entry without a head behind it, for then what follows it could be made anew.
//!
//! The rows go after the cut is written down, from the oldest on, and each transaction ends at an entry that a head vouches
//! for: so a log of which not all is gone yet begins behind a head, too, and at or before the entry that its cut names.

use crate::installation::verify_signature;
use crate::manifest::{hex, unhex};
use aws_lc_rs::digest::{Context, SHA256};

/// Bytes of a digest (SHA-256, FIPS 180-4).
pub const DIGEST: usize = 32;
/// The most faults that are told of one log: a log with that many says no more by further ones.
const MOST_FAULTS: usize = 50;

/// An entry as it is chained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainedEntry {
    /// Its number; the first is 1, and each is one more than that before it.
    pub id: u64,
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// Who: a token's number, a user's id, or the command line.
    pub who: String,
    /// What, for example `recording.listen`.
    pub action: String,
    /// To what, by kind and id.
    pub object: String,
    /// Whose key seals what is sealed, by number; 0 where nothing is.
    pub person: u64,
    /// Personal values, sealed; of an entry [`CUT`] its signature; empty where there is nothing.
    pub sealed: Vec<u8>,
    /// The digest that stands with it.
    pub digest: Vec<u8>,
}

/// A signed statement: at this entry, the log had this digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// The newest entry when it was signed.
    pub entry: u64,
    /// When it was signed, in milliseconds since 1970.
    pub at: u64,
    /// That entry's digest.
    pub digest: Vec<u8>,
    /// The public key of the installation that signed it (Ed25519, RFC 8032).
    pub key: Vec<u8>,
    /// The signature of [`AuditHead::said`].
    pub signature: Vec<u8>,
}

impl AuditHead {
    /// The bytes that are signed. `tenant` is the tenant's name.
    pub fn said(&self, tenant: &str) -> Vec<u8> {
        let mut said = b"switchroom audit head 1\0".to_vec();
        said.extend(self.entry.to_be_bytes());
        said.extend(self.at.to_be_bytes());
        for part in [&self.digest, tenant.as_bytes()] {
            said.extend((part.len() as u64).to_be_bytes());
            said.extend_from_slice(part);
        }
        said
    }
}

/// The action of an entry which says that what stood before was disposed of by a rule. Its object is that of [`AuditCut`],
/// and in place of what is sealed of a person it has the signature of [`AuditCut::said`].
pub const CUT: &str = "audit.cut";

/// Up to where a log was disposed of by a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditCut {
    /// The newest entry that goes.
    pub entry: u64,
    /// That entry's digest, to which the next one is chained.
    pub digest: Vec<u8>,
}

impl AuditCut {
    /// As the object of an entry: `Audit/`, the number, a space and the digest in hex.
    pub fn object(&self) -> String {
        format!("Audit/{} {}", self.entry, hex(&self.digest))
    }

    /// From the object of an entry; `None` for any other object.
    pub fn of(object: &str) -> Option<AuditCut> {
        let (entry, digest) = object.strip_prefix("Audit/")?.split_once(' ')?;
        let cut = AuditCut { entry: entry.parse().ok()?, digest: unhex(digest)? };
        (cut.object() == object).then_some(cut)
    }

    /// The bytes that are signed. They begin otherwise than those of a head: one is never taken for the other. `tenant` is the
    /// tenant's name.
    pub fn said(&self, tenant: &str) -> Vec<u8> {
        let mut said = b"switchroom audit cut 1\0".to_vec();
        said.extend(self.entry.to_be_bytes());
        for part in [&self.digest, tenant.as_bytes()] {
            said.extend((part.len() as u64).to_be_bytes());
            said.extend_from_slice(part);
        }
        said
    }
}

/// The digest that an entry must have, after an entry with the digest `before`; the first entry has none before it.
pub fn digest_of(before: &[u8], entry: &ChainedEntry) -> Vec<u8> {
    let mut all = Context::new(&SHA256);
    all.update(b"switchroom audit entry 1\0");
    all.update(&entry.id.to_be_bytes());
    all.update(&entry.at.to_be_bytes());
    all.update(&entry.person.to_be_bytes());
    // Each part is preceded by its length, so that nothing can be moved from one to the next.
    for part in
        [before, entry.who.as_bytes(), entry.action.as_bytes(), entry.object.as_bytes(), &entry.sealed]
    {
        all.update(&(part.len() as u64).to_be_bytes());
        all.update(part);
    }
    all.finish().as_ref().to_vec()
}

/// Something wrong with a log: at which entry, and what, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainFault {
    /// The entry.
    pub entry: u64,
    /// What is wrong.
    pub what: String,
}

/// What a check of a log found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChainReport {
    /// Entries that were read.
    pub entries: u64,
    /// Heads whose signature and digest are right.
    pub heads: u64,
    /// The newest entry that a head vouches for; 0 where none does.
    pub vouched: u64,
    /// The newest entry that was read; 0 where there is none.
    pub last: u64,
    /// The newest of the entries that are not there because a rule disposed of them; 0 where the log has its beginning, or
    /// nothing says so.
    pub cut: u64,
    /// What is wrong, in the order in which it was found; empty for a log that is whole.
    pub faults: Vec<ChainFault>,
}

/// Checks a log, entry by entry from the oldest, then its heads.
pub struct ChainCheck {
    tenant: String,
    key: Vec<u8>,
    /// The entry that a log without its beginning is chained to, where a head vouches for it.
    behind: Option<u64>,
    /// Entries that say in the installation's name up to where the log was disposed of, each by its number and that.
    cuts: Vec<(u64, u64)>,
    last: u64,
    digest: Vec<u8>,
    heads: Vec<AuditHead>,
    report: ChainReport,
}

impl ChainCheck {
    /// Begins. `key` is the public key that heads must be signed with, `tenant` the tenant's name in them.
    pub fn new(tenant: &str, key: &[u8], mut heads: Vec<AuditHead>) -> ChainCheck {
        heads.sort_by_key(|h| (h.entry, h.at));
        let mut check = ChainCheck {
            tenant: tenant.into(),
            key: key.to_vec(),
            behind: None,
            cuts: Vec::new(),
            last: 0,
            digest: Vec::new(),
            heads,
            report: ChainReport::default(),
        };
        let mut good = Vec::new();
        for head in std::mem::take(&mut check.heads) {
            let is_signed = head.key == key && verify_signature(key, &head.said(tenant), &head.signature);
            match is_signed {
                true => good.push(head),
                false => check.fault(
                    head.entry,
                    "the head over this entry is not signed with this installation's key".into(),
                ),
            }
        }
        check.heads = good;
        check
    }

    /// The next entry.
    pub fn entry(&mut self, entry: &ChainedEntry) {
        if self.report.entries == 0 && entry.id > 1 {
            self.begin_behind(entry.id - 1);
        }
        self.report.entries += 1;
        if entry.id <= self.last {
            self.fault(entry.id, format!("stands behind entry {}, out of its order", self.last));
        } else if entry.id > self.last + 1 {
            let (from, to) = (self.last + 1, entry.id - 1);
            let what = match (self.report.entries, from == to) {
                (1, _) => missing_up_to(to),
                (_, true) => "is missing".to_string(),
                (_, false) => format!("and all up to entry {to} are missing"),
            };
            self.fault(from, what);
        } else if digest_of(&self.digest, entry) != entry.digest {
            self.fault(entry.id, "was changed, or what stands before it was".into());
        }
        self.last = self.last.max(entry.id);
        // What follows is judged by what stands here, so that one fault is one fault.
        self.digest.clone_from(&entry.digest);
        if entry.action == CUT {
            self.cut(entry);
        }
        let mut vouched = 0;
        for n in 0..self.heads.len() {
            if self.heads[n].entry != entry.id {
                continue;
            }
            match self.heads[n].digest == entry.digest {
                true => vouched += 1,
                false => self.fault(
                    entry.id,
                    "a signed head says another digest: this entry or one before it is not what it was"
                        .into(),
                ),
            }
        }
        if vouched > 0 {
            self.report.heads += vouched;
            self.report.vouched = entry.id;
        }
    }

    /// A log whose first entry comes behind this one: it goes on from the digest that a head says of it.
    fn begin_behind(&mut self, entry: u64) {
        let mut said = self.heads.iter().filter(|h| h.entry == entry).map(|h| &h.digest);
        let Some(digest) = said.next().cloned() else { return };
        if said.any(|other| *other != digest) {
            self.fault(entry, "signed heads say different digests of this entry".into());
        }
        self.report.heads += self.heads.iter().filter(|h| h.entry == entry).count() as u64;
        (self.last, self.digest, self.behind) = (entry, digest, Some(entry));
    }

    /// An entry that says up to where the log was disposed of. One that speaks of less than is gone by now was followed by
    /// another; of one that speaks of more, not all is gone yet.
    fn cut(&mut self, entry: &ChainedEntry) {
        let signed = |cut: &AuditCut| {
            cut.entry < entry.id && verify_signature(&self.key, &cut.said(&self.tenant), &entry.sealed)
        };
        let Some(cut) = AuditCut::of(&entry.object).filter(signed) else {
            let what = "says that the log was cut, and this installation did not sign that";
            return self.fault(entry.id, what.into());
        };
        let is_past = self.behind.is_some_and(|behind| cut.entry < behind);
        if !is_past && !self.heads.iter().any(|h| h.entry == cut.entry && h.digest == cut.digest) {
            let what =
                format!("says that the log was cut at entry {}, and no signed head says the same", cut.entry);
            return self.fault(entry.id, what);
        }
        self.cuts.push((entry.id, cut.entry));
    }

    /// What was found.
    pub fn end(mut self) -> ChainReport {
        self.report.last = self.last;
        if let Some(behind) = self.behind {
            let vouched = self.report.vouched;
            match self.cuts.iter().any(|(at, cut)| *at <= vouched && *cut >= behind) {
                true => self.report.cut = behind,
                false => self.fault(1, missing_up_to(behind)),
            }
        }
        if let Some(newest) = self.heads.last().map(|h| h.entry).filter(|e| *e > self.last) {
            let what = format!(
                "the log ends here, and a signed head vouches for entry {newest}: its end is missing"
            );
            self.fault(self.last, what);
        }
        self.report
    }

    fn fault(&mut self, entry: u64, what: String) {
        if self.report.faults.len() < MOST_FAULTS {
            self.report.faults.push(ChainFault { entry, what });
        }
    }
}

/// The beginning of a log is missing, and nothing that the installation signed says why.
fn missing_up_to(entry: u64) -> String {
    let which =
        if entry == 1 { "is missing".into() } else { format!("and all up to entry {entry} are missing") };
    format!(
        "{which}, and no signed head and no signed cut say that a rule disposed of that: look for it in an export or a \
         backup from before"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::installation::Installation;

    fn log(count: u64) -> Vec<ChainedEntry> {
        let mut before = Vec::new();
        (1..=count)
            .map(|id| {
                let mut entry = ChainedEntry {
                    id,
                    at: 1_000 + id,
                    who: "User/anna".into(),
                    action: "recording.listen".into(),
                    object: format!("Recording/r{id}"),
                    person: id % 2,
                    sealed: vec![7; (id % 2) as usize],
                    digest: Vec::new(),
                };
                entry.digest = digest_of(&before, &entry);
                before.clone_from(&entry.digest);
                entry
            })
            .collect()
    }

    fn head(by: &Installation, entry: &ChainedEntry) -> AuditHead {
        let mut head = AuditHead {
            entry: entry.id,
            at: 9,
            digest: entry.digest.clone(),
            key: by.public_key(),
            signature: Vec::new(),
        };
        head.signature = by.sign(&head.said("acme"));
        head
    }

    fn check(key: &Installation, heads: &[AuditHead], log: &[ChainedEntry]) -> Vec<u64> {
        let mut check = ChainCheck::new("acme", &key.public_key(), heads.to_vec());
        log.iter().for_each(|entry| check.entry(entry));
        check.end().faults.iter().map(|f| f.entry).collect()
    }

    /// The digests made right again after a change, as somebody would who can write to the log.
    fn chained_again(mut log: Vec<ChainedEntry>) -> Vec<ChainedEntry> {
        let mut before = Vec::new();
        for (n, entry) in log.iter_mut().enumerate() {
            entry.id = n as u64 + 1;
            entry.digest = digest_of(&before, entry);
            before.clone_from(&entry.digest);
        }
        log
    }

    #[test]
    fn every_change_is_found() {
        let us = Installation::from_seed([1; 32]);
        let good = log(9);
        let heads = [head(&us, &good[4]), head(&us, &good[8])];
        assert_eq!(check(&us, &heads, &good), []);
        for n in 0..9 {
            let changes: [fn(&mut ChainedEntry); 6] = [
                |e| e.at += 1,
                |e| e.who.push('x'),
                |e| e.action = e.action.replace("listen", "delete"),
                |e| (e.object, e.action) = (e.action.clone(), e.object.clone()),
                |e| e.person += 1,
                |e| e.sealed.push(1),
            ];
            for change in changes {
                let mut bent = good.clone();
                change(&mut bent[n]);
                assert_eq!(check(&us, &heads, &bent), [n as u64 + 1]);
                let anew = chained_again(bent);
                assert!(!check(&us, &heads, &anew).is_empty(), "a head finds it though the chain is whole");
            }
            let mut cut = good.clone();
            cut.remove(n);
            assert!(!check(&us, &heads, &cut).is_empty(), "removed: {n}");
            assert!(!check(&us, &heads, &chained_again(cut)).is_empty(), "removed and chained again: {n}");
            let mut moved = good.clone();
            moved.swap(n, (n + 1) % 9);
            assert!(!check(&us, &heads, &moved).is_empty(), "moved: {n}");
        }
        assert_eq!(check(&us, &heads, &good[..7]), [7], "cut at its end");
        assert_eq!(check(&us, &heads, &[]), [0], "nothing left");
    }

    /// A log whose first `gone` entries were disposed of, with the entry `cut` that says so of the first `cut` ones, signed by
    /// `by` in the name of `tenant`: `after` entries stand behind that one.
    fn cut_log(by: &Installation, tenant: &str, (gone, cut, after): (u64, u64, u64)) -> Vec<ChainedEntry> {
        let mut all = log(cut + 3 + 1 + after);
        let named = AuditCut { entry: cut, digest: all[cut as usize - 1].digest.clone() };
        let entry = &mut all[cut as usize + 3];
        (entry.action, entry.object, entry.person) = (CUT.into(), named.object(), 0);
        entry.sealed = by.sign(&named.said(tenant));
        chained_again(all).split_off(gone as usize)
    }

    /// Heads over the entry that the cut is at, or that it got to, over the cut, and over the end.
    fn heads_of(us: &Installation, (gone, cut, after): (u64, u64, u64)) -> Vec<AuditHead> {
        let all = cut_log(us, "acme", (0, cut, after));
        let mut over = vec![gone, cut, cut + 4, cut + 4 + after];
        over.retain(|n| *n > 0);
        over.dedup();
        over.into_iter().map(|n| head(us, &all[n as usize - 1])).collect()
    }

    #[test]
    fn a_log_that_was_cut_by_a_rule_is_whole_at_each_step_of_it() {
        let us = Installation::from_seed([1; 32]);
        for gone in 0..=5 {
            let (what, heads) = ((gone, 5, 4), heads_of(&us, (gone, 5, 4)));
            let mut whole = ChainCheck::new("acme", &us.public_key(), heads);
            cut_log(&us, "acme", what).iter().for_each(|e| whole.entry(e));
            let report = whole.end();
            assert_eq!((report.faults, report.cut, report.last), (vec![], gone, 13), "{gone}");
        }
    }

    #[test]
    fn every_change_of_a_log_that_was_cut_is_found() {
        let us = Installation::from_seed([1; 32]);
        for what in [(5, 5, 4), (3, 5, 4), (5, 5, 0)] {
            let (good, heads) = (cut_log(&us, "acme", what), heads_of(&us, what));
            assert_eq!(check(&us, &heads, &good), [], "{what:?}");
            for n in 0..good.len() {
                let changes: [fn(&mut ChainedEntry); 6] = [
                    |e| e.at += 1,
                    |e| e.who.push('x'),
                    |e| e.action.push('x'),
                    |e| e.object.push('1'),
                    |e| e.person += 1,
                    |e| e.sealed.push(1),
                ];
                for change in changes {
                    let mut bent = good.clone();
                    change(&mut bent[n]);
                    assert!(!check(&us, &heads, &bent).is_empty(), "changed: {n} of {what:?}");
                    // With digests made right again from there on: heads behind it find it, and those that it has not.
                    let mut before = heads.iter().find(|h| h.entry == what.0).unwrap().digest.clone();
                    for entry in &mut bent {
                        entry.digest = digest_of(&before, entry);
                        before.clone_from(&entry.digest);
                    }
                    assert!(
                        !check(&us, &heads, &bent).is_empty(),
                        "changed and chained again: {n} of {what:?}"
                    );
                    let few: Vec<AuditHead> = heads.iter().filter(|h| h.entry <= what.1).cloned().collect();
                    assert!(!check(&us, &few, &bent).is_empty(), "and without the heads: {n} of {what:?}");
                }
                let mut less = good.clone();
                less.remove(n);
                assert!(!check(&us, &heads, &less).is_empty(), "removed: {n} of {what:?}");
                // Whatever is cut off at the beginning beyond what the cut names, or behind any head before that.
                if n > 0 {
                    assert!(!check(&us, &heads, &good[n..]).is_empty() || what.0 + n as u64 == what.1);
                }
                let mut moved = good.clone();
                moved.swap(n, (n + 1) % good.len());
                assert!(!check(&us, &heads, &moved).is_empty(), "moved: {n} of {what:?}");
            }
            for n in 0..heads.len() {
                let mut less = heads.clone();
                let gone = less.remove(n);
                // Over what is between cut and end, and of a cut that is not at its end, there may be none.
                let is_needed = gone.entry <= what.1 || what.2 == 0;
                assert_eq!(!check(&us, &less, &good).is_empty(), is_needed, "without head {n} of {what:?}");
            }
        }
    }

    #[test]
    fn a_cut_that_the_installation_did_not_sign_is_none() {
        let (us, them) = (Installation::from_seed([1; 32]), Installation::from_seed([2; 32]));
        let what = (5, 5, 4);
        // Whoever writes to the database can chain such an entry, and our own head of the next day stands over it.
        let heads_over = |log: &[ChainedEntry]| {
            let mut heads = vec![heads_of(&us, what)[0].clone()];
            heads.extend([head(&us, &log[3]), head(&us, &log[7])]);
            heads
        };
        for (by, tenant) in [(&them, "acme"), (&us, "other")] {
            let mut all = cut_log(by, tenant, (0, 5, 4));
            let rest = all.split_off(5);
            let heads = [vec![head(&us, &all[4])], heads_over(&rest)[1..].to_vec()].concat();
            let wrong = check(&us, &heads, &rest);
            assert_eq!(wrong, [9, 1], "{tenant}");
        }
        // One that names another entry or digest than the log was cut at; the signature of a head in place of a cut's.
        let named = |entry: u64, digest: &[u8], signed: &dyn Fn(&AuditCut) -> Vec<u8>| {
            let mut all = log(13);
            let cut = AuditCut { entry, digest: digest.to_vec() };
            (all[8].action, all[8].object, all[8].person) = (CUT.into(), cut.object(), 0);
            all[8].sealed = signed(&cut);
            let rest = chained_again(all.clone()).split_off(5);
            let heads = [head(&us, &chained_again(all)[4]), head(&us, &rest[7])];
            check(&us, &heads, &rest)
        };
        let fifth = log(5)[4].clone();
        let ours = |cut: &AuditCut| us.sign(&cut.said("acme"));
        assert_eq!(named(5, &fifth.digest, &ours), []);
        assert_eq!(named(4, &log(4)[3].digest, &ours), [1], "one of before");
        assert_eq!(named(6, &fifth.digest, &ours), [9, 1], "one that was not done");
        assert_eq!(named(5, &[7; 32], &ours), [9, 1], "another digest");
        assert_eq!(named(12, &fifth.digest, &ours), [9, 1], "one behind itself");
        assert_eq!(named(5, &fifth.digest, &|_| head(&us, &fifth).signature), [9, 1], "a head's");
        assert_eq!(named(5, &fifth.digest, &|_| Vec::new()), [9, 1], "none");
        // Without any cut: a head over the entry before the first one does not explain that it is gone.
        let all = log(13);
        assert_eq!(check(&us, &[head(&us, &all[4]), head(&us, &all[12])], &all[5..]), [1]);
        assert_eq!(check(&us, &[head(&us, &all[12])], &all[5..]), [1]);
        for wrong in ["Audit/5", "Audit/05 00", "Audit/5 0", "Audit/5 AB", "Audit/x 00", "Hold/5 00"] {
            assert_eq!(AuditCut::of(wrong), None, "{wrong}");
        }
    }

    /// Of older cuts only the newest says where the log begins; heads of before it, kept elsewhere, are no fault.
    #[test]
    fn the_newest_cut_says_where_the_log_begins() {
        let us = Installation::from_seed([1; 32]);
        let mut all = log(20);
        for (at, entry) in [(7, 5u64), (12, 10)] {
            all = chained_again(all);
            let cut = AuditCut { entry, digest: all[entry as usize - 1].digest.clone() };
            (all[at].action, all[at].object, all[at].person) = (CUT.into(), cut.object(), 0);
            all[at].sealed = us.sign(&cut.said("acme"));
        }
        let all = chained_again(all);
        let over = |n: &[usize]| n.iter().map(|n| head(&us, &all[n - 1])).collect::<Vec<_>>();
        assert_eq!(check(&us, &over(&[10, 13, 20]), &all[10..]), [], "the older cut is gone with the rest");
        assert_eq!(check(&us, &over(&[2, 5, 8, 10, 13, 20]), &all[10..]), []);
        assert_eq!(check(&us, &over(&[6, 10, 13, 20]), &all[6..]), [], "and here it is not yet");
        assert_eq!(check(&us, &over(&[13, 14, 20]), &all[13..]), [1], "beyond the newest");
    }

    #[test]
    fn a_head_of_somebody_else_vouches_for_nothing() {
        let (us, them) = (Installation::from_seed([1; 32]), Installation::from_seed([2; 32]));
        let good = log(3);
        assert_eq!(check(&us, &[head(&them, &good[2])], &good), [3]);
        let mut claimed = head(&them, &good[2]);
        claimed.key = us.public_key();
        assert_eq!(check(&us, &[claimed], &good), [3]);
        let mut other_tenant = head(&us, &good[2]);
        other_tenant.signature = us.sign(&other_tenant.said("other"));
        assert_eq!(check(&us, &[other_tenant], &good), [3]);
    }
}
