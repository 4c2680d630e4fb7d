//! Signing in: by a password or by a signed hand-over, and accounts that lock.

use super::{CommPortal, MOST, MOST_WRONG};

impl CommPortal {
    /// What a sign-in is answered with.
    pub(super) fn sign_in(&mut self, fields: &str) -> String {
        let line = field(fields, "DirectoryNumber").unwrap_or_default();
        let signed = field(fields, "Token").is_some();
        let password = field(fields, "Password").unwrap_or_default();
        let Some(s) = self.subscribers.get_mut(&line) else { return "error=authenticationFailed".into() };
        if s.wrong >= MOST_WRONG {
            return "error=accountBlocked".into();
        }
        // Whether a signature is right is the operator's to check; here its form is looked at.
        let right = match signed {
            true => field(fields, "TokenKeyId").is_some() && field(fields, "ValidTo").is_some_and(|v| v.parse::<u64>().is_ok()),
            false => password == s.password,
        };
        if !right {
            s.wrong += 1;
            return if s.wrong >= MOST_WRONG { "error=retryLimitExceeded" } else { "error=authenticationFailed" }.into();
        }
        s.wrong = 0;
        if self.sessions.len() >= MOST {
            return "error=serviceUnavailable".into();
        }
        self.made += 1;
        // Long enough to be looked for in logs, and like no other text.
        let session = format!("5e55{:012x}", self.made);
        self.sessions.insert(session.clone(), line);
        format!("session={session}")
    }
}

/// A field of a form or a query.
pub(super) fn field(fields: &str, name: &str) -> Option<String> {
    let (_, value) = fields.split('&').filter_map(|f| f.split_once('=')).find(|(n, _)| *n == name)?;
    let mut out = Vec::with_capacity(value.len());
    let mut bytes = value.bytes();
    while let Some(b) = bytes.next() {
        out.push(match b {
            b'+' => b' ',
            b'%' => {
                let digit = |b: Option<u8>| char::from(b?).to_digit(16);
                let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
                (high * 16 + low) as u8
            }
            b => b,
        });
    }
    String::from_utf8(out).ok()
}
