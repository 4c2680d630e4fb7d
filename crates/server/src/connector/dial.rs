//! Which way a call goes, whether it may, and how far one through our own trunks is.

use crate::adapt::ForWhom;
use crate::tenant::Meaning;
use crate::tenant::pbx::{PbxWay, System};
use crate::tenant::toll::NotCalled;
use engine::{CallId, Destination, Engine, LegState, Reason, Role};
use pbx::address::Scheme;
use pbx::{Capabilities, Over, Progress};
use redact::Secret;

/// The way of a call.
#[derive(Clone, Debug)]
pub enum Way {
    /// Our own trunks: we ring the person's phone, then the other side.
    Own,
    /// The person's own computer opens an address with this scheme.
    Address(Scheme),
    /// Another system rings the person's telephone there, then the other side.
    System(System),
}

/// Chooses the way: through a `Pbx` that the request names, or else our own trunks. Nothing when it is not there.
pub fn choose(meaning: &Meaning, through: Option<&str>) -> Option<Way> {
    match through {
        None => Some(Way::Own),
        Some(id) => meaning.pbxs.get(id).map(|rule| match &rule.way {
            PbxWay::Address(scheme) => Way::Address(scheme.clone()),
            PbxWay::System(system) => Way::System(system.clone()),
        }),
    }
}

/// What our own trunks can do.
pub const OWN: Capabilities = Capabilities {
    server_dial: true,
    client_address: false,
    progress: true,
    hang_up: true,
    other_phone: true,
};

/// Why somebody may not have a number called through a telephone system.
#[derive(Debug, PartialEq, Eq)]
pub enum NotAllowed {
    /// The person may call nobody.
    Nobody,
    /// This number may not be called.
    Number(NotCalled),
}

/// The number as the world writes it, if this person may have it called through a telephone system, and where it leads.
/// How much may be called is looked at when a system is asked; what a softphone calls, nobody here counts.
///
/// # Errors
/// Why not.
pub fn allowed(
    meaning: &Meaning,
    whom: ForWhom,
    number: &str,
) -> Result<(Secret<String>, Destination), NotAllowed> {
    let to = meaning.gate().outward(number).map_err(NotAllowed::Number)?;
    let emergency = meaning.classes.is_emergency(&to.number);
    let may_not = match whom {
        ForWhom::Agent(agent) => meaning.toll.rights.iter().any(|(a, r)| *a == agent && !r.may_dial),
        ForWhom::Person(_) => false,
    };
    if !emergency && may_not {
        return Err(NotAllowed::Nobody);
    }
    Ok((Secret::new(to.number), to.classified.destination))
}

/// How far a call through our own trunks is. Nothing when it is over.
pub fn progress(engine: &Engine, call: CallId) -> Option<Progress> {
    let call = engine.calls().get(&call)?;
    let legs = call.open_legs().iter().filter_map(|l| engine.legs().get(l));
    let of = |role: &Role, state: LegState| match (role, state) {
        (Role::Party { .. } | Role::Target { .. }, LegState::Dialling) => Progress::CallingThem,
        (Role::Party { .. } | Role::Target { .. }, LegState::Ringing) => Progress::RingingThem,
        (Role::Party { .. } | Role::Target { .. }, LegState::Up) => Progress::Talking,
        (Role::Agent { .. }, LegState::Ringing) => Progress::RingingYou,
        (Role::Agent { .. }, LegState::Up) => Progress::CallingThem,
        _ => Progress::Asked,
    };
    Some(legs.map(|l| of(&l.role, l.state)).max().unwrap_or(Progress::Asked))
}

/// Why a call through our own trunks is over.
pub fn over(reason: Reason) -> Over {
    match reason {
        Reason::HungUp | Reason::GaveUp | Reason::Abandoned | Reason::Asked | Reason::Transferred => {
            Over::HungUp
        }
        Reason::Busy => Over::Busy,
        Reason::NoAnswer => Over::NoAnswer,
        Reason::NotAllowed | Reason::LimitReached => Over::NotAllowed,
        _ => Over::Failed,
    }
}
