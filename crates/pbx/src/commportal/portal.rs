//! What is known of an operator's system, and the addresses that follow from it.

use crate::Time;
use redact::Secret;

/// Signs a token that is good from now on; `None` when the key cannot be used any more.
pub type Signer = Box<dyn Fn(Time) -> Option<SignedToken> + Send>;

/// How a subscriber is signed in.
pub enum SignIn {
    /// By a token that we sign, anew at each sign-in, for it is good for a minute: the operator trusts our key, and
    /// nobody's password is known here.
    Signed(Signer),
    /// By the subscriber's own password, given for this call and kept nowhere.
    Password(Secret<String>),
}

/// A signed hand-over: who, until when, and our signature of [`token_text`].
#[derive(Clone)]
pub struct SignedToken {
    /// Until when it is good, in milliseconds since 1970.
    pub valid_to: u64,
    /// What the operator calls our key.
    pub key_id: String,
    /// The signature, in base64.
    pub signature: Secret<String>,
}

/// What is signed: the fields as they stand in the request, in this order.
pub fn token_text(line: &str, valid_to: u64, key_id: &str) -> String {
    format!("DirectoryNumber={}&ValidTo={valid_to}&TokenKeyId={}", escape(line), escape(key_id))
}

/// An operator's system.
#[derive(Clone, Debug)]
pub struct Portal {
    base: String,
    version: String,
    /// Beginnings of numbers as the world writes them, and what the operator writes in their place; the longest first.
    plan: Vec<(String, String)>,
}

/// What is wrong with the settings: the name of the setting, and what to do.
pub type WrongPortal = (&'static str, &'static str);

impl Portal {
    /// An operator's system at `base` (`https://host/brand`), whose interface has this version. `plan` says how the operator
    /// writes numbers: what goes in place of a beginning, as `+1` → nothing and `+` → `011`.
    ///
    /// # Errors
    /// What is wrong.
    pub fn new(
        base: &str,
        version: &str,
        plan: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Portal, WrongPortal> {
        let right =
            (1..=20).contains(&version.len()) && version.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        if !right {
            return Err(("version", "the version of the interface is digits and dots, as \"9.5\""));
        }
        if base.contains(['?', '#']) {
            return Err(("url", "the address ends with the operator's brand, without ? and #"));
        }
        let mut plan: Vec<(String, String)> = plan.into_iter().collect();
        for (from, to) in &plan {
            let begins =
                from.starts_with('+') && from.len() <= 16 && from.bytes().skip(1).all(|b| b.is_ascii_digit());
            if !begins || to.len() > 16 || !to.bytes().all(|b| b.is_ascii_digit() || b == b'+') {
                return Err((
                    "numbers",
                    "write what goes in place of a beginning: {\"+1\": \"\", \"+\": \"011\"}",
                ));
            }
        }
        plan.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
        Ok(Portal { base: base.trim_end_matches('/').into(), version: version.into(), plan })
    }

    /// A number as this operator writes it. Without a rule for it `+` goes and the rest stays.
    pub fn dialled(&self, number: &Secret<String>) -> Secret<String> {
        let number = number.expose_secret();
        let rule = self
            .plan
            .iter()
            .find_map(|(from, to)| number.strip_prefix(from.as_str()).map(|rest| format!("{to}{rest}")));
        Secret::new(rule.unwrap_or_else(|| number.trim_start_matches('+').to_string()))
    }

    /// Where people sign in. Two ways with the same lead to the same accounts.
    pub fn login(&self) -> String {
        format!("{}/login?version={}", self.base, self.version)
    }

    pub(super) fn of_session(&self, session: &str, path: &str) -> String {
        let and = if path.contains('?') { '&' } else { '?' };
        format!("{}/session{session}/{path}{and}version={}", self.base, self.version)
    }

    pub(super) fn sign_out(&self, session: &str) -> String {
        format!("{}/session{session}/logout?redirectTo=/", self.base)
    }
}

/// A text as it stands in a form or in an address.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for b in text.bytes() {
        match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(b)),
            _ => {
                const HEX: &[u8; 16] = b"0123456789ABCDEF";
                out.push('%');
                out.push(char::from(HEX[usize::from(b >> 4)]));
                out.push(char::from(HEX[usize::from(b & 15)]));
            }
        }
    }
    out
}
