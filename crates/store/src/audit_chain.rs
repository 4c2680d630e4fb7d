//! The chain of the audit log, and what finds a fault in it. Nothing here reads or writes anything.
//!
//! Each entry carries the SHA-256 of itself and of the digest before it, so that a changed, removed or moved entry breaks
//! every digest behind it. Personal values stand in an entry only sealed, and the chain goes over the sealed bytes:
//! destroying a person's key changes none of them. A head is a signed statement of which digest the log had at which
//! entry; kept elsewhere, it finds a log that was cut off at its end or made anew as a whole.

use crate::installation::verify_signature;
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
    /// Personal values, sealed; empty where there are none.
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
    /// What is wrong, in the order in which it was found; empty for a log that is whole.
    pub faults: Vec<ChainFault>,
}

/// Checks a log, entry by entry from the oldest, then its heads.
pub struct ChainCheck {
    last: u64,
    digest: Vec<u8>,
    heads: Vec<AuditHead>,
    report: ChainReport,
}

impl ChainCheck {
    /// Begins. `key` is the public key that heads must be signed with, `tenant` the tenant's name in them.
    pub fn new(tenant: &str, key: &[u8], mut heads: Vec<AuditHead>) -> ChainCheck {
        heads.sort_by_key(|h| (h.entry, h.at));
        let mut check = ChainCheck { last: 0, digest: Vec::new(), heads, report: ChainReport::default() };
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
        self.report.entries += 1;
        if entry.id <= self.last {
            self.fault(entry.id, format!("stands behind entry {}, out of its order", self.last));
        } else if entry.id > self.last + 1 {
            let (from, to) = (self.last + 1, entry.id - 1);
            let what = match from == to {
                true => "is missing".to_string(),
                false => format!("and all up to entry {to} are missing"),
            };
            self.fault(from, what);
        } else if digest_of(&self.digest, entry) != entry.digest {
            self.fault(entry.id, "was changed, or what stands before it was".into());
        }
        self.last = self.last.max(entry.id);
        // What follows is judged by what stands here, so that one fault is one fault.
        self.digest.clone_from(&entry.digest);
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

    /// What was found.
    pub fn end(mut self) -> ChainReport {
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
