//! What the system says when it does not do something, in classes: what may be tried again, and what never.

/// What is to be done about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Try again after a while, a few times.
    Again,
    /// Sign in again, once.
    SignInAgain,
    /// Stop and tell the person. Another try could lock the account.
    Stop,
    /// We and the operator's system do not understand each other: its version, or what it was asked.
    Mismatch,
}

/// An error, by the name that the system gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// One of the names that are known, for the log; `unknown` for any other.
    pub name: &'static str,
    /// What is to be done.
    pub class: Class,
}

const KNOWN: [(&str, Class); 17] = [
    ("serviceUnavailable", Class::Again),
    ("intermittentFailure", Class::Again),
    ("internalError", Class::Again),
    ("sessionExpired", Class::SignInAgain),
    ("expiredToken", Class::SignInAgain),
    ("authenticationFailed", Class::Stop),
    ("accountBlocked", Class::Stop),
    ("retryLimitExceeded", Class::Stop),
    ("badRequest", Class::Mismatch),
    ("unknownDataType", Class::Mismatch),
    ("invalidParameters", Class::Mismatch),
    ("invalidValue", Class::Mismatch),
    ("applicationVersionTooOld", Class::Mismatch),
    ("noSuchObject", Class::Mismatch),
    ("fileNotFound", Class::Mismatch),
    ("inconsistentValue", Class::Mismatch),
    ("skipped", Class::Mismatch),
];

impl Fault {
    /// Reads a name. What is not known is not tried again.
    pub fn named(name: &str) -> Fault {
        let known = KNOWN.iter().find(|(n, _)| *n == name);
        known.map_or(Fault { name: "unknown", class: Class::Mismatch }, |(name, class)| Fault {
            name,
            class: *class,
        })
    }

    /// The error of a status, where the body names none.
    pub fn of_status(status: u16) -> Fault {
        match status {
            401 | 403 => Fault { name: "authenticationFailed", class: Class::Stop },
            408 | 429 | 500 | 502..=504 => Fault { name: "status", class: Class::Again },
            _ => Fault { name: "unknown", class: Class::Mismatch },
        }
    }

    /// Whether the system itself says that it did nothing of what it was asked.
    pub fn says_not_done(self) -> bool {
        matches!(self.name, "serviceUnavailable" | "intermittentFailure")
    }

    /// Whether the system itself says that what was asked for is not there.
    pub fn says_gone(self) -> bool {
        self.name == "noSuchObject"
    }

    /// Whether the account itself is locked there, in place of only this try being refused.
    pub fn is_locked(self) -> bool {
        matches!(self.name, "accountBlocked" | "retryLimitExceeded")
    }
}
