//! The door to a database: what SQLite and PostgreSQL have in common.
//!
//! Placeholders are `$1`, `$2`, …, each used for the first time in that order, because SQLite numbers them so.

use crate::error::StoreError;

/// A value in a query or a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A whole number.
    Int(i64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl From<i64> for Value {
    fn from(v: i64) -> Value {
        Value::Int(v)
    }
}

impl From<u64> for Value {
    fn from(v: u64) -> Value {
        // Ids and times stay far below 2^63; what does not is a fault that a query will show.
        Value::Int(v as i64)
    }
}

impl From<&str> for Value {
    fn from(v: &str) -> Value {
        Value::Text(v.into())
    }
}

impl From<Vec<u8>> for Value {
    fn from(v: Vec<u8>) -> Value {
        Value::Bytes(v)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(v: Option<T>) -> Value {
        v.map_or(Value::Null, Into::into)
    }
}

/// A row of an answer.
#[derive(Clone, Debug)]
pub struct Row(pub Vec<Value>);

impl Row {
    /// A whole number; 0 where there is none.
    pub fn int(&self, column: usize) -> i64 {
        match self.0.get(column) {
            Some(Value::Int(v)) => *v,
            _ => 0,
        }
    }

    /// A whole number that may be missing.
    pub fn maybe_int(&self, column: usize) -> Option<i64> {
        match self.0.get(column) {
            Some(Value::Int(v)) => Some(*v),
            _ => None,
        }
    }

    /// Text; empty where there is none.
    pub fn text(&self, column: usize) -> &str {
        match self.0.get(column) {
            Some(Value::Text(v)) => v,
            _ => "",
        }
    }

    /// Bytes; empty where there are none.
    pub fn bytes(&self, column: usize) -> &[u8] {
        match self.0.get(column) {
            Some(Value::Bytes(v)) => v,
            _ => &[],
        }
    }
}

/// A connection to a database.
pub trait Sql: Send {
    /// Runs one statement; gives the number of rows it touched.
    ///
    /// # Errors
    /// What the database said.
    fn run(&mut self, sql: &str, values: &[Value]) -> Result<u64, StoreError>;

    /// Runs one query.
    ///
    /// # Errors
    /// What the database said.
    fn rows(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError>;

    /// Runs statements that take no values, separated by semicolons.
    ///
    /// # Errors
    /// What the database said.
    fn script(&mut self, sql: &str) -> Result<(), StoreError>;
}

/// A transaction that is open. Left by a panic it is rolled back, so that the connection stays good for the next one.
struct Open<'a> {
    db: &'a mut dyn Sql,
    done: bool,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if !self.done {
            // If even this fails the database has rolled back by itself.
            let _ = self.db.script("ROLLBACK");
        }
    }
}

/// Runs `work` in a transaction: all of it happens, or nothing, whether `work` fails or panics.
pub(crate) fn transaction<T>(
    db: &mut dyn Sql,
    work: impl FnOnce(&mut dyn Sql) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    // Not as a script: prepared once, it need not be read again.
    db.run("BEGIN", &[])?;
    let mut open = Open { db, done: false };
    let value = work(open.db)?;
    open.db.run("COMMIT", &[])?;
    open.done = true;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::{Sqlite, Use};

    #[test]
    fn a_panic_in_a_transaction_rolls_it_back() {
        let dir = tempfile::tempdir().unwrap();
        let mut db = Sqlite::open(&dir.path().join("x.db"), Use::Data, false).unwrap();
        db.script("CREATE TABLE t (v BIGINT)").unwrap();
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            transaction(&mut db, |db| -> Result<(), StoreError> {
                db.run("INSERT INTO t (v) VALUES ($1)", &[1i64.into()])?;
                panic!("in the middle");
            })
        }));
        assert!(panicked.is_err());
        transaction(&mut db, |db| db.run("INSERT INTO t (v) VALUES ($1)", &[2i64.into()])).unwrap();
        let rows = db.rows("SELECT v FROM t", &[]).unwrap();
        assert_eq!(rows.iter().map(|r| r.int(0)).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn keys_are_on_the_disk_when_a_commit_returns() {
        let dir = tempfile::tempdir().unwrap();
        let sync = |how, full| {
            let mut db = Sqlite::open(&dir.path().join("y.db"), how, full).unwrap();
            db.rows("PRAGMA synchronous", &[]).unwrap()[0].int(0)
        };
        assert_eq!((sync(Use::Keys, false), sync(Use::Data, false), sync(Use::Data, true)), (2, 1, 2));
    }
}
