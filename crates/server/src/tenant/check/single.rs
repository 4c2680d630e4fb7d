//! What a schema cannot say of one object.

use crate::tenant::objects::{LEAST_AUDIT_DAYS, MOST_AFTER_CLOSING};
use crate::tenant::web::check_address;
use base64::Engine as _;
use serde_json::{Map, Value};
use teams::permissions::{Feature, Features, Profile};

/// How a `Pbx` can call.
const PBX_WAYS: [&str; 4] = ["address", "commportal", "ari", "esl"];

/// The domains of tenants that have none of their own: Teams takes no gateway that is named there.
pub const NOT_OWNED: &str = ".onmicrosoft.com";

/// Something wrong: JSON pointer of the part, and what.
type Fault = (String, String);

/// Everything that is wrong with an object that its schema found in order.
pub fn check(kind: &str, value: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    match kind {
        "Tenant" => {
            if is_true(value.get("newcomers")) && value.get("roles_from").is_none_or(|r| r != "microsoft") {
                let what = "newcomers get the roles of their token: set roles_from to microsoft";
                faults.push(("/newcomers".into(), what.into()));
            }
            let is_on = value.pointer("/features/address-allow-list").is_some_and(|on| on == true);
            let list = value.get("allowed_networks").and_then(Value::as_array);
            if is_on == list.is_none_or(Vec::is_empty) {
                let what = "address-allow-list under features and allowed_networks belong together";
                faults.push(("/allowed_networks".into(), what.into()));
            }
            let profile = value.get("profile").and_then(Value::as_str).and_then(Profile::named);
            let profile = profile.unwrap_or(Profile::ContactCenter);
            let features = value.get("features").and_then(Value::as_object);
            let switched = value.pointer("/features/bot").and_then(Value::as_bool);
            let has_bot = switched.unwrap_or_else(|| Features::of(profile).has(Feature::Bot));
            if value.get("teams_alerts").is_some_and(|id| !id.is_null()) && !has_bot {
                let what = "teams_alerts is told by the bot: switch the feature bot on";
                faults.push(("/teams_alerts".into(), what.into()));
            }
            for (name, on) in features.into_iter().flatten() {
                let Some(feature) = Feature::named(name) else { continue };
                let switched = Features::of(profile).switch(feature, on == &Value::Bool(true));
                faults.extend(switched.err().map(|what| (format!("/features/{name}"), what)));
            }
        }
        "Flow" => {
            sequence("/steps", value.get("steps"), &mut faults);
            for (name, steps) in value.get("branches").and_then(Value::as_object).into_iter().flatten() {
                sequence(&format!("/branches/{name}"), Some(steps), &mut faults);
            }
        }
        "Prompt" => prompt(value, &mut faults),
        "User" => user(value, &mut faults),
        "Trunk" => trunk(value, &mut faults),
        "SecureEntry" => {
            if let Some(pass) = value.get("pass") {
                web("/pass", pass, &mut faults);
            }
            if let Some([fewest, most]) = value.get("digits").and_then(Value::as_array).map(Vec::as_slice) {
                if fewest.as_u64() > most.as_u64() {
                    let what = format!("the fewest, {fewest}, are more than the most, {most}");
                    faults.push(("/digits".into(), what));
                }
            }
        }
        "LookUp" => {
            web("", value, &mut faults);
            if value.get("body").is_some_and(|b| !b.is_null())
                && value.get("method").is_none_or(|m| m != "post")
            {
                faults.push(("/body".into(), "only method: post has a body".into()));
            }
        }
        "Webhook" => web("", value, &mut faults),
        "Pbx" => telephone_system(value, &mut faults),
        "Retention" => retention(value, &mut faults),
        _ => {}
    }
    faults
}

fn telephone_system(value: &Value, faults: &mut Vec<Fault>) {
    let ways = PBX_WAYS.iter().filter(|w| !is_none(value.get(**w))).count();
    if ways != 1 {
        let what = format!("a telephone system has exactly one of {}", PBX_WAYS.join(", "));
        faults.push((String::new(), what));
    }
    if let Some(portal) = value.get("commportal").filter(|p| !p.is_null()) {
        web("/commportal", portal, faults);
        let signed = portal.get("sign_in").is_none_or(|s| s == "signed");
        for key in ["key_file", "key_id"] {
            let what = match (signed, is_none(portal.get(key))) {
                (true, true) => {
                    "the signed sign-in needs key_file and key_id; or sign_in: password, if the operator has no other"
                }
                (false, false) => "people sign in with their own passwords: leave key_file and key_id out",
                _ => continue,
            };
            faults.push((format!("/commportal/{key}"), what.into()));
        }
    }
    if let Some(ari) = value.get("ari").filter(|a| !a.is_null()) {
        web("/ari", ari, faults);
    }
    if ways == 1 {
        if let Ok(read) = serde_json::from_value::<crate::tenant::objects::Pbx>(without_names(value)) {
            faults.extend(crate::tenant::pbx::understand(&read).err());
        }
    }
}

// The fields of an object alone.
fn without_names(value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(o) = value.as_object_mut() {
        o.remove("kind");
        o.remove("id");
    }
    value
}

fn retention(value: &Value, faults: &mut Vec<Fault>) {
    let is_closing = value.get("class").is_some_and(|c| c == "closing");
    let days = value.get("days").and_then(Value::as_u64).unwrap_or(0);
    if is_closing && days > u64::from(MOST_AFTER_CLOSING) {
        let what = format!(
            "{days} days after the account ended are too many: Microsoft's question allows {MOST_AFTER_CLOSING} at most"
        );
        faults.push(("/days".into(), what));
    }
    let class = value.get("class").and_then(Value::as_str).unwrap_or_default();
    if class == "audit" && days < u64::from(LEAST_AUDIT_DAYS) {
        faults.push((
            "/days".into(),
            format!(
                "{days} days are too few for the audit log: it is kept for {LEAST_AUDIT_DAYS} at least, so that what somebody did is \
                 still there when the month is looked at"
            ),
        ));
    }
    if ["report", "config", "audit"].contains(&class) && !is_none(value.get("queue")) {
        faults.push(("/queue".into(), format!("a rule of class {class} is for the whole tenant")));
    }
    if is_closing && !is_none(value.get("queue")) {
        faults.push((
            "/queue".into(),
            "what happens after the account ended is the same for all queues".into(),
        ));
    }
}

fn is_true(value: Option<&Value>) -> bool {
    value == Some(&Value::Bool(true))
}

fn is_none(value: Option<&Value>) -> bool {
    value.is_none_or(Value::is_null)
}

fn sequence(place: &str, steps: Option<&Value>, faults: &mut Vec<Fault>) {
    for (n, step) in steps.and_then(Value::as_array).into_iter().flatten().enumerate() {
        if ["answer", "hang-up"].iter().any(|k| step.get(k) == Some(&Value::Bool(false))) {
            faults
                .push((format!("{place}/{n}"), "answer and hang-up are true, or leave the step out".into()));
        }
    }
}

fn prompt(value: &Value, faults: &mut Vec<Fault>) {
    let Some(o) = value.as_object() else { return };
    let languages = o.get("languages").and_then(Value::as_object);
    let sources = sound("", o, faults);
    if sources > 1 || (sources == 0 && languages.is_none()) {
        let what = "a prompt has exactly one of file, tone and music, or languages";
        faults.push((String::new(), what.into()));
    }
    for (language, spoken) in languages.into_iter().flatten() {
        let place = format!("/languages/{language}");
        let Some(o) = spoken.as_object() else { continue };
        if sound(&place, o, faults) != 1 {
            faults.push((place, "has exactly one of file, tone and music".into()));
        }
    }
}

// How many sources a sound has.
fn sound(place: &str, o: &Map<String, Value>, faults: &mut Vec<Fault>) -> usize {
    if o.get("file").is_some() {
        let what = "a file can only be named in a folder of tenant files: send the sound as wav, in base64";
        faults.push((format!("{place}/file"), what.into()));
    }
    if o.get("music") == Some(&Value::Bool(false)) {
        faults.push((format!("{place}/music"), "music is true, or leave it out".into()));
    }
    if let Some(what) = o.get("wav").and_then(Value::as_str).and_then(wrong_wav) {
        faults.push((format!("{place}/wav"), what));
    }
    ["file", "wav", "tone", "music"].iter().filter(|k| !is_none(o.get(**k))).count()
}

fn wrong_wav(wav: &str) -> Option<String> {
    let Ok(bytes) = base64::engine::general_purpose::STANDARD.decode(wav) else {
        return Some("is not base64".into());
    };
    let sound = match media::wav::read(&bytes) {
        Ok(sound) => sound,
        Err(e) => return Some(e.to_string()),
    };
    let seconds = sound.samples.len() as u64 / u64::from(sound.rate.max(1));
    (seconds > 600).then(|| "is longer than 10 minutes".into())
}

fn user(value: &Value, faults: &mut Vec<Fault>) {
    // Without a phone an agent is rung in the browser.
    let (phone, registers) = (value.get("phone"), value.get("registers"));
    if !is_none(phone) && !is_none(registers) {
        let what = "the phone is at a fixed address already: keep phone or registers";
        faults.push(("/registers".into(), what.into()));
    }
    let teams = value.get("teams_number");
    if is_none(phone) && is_none(registers) && is_none(teams) && !is_none(value.get("number")) {
        let what = "whoever has a number needs a phone that rings: phone, registers or teams_number";
        faults.push(("/number".into(), what.into()));
    }
    if let Some(registers) = registers.filter(|r| !r.is_null()) {
        one_password("/registers", registers, faults);
    }
}

fn trunk(value: &Value, faults: &mut Vec<Fault>) {
    let mut say = |place: &str, what: &str| faults.push((place.into(), what.into()));
    let there = |key: &str| !is_none(value.get(key));
    let some = |key: &str| value.get(key).and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    let ways = there("address") || some("proxies") || there("registration") || there("teams");
    for key in ["address", "proxies", "registration", "credentials"] {
        let said = if key == "proxies" { some(key) } else { there(key) };
        if there("teams") && said {
            say(
                &format!("/{key}"),
                "calls go to the hosts of Teams: leave it out, or name hosts in teams.hosts",
            );
        }
    }
    let teams = |key: &str| value.get("teams").and_then(|t| t.get(key)).and_then(Value::as_str);
    if let (Some(fqdn), Some(carrier)) = (teams("fqdn"), teams("carrier_fqdn")) {
        let (fqdn, end) = (fqdn.to_ascii_lowercase(), format!(".{}", carrier.to_ascii_lowercase()));
        if !fqdn.ends_with(&end) {
            say(
                "/teams/carrier_fqdn",
                "the name of the carrier's gateway is the end of fqdn, behind a point",
            );
        }
    }
    for key in ["fqdn", "carrier_fqdn"] {
        if teams(key).is_some_and(|name| name.to_ascii_lowercase().ends_with(NOT_OWNED)) {
            let what = "Teams takes no gateway there: use a verified domain of your own";
            say(&format!("/teams/{key}"), what);
        }
    }
    let port = value.pointer("/teams/port").and_then(Value::as_u64);
    if port.is_some_and(|port| port != 5061) && teams("cloud").is_some_and(|cloud| cloud != "worldwide") {
        say("/teams/port", "this cloud reaches gateways at port 5061 alone");
    }
    for key in ["outbound", "emergency"] {
        if is_true(value.get(key)) && !ways {
            let what = "calls to the outside need proxies, as [\"sip.carrier.example\"], an address or a registration";
            say(&format!("/{key}"), what);
        }
    }
    if there("address") && some("proxies") {
        say("/address", "calls go to proxies: put this address there, or keep it and leave proxies out");
    }
    if !some("networks") && !ways {
        say("", "no call comes from here and none goes there: give networks, proxies or a registration");
    }
    let fixed = value.pointer("/caller_id/policy").is_some_and(|p| p == "fixed");
    if fixed && is_none(value.pointer("/caller_id/number")) {
        say("/caller_id/policy", "a fixed number must be said: give caller_id.number");
    }
    if there("registration") && !there("credentials") {
        say("/registration", "whoever registers needs credentials: user and password_file or password_env");
    }
    if there("realm") && !there("credentials") {
        say("/realm", "a realm is for credentials: give user and password_file or password_env");
    }
    let codecs: Vec<&Value> = value.get("codecs").and_then(Value::as_array).into_iter().flatten().collect();
    for (n, codec) in codecs.iter().enumerate() {
        if codecs.iter().take(n).any(|above| above == codec) {
            say(&format!("/codecs/{n}"), "stands here twice");
        }
    }
    if let Some(credentials) = value.get("credentials").filter(|c| !c.is_null()) {
        one_password("/credentials", credentials, faults);
    }
}

fn one_password(place: &str, credentials: &Value, faults: &mut Vec<Fault>) {
    if is_none(credentials.get("password_file")) == is_none(credentials.get("password_env")) {
        faults.push((place.into(), "has exactly one of password_file and password_env".into()));
    }
}

// An address of another system, and what is sent beside.
fn web(place: &str, value: &Value, faults: &mut Vec<Fault>) {
    let private = is_true(value.get("allow_private"));
    if let Some(Err(what)) = value.get("url").and_then(Value::as_str).map(|url| check_address(url, private)) {
        faults.push((format!("{place}/url"), what));
    }
    for (n, header) in value.get("headers").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let place = format!("{place}/headers/{n}");
        if is_none(header.get("value")) == is_none(header.get("secret_file")) {
            faults.push((place, "has exactly one of value and secret_file".into()));
        } else if header
            .get("value")
            .and_then(Value::as_str)
            .is_some_and(|v| v.bytes().any(|c| !(32..127).contains(&c)))
        {
            faults.push((format!("{place}/value"), "has only letters, digits and signs of ASCII".into()));
        }
    }
}
