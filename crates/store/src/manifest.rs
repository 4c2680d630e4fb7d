//! What an increment of a backup consists of, as a file of lines that are written and read one by one.
//!
//! The last line holds the digest of all before it, signed by the installation (Ed25519): a manifest that was cut off,
//! changed or made by somebody else is noticed before anything is restored from it.

use crate::error::StoreError;
use crate::installation::{Installation, verify_signature};
use aws_lc_rs::digest::{Context, SHA256};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// The form of the lines.
const FORM: u64 = 1;
/// The longest line that is read, in bytes.
const LONGEST: u64 = 4_096;

/// A line of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// The first: which increment, and when it was made, in milliseconds since 1970.
    First { increment: u64, at: u64 },
    /// The next piece of the database: in which increment's pack it lies, where, how long, its SHA-256.
    Piece { increment: u64, at: u64, len: u64, digest: Vec<u8> },
    /// A blob of a recording: whose, its name, how much of it belongs to this increment, the SHA-256 of that.
    Blob { tenant: u64, recording: u64, name: String, len: u64, digest: Vec<u8> },
    /// A blob that was gone before it could be copied.
    Gone { tenant: u64, recording: u64 },
    /// How many rows a table has of a tenant.
    Count { tenant: u64, table: String, rows: u64 },
    /// Where a tenant's audit log ended.
    Audit { tenant: u64, entry: u64, digest: Vec<u8> },
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let pairs = digits.chunks(2).map(|p| u8::from_str_radix(core::str::from_utf8(p).ok()?, 16).ok());
    digits.len().is_multiple_of(2).then(|| pairs.collect()).flatten()
}

/// SHA-256 of bytes.
pub(crate) fn sha256(bytes: &[u8]) -> Vec<u8> {
    aws_lc_rs::digest::digest(&SHA256, bytes).as_ref().to_vec()
}

impl Line {
    pub(crate) fn text(&self) -> String {
        match self {
            Line::First { increment, at } => format!("switchroom-backup\t{FORM}\t{increment}\t{at}"),
            Line::Piece { increment, at, len, digest } => {
                format!("piece\t{increment}\t{at}\t{len}\t{}", hex(digest))
            }
            Line::Blob { tenant, recording, name, len, digest } => {
                format!("blob\t{tenant}\t{recording}\t{name}\t{len}\t{}", hex(digest))
            }
            Line::Gone { tenant, recording } => format!("gone\t{tenant}\t{recording}"),
            Line::Count { tenant, table, rows } => format!("count\t{tenant}\t{table}\t{rows}"),
            Line::Audit { tenant, entry, digest } => format!("audit\t{tenant}\t{entry}\t{}", hex(digest)),
        }
    }

    fn read(text: &str) -> Option<Line> {
        let words: Vec<&str> = text.split('\t').collect();
        let number = |word: &str| word.parse::<u64>().ok();
        Some(match words.as_slice() {
            ["switchroom-backup", form, increment, at] if number(form) == Some(FORM) => {
                Line::First { increment: number(increment)?, at: number(at)? }
            }
            ["piece", increment, at, len, digest] => Line::Piece {
                increment: number(increment)?,
                at: number(at)?,
                len: number(len)?,
                digest: unhex(digest)?,
            },
            ["blob", tenant, recording, name, len, digest] => Line::Blob {
                tenant: number(tenant)?,
                recording: number(recording)?,
                name: (*name).into(),
                len: number(len)?,
                digest: unhex(digest)?,
            },
            ["gone", tenant, recording] => {
                Line::Gone { tenant: number(tenant)?, recording: number(recording)? }
            }
            ["count", tenant, table, rows] => {
                Line::Count { tenant: number(tenant)?, table: (*table).into(), rows: number(rows)? }
            }
            ["audit", tenant, entry, digest] => {
                Line::Audit { tenant: number(tenant)?, entry: number(entry)?, digest: unhex(digest)? }
            }
            _ => return None,
        })
    }
}

fn file_error(path: &Path) -> impl Fn(std::io::Error) -> StoreError {
    let name = path.display().to_string();
    move |e| match e.kind() {
        std::io::ErrorKind::StorageFull => StoreError::Full,
        _ => StoreError::File(name.clone(), e),
    }
}

/// A manifest being written.
pub(crate) struct Writing {
    out: BufWriter<File>,
    path: PathBuf,
    digest: Context,
}

impl Writing {
    pub(crate) fn begin(path: &Path) -> Result<Writing, StoreError> {
        let file = File::create(path).map_err(file_error(path))?;
        Ok(Writing { out: BufWriter::new(file), path: path.into(), digest: Context::new(&SHA256) })
    }

    pub(crate) fn line(&mut self, line: &Line) -> Result<(), StoreError> {
        let mut text = line.text();
        text.push('\n');
        self.digest.update(text.as_bytes());
        self.out.write_all(text.as_bytes()).map_err(file_error(&self.path))
    }

    /// Signs what was written, and waits until it is on the disk.
    pub(crate) fn end(mut self, by: &Installation) -> Result<(), StoreError> {
        let digest = self.digest.finish();
        let signature = by.sign(&said(digest.as_ref()));
        let text = format!("end\t{}\t{}\n", hex(&by.public_key()), hex(&signature));
        let failed = file_error(&self.path);
        self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()).map_err(&failed)?;
        self.out.get_ref().sync_all().map_err(&failed)
    }
}

/// What is signed: no signature of anything else can stand in its place.
fn said(digest: &[u8]) -> Vec<u8> {
    let mut all = b"switchroom backup\n".to_vec();
    all.extend_from_slice(digest);
    all
}

/// A manifest being read, line by line.
pub(crate) struct Reading<R = BufReader<File>> {
    file: R,
    path: PathBuf,
    digest: Context,
    /// The key that signed it, once the last line was read and is right.
    pub(crate) key: Option<Vec<u8>>,
    /// A line that was read and belongs to whoever reads on.
    pub(crate) held: Option<Line>,
}

impl<R: BufRead> Reading<R> {
    /// Of these bytes, which are called so in sentences.
    pub(crate) fn of(file: R, path: PathBuf) -> Reading<R> {
        Reading { file, path, digest: Context::new(&SHA256), key: None, held: None }
    }

    fn unreadable(&self) -> StoreError {
        StoreError::Refused(format!(
            "{} is damaged, cut off, or of another version: nothing can be restored from this increment",
            self.path.display()
        ))
    }

    /// The next line; `None` at an end that is signed as it should be.
    pub(crate) fn next(&mut self) -> Result<Option<Line>, StoreError> {
        let mut text = String::new();
        let mut piece = Read::by_ref(&mut self.file).take(LONGEST);
        piece.read_line(&mut text).map_err(|_| self.unreadable())?;
        let Some(line) = text.strip_suffix('\n') else { return Err(self.unreadable()) };
        if let Some(end) = line.strip_prefix("end\t") {
            let digest = self.digest.clone().finish();
            let (key, signature) = end.split_once('\t').ok_or_else(|| self.unreadable())?;
            let both = unhex(key).zip(unhex(signature));
            let (key, signature) = both.ok_or_else(|| self.unreadable())?;
            let is_last = self.file.fill_buf().is_ok_and(<[u8]>::is_empty);
            if !is_last || !verify_signature(&key, &said(digest.as_ref()), &signature) {
                return Err(self.unreadable());
            }
            self.key = Some(key);
            return Ok(None);
        }
        self.digest.update(text.as_bytes());
        Line::read(line).map(Some).ok_or_else(|| self.unreadable())
    }
}

impl Reading {
    pub(crate) fn begin(path: &Path) -> Result<Reading, StoreError> {
        let file = File::open(path).map_err(file_error(path))?;
        Ok(Reading::of(BufReader::new(file), path.into()))
    }

    /// Reads to the end: whether it is whole. Gives the number of the increment, when it was made, and who signed it.
    pub(crate) fn check(path: &Path) -> Result<(u64, u64, Vec<u8>), StoreError> {
        let mut reading = Reading::begin(path)?;
        let first = reading.next()?;
        let Some(Line::First { increment, at }) = first else { return Err(reading.unreadable()) };
        while reading.next()?.is_some() {}
        let key = reading.key.clone().unwrap_or_default();
        Ok((increment, at, key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_reads_as_it_was_written_and_any_change_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("m");
        let lines = [
            Line::First { increment: 3, at: 17 },
            Line::Piece { increment: 2, at: 0, len: 65_536, digest: sha256(b"a") },
            Line::Blob { tenant: 1, recording: 9, name: "r/1/9.rec".into(), len: 5, digest: sha256(b"b") },
            Line::Gone { tenant: 1, recording: 10 },
            Line::Count { tenant: 1, table: "calls".into(), rows: 12 },
            Line::Audit { tenant: 1, entry: 4, digest: sha256(b"c") },
        ];
        let by = Installation::from_seed([7; 32]);
        let mut writing = Writing::begin(&path).unwrap();
        lines.iter().for_each(|l| writing.line(l).unwrap());
        writing.end(&by).unwrap();
        let mut reading = Reading::begin(&path).unwrap();
        for line in &lines {
            assert_eq!(reading.next().unwrap().as_ref(), Some(line));
        }
        assert_eq!(reading.next().unwrap(), None);
        assert_eq!(reading.key, Some(by.public_key()));
        assert_eq!(Reading::check(&path).unwrap(), (3, 17, by.public_key()));
        let whole = std::fs::read(&path).unwrap();
        for at in 0..whole.len() {
            std::fs::write(&path, &whole[..at]).unwrap();
            assert!(Reading::check(&path).is_err(), "cut at {at}");
            let mut bent = whole.clone();
            bent[at] ^= 1;
            std::fs::write(&path, &bent).unwrap();
            // A letter of the digits that stand for the same number says the same.
            let same = whole[at].is_ascii_alphabetic() && bent[at].eq_ignore_ascii_case(&whole[at]);
            assert!(same || Reading::check(&path).is_err(), "changed at {at}");
        }
    }
}
