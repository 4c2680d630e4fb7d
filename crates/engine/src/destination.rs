//! Where a call to somebody leads, as far as money and rights are concerned. The door knows the number and says this of it.

use serde::{Deserialize, Serialize};

/// What a called number is. The door tells it of a party with [`crate::Event::PartyKnown`], and of fixed addresses with the
/// configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// What kind of number.
    pub class: Class,
    /// ISO 3166 code of its country; zeros if it has none or it is not known.
    pub country: [u8; 2],
}

impl Destination {
    /// A destination of a class in a country.
    pub fn new(class: Class, country: [u8; 2]) -> Destination {
        Destination { class, country }
    }

    /// Whether it lies outside: reached over the telephone network.
    pub fn is_outside(self) -> bool {
        self.class != Class::Internal
    }

    /// Whether it passes every right and every limit.
    pub fn is_emergency(self) -> bool {
        self.class == Class::Emergency
    }
}

/// A kind of number. Variants are only ever appended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Class {
    /// The door could not tell: never called.
    #[default]
    Unknown,
    /// One of ours: an extension, a phone, a number of the tenant.
    Internal,
    /// A geographic or mobile number of the tenant's own country.
    Own,
    /// A geographic or mobile number of another country, and whatever else is priced like one.
    International,
    /// A number that costs the caller more than the call: premium rate, shared cost, satellites.
    Premium,
    /// An emergency number.
    Emergency,
    /// A number that costs the caller nothing.
    Freephone,
    /// A short code or service number that may cost something.
    Special,
}

impl Class {
    /// The class's name in the configuration and the API.
    pub fn name(self) -> &'static str {
        match self {
            Class::Unknown => "unknown",
            Class::Internal => "internal",
            Class::Own => "own",
            Class::International => "international",
            Class::Premium => "premium",
            Class::Emergency => "emergency",
            Class::Freephone => "freephone",
            Class::Special => "special",
        }
    }
}
