//! `switchroom line-pass`

use crate::cli::arguments::Arguments;
use crate::cli::remote::{Place, PlaceArguments, post_json, tenant_named};
use crate::cli::{Failure, Outcome, say};
use crate::connector::hand_out::{self, HandedOut, MOST, NotMade, OwnLine};
use crate::connector::line::Passes;
use crate::microsoft::cloud_of;
use crate::running::{stored_documents, understand_alone};
use redact::Secret;
use serde_json::json;

/// The largest file of people that is read, in bytes.
const LARGEST_FILE: u64 = 1024 * 1024;

/// Runs the command: a line for each person, with the object id and the link that opens the tab with the pass, or the pass
/// itself where the tenant has no app in Teams. They are shown this once.
pub fn run(mut args: Arguments) -> Outcome {
    let pbx = args.operand("the id of the Pbx")?.display().to_string();
    let (person, line, file) = (args.take("person"), args.take("line"), args.take("people"));
    let tenant = args.take("tenant");
    let place = PlaceArguments::read(&mut args)?;
    args.end()?;
    let people = match (person, line, file) {
        (Some(person), Some(line), None) => vec![OwnLine { person, line: Secret::new(line) }],
        (None, None, Some(path)) => read_file(&path)?,
        _ => return Err(Failure::Usage("say --person ID --line LINE, or --people FILE".into())),
    };
    match place.open()? {
        Place::Server { url, token } => at_server(&url, &token, &pbx, people),
        Place::Files { store, config } => {
            let store =
                store.ok_or_else(|| "there is no database yet: apply a tenant's files first".to_string())?;
            let id = tenant_named(&store, tenant.as_deref())?;
            let meaning = understand_alone(&stored_documents(&store, id)?.0)?;
            let passes = Passes::new(Some(store.line_pass_key().map_err(|e| e.to_string())?));
            let (cloud, now) = (cloud_of(&config.microsoft)?, crate::clock::wall_ms());
            let not_made = |why: NotMade| Failure::NotInOrder(why.to_string());
            let system = hand_out::system(&meaning, &pbx).map_err(not_made)?;
            let many = batches(people).into_iter().map(|some| {
                hand_out::hand_out(&passes, &system, &cloud.teams, some, pbx::Time(now)).map_err(not_made)
            });
            let many = many.collect::<Result<Vec<_>, _>>()?;
            let object = format!("Pbx/{pbx}");
            store.audit(id, now, "command line", "pbx.line-passes", &object).map_err(|e| e.to_string())?;
            for HandedOut { person, pass, link } in many.into_iter().flatten() {
                tell(&person, link.as_ref().unwrap_or(&pass).expose_secret());
            }
            Ok(())
        }
    }
}

fn tell(person: &str, pass: &str) {
    say(&format!("{person} {pass}"));
}

fn at_server(url: &str, token: &str, pbx: &str, people: Vec<OwnLine>) -> Outcome {
    let id: String = pbx.bytes().map(|b| format!("%{b:02X}")).collect();
    for some in batches(people) {
        let people = some.iter().map(|o| json!({"person": o.person, "line": o.line.expose_secret()}));
        let body = json!({"people": people.collect::<Vec<_>>()});
        let made = post_json(&format!("{url}/api/v1/pbxs/{id}/line-passes"), token, &body)?;
        for one in made.as_array().into_iter().flatten() {
            let text = |key: &str| one[key].as_str();
            tell(text("person").unwrap_or_default(), text("link").or(text("pass")).unwrap_or_default());
        }
    }
    Ok(())
}

/// As many at a time as are made at a time.
fn batches(people: Vec<OwnLine>) -> Vec<Vec<OwnLine>> {
    let mut rest = people.into_iter().peekable();
    let mut all = Vec::new();
    while rest.peek().is_some() {
        all.push(rest.by_ref().take(MOST).collect());
    }
    all
}

fn read_file(path: &str) -> Result<Vec<OwnLine>, Failure> {
    let failed = |e: std::io::Error| Failure::NotInOrder(format!("{path}: {e}"));
    if std::fs::metadata(path).map_err(failed)?.len() > LARGEST_FILE {
        return Err(format!("{path}: a file of people has at most {} KB", LARGEST_FILE / 1024).into());
    }
    read_people(&std::fs::read_to_string(path).map_err(failed)?)
        .map_err(|what| Failure::NotInOrder(format!("{path}: {what}")))
}

/// People and their lines: a line of text each, the object id and the line with a comma between. Empty lines count for
/// nothing.
fn read_people(text: &str) -> Result<Vec<OwnLine>, String> {
    let rows = text.lines().enumerate().filter(|(_, row)| !row.trim().is_empty());
    let read = |(n, row): (usize, &str)| match row.split_once(',') {
        Some((person, line)) if !line.contains(',') => {
            Ok(OwnLine { person: person.trim().into(), line: Secret::new(line.trim().into()) })
        }
        _ => Err(format!("line {}: write the object id and the person's line, with a comma between", n + 1)),
    };
    let people = rows.map(read).collect::<Result<Vec<_>, _>>()?;
    if people.is_empty() { Err("nobody is in it".into()) } else { Ok(people) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_people_has_one_in_each_line() {
        let read = |text: &str| {
            let people = read_people(text)?;
            let both = |o: OwnLine| (o.person, o.line.expose_secret().clone());
            Ok::<_, String>(people.into_iter().map(both).collect::<Vec<_>>())
        };
        let two = vec![("a".to_string(), "1001".to_string()), ("b".into(), "1002".into())];
        assert_eq!(read("a,1001\r\n\n b , 1002\n"), Ok(two));
        assert!(read("a,1\nb 2\n").unwrap_err().starts_with("line 2:"));
        assert!(read("a,1,2\n").is_err());
        assert!(read("\n \n").is_err());
    }

    #[test]
    fn so_many_are_asked_for_at_a_time_as_are_made() {
        let people = (0..=MOST).map(|n| OwnLine { person: n.to_string(), line: Secret::new("1".into()) });
        let sizes: Vec<usize> = batches(people.collect()).iter().map(Vec::len).collect();
        assert_eq!(sizes, [MOST, 1]);
    }
}
