//! The data catalogue: every stored field, what for, from where, how long, and whether it is sealed.
//!
//! A test compares it with the tables: a column that is not here fails the build.

/// A stored field.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Table and column, or the kind of file.
    pub name: &'static str,
    /// What it is for.
    pub purpose: &'static str,
    /// Where it comes from.
    pub origin: &'static str,
    /// How long it is kept.
    pub retention: &'static str,
    /// Whether it is encrypted where it lies.
    pub encrypted: bool,
    /// Whether it can say something about a person.
    pub personal: bool,
}

const fn field(
    name: &'static str,
    purpose: &'static str,
    origin: &'static str,
    retention: &'static str,
    encrypted: bool,
    personal: bool,
) -> Field {
    Field { name, purpose, origin, retention, encrypted, personal }
}

const ACCOUNT: &str = "until the account ends";
const CALL: &str = "as long as its call's record";
const US: &str = "Switchroom";
const CALLER: &str = "the caller's signalling";
const ADMIN: &str = "the administrator";

/// All fields.
pub const CATALOGUE: &[Field] = &[
    field("migrations.version", "Which form the tables have", US, "always", false, false),
    field("tenants.id", "Number of the tenant", US, ACCOUNT, false, false),
    field("tenants.name", "Name of the tenant", ADMIN, ACCOUNT, false, false),
    field("tenants.created", "When the tenant was made", US, ACCOUNT, false, false),
    field("objects.tenant", "Whose configuration", US, ACCOUNT, false, false),
    field("objects.kind", "Kind of configuration object", ADMIN, ACCOUNT, false, false),
    field("objects.id", "Id of the object, chosen by its author", ADMIN, ACCOUNT, false, false),
    field("objects.number", "Number by which records refer to it", US, ACCOUNT, false, false),
    field("objects.version", "How often it was changed", US, ACCOUNT, false, false),
    field(
        "objects.body",
        "The object: queues, flows, users with their addresses",
        ADMIN,
        ACCOUNT,
        true,
        true,
    ),
    field("object_versions.tenant", "Whose configuration", US, ACCOUNT, false, false),
    field("object_versions.kind", "Kind of configuration object", ADMIN, ACCOUNT, false, false),
    field("object_versions.id", "Id of the object", ADMIN, ACCOUNT, false, false),
    field("object_versions.version", "Which version", US, ACCOUNT, false, false),
    field("object_versions.at", "When it was changed", US, ACCOUNT, false, false),
    field(
        "object_versions.who",
        "Who changed it: a token's number or the command line",
        US,
        ACCOUNT,
        false,
        false,
    ),
    field("object_versions.body", "The object as it was", ADMIN, ACCOUNT, true, true),
    field("journal.tenant", "Whose events", US, ACCOUNT, false, false),
    field("journal.last_position", "Place in the journal", US, ACCOUNT, false, false),
    field("journal.first_position", "Place in the journal", US, ACCOUNT, false, false),
    field("journal.at", "When it was written", US, ACCOUNT, false, false),
    field("journal.events", "What happened, people by number only", US, ACCOUNT, false, false),
    field("snapshots.tenant", "Whose state", US, ACCOUNT, false, false),
    field("snapshots.position", "Place in the journal", US, ACCOUNT, false, false),
    field("snapshots.at", "When it was written", US, ACCOUNT, false, false),
    field(
        "snapshots.state",
        "State of calls, queues and agents, people by number only",
        US,
        "until the next but one",
        false,
        false,
    ),
    field("calls.tenant", "Whose call", US, ACCOUNT, false, false),
    field("calls.id", "Number of the call", US, ACCOUNT, false, false),
    field("calls.began", "When it began", US, ACCOUNT, false, false),
    field("calls.ended", "When it ended", US, ACCOUNT, false, false),
    field("calls.number", "Which of our numbers was called", US, ACCOUNT, false, false),
    field("calls.queue", "Which queue it was in", US, ACCOUNT, false, false),
    field("calls.agent", "Which agent talked, by number", US, ACCOUNT, false, false),
    field("calls.party", "Who called, by number", US, ACCOUNT, false, false),
    field("calls.record", "Legs, timeline and decisions, people by number only", US, ACCOUNT, false, false),
    field("persons.tenant", "Whose caller", US, ACCOUNT, false, false),
    field("persons.id", "Number of the person", US, ACCOUNT, false, false),
    field("persons.lookup", "Keyed hash by which the same caller is recognised", CALLER, ACCOUNT, true, true),
    field("persons.value", "Telephone number or address", CALLER, ACCOUNT, true, true),
    field("persons.created", "When the person called first", US, ACCOUNT, false, false),
    field("parties.tenant", "Whose call", US, ACCOUNT, false, false),
    field(
        "parties.id",
        "Number by which the journal knows this caller of this call",
        US,
        ACCOUNT,
        false,
        false,
    ),
    field("parties.person", "Which person that is", US, ACCOUNT, false, false),
    field("parties.display", "Name that came with the call", CALLER, ACCOUNT, true, true),
    field("recordings.tenant", "Whose recording", US, CALL, false, false),
    field("recordings.id", "Number of the recording", US, CALL, false, false),
    field("recordings.call", "Of which call", US, CALL, false, false),
    field("recordings.party", "Of which caller, by number", US, CALL, false, false),
    field("recordings.began", "When it began", US, CALL, false, false),
    field("recordings.ended", "When it ended", US, CALL, false, false),
    field("recordings.law", "Encoding of the audio", US, CALL, false, false),
    field("recordings.bytes", "Its length", US, CALL, false, false),
    field("recordings.proof", "Its pauses, and how many keys fell into it", US, CALL, false, false),
    field("recordings.blob", "Name of its file", US, CALL, false, false),
    field("recordings.key", "Its key, wrapped by the caller's", US, CALL, true, false),
    field("tokens.tenant", "Whose token", US, ACCOUNT, false, false),
    field("tokens.id", "Number of the token", US, ACCOUNT, false, false),
    field("tokens.hash", "Hash by which a token is recognised", US, ACCOUNT, true, false),
    field("tokens.role", "What it may do", ADMIN, ACCOUNT, false, false),
    field("tokens.created", "When it was made", US, ACCOUNT, false, false),
    field("audit.tenant", "Whose entry", US, ACCOUNT, false, false),
    field("audit.id", "Number of the entry", US, ACCOUNT, false, false),
    field("audit.at", "When it happened", US, ACCOUNT, false, false),
    field("audit.who", "Who did it: a token's number or the command line", US, ACCOUNT, false, false),
    field("audit.action", "What was done", US, ACCOUNT, false, false),
    field("audit.object", "To which object, by kind and id", US, ACCOUNT, false, false),
    field("keys.tenant", "Whose key", US, ACCOUNT, false, false),
    field("keys.kind", "Of a tenant or of a person", US, ACCOUNT, false, false),
    field("keys.id", "Number of the person", US, ACCOUNT, false, false),
    field(
        "keys.wrapped",
        "The key, wrapped by the one above it",
        US,
        "until the person is erased",
        true,
        false,
    ),
    field(
        "recording file",
        "Audio of caller and agent, sealed in chunks",
        "caller and agent",
        CALL,
        true,
        true,
    ),
];
