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
];

/// Tables of keys, in a file of their own.
pub(crate) const KEYS: &[&str] = &[r"
CREATE TABLE keys (
    tenant BIGINT NOT NULL,
    kind TEXT NOT NULL,
    id BIGINT NOT NULL,
    wrapped BYTEA NOT NULL,
    PRIMARY KEY (tenant, kind, id)
);
"];

/// Brings a database to the newest form.
pub(crate) fn migrate(db: &mut dyn Sql, list: &[&str]) -> Result<(), StoreError> {
    db.script("CREATE TABLE IF NOT EXISTS migrations (version BIGINT PRIMARY KEY)")?;
    let done =
        db.rows("SELECT COALESCE(MAX(version), 0) FROM migrations", &[])?.first().map_or(0, |r| r.int(0));
    if done as usize > list.len() {
        return Err(StoreError::Refused(format!(
            "the database was written by a newer switchroom (form {done}, this one knows {}): use that one",
            list.len()
        )));
    }
    for (n, sql) in list.iter().enumerate().skip(done as usize) {
        transaction(db, |db| {
            db.script(sql)?;
            db.run("INSERT INTO migrations (version) VALUES ($1)", &[Value::Int(n as i64 + 1)])
        })?;
    }
    Ok(())
}
