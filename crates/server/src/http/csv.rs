//! Tables as CSV (RFC 4180), safe to open in a spreadsheet.

/// A cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// A name, a time, a word.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// A share.
    Share(f64),
    /// Nothing is known.
    Empty,
}

impl From<&String> for Cell {
    fn from(v: &String) -> Cell {
        Cell::Text(v.clone())
    }
}

impl From<&u64> for Cell {
    fn from(v: &u64) -> Cell {
        i64::try_from(*v).map_or(Cell::Empty, Cell::Whole)
    }
}

impl From<&f64> for Cell {
    fn from(v: &f64) -> Cell {
        Cell::Share(*v)
    }
}

impl From<&Option<String>> for Cell {
    fn from(v: &Option<String>) -> Cell {
        v.as_ref().map_or(Cell::Empty, Cell::from)
    }
}

impl From<&Option<u64>> for Cell {
    fn from(v: &Option<u64>) -> Cell {
        v.as_ref().map_or(Cell::Empty, Cell::from)
    }
}

impl From<&Option<f64>> for Cell {
    fn from(v: &Option<f64>) -> Cell {
        v.as_ref().map_or(Cell::Empty, Cell::from)
    }
}

impl From<&std::collections::BTreeMap<String, u64>> for Cell {
    fn from(v: &std::collections::BTreeMap<String, u64>) -> Cell {
        let parts: Vec<String> = v.iter().map(|(name, n)| format!("{name}={n}")).collect();
        Cell::Text(parts.join(" "))
    }
}

/// A table with its head.
pub fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<Cell>>) -> String {
    let mut out = head.join(",") + "\r\n";
    for row in rows {
        for (n, cell) in row.iter().enumerate() {
            if n > 0 {
                out.push(',');
            }
            match cell {
                Cell::Text(text) => push_text(&mut out, text),
                Cell::Whole(n) => out.push_str(&n.to_string()),
                Cell::Share(x) => out.push_str(&x.to_string()),
                Cell::Empty => {}
            }
        }
        out.push_str("\r\n");
    }
    out
}

// What begins as a formula is given an apostrophe, which spreadsheets show as text (OWASP, CSV injection).
fn push_text(out: &mut String, text: &str) {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if !formula && !text.contains(['"', ',', '\r', '\n', ';']) {
        return out.push_str(text);
    }
    out.push('"');
    if formula {
        out.push('\'');
    }
    for c in text.chars() {
        if c == '"' {
            out.push('"');
        }
        out.push(c);
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_in_their_cells_and_no_cell_is_a_formula() {
        for (text, cell) in [
            ("service", "service"),
            ("a,b", "\"a,b\""),
            ("a\"b", "\"a\"\"b\""),
            ("a\r\nb", "\"a\r\nb\""),
            ("=1+1", "\"'=1+1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("-1", "\"'-1\""),
            ("\t=1", "\"'\t=1\""),
            ("a=1", "a=1"),
        ] {
            let row = vec![Cell::Text(text.into()), Cell::Whole(-3), Cell::Share(0.25), Cell::Empty];
            assert_eq!(table(&["x", "y", "z", "e"], [row]), format!("x,y,z,e\r\n{cell},-3,0.25,\r\n"));
        }
    }
}
