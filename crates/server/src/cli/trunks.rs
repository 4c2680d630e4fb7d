//! `switchroom trunks`

use crate::cli::arguments::Arguments;
use crate::cli::remote::{Place, PlaceArguments};
use crate::cli::{Failure, Outcome, say};
use serde_json::Value;

/// The newest changes that are shown of a far end.
const CHANGES_SHOWN: usize = 3;

/// Teams asks each minute; a gateway that it did not reach for so long, in seconds, is the last that it tries.
const LONGEST_UNASKED_S: u64 = 300;
/// What to do where Teams does not ask.
const ASK_TODO: &str = "calls from there come here last: see that the gateway's name, SipSignalingPort and SendSipOptions are \
     right in the Microsoft tenant, and that no firewall stands between";

/// Runs the command: how each trunk stands, since when, and what to do. Not in order when a far end is down or a trunk is not
/// registered.
pub fn run(mut args: Arguments) -> Outcome {
    let wanted = args.operand("").ok().map(|path| path.display().to_string());
    let place = PlaceArguments::read(&mut args)?;
    args.end()?;
    let Place::Server { url, token } = place.open()? else {
        return Err(Failure::Usage(
            "say --server URL --token T: a running server knows how trunks stand".into(),
        ));
    };
    let all: Value = crate::cli::remote::get(&format!("{url}/api/v1/trunks"), &token)?;
    let ids = all.as_array().into_iter().flatten().filter_map(|t| t["id"].as_str());
    let ids: Vec<&str> = ids.filter(|id| wanted.as_deref().is_none_or(|wanted| wanted == *id)).collect();
    if let (Some(wanted), true) = (&wanted, ids.is_empty()) {
        return Err(format!("there is no Trunk {wanted:?}").into());
    }
    let mut bad = Vec::new();
    for id in ids {
        let status: Value = crate::cli::remote::get(&format!("{url}/api/v1/trunks/{id}/status"), &token)?;
        let (lines, healthy) = told(&status);
        lines.iter().for_each(|line| say(line));
        if !healthy {
            bad.push(format!("Trunk {id} is not healthy"));
        }
    }
    if bad.is_empty() { Ok(()) } else { Err(bad.into()) }
}

/// How a trunk stands, in lines, and whether all of it is well.
fn told(status: &Value) -> (Vec<String>, bool) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let ends: Vec<&Value> = status["far_ends"].as_array().into_iter().flatten().collect();
    let up = ends.iter().filter(|end| end["up"] == true && end["refuses"] != true).count();
    let registered = status["registered"].as_bool();
    let (word, healthy) = match (registered, up, ends.len()) {
        (Some(false), 0, _) => ("down", false),
        (None, _, 0) => ("only calls that come in; nothing is asked of the far end", true),
        (_, 0, 1..) => ("down", false),
        (Some(false), ..) => ("partly down", false),
        (_, up, all) if up < all => ("partly down", false),
        _ => ("healthy", true),
    };
    let mut lines =
        vec![format!("{}: {word}; {} calls to the outside", text(&status["trunk"]), status["calls"])];
    if registered == Some(false) {
        let refused = status["registration_refused"].as_u64();
        let said = refused.map_or(String::new(), |code| format!(" ({})", meaning(false, Some(code))));
        lines.push(format!("  not registered at the carrier: calls from there do not arrive{said}"));
    }
    for end in ends {
        let up = end["up"] == true;
        let since = span(end["for_seconds"].as_u64().unwrap_or_default());
        let stands = match (up, end["refuses"] == true) {
            (true, true) => "answers and refuses us;",
            (true, false) => "up",
            (false, _) => "down",
        };
        lines.push(format!("  {:<40} {stands} for {since}", text(&end["host"])));
        lines.push(match end["unreached"].as_str().filter(|_| !up) {
            None => format!("      {}", meaning(up && end["refuses"] != true, end["said"].as_u64())),
            Some(cause) => format!("      {}{}", unreached(cause), text(&end["why"])),
        });
        // The first is the state that stands above.
        for change in end["history"].as_array().into_iter().flatten().skip(1).take(CHANGES_SHOWN) {
            let ago = span(change["seconds_ago"].as_u64().unwrap_or_default());
            let stood = if change["up"] == true { "came up" } else { "went down" };
            lines.push(format!("      {stood} {ago} ago"));
        }
    }
    let ago = status["asked_us_seconds_ago"].as_u64();
    match (status["teams"] == true, ago) {
        (true, None) => lines.push(format!("  Teams has not asked us whether we are there; {ASK_TODO}")),
        (true, Some(ago)) if ago > LONGEST_UNASKED_S => {
            lines.push(format!("  Teams last asked us {} ago; {ASK_TODO}", span(ago)));
        }
        (true, Some(ago)) => lines.push(format!("  Teams last asked us {} ago", span(ago))),
        (false, Some(ago)) => lines.push(format!("  it last asked us {} ago", span(ago))),
        (false, None) => {}
    }
    for answer in status["answers"].as_array().into_iter().flatten() {
        let sub = answer["sub_code"].as_u64().map_or(String::new(), |sub| format!("/{sub}"));
        let (times, ago) = (&answer["times"], span(answer["seconds_ago"].as_u64().unwrap_or_default()));
        let (what, todo) = (text(&answer["what"]), text(&answer["todo"]));
        lines.push(format!("  refused with {}{sub}, {times} times, last {ago} ago: {what}", answer["code"]));
        if !todo.is_empty() {
            lines.push(format!("      {todo}"));
        }
    }
    (lines, healthy)
}

/// Why nothing gets to a far end, and what to do.
fn unreached(cause: &str) -> &'static str {
    match cause {
        "name-unknown" => {
            "the DNS knows no address for this name: compare it with the carrier's, and see that it has a record"
        }
        "name-unanswered" => {
            "the DNS does not answer: see that the name servers in /etc/resolv.conf are right and that this machine reaches them"
        }
        "refused" => {
            "nothing listens there, the connection (TCP) is refused: compare the port and the transport with the carrier's, and \
             see that the far end runs"
        }
        "no-route" => {
            "no way leads to its network: look at the address, and at the routes and the firewall of this machine"
        }
        "connect-timeout" => {
            "it does not take connections (TCP): look at the address, and see that a firewall there lets ours in"
        }
        "handshake-timeout" => {
            "it takes the connection and does not finish the handshake of TLS: see that TLS is spoken at this port, and that no \
             firewall holds its answer back"
        }
        "tls" => {
            "no secure connection: see that the certificate there is for this name and from an authority that is trusted here, \
             and that ours holds (switchroom check). TLS said: "
        }
        _ => {
            "it closes the connection before it says anything: compare the transport with the carrier's, and ask whether our \
             address is allowed there"
        }
    }
}

/// What the last answer of a far end means, and what to do.
fn meaning(up: bool, said: Option<u64>) -> String {
    let Some(code) = said else { return "nothing was asked of it yet".into() };
    if up {
        return "calls go there".into();
    }
    match code {
        408 => "it does not answer (408): check the address, that the far end runs, and that no firewall stands between".into(),
        401 | 407 => format!("it refuses who we say we are ({code}): compare user name and password with the carrier's"),
        403 | 603 => format!("it knows us and refuses ({code}): ask whether our address or account is allowed there"),
        404 | 405 | 484 => format!("it does not know what we ask for ({code}): compare host and domain with the carrier's"),
        480 | 486 | 503 => format!("it is too busy or being serviced ({code}): we ask again; if it lasts, ask the carrier"),
        500..=599 => format!("it has a fault of its own ({code}): tell the carrier, with the time and this number"),
        _ => format!("it answered {code}"),
    }
}

/// A span of time, as people say it.
fn span(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(status: &Value) -> (String, bool) {
        let (lines, healthy) = told(status);
        (lines.join("\n"), healthy)
    }

    #[test]
    fn what_is_not_well_is_said_with_since_when_and_what_to_do() {
        let end = |up: bool, code: Value| json!({"host": "a.test:5061", "up": up, "for_seconds": 200, "said": code, "history": []});
        let trunk = |ends: Value| json!({"trunk": "t", "registered": null, "calls": 2, "far_ends": ends, "answers": []});
        let (text, healthy) = said(&trunk(json!([end(true, json!(200))])));
        assert!(healthy && text.contains("t: healthy; 2 calls") && text.contains("up for 3 min"), "{text}");
        let (text, healthy) = said(&trunk(json!([end(true, json!(200)), end(false, json!(503))])));
        assert!(!healthy && text.contains("t: partly down") && text.contains("ask the carrier"), "{text}");
        let (text, healthy) = said(&trunk(json!([end(false, json!(408))])));
        assert!(!healthy && text.contains("t: down") && text.contains("firewall"), "{text}");
        let mut refuses = end(true, json!(403));
        refuses["refuses"] = true.into();
        let (text, healthy) = said(&trunk(json!([refuses])));
        assert!(
            !healthy && text.contains("t: down") && text.contains("it knows us and refuses (403)"),
            "{text}"
        );
        let (text, healthy) = said(&trunk(json!([])));
        assert!(healthy && text.contains("only calls that come in"), "{text}");
        let mut broken = end(false, json!(503));
        broken["unreached"] = "tls".into();
        broken["why"] = "expired".into();
        assert!(said(&trunk(json!([broken]))).0.contains("TLS said: expired"));
        for (cause, part) in [
            ("name-unknown", "knows no address"),
            ("name-unanswered", "/etc/resolv.conf"),
            ("refused", "nothing listens"),
            ("no-route", "routes"),
            ("connect-timeout", "lets ours in"),
            ("handshake-timeout", "handshake of TLS"),
            ("broken", "before it says anything"),
        ] {
            let mut unreached = end(false, json!(503));
            unreached["unreached"] = cause.into();
            let text = said(&trunk(json!([unreached.clone()]))).0;
            assert!(text.contains(part) && !text.contains("ask the carrier"), "{text}");
            // Calls go there again, by another address.
            unreached["up"] = true.into();
            assert!(!said(&trunk(json!([unreached]))).0.contains(part));
        }
        let out = json!({"trunk": "t", "registered": false, "registration_refused": 403, "calls": 0, "far_ends": [], "answers": []});
        let (text, healthy) = said(&out);
        assert!(!healthy && text.contains("not registered") && text.contains("(403)"), "{text}");
        let answer = json!({"code": 403, "sub_code": 510_532, "times": 3, "seconds_ago": 60, "what": "unknown", "todo": "verify it"});
        let refused = json!({"trunk": "t", "calls": 0, "far_ends": [], "answers": [answer]});
        let text = said(&refused).0;
        assert!(
            text.contains("403/510532, 3 times, last 60 s ago: unknown") && text.contains("verify it"),
            "{text}"
        );
    }

    #[test]
    fn when_teams_asked_last_is_told_and_what_to_do_when_it_does_not() {
        let end = json!({"host": "h", "up": true, "refuses": false, "for_seconds": 5, "history": []});
        let trunk = |ago: Value| json!({"trunk": "t", "calls": 0, "far_ends": [end.clone()], "answers": [], "teams": true, "asked_us_seconds_ago": ago});
        for (ago, part, todo) in [
            (Value::Null, "has not asked us", true),
            (json!(40), "last asked us 40 s ago", false),
            (json!(301), "last asked us 5 min ago", true),
        ] {
            let (lines, healthy) = said(&trunk(ago));
            assert!(healthy && lines.contains(part) && lines.contains("SendSipOptions") == todo, "{lines}");
        }
        let other = json!({"trunk": "t", "calls": 0, "far_ends": [end], "answers": [], "teams": false, "asked_us_seconds_ago": null});
        assert!(!said(&other).0.contains("asked us"));
    }
}
