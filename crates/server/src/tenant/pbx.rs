//! Telephone systems and softphones of the organisation, understood.

use crate::tenant::objects::{Pbx, PortalSignIn as Way};
use pbx::Capabilities;
use pbx::address::Scheme;
use pbx::commportal::Portal;
use std::net::SocketAddr;
use std::sync::Arc;

/// A way to call with one click.
#[derive(Clone, Debug)]
pub struct PbxRule {
    /// Name shown to people; may be empty.
    pub name: String,
    /// How.
    pub way: PbxWay,
    /// The claim of people's own tokens that says their line there.
    pub line_claim: Option<String>,
    /// From when on line passes count, in milliseconds since 1970.
    pub line_passes_since: u64,
}

/// How a telephone system or softphone is made to call.
#[derive(Clone, Debug)]
pub enum PbxWay {
    /// The person's own computer opens an address with this scheme.
    Address(Scheme),
    /// Another system that calls.
    System(System),
}

/// A telephone system that rings the person's own telephone, then the other side.
#[derive(Clone, Debug)]
pub enum System {
    /// A carrier's hosted system.
    Portal(Arc<PortalRule>),
    /// An Asterisk.
    Ari(Arc<AriRule>),
    /// A FreeSWITCH.
    Esl(Arc<EslRule>),
}

/// An Asterisk.
#[derive(Clone, Debug)]
pub struct AriRule {
    /// Its REST interface.
    pub url: String,
    /// The user there.
    pub user: String,
    /// The file with that user's password.
    pub password_file: String,
    /// People's telephones, with `{line}` in them.
    pub endpoint: String,
    /// Where in the dial plan calls go on.
    pub context: String,
    /// The host may be, or be resolved to, a private address.
    pub allow_private: bool,
}

/// A FreeSWITCH.
#[derive(Clone, Debug)]
pub struct EslRule {
    /// Its event socket.
    pub address: SocketAddr,
    /// The file with its password.
    pub password_file: String,
    /// People's telephones, with `{line}` in them.
    pub endpoint: String,
    /// Where in the dial plan calls go on.
    pub context: String,
}

/// A CommPortal.
#[derive(Clone, Debug)]
pub struct PortalRule {
    /// Where it is, and how it writes numbers.
    pub portal: Portal,
    /// How people are signed in.
    pub sign_in: PortalSignIn,
    /// The host may be, or be resolved to, a private address.
    pub allow_private: bool,
}

/// How people are signed in at a CommPortal.
#[derive(Clone, Debug)]
pub enum PortalSignIn {
    /// By their own passwords.
    Password,
    /// By a token that we sign.
    Signed {
        /// The file with our key, in the server's folder of secrets.
        key_file: String,
        /// What the operator calls it.
        key_id: String,
    },
}

impl PbxRule {
    /// `address`, `commportal`, `ari` or `esl`.
    pub fn kind(&self) -> &'static str {
        match self.way {
            PbxWay::Address(_) => "address",
            PbxWay::System(System::Portal(_)) => "commportal",
            PbxWay::System(System::Ari(_)) => "ari",
            PbxWay::System(System::Esl(_)) => "esl",
        }
    }

    /// What stands before the number in the address that a softphone opens.
    pub fn scheme(&self) -> Option<&str> {
        match &self.way {
            PbxWay::Address(scheme) => Some(scheme.as_str()),
            PbxWay::System(_) => None,
        }
    }

    /// Whether people have a line of their own there.
    pub fn has_lines(&self) -> bool {
        matches!(self.way, PbxWay::System(_))
    }

    /// Whether people give their own passwords.
    pub fn wants_password(&self) -> bool {
        matches!(&self.way, PbxWay::System(System::Portal(p)) if matches!(p.sign_in, PortalSignIn::Password))
    }

    /// What it can do.
    pub fn capabilities(&self) -> Capabilities {
        match self.way {
            PbxWay::Address(_) => Capabilities { client_address: true, ..Capabilities::default() },
            PbxWay::System(ref system) => Capabilities {
                server_dial: true,
                progress: true,
                hang_up: true,
                other_phone: matches!(system, System::Portal(_)),
                ..Capabilities::default()
            },
        }
    }
}

/// Understands a telephone system.
///
/// # Errors
/// What is wrong: JSON pointer of the part, and what.
pub fn understand(p: &Pbx) -> Result<PbxRule, (String, String)> {
    let way = way(p)?;
    let since = p.line_passes_since.as_deref().map(|text| {
        let at = text.parse::<jiff::Timestamp>().map(|at| u64::try_from(at.as_millisecond()).unwrap_or(0));
        at.map_err(|_| ("/line_passes_since".to_string(), "is no moment".to_string()))
    });
    let rule = PbxRule {
        name: p.name.clone(),
        way,
        line_claim: p.line_claim.clone(),
        line_passes_since: since.transpose()?.unwrap_or(0),
    };
    for (place, given) in
        [("/line_claim", p.line_claim.is_some()), ("/line_passes_since", p.line_passes_since.is_some())]
    {
        if given && !rule.has_lines() {
            return Err((
                place.into(),
                "a softphone is given the number, and has no line: leave it out".into(),
            ));
        }
    }
    Ok(rule)
}

fn way(p: &Pbx) -> Result<PbxWay, (String, String)> {
    let say = |place: &str, what: &str| (place.to_string(), what.to_string());
    let endpoint = |place: &str, endpoint: &str| match pbx::ari::is_plain(&endpoint.replace("{line}", "x"))
        && endpoint.contains("{line}")
    {
        true => Ok(endpoint.to_string()),
        false => Err(say(
            place,
            "a telephone there has {line} in it, and beside that letters, digits and + * # . _ / @ - only",
        )),
    };
    if let Some(a) = &p.ari {
        return Ok(PbxWay::System(System::Ari(Arc::new(AriRule {
            url: a.url.clone(),
            user: a.user.clone(),
            password_file: a.password_file.clone(),
            endpoint: endpoint("/ari/endpoint", &a.endpoint)?,
            context: a.context.clone(),
            allow_private: a.allow_private,
        }))));
    }
    if let Some(e) = &p.esl {
        return Ok(PbxWay::System(System::Esl(Arc::new(EslRule {
            address: e
                .address
                .parse()
                .map_err(|_| say("/esl/address", "is an address and a port, as 10.0.0.5:8021"))?,
            password_file: e.password_file.clone(),
            endpoint: endpoint("/esl/endpoint", &e.endpoint)?,
            context: e.context.clone(),
        }))));
    }
    Ok(match (&p.address, &p.commportal) {
        (Some(address), _) => {
            PbxWay::Address(Scheme::read(&address.scheme).map_err(|what| say("/address/scheme", what))?)
        }
        (None, Some(c)) => {
            let portal = Portal::new(&c.url, &c.version, c.numbers.clone())
                .map_err(|(key, what)| say(&format!("/commportal/{key}"), what))?;
            let sign_in = match c.sign_in {
                Way::Password => PortalSignIn::Password,
                Way::Signed => PortalSignIn::Signed {
                    key_file: c.key_file.clone().unwrap_or_default(),
                    key_id: c.key_id.clone().unwrap_or_default(),
                },
            };
            PbxWay::System(System::Portal(Arc::new(PortalRule {
                portal,
                sign_in,
                allow_private: c.allow_private,
            })))
        }
        (None, None) => return Err(say("", "says no way to call")),
    })
}
