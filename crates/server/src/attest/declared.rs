//! The operator's file: answers that only people can give, as JSON of id and answer.

use crate::attest::questions::{QUESTIONS, question};
use crate::tenant::schema::nearest;
use serde_json::{Map, Value};

/// The largest file that is read, in bytes.
pub const LARGEST: usize = 1 << 20;

/// Answers by id.
pub type Declared = Map<String, Value>;

/// Reads what an operator declares.
///
/// # Errors
/// Every fault, a sentence each: unknown ids, words that the question does not have.
pub fn read(value: Value) -> Result<Declared, Vec<String>> {
    let Value::Object(all) = value else {
        return Err(vec![
            "what is declared must be one JSON object of id and answer, as {\"SEC28\": \"yes\"}".into(),
        ]);
    };
    let ids: Vec<&str> = QUESTIONS.iter().map(|q| q.id).collect();
    let faults: Vec<String> = all
        .iter()
        .filter_map(|(id, answer)| match question(id) {
            None => Some(format!("{id}: there is no such question: {}", nearest(id, &ids))),
            Some(q) => q
                .form
                .check(answer)
                .err()
                .map(|wanted| format!("{id} ({}): the answer must be {wanted}", q.text)),
        })
        .collect();
    if faults.is_empty() { Ok(all) } else { Err(faults) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_fault_of_a_declared_file_is_said() {
        assert_eq!(read(json!({"SEC28": "yes", "PRV03": "https://example.org/privacy"})).unwrap().len(), 2);
        let faults = read(json!({"SEC82": "yes", "SEC30": "maybe", "LEG03": "30"})).unwrap_err();
        assert_eq!(faults.len(), 3, "{faults:?}");
        assert!(faults.iter().any(|f| f.contains("did you mean")), "{faults:?}");
        assert!(read(json!(["SEC28"])).is_err());
    }
}
