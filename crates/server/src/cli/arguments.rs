//! Options and operands of a command.

use crate::cli::Failure;
use std::ffi::OsString;
use std::path::PathBuf;

/// What stood behind the command's name.
#[derive(Debug, Default)]
pub struct Arguments {
    options: Vec<(String, String)>,
    operands: Vec<String>,
}

/// Options without a value.
const FLAGS: [&str; 5] = ["forget", "json", "print-config", "take-back", "unsigned"];

impl Arguments {
    /// Reads them.
    ///
    /// # Errors
    /// When one has no value, or is none.
    pub fn read(args: Vec<OsString>) -> Result<Arguments, lexopt::Error> {
        let mut parser = lexopt::Parser::from_args(args);
        let mut found = Arguments::default();
        while let Some(arg) = parser.next()? {
            match arg {
                lexopt::Arg::Long(name) => {
                    let name = name.to_string();
                    let value = if FLAGS.contains(&name.as_str()) {
                        String::new()
                    } else {
                        parser.value()?.to_string_lossy().into_owned()
                    };
                    found.options.push((name, value));
                }
                lexopt::Arg::Value(v) => found.operands.push(v.to_string_lossy().into_owned()),
                lexopt::Arg::Short(_) => return Err(arg.unexpected()),
            }
        }
        Ok(found)
    }

    /// Takes an option out.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let at = self.options.iter().position(|(n, _)| n == name)?;
        Some(self.options.remove(at).1)
    }

    /// Takes an option out that must be there.
    ///
    /// # Errors
    /// Wrong use.
    pub fn need(&mut self, name: &str) -> Result<String, Failure> {
        self.take(name).ok_or_else(|| Failure::Usage(format!("--{name} is missing")))
    }

    /// Takes out the next operand, which must be there.
    ///
    /// # Errors
    /// Wrong use.
    pub fn operand(&mut self, what: &str) -> Result<PathBuf, Failure> {
        if self.operands.is_empty() {
            return Err(Failure::Usage(format!("{what} is missing")));
        }
        Ok(PathBuf::from(self.operands.remove(0)))
    }

    /// Nothing may be left.
    ///
    /// # Errors
    /// Wrong use.
    pub fn end(self) -> Result<(), Failure> {
        match (self.options.first(), self.operands.first()) {
            (Some((name, _)), _) => Err(Failure::Usage(format!("unknown or repeated option --{name}"))),
            (_, Some(operand)) => Err(Failure::Usage(format!("unexpected {operand:?}"))),
            _ => Ok(()),
        }
    }
}
