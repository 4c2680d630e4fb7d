//! One tenant at the door, and its legs as the door knows them.

use crate::adapt::aliases::Aliases;
use crate::adapt::dialing::Dialing;
use crate::adapt::keys::Keyed;
use crate::adapt::location::Location;
use crate::adapt::media_door::MediaId;
use crate::adapt::passing::PassedOn;
use crate::adapt::phone::PhoneId;
use crate::adapt::phones::Passwords;
use crate::adapt::presence::Presences;
use crate::adapt::successor::Successor;
use crate::alarm::Alarms;
use crate::announce::Announcer;
use crate::live::Live;
use crate::outside_io::Rules;
use crate::tenant::Meaning;
use engine::{Engine, LegId, PartyId};
use media::leg::Learning;
use media::negotiate::{LocalSession, Negotiated};
use media::quality::Quality;
use redact::Secret;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use store::{Batch, SaidNo, TenantId};

/// A leg as the door knows it.
pub(super) struct DoorLeg {
    pub(super) call: engine::CallId,
    /// Its call; while several far ends ring, one of them; `None` where no SIP is spoken.
    pub(super) sip: Option<sip::CallId>,
    /// The browser at its far end.
    pub(super) browser: Option<PhoneId>,
    pub(super) media: Option<MediaId>,
    pub(super) session: Option<LocalSession>,
    /// Our answer, made when the offer came, sent when the engine answers.
    pub(super) answer: Vec<u8>,
    pub(super) negotiated: Option<Box<Negotiated>>,
    /// The far end left the offer to us: its answer comes with the ACK.
    pub(super) offer_is_ours: bool,
    pub(super) learning: Learning,
    pub(super) confirmed: bool,
    pub(super) rings: bool,
    /// How well it was heard when media told last.
    pub(super) quality: Option<Quality>,
    /// We asked for its end, so whatever ends it is that.
    pub(super) ending: bool,
    pub(super) held: bool,
    /// Who calls, for the phones that ring for it; only of callers' legs.
    pub(super) address: Secret<String>,
    pub(super) display: Secret<String>,
    pub(super) party: PartyId,
    pub(super) max_forwards: u8,
    pub(super) keyed: Keyed,
    /// Whom it rings, until somebody answers.
    pub(super) dialing: Option<Dialing>,
    /// The trunk that it went out over.
    pub(super) trunk: Option<engine::TrunkId>,
    /// The trunk that it came over.
    pub(super) came_over: Option<engine::TrunkId>,
    /// The trunk to Microsoft Teams that its far end is behind.
    pub(super) teams: Option<engine::TrunkId>,
    /// Who is to take the place of its far end.
    pub(super) successor: Option<Box<Successor>>,
    /// Far ends before, which have not hung up yet.
    pub(super) before: Vec<sip::CallId>,
    /// An agent outside answered and has yet to press 1.
    pub(super) asked_for_one: bool,
    /// Whom a call that passes through is for.
    pub(super) passes: Option<Box<PassedOn>>,
    /// What its caller is to be told when nobody takes the call: the word of the far end that was asked last.
    pub(super) last_word: Option<u16>,
    /// Whom its call was for before it came here, the first one first.
    pub(super) was_for: Secret<Vec<crate::trunk_choice::Before>>,
    /// Where its caller is, who calls for help.
    pub(super) location: Option<Box<Location>>,
    /// Whom it hears, unless something is played.
    pub(super) hears: Box<[MediaId]>,
}

/// One tenant at the door.
pub struct TenantDoor {
    /// Its number in the store.
    pub id: TenantId,
    /// Its state machine.
    pub engine: Engine,
    /// Its configuration.
    pub meaning: Meaning,
    /// Passwords that it names.
    pub(super) passwords: Passwords,
    /// What it says about other systems.
    pub rules: Arc<Rules>,
    /// What watchers see.
    pub live: Live,
    /// What Microsoft Teams says of its people.
    pub presences: Presences,
    /// Those who were disabled or removed in the tenant's Microsoft directory.
    pub(super) barred: BTreeSet<engine::AgentId>,
    /// Agents who talked when the process before this one ended.
    pub(super) talked_before: Vec<engine::AgentId>,
    pub(super) announcer: Announcer,
    /// Which bounds of its queues are crossed.
    pub alarms: Alarms,
    pub(super) legs: HashMap<LegId, DoorLeg>,
    pub(super) next_party: u64,
    pub(super) batch: Batch,
    pub(super) recordings: HashMap<engine::RecordingId, MediaId>,
    /// Numbers of those whom we may have to call: promises to call back, and calls of agents.
    pub(super) parties: HashMap<PartyId, Secret<String>>,
    /// The same number for the same person, by the tenant's key.
    pub(super) person: PersonHash,
    /// What callers are called in the journal.
    pub(super) aliases: Aliases,
    /// Until when somebody in Teams wants to be told of security events.
    pub(super) teams_until: engine::Time,
    /// Who said no to something, as `person` knows them.
    pub(super) said_no: SaidNo,
    /// Position of the last snapshot that was made.
    pub(super) snapshot_at: u64,
    /// Events before the batch were not kept, and are to be from here on: only a snapshot leads there.
    pub(super) begins_anew: bool,
}

/// Tells persons apart without saying who they are.
pub type PersonHash = Box<dyn Fn(&str) -> u64 + Send>;

/// What a tenant is taken up again with.
pub struct Resumed {
    /// Its number in the store.
    pub id: TenantId,
    /// Its state machine, as it was.
    pub engine: Engine,
    /// Its configuration.
    pub meaning: Meaning,
    /// Passwords that it names.
    pub passwords: Passwords,
    /// The first party number that was never used.
    pub next_party: u64,
    /// Numbers of those whom it promised to call back.
    pub parties: HashMap<PartyId, Secret<String>>,
    /// Tells persons apart.
    pub person: PersonHash,
    /// What callers are called in the journal.
    pub aliases: Aliases,
    /// Who said no to something, as `person` knows them.
    pub said_no: SaidNo,
    /// Telephones that were registered when the program ended.
    pub registrations: Vec<store::Registration>,
}
