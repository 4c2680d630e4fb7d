//! The audit log as a file: a line of JSON each, first what it is, then the entries from the oldest on, then the signed
//! heads. Whoever has the file and the installation's public key can check it without us.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::io::BufRead;
use store::{AUDIT_PAGE, AuditHead, ChainCheck, ChainReport, ChainedEntry, Store, TenantId};

/// The form of the file.
const FORM: u32 = 1;
/// The longest line that is read, in bytes: an entry is a few hundred.
const LONGEST_LINE: u64 = 1024 * 1024;

/// The first line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstLine {
    /// The form of the file.
    pub switchroom_audit_log: u32,
    /// Whose log: the tenant's name.
    pub tenant: String,
    /// The public key of the installation, in hex.
    pub key: String,
}

/// An entry.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EntryLine {
    /// Its number.
    pub entry: u64,
    /// When.
    pub at: String,
    /// The same in milliseconds since 1970, as the digest has it.
    pub at_ms: u64,
    /// Who.
    pub who: String,
    /// What.
    pub action: String,
    /// To what.
    pub object: String,
    /// Number of the person whose key seals what is sealed; 0 where nothing is.
    pub person: u64,
    /// What is said of that person, sealed, in hex; of an entry that says that the log was cut, its signature.
    pub sealed: String,
    /// SHA-256 of this entry and the digest before it, in hex.
    pub digest: String,
}

/// A signed head.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeadLine {
    /// The newest entry when it was signed.
    pub head: u64,
    /// Whose log: the tenant's name.
    pub tenant: String,
    /// When it was signed.
    pub at: String,
    /// The same in milliseconds since 1970, as it is signed.
    pub at_ms: u64,
    /// The digest of that entry, in hex.
    pub digest: String,
    /// The public key that it was signed with (Ed25519), in hex.
    pub key: String,
    /// The signature, in hex.
    pub signature: String,
}

/// Bytes in hex, small letters.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |text, b| text + &format!("{b:02x}"))
}

/// Bytes from hex; `None` for what is none.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| char::from(c).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|p| Some(digit(*p.first()?)? << 4 | digit(*p.get(1)?)?)).collect()
}

fn time(ms: u64) -> String {
    crate::view::time(engine::Time(ms))
}

impl FirstLine {
    /// The first line of a tenant's log.
    pub fn new(tenant: &str, key: &[u8]) -> FirstLine {
        FirstLine { switchroom_audit_log: FORM, tenant: tenant.into(), key: hex(key) }
    }
}

impl From<&ChainedEntry> for EntryLine {
    fn from(e: &ChainedEntry) -> EntryLine {
        EntryLine {
            entry: e.id,
            at: time(e.at),
            at_ms: e.at,
            who: e.who.clone(),
            action: e.action.clone(),
            object: e.object.clone(),
            person: e.person,
            sealed: hex(&e.sealed),
            digest: hex(&e.digest),
        }
    }
}

impl EntryLine {
    /// As it is chained; `None` when the line contradicts itself.
    fn chained(self) -> Option<ChainedEntry> {
        (self.at == time(self.at_ms)).then_some(())?;
        Some(ChainedEntry {
            id: self.entry,
            at: self.at_ms,
            who: self.who,
            action: self.action,
            object: self.object,
            person: self.person,
            sealed: unhex(&self.sealed)?,
            digest: unhex(&self.digest)?,
        })
    }
}

impl HeadLine {
    /// A head of a tenant's log.
    pub fn new(tenant: &str, h: &AuditHead) -> HeadLine {
        HeadLine {
            head: h.entry,
            tenant: tenant.into(),
            at: time(h.at),
            at_ms: h.at,
            digest: hex(&h.digest),
            key: hex(&h.key),
            signature: hex(&h.signature),
        }
    }

    fn head(self) -> Option<AuditHead> {
        (self.at == time(self.at_ms)).then_some(())?;
        Some(AuditHead {
            entry: self.head,
            at: self.at_ms,
            digest: unhex(&self.digest)?,
            key: unhex(&self.key)?,
            signature: unhex(&self.signature)?,
        })
    }
}

/// The lines of a file, each with its number.
fn lines(mut file: impl BufRead) -> impl Iterator<Item = Result<(u64, String), String>> {
    let mut number = 0;
    std::iter::from_fn(move || {
        loop {
            number += 1;
            let mut line = Vec::new();
            let read = std::io::Read::take(&mut file, LONGEST_LINE).read_until(b'\n', &mut line);
            match read {
                Err(e) => return Some(Err(format!("line {number}: {e}"))),
                Ok(0) => return None,
                Ok(n) if n as u64 == LONGEST_LINE => {
                    return Some(Err(format!("line {number} is too long for an audit log")));
                }
                Ok(_) => {}
            }
            match String::from_utf8(line) {
                Ok(text) if text.trim().is_empty() => {}
                Ok(text) => return Some(Ok((number, text))),
                Err(_) => return Some(Err(format!("line {number} is no text"))),
            }
        }
    })
}

/// Heads of a tenant in a file of heads, which may have those of others too.
///
/// # Errors
/// A sentence that names the line.
pub fn read_heads(file: impl BufRead, tenant: &str) -> Result<Vec<AuditHead>, String> {
    let mut heads = Vec::new();
    for line in lines(file) {
        let (number, text) = line?;
        let wrong = |why: String| format!("line {number} is no head of an audit log: {why}");
        let line: HeadLine = serde_json::from_str(&text).map_err(|e| wrong(e.to_string()))?;
        if line.tenant == tenant {
            heads.push(line.head().ok_or_else(|| wrong("it contradicts itself".into()))?);
        }
    }
    Ok(heads)
}

/// Whether a line is a head and no entry.
fn is_head(line: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(line).is_ok_and(|v| v.get("head").is_some())
}

/// What a file says, and whose key it names.
pub struct Verified {
    /// Whose log it says it is.
    pub tenant: String,
    /// The key that its heads were held against.
    pub key: String,
    /// What was found.
    pub report: ChainReport,
}

/// Goes through a log's file twice, once for its heads and once for its entries. `open` opens it; `more` gives further
/// heads of the tenant, kept elsewhere; `key` is the key that is expected, in hex, or the one that the file names.
///
/// # Errors
/// A sentence that names the line, for what is no log at all. A log in which something is wrong is no error here.
pub fn verify<R: BufRead>(
    open: impl Fn() -> Result<R, String>,
    more: impl Fn(&str) -> Result<Vec<AuditHead>, String>,
    key: Option<&str>,
) -> Result<Verified, String> {
    let mut first: Option<FirstLine> = None;
    let mut heads = Vec::new();
    for line in lines(open()?) {
        let (number, text) = line?;
        if first.is_none() {
            let line: FirstLine =
                serde_json::from_str(&text).map_err(|e| format!("this is no audit log: {e}"))?;
            if line.switchroom_audit_log != FORM {
                return Err(format!(
                    "this audit log has the form {}; this program knows {FORM}",
                    line.switchroom_audit_log
                ));
            }
            first = Some(line);
        } else if is_head(&text) {
            let wrong = |why: String| format!("line {number} is no head: {why}");
            let line: HeadLine = serde_json::from_str(&text).map_err(|e| wrong(e.to_string()))?;
            heads.push(line.head().ok_or_else(|| wrong("it contradicts itself".into()))?);
        }
    }
    let first = first.ok_or("this is no audit log: it is empty")?;
    heads.extend(more(&first.tenant)?);
    let key = key.unwrap_or(&first.key).to_lowercase();
    let bytes = unhex(&key).filter(|k| k.len() == 32).ok_or("the key is not 64 hexadecimal digits")?;
    let mut check = ChainCheck::new(&first.tenant, &bytes, heads);
    for line in lines(open()?).skip(1) {
        let (number, text) = line?;
        if is_head(&text) {
            continue;
        }
        let wrong = |why: String| format!("line {number} is no entry of an audit log: {why}");
        let line: EntryLine = serde_json::from_str(&text).map_err(|e| wrong(e.to_string()))?;
        check.entry(&line.chained().ok_or_else(|| wrong("it contradicts itself".into()))?);
    }
    Ok(Verified { tenant: first.tenant, key, report: check.end() })
}

/// Checks the log of a tenant as it is stored, with more heads than are stored there, and the installation's own key
/// where none is given.
///
/// # Errors
/// A sentence.
pub fn stored(
    store: &Store,
    tenant: TenantId,
    name: String,
    more: impl Fn(&str) -> Result<Vec<store::AuditHead>, String>,
    key: Option<&str>,
) -> Result<Verified, String> {
    let said = |e: store::StoreError| e.to_string();
    let ours = store.installation().map_err(said)?.public_key();
    let key = key.map_or_else(|| hex(&ours), str::to_lowercase);
    let bytes = unhex(&key).ok_or_else(|| "--key is not 64 hexadecimal digits".to_string())?;
    let mut heads = store.audit_heads(tenant).map_err(said)?;
    heads.extend(more(&name)?);
    let mut check = ChainCheck::new(&name, &bytes, heads);
    let mut after = 0;
    loop {
        let page = store.audit_page(tenant, after).map_err(said)?;
        page.iter().for_each(|entry| check.entry(entry));
        after = page.last().map_or(after, |e| e.id);
        if page.len() < AUDIT_PAGE as usize {
            return Ok(Verified { tenant: name, key, report: check.end() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_goes_there_and_back_and_takes_nothing_else() {
        assert_eq!(unhex(&hex(&[0, 1, 0xab, 0xff])), Some(vec![0, 1, 0xab, 0xff]));
        for wrong in ["0", "0g", "€1", "0x12"] {
            assert_eq!(unhex(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_no_log_is_refused_with_its_line() {
        let check = |text: &'static str| {
            verify(|| Ok(text.as_bytes()), |_| Ok(Vec::new()), None).err().unwrap_or_default()
        };
        let first = r#"{"switchroom_audit_log":1,"tenant":"t","key":"00"}"#;
        assert!(check("").contains("empty"));
        assert!(check("{}").contains("no audit log"));
        assert!(check("{\"switchroom_audit_log\":2,\"tenant\":\"t\",\"key\":\"\"}").contains("form 2"));
        assert!(check(first).contains("64 hexadecimal"));
    }
}
