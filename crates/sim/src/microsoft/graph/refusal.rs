//! How Graph says no.

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphRefusal {
    /// The status.
    pub status: u16,
    /// The word for programs.
    pub code: String,
    /// The sentence for people.
    pub message: String,
    /// Headers that go with it.
    pub headers: Vec<(String, String)>,
}

/// A refusal with this status, word and sentence.
pub fn refuse(status: u16, code: &str, message: impl Into<String>) -> GraphRefusal {
    GraphRefusal { status, code: code.into(), message: message.into(), headers: Vec::new() }
}

impl GraphRefusal {
    /// The same with a header.
    pub fn with_header(mut self, name: &str, value: &str) -> GraphRefusal {
        self.headers.push((name.into(), value.into()));
        self
    }
}
