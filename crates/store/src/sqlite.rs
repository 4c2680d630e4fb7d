//! SQLite behind the door.

use crate::error::StoreError;
use crate::sql::{Row, Sql, Value};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql};
use std::path::Path;

pub(crate) struct Sqlite {
    connection: Connection,
}

/// How a database file is used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// Records: fast, several readers beside one writer.
    Data,
    /// Keys: what is deleted is overwritten, and a commit always waits for the disk. Data that outlives its key is lost
    /// for good, so a key must be on the disk before anything that is sealed with it.
    Keys,
}

impl Sqlite {
    pub(crate) fn open(path: &Path, how: Use, full_sync: bool) -> Result<Sqlite, StoreError> {
        let connection = Connection::open(path).map_err(error)?;
        connection.busy_timeout(BUSY).map_err(error)?;
        connection.set_prepared_statement_cache_capacity(256);
        // A statement is planned once, not anew for each value that is bound.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(error)?;
        let sync = if full_sync || how == Use::Keys { "FULL" } else { "NORMAL" };
        let pragmas = match how {
            Use::Data => {
                format!("PRAGMA journal_mode=WAL; PRAGMA synchronous={sync}; PRAGMA cache_size=-16000;")
            }
            Use::Keys => format!(
                "PRAGMA journal_mode=WAL; PRAGMA synchronous={sync}; PRAGMA secure_delete=ON; PRAGMA cache_size=-2000;"
            ),
        };
        connection.execute_batch(&pragmas).map_err(error)?;
        Ok(Sqlite { connection })
    }
}

impl Sqlite {
    /// Opens a database that another process may have open, to read it only. Nothing of it is changed: at the end too the
    /// log written ahead stays as it is, for it belongs to the other.
    pub(crate) fn open_beside(path: &Path) -> Result<Sqlite, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(error)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(error)?;
        connection.busy_timeout(BUSY).map_err(error)?;
        connection.execute_batch("PRAGMA query_only=ON; PRAGMA cache_size=-2000;").map_err(error)?;
        Ok(Sqlite { connection })
    }

    /// One that holds nothing and is gone at the end.
    pub(crate) fn in_memory() -> Result<Sqlite, StoreError> {
        Ok(Sqlite { connection: Connection::open_in_memory().map_err(error)? })
    }

    /// Copies everything as it is at this moment into a new file, whoever writes meanwhile.
    pub(crate) fn copy_to(&self, path: &Path) -> Result<(), StoreError> {
        let mut copy = Connection::open(path).map_err(error)?;
        copy.execute_batch("PRAGMA synchronous=OFF; PRAGMA cache_size=-2000;").map_err(error)?;
        let copying = Backup::new(&self.connection, &mut copy).map_err(error)?;
        // All pages in one step: with several, each change by somebody else would begin it anew.
        for _ in 0..BUSY_TRIES {
            match copying.step(-1).map_err(error)? {
                StepResult::Done => return Ok(()),
                StepResult::More => {}
                _ => std::thread::park_timeout(std::time::Duration::from_millis(50)),
            }
        }
        Err(StoreError::Database("it was busy for too long to be copied".into()))
    }
}

/// How often the log that is written ahead is tried to be emptied, and the time in between: who reads a row or two is
/// done by then, who copies everything is not.
const LOG_TRIES: u32 = 10;
const LOG_PAUSE: std::time::Duration = std::time::Duration::from_millis(20);

/// Empties the log that a database writes ahead, which still has rows as they were. Whether it is empty: while somebody
/// reads what stood there before it cannot be. Nothing is waited for: whoever holds this connection holds up all who write.
pub(crate) fn empty_log_now(db: &mut dyn Sql) -> Result<bool, StoreError> {
    db.rows("PRAGMA busy_timeout=0", &[])?;
    let emptied = db.rows("PRAGMA wal_checkpoint(TRUNCATE)", &[]);
    db.rows(&format!("PRAGMA busy_timeout={}", BUSY.as_millis()), &[])?;
    Ok(emptied?.first().is_none_or(|r| r.int(0) == 0))
}

/// The same in a few tries, with the connection given back in between.
pub(crate) fn empty_log(mut now: impl FnMut() -> Result<bool, StoreError>) -> Result<bool, StoreError> {
    for _ in 0..LOG_TRIES {
        if now()? {
            return Ok(true);
        }
        std::thread::park_timeout(LOG_PAUSE);
    }
    Ok(false)
}

/// How long whoever wants to write waits for whoever writes.
const BUSY: std::time::Duration = std::time::Duration::from_secs(10);
/// How often a copy is tried while somebody else has the database for himself: half a minute.
const BUSY_TRIES: u32 = 600;

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Int(v) => ValueRef::Integer(*v),
            Value::Text(v) => ValueRef::Text(v.as_bytes()),
            Value::Bytes(v) => ValueRef::Blob(v),
        }))
    }
}

impl Sql for Sqlite {
    fn run(&mut self, sql: &str, values: &[Value]) -> Result<u64, StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(error)?;
        let n = statement.execute(rusqlite::params_from_iter(values)).map_err(error)?;
        Ok(n as u64)
    }

    fn rows(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(error)?;
        let columns = statement.column_count();
        let mut answer = statement.query(rusqlite::params_from_iter(values)).map_err(error)?;
        let mut rows = Vec::new();
        while let Some(row) = answer.next().map_err(error)? {
            let mut out = Vec::with_capacity(columns);
            for i in 0..columns {
                out.push(match row.get_ref(i).map_err(error)? {
                    ValueRef::Null => Value::Null,
                    ValueRef::Integer(v) => Value::Int(v),
                    ValueRef::Real(v) => Value::Int(v as i64),
                    ValueRef::Text(v) => Value::Text(String::from_utf8_lossy(v).into_owned()),
                    ValueRef::Blob(v) => Value::Bytes(v.to_vec()),
                });
            }
            rows.push(Row(out));
        }
        Ok(rows)
    }

    fn script(&mut self, sql: &str) -> Result<(), StoreError> {
        self.connection.execute_batch(sql).map_err(error)
    }
}

fn error(e: rusqlite::Error) -> StoreError {
    match e.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full,
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            StoreError::Unreadable("the database".into())
        }
        _ => StoreError::Database(e.to_string()),
    }
}
