//! Telephone systems and softphones of the organisation, understood.

use crate::tenant::objects::Pbx;
use pbx::Capabilities;
use pbx::address::Scheme;

/// A way to call with one click.
#[derive(Clone, Debug)]
pub struct PbxRule {
    /// Name shown to people; may be empty.
    pub name: String,
    /// How.
    pub way: PbxWay,
}

/// How a telephone system or softphone is made to call.
#[derive(Clone, Debug)]
pub enum PbxWay {
    /// The person's own computer opens an address with this scheme.
    Address(Scheme),
}

impl PbxRule {
    /// `address`.
    pub fn kind(&self) -> &'static str {
        match self.way {
            PbxWay::Address(_) => "address",
        }
    }

    /// What stands before the number in the address that a softphone opens.
    pub fn scheme(&self) -> Option<&str> {
        match &self.way {
            PbxWay::Address(scheme) => Some(scheme.as_str()),
        }
    }

    /// What it can do.
    pub fn capabilities(&self) -> Capabilities {
        match self.way {
            PbxWay::Address(_) => Capabilities { client_address: true, ..Capabilities::default() },
        }
    }
}

/// Understands a telephone system.
///
/// # Errors
/// What is wrong: JSON pointer of the part, and what.
pub fn understand(p: &Pbx) -> Result<PbxRule, (String, String)> {
    let say = |place: &str, what: &str| (place.to_string(), what.to_string());
    let way = match &p.address {
        Some(address) => {
            PbxWay::Address(Scheme::read(&address.scheme).map_err(|what| say("/address/scheme", what))?)
        }
        None => return Err(say("", "says no way to call")),
    };
    Ok(PbxRule { name: p.name.clone(), way })
}
