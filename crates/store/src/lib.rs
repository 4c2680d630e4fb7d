//! Remembers: configuration, journal, call records, personal data, recordings, tokens.
//!
//! [`Store`] is opened once, from an address; nothing further in knows which database or which kind of blob store stands
//! behind it. All queries are one set, all migrations one list, written in the part of SQL that SQLite and PostgreSQL
//! share.
//!
//! This room knows no HTTP and no SIP, decides nothing about calls, and never gives out a personal value but in a
//! redacting type. Numbers and names are stored only sealed with a key of their person; see [`keys`](crate::Keys).
#![forbid(unsafe_code)]

mod accounts;
mod aged;
mod aliases;
mod attestations;
mod audit;
mod audit_actions;
mod audit_chain;
mod audit_cut;
mod backup;
mod blobs;
mod call_index;
mod calls;
mod catalogue;
mod closing;
mod copies;
mod directory;
mod directory_tokens;
mod disposal;
mod endpoints;
mod erase;
mod error;
mod holds;
mod installation;
mod journal;
mod key_file;
mod keys;
mod local_people;
mod manifest;
mod master;
mod messages;
mod migrations;
mod names;
mod notes;
mod objections;
mod objects;
mod outbox;
mod passkeys;
mod people;
mod pkcs11;
mod quality;
mod recordings;
mod registrations;
mod reports;
mod reports_read;
mod restore;
mod rotation;
mod sessions;
mod sql;
mod sqlite;
mod store;
mod sweep;
mod tokens;

pub use accounts::{Account, INVITATION_MS, Of as AccountOf};
pub use aliases::{Alias, MOST_ALIASES};
pub use audit::{AUDIT_PAGE, AuditEntry, AuditFilter};
pub use audit_actions::AUDIT_ACTIONS;
pub use audit_chain::{
    AuditCut, AuditHead, CUT, ChainCheck, ChainFault, ChainReport, ChainedEntry, DIGEST, digest_of,
};
pub use backup::{BackedUp, back_up, prune_backup};
pub use blobs::{BlobReader, BlobWriter, Blobs};
pub use calls::{CallFilter, CallPage, StoredCall};
pub use catalogue::{CATALOGUE, Field};
pub use closing::{Belongings, Closing};
pub use copies::{BackupWork, Copy, CopyState, MOST_COPIES, forget_backup, note_rehearsal};
pub use directory::{
    DirectoryChange, DirectoryLink, DirectoryPage, DirectoryPerson, KeptPerson, MOST_PEOPLE,
};
pub use directory_tokens::DirectoryToken;
pub use disposal::{DataClass, DisposalRule, DisposalRun, Disposed, Needed};
pub use endpoints::Endpoint;
pub use erase::{EraseReason, Erased, KeyAge, MOST_NAMES, PersonAbout};
pub use error::StoreError;
pub use holds::{Held, Hold};
pub use installation::{Installation, verify_signature};
pub use journal::{Batch, Message, Recovered, SNAPSHOT_KEPT_EVERY, decode_events, encode_event};
pub use keys::{DataKey, Keys};
pub use local_people::MOST_LOCAL_PEOPLE;
pub use master::check_key_address;
pub use messages::{MessageFilter, StoredMessage};
pub use names::{MOST_FOUND, fold, words_of};
pub use notes::Notes;
pub use objections::{Objections, SaidNo};
pub use objects::{Change, Object, ObjectVersion};
pub use outbox::{DEAD_MS, Letter, MOST_DEAD, OutboxItem};
pub use passkeys::{MOST_PASSKEYS, Passkey};
pub use people::{Party, PartyValue};
pub use quality::{LegQuality, WayQuality};
pub use recordings::{CHUNK, RecordingFile, RecordingInfo, RecordingWriter};
pub use registrations::Registration;
pub use reports::{
    AgentFigures, DispositionFigures, Entered, Estimated, ExitFigures, Figures, Handled, INTERVAL_MS,
    Intervals, NumberFigures, Promised, QueueFigures, Rung, SHORT_ABANDON_MS, Spent, StateFigures,
    WAIT_BOUNDS_MS, WaitFigures, Waited, Waits, interval_of,
};
pub use reports_read::{
    AgentRows, Contacts, Counted, MOST_CONTACTS, MOST_ROWS, QueueRows, Span, Summed, percentile,
};
pub use restore::{Compared, Restored, compare, restore};
pub use rotation::{MasterAbout, ask_for_master, keys_beside, master_is_asked_for};
pub use sessions::{MOST_SESSIONS, Session, SessionLife};
pub use sql::{Row, Sql, Value};
pub use store::{Store, StoreSettings, TenantId};
pub use tokens::{Role, TokenInfo, random_token, token_hash};
