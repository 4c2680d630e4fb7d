//! The one list of changes to the tables. An entry is never changed once it is released; the next is appended.
//!
//! Types are BIGINT, TEXT and BYTEA, which PostgreSQL knows and SQLite stores as they are.

use crate::error::StoreError;
use crate::sql::{Sql, Value, transaction};

/// Tables of records, in the order of their making.
pub(crate) const DATA: &[&str] = &[
    r"
CREATE TABLE tenants (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created BIGINT NOT NULL
);
CREATE TABLE objects (
    tenant BIGINT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    number BIGINT NOT NULL,
    version BIGINT NOT NULL,
    body BYTEA,
    PRIMARY KEY (tenant, kind, id)
);
CREATE TABLE object_versions (
    tenant BIGINT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    version BIGINT NOT NULL,
    at BIGINT NOT NULL,
    who TEXT NOT NULL,
    body BYTEA,
    PRIMARY KEY (tenant, kind, id, version)
);
CREATE TABLE journal (
    tenant BIGINT NOT NULL,
    last_position BIGINT NOT NULL,
    first_position BIGINT NOT NULL,
    at BIGINT NOT NULL,
    events BYTEA NOT NULL,
    PRIMARY KEY (tenant, last_position)
);
CREATE TABLE snapshots (
    tenant BIGINT NOT NULL,
    position BIGINT NOT NULL,
    at BIGINT NOT NULL,
    state BYTEA NOT NULL,
    PRIMARY KEY (tenant, position)
);
CREATE TABLE calls (
    tenant BIGINT NOT NULL,
    id BIGINT NOT NULL,
    began BIGINT NOT NULL,
    ended BIGINT NOT NULL,
    number BIGINT,
    queue BIGINT,
    agent BIGINT,
    party BIGINT NOT NULL,
    record BYTEA NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX calls_by_queue ON calls (tenant, queue, id);
CREATE TABLE persons (
    tenant BIGINT NOT NULL,
    id BIGINT NOT NULL,
    lookup BYTEA NOT NULL,
    value BYTEA NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX persons_by_lookup ON persons (tenant, lookup);
CREATE TABLE parties (
    tenant BIGINT NOT NULL,
    id BIGINT NOT NULL,
    person BIGINT NOT NULL,
    display BYTEA,
    PRIMARY KEY (tenant, id)
);
CREATE TABLE recordings (
    tenant BIGINT NOT NULL,
    id BIGINT NOT NULL,
    call BIGINT NOT NULL,
    party BIGINT NOT NULL,
    began BIGINT NOT NULL,
    ended BIGINT,
    law BIGINT NOT NULL,
    bytes BIGINT,
    blob TEXT NOT NULL,
    key BYTEA NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX recordings_by_call ON recordings (tenant, call);
CREATE TABLE tokens (
    tenant BIGINT NOT NULL,
    id BIGINT NOT NULL,
    hash BYTEA NOT NULL UNIQUE,
    role TEXT NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE TABLE audit (
    tenant BIGINT NOT NULL,
    id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    who TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
);
",
    r"
ALTER TABLE recordings ADD COLUMN proof TEXT;
",
    r"
CREATE TABLE interval_queues (
    tenant BIGINT NOT NULL,
    start BIGINT NOT NULL,
    queue BIGINT NOT NULL,
    offered BIGINT NOT NULL,
    answered BIGINT NOT NULL,
    answered_within BIGINT NOT NULL,
    abandoned BIGINT NOT NULL,
    short_abandoned BIGINT NOT NULL,
    abandoned_within BIGINT NOT NULL,
    flowed_out BIGINT NOT NULL,
    callback BIGINT NOT NULL,
    answered_wait_ms BIGINT NOT NULL,
    abandoned_wait_ms BIGINT NOT NULL,
    left_wait_ms BIGINT NOT NULL,
    max_wait_ms BIGINT NOT NULL,
    offers BIGINT NOT NULL,
    offers_answered BIGINT NOT NULL,
    offers_missed BIGINT NOT NULL,
    ringing_ms BIGINT NOT NULL,
    handled BIGINT NOT NULL,
    talk_ms BIGINT NOT NULL,
    hold_ms BIGINT NOT NULL,
    wrap_ms BIGINT NOT NULL,
    held BIGINT NOT NULL,
    transfers BIGINT NOT NULL,
    consults BIGINT NOT NULL,
    conferences BIGINT NOT NULL,
    outbound BIGINT NOT NULL,
    callbacks_promised BIGINT NOT NULL,
    callbacks_tried BIGINT NOT NULL,
    callbacks_kept BIGINT NOT NULL,
    callbacks_in_time BIGINT NOT NULL,
    callbacks_failed BIGINT NOT NULL,
    callbacks_cancelled BIGINT NOT NULL,
    estimates BIGINT NOT NULL,
    estimate_error_ms BIGINT NOT NULL,
    estimate_error_thousandths BIGINT NOT NULL,
    PRIMARY KEY (tenant, start, queue)
);
CREATE TABLE interval_agents (
    tenant BIGINT NOT NULL,
    start BIGINT NOT NULL,
    agent BIGINT NOT NULL,
    offers BIGINT NOT NULL,
    offers_answered BIGINT NOT NULL,
    offers_missed BIGINT NOT NULL,
    ringing_ms BIGINT NOT NULL,
    handled BIGINT NOT NULL,
    talk_ms BIGINT NOT NULL,
    hold_ms BIGINT NOT NULL,
    wrap_ms BIGINT NOT NULL,
    held BIGINT NOT NULL,
    transfers BIGINT NOT NULL,
    consults BIGINT NOT NULL,
    conferences BIGINT NOT NULL,
    outbound BIGINT NOT NULL,
    PRIMARY KEY (tenant, start, agent)
);
CREATE TABLE interval_agent_states (
    tenant BIGINT NOT NULL,
    start BIGINT NOT NULL,
    agent BIGINT NOT NULL,
    state BIGINT NOT NULL,
    reason BIGINT NOT NULL,
    spent_ms BIGINT NOT NULL,
    PRIMARY KEY (tenant, start, agent, state, reason)
);
CREATE TABLE interval_numbers (
    tenant BIGINT NOT NULL,
    start BIGINT NOT NULL,
    number BIGINT NOT NULL,
    offered BIGINT NOT NULL,
    answered BIGINT NOT NULL,
    answered_within BIGINT NOT NULL,
    abandoned BIGINT NOT NULL,
    short_abandoned BIGINT NOT NULL,
    abandoned_within BIGINT NOT NULL,
    flowed_out BIGINT NOT NULL,
    callback BIGINT NOT NULL,
    answered_wait_ms BIGINT NOT NULL,
    abandoned_wait_ms BIGINT NOT NULL,
    left_wait_ms BIGINT NOT NULL,
    max_wait_ms BIGINT NOT NULL,
    handled BIGINT NOT NULL,
    talk_ms BIGINT NOT NULL,
    hold_ms BIGINT NOT NULL,
    wrap_ms BIGINT NOT NULL,
    held BIGINT NOT NULL,
    transfers BIGINT NOT NULL,
    consults BIGINT NOT NULL,
    conferences BIGINT NOT NULL,
    outbound BIGINT NOT NULL,
    PRIMARY KEY (tenant, start, number)
);
CREATE TABLE interval_dispositions (
    tenant BIGINT NOT NULL,
    start BIGINT NOT NULL,
    disposition BIGINT NOT NULL,
    queue BIGINT NOT NULL,
    handled BIGINT NOT NULL,
    talk_ms BIGINT NOT NULL,
    hold_ms BIGINT NOT NULL,
    wrap_ms BIGINT NOT NULL,
    held BIGINT NOT NULL,
    transfers BIGINT NOT NULL,
    consults BIGINT NOT NULL,
    conferences BIGINT NOT NULL,
    outbound BIGINT NOT NULL,
    PRIMARY KEY (tenant, start, disposition, queue)
);
CREATE TABLE interval_waits (
    tenant BIGINT NOT NULL,
    start BIGINT NOT NULL,
    queue BIGINT NOT NULL,
    bucket BIGINT NOT NULL,
    callers BIGINT NOT NULL,
    PRIMARY KEY (tenant, start, queue, bucket)
);
CREATE TABLE messages (
    tenant BIGINT NOT NULL,
    recording BIGINT NOT NULL,
    mailbox BIGINT NOT NULL,
    call BIGINT NOT NULL,
    at BIGINT NOT NULL,
    length_ms BIGINT NOT NULL,
    heard BIGINT,
    PRIMARY KEY (tenant, recording)
);
CREATE INDEX messages_by_mailbox ON messages (tenant, mailbox, recording);
CREATE TABLE outbox (
    tenant BIGINT NOT NULL,
    id TEXT NOT NULL,
    receiver TEXT NOT NULL,
    event TEXT NOT NULL,
    at BIGINT NOT NULL,
    facts TEXT NOT NULL,
    tries BIGINT NOT NULL,
    due BIGINT NOT NULL,
    state BIGINT NOT NULL,
    cause TEXT NOT NULL,
    PRIMARY KEY (tenant, id, receiver)
);
CREATE INDEX outbox_by_state ON outbox (state, tenant, receiver, due);
",
    r"
CREATE TABLE accounts (
    tenant BIGINT NOT NULL,
    account BIGINT NOT NULL,
    password BYTEA,
    second BYTEA,
    proposed BYTEA,
    step BIGINT NOT NULL,
    PRIMARY KEY (tenant, account)
);
CREATE TABLE invitations (
    tenant BIGINT NOT NULL,
    account BIGINT NOT NULL,
    hash BYTEA NOT NULL UNIQUE,
    expires BIGINT NOT NULL,
    PRIMARY KEY (tenant, account)
);
CREATE TABLE sessions (
    hash BYTEA PRIMARY KEY,
    tenant BIGINT NOT NULL,
    account BIGINT NOT NULL,
    began BIGINT NOT NULL,
    used BIGINT NOT NULL
);
CREATE INDEX sessions_by_account ON sessions (tenant, account, began);
CREATE INDEX calls_by_agent ON calls (tenant, agent, id);
",
    r"
CREATE TABLE notes (
    tenant BIGINT NOT NULL,
    call BIGINT NOT NULL,
    person BIGINT NOT NULL,
    text BYTEA NOT NULL,
    at BIGINT NOT NULL,
    who TEXT NOT NULL,
    PRIMARY KEY (tenant, call)
);
CREATE INDEX parties_by_person ON parties (tenant, person, id);
CREATE INDEX calls_by_party ON calls (tenant, party, id);
",
    r"
CREATE TABLE directory (
    tenant BIGINT NOT NULL,
    id BIGINT NOT NULL,
    object BYTEA NOT NULL,
    value BYTEA NOT NULL,
    run BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX directory_by_object ON directory (tenant, object);
CREATE TABLE directory_numbers (
    tenant BIGINT PRIMARY KEY,
    next BIGINT NOT NULL
);
CREATE TABLE directory_links (
    tenant BIGINT PRIMARY KEY,
    link BYTEA NOT NULL,
    run BIGINT NOT NULL,
    whole BIGINT NOT NULL,
    at BIGINT NOT NULL
);
",
    r"
CREATE TABLE leg_quality (
    tenant BIGINT NOT NULL,
    call BIGINT NOT NULL,
    leg BIGINT NOT NULL,
    codec TEXT NOT NULL,
    heard_expected BIGINT,
    heard_lost BIGINT,
    heard_jitter_us BIGINT,
    heard_mos BIGINT,
    sent_expected BIGINT,
    sent_lost BIGINT,
    sent_jitter_us BIGINT,
    sent_mos BIGINT,
    round_trip_us BIGINT,
    PRIMARY KEY (tenant, call, leg)
);
",
    r"
CREATE TABLE endpoints (
    tenant BIGINT NOT NULL,
    account BIGINT NOT NULL,
    kind TEXT NOT NULL,
    number BYTEA,
    PRIMARY KEY (tenant, account)
);
",
    r"
CREATE TABLE call_dispositions (
    tenant BIGINT NOT NULL,
    call BIGINT NOT NULL,
    agent BIGINT NOT NULL,
    disposition BIGINT NOT NULL,
    PRIMARY KEY (tenant, disposition, call, agent)
);
CREATE INDEX call_dispositions_by_call ON call_dispositions (tenant, call);
CREATE INDEX calls_by_time ON calls (tenant, began);
",
    r"
CREATE TABLE registrations (
    tenant BIGINT NOT NULL,
    agent BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    telephones BYTEA NOT NULL,
    PRIMARY KEY (tenant, agent)
);
",
    r"
CREATE TABLE passkeys (
    tenant BIGINT NOT NULL,
    account BIGINT NOT NULL,
    hash BYTEA NOT NULL UNIQUE,
    credential BYTEA NOT NULL,
    name BYTEA NOT NULL,
    key BYTEA NOT NULL,
    algorithm BIGINT NOT NULL,
    counter BIGINT NOT NULL,
    created BIGINT NOT NULL,
    used BIGINT,
    PRIMARY KEY (tenant, account, hash)
);
",
    AUDIT_CHAIN,
    r"
CREATE TABLE interval_exits (
    tenant BIGINT NOT NULL,
    start BIGINT NOT NULL,
    queue BIGINT NOT NULL,
    offered BIGINT NOT NULL,
    answered BIGINT NOT NULL,
    answered_within BIGINT NOT NULL,
    abandoned BIGINT NOT NULL,
    short_abandoned BIGINT NOT NULL,
    abandoned_within BIGINT NOT NULL,
    flowed_out BIGINT NOT NULL,
    callback BIGINT NOT NULL,
    answered_wait_ms BIGINT NOT NULL,
    abandoned_wait_ms BIGINT NOT NULL,
    left_wait_ms BIGINT NOT NULL,
    max_wait_ms BIGINT NOT NULL,
    PRIMARY KEY (tenant, start, queue)
);
CREATE TABLE interval_number_exits (
    tenant BIGINT NOT NULL,
    start BIGINT NOT NULL,
    number BIGINT NOT NULL,
    offered BIGINT NOT NULL,
    answered BIGINT NOT NULL,
    answered_within BIGINT NOT NULL,
    abandoned BIGINT NOT NULL,
    short_abandoned BIGINT NOT NULL,
    abandoned_within BIGINT NOT NULL,
    flowed_out BIGINT NOT NULL,
    callback BIGINT NOT NULL,
    answered_wait_ms BIGINT NOT NULL,
    abandoned_wait_ms BIGINT NOT NULL,
    left_wait_ms BIGINT NOT NULL,
    max_wait_ms BIGINT NOT NULL,
    PRIMARY KEY (tenant, start, number)
);
CREATE TABLE interval_exit_waits (
    tenant BIGINT NOT NULL,
    start BIGINT NOT NULL,
    queue BIGINT NOT NULL,
    bucket BIGINT NOT NULL,
    callers BIGINT NOT NULL,
    PRIMARY KEY (tenant, start, queue, bucket)
);
ALTER TABLE calls ADD COLUMN origin BIGINT NOT NULL DEFAULT 0;
",
    r"
ALTER TABLE persons ADD COLUMN name BYTEA;
ALTER TABLE persons ADD COLUMN restricted BIGINT NOT NULL DEFAULT 0;
ALTER TABLE persons ADD COLUMN objected BIGINT NOT NULL DEFAULT 0;
CREATE TABLE holds (
    tenant BIGINT NOT NULL,
    id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    target BIGINT NOT NULL,
    reason BYTEA NOT NULL,
    who TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE TABLE disposals (
    tenant BIGINT NOT NULL,
    at BIGINT NOT NULL,
    ended BIGINT,
    report TEXT NOT NULL,
    PRIMARY KEY (tenant, at)
);
CREATE INDEX calls_by_end ON calls (tenant, ended);
",
    r"
CREATE TABLE directory_tokens (
    tenant BIGINT PRIMARY KEY,
    token BYTEA NOT NULL,
    version BIGINT NOT NULL
);
",
    r"
CREATE TABLE closings (
    tenant BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    at BIGINT NOT NULL,
    facts TEXT NOT NULL,
    certificate TEXT
);
",
    r"
CREATE TABLE numbers (
    tenant BIGINT NOT NULL,
    kind TEXT NOT NULL,
    next BIGINT NOT NULL,
    PRIMARY KEY (tenant, kind)
);
INSERT INTO numbers (tenant, kind, next) SELECT tenant, 'person', MAX(id) + 1 FROM (
    SELECT tenant, id FROM persons
    UNION ALL SELECT tenant, person FROM audit
    UNION ALL SELECT tenant, target FROM holds WHERE kind = 'person'
    UNION ALL SELECT tenant, CAST(SUBSTR(object, 9) AS BIGINT) FROM audit WHERE object LIKE 'Person/p%'
) AS used GROUP BY tenant;
INSERT INTO numbers (tenant, kind, next) SELECT tenant, 'hold', MAX(id) + 1 FROM (
    SELECT tenant, id FROM holds
    UNION ALL SELECT tenant, CAST(SUBSTR(object, 7) AS BIGINT) FROM audit WHERE object LIKE 'Hold/h%'
) AS used GROUP BY tenant;
",
    r"
ALTER TABLE audit_heads ADD COLUMN sent BIGINT NOT NULL DEFAULT 0;
",
    r"
CREATE TABLE name_words (
    tenant BIGINT NOT NULL,
    person BIGINT NOT NULL,
    word BYTEA NOT NULL,
    PRIMARY KEY (tenant, person, word)
);
CREATE INDEX name_words_by_word ON name_words (tenant, word, person);
",
    r"
CREATE TABLE local_people (
    tenant BIGINT NOT NULL,
    id BIGINT NOT NULL,
    value BYTEA NOT NULL,
    PRIMARY KEY (tenant, id)
);
",
    r"
ALTER TABLE closings ADD COLUMN due BIGINT NOT NULL DEFAULT 0;
ALTER TABLE closings ADD COLUMN begun BIGINT;
ALTER TABLE closings ADD COLUMN receipt BYTEA;
UPDATE closings SET due = at, begun = at;
",
    CALL_INDEX,
    r"
ALTER TABLE persons ADD COLUMN alias BYTEA;
",
    r"
CREATE TABLE attestations (
    tenant BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    document BYTEA NOT NULL
);
",
];

/// From here on the audit log is a chain; the entries that are there are chained with it.
pub(crate) const AUDIT_CHAIN: &str = r"
ALTER TABLE audit ADD COLUMN person BIGINT NOT NULL DEFAULT 0;
ALTER TABLE audit ADD COLUMN sealed BYTEA;
ALTER TABLE audit ADD COLUMN digest BYTEA;
CREATE TABLE audit_heads (
    tenant BIGINT NOT NULL,
    entry BIGINT NOT NULL,
    at BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    key BYTEA NOT NULL,
    signature BYTEA NOT NULL,
    PRIMARY KEY (tenant, entry)
);
";

/// What calls are reached by; that of the calls that are there is written with it.
pub(crate) const CALL_INDEX: &str = r"
CREATE TABLE call_queues (
    tenant BIGINT NOT NULL,
    call BIGINT NOT NULL,
    queue BIGINT NOT NULL,
    PRIMARY KEY (tenant, call, queue)
);
CREATE TABLE call_parties (
    tenant BIGINT NOT NULL,
    call BIGINT NOT NULL,
    party BIGINT NOT NULL,
    spoke BIGINT NOT NULL,
    PRIMARY KEY (tenant, call, party)
);
CREATE INDEX call_parties_by_party ON call_parties (tenant, party, call);
";

/// Tables of keys, in a file of their own.
pub(crate) const KEYS: &[&str] = &[
    r"
CREATE TABLE keys (
    tenant BIGINT NOT NULL,
    kind TEXT NOT NULL,
    id BIGINT NOT NULL,
    wrapped BYTEA NOT NULL,
    PRIMARY KEY (tenant, kind, id)
);
",
    r"
ALTER TABLE keys ADD COLUMN created BIGINT NOT NULL DEFAULT 0;
",
    r"
CREATE TABLE destroyed (
    count BIGINT NOT NULL
);
INSERT INTO destroyed (count) VALUES (0);
",
];

/// Of which form a database is.
///
/// # Errors
/// [`StoreError::Refused`] when that is a newer one than this program knows.
pub(crate) fn form_of(db: &mut dyn Sql, list: &[&str]) -> Result<i64, StoreError> {
    let done =
        db.rows("SELECT COALESCE(MAX(version), 0) FROM migrations", &[])?.first().map_or(0, |r| r.int(0));
    if done as usize > list.len() {
        return Err(StoreError::Refused(format!(
            "the database was written by a newer switchroom (form {done}, this one knows {}): use that one",
            list.len()
        )));
    }
    Ok(done)
}

/// Brings a database to the newest form.
pub(crate) fn migrate(db: &mut dyn Sql, list: &[&str]) -> Result<(), StoreError> {
    db.script("CREATE TABLE IF NOT EXISTS migrations (version BIGINT PRIMARY KEY)")?;
    let done = form_of(db, list)?;
    for (n, sql) in list.iter().enumerate().skip(done as usize) {
        transaction(db, |db| {
            db.script(sql)?;
            if *sql == AUDIT_CHAIN {
                crate::audit::chain_existing(db)?;
            }
            if *sql == CALL_INDEX {
                crate::call_index::index_existing(db)?;
            }
            db.run("INSERT INTO migrations (version) VALUES ($1)", &[Value::Int(n as i64 + 1)])
        })?;
    }
    Ok(())
}
