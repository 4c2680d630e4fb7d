//! What answers of Microsoft Teams to calls mean, for whoever looks after a trunk: SIP code and Microsoft's own sub-code.
//!
//! A sub-code that begins with 560 means that the answer was made by the session border controller, that is by us; all
//! others are Microsoft's.

/// What a pair of codes means, and what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meant {
    /// What happened.
    pub what: &'static str,
    /// What to do; empty where nothing is to be done.
    pub todo: &'static str,
}

/// Sub-code, what it means, and what to do. A sub-code stands for one meaning, whatever code it comes with.
const SUB_CODES: [(u32, &str, &str); 30] = [
    (540_400, "Teams could not read the message", "report this with the log of the call"),
    (
        510_532,
        "the name in Contact is not known in the Microsoft tenant",
        "check teams.fqdn against the gateway's name, and that its domain is verified there and has a licensed user",
    ),
    (510_534, "the caller is blocked in the Microsoft tenant", "look at its blocked numbers"),
    (
        510_560,
        "the user has no Enterprise Voice",
        "give the user a Teams Phone licence and turn Enterprise Voice on",
    ),
    (
        510_562,
        "the user may not call this number",
        "look at the dialling permissions in the Teams admin centre",
    ),
    (
        510_563,
        "the user may not call this number",
        "look at the dialling permissions in the Teams admin centre",
    ),
    (510_559, "no voice route matches the number", "add a voice route, and its usage to the user's policy"),
    (10_199, "private calling is off for the user", "turn on making private calls in the calling policy"),
    (
        10_500,
        "location-based routing forbids the call",
        "compare the sites of user and gateway, or turn it off for them",
    ),
    (10_553, "a recorder that a policy demands could not join", "look at the compliance recording policy"),
    (
        511_404,
        "nobody in the Microsoft tenant has this number",
        "assign it in E.164 form, with + and country code",
    ),
    (10_202, "the call that was to be replaced is over", ""),
    (500_001, "no answer came within Teams' own time", ""),
    (
        1_106,
        "Teams never got the ACK of its 200",
        "see that Contact and TLS lead to this server, from all of Microsoft's networks",
    ),
    (510_412, "Teams cannot read the number", "send numbers in E.164 form: look at outbound_rules"),
    (
        540_415,
        "Teams does not take this body, or misses a session description",
        "report this with the log of the call",
    ),
    (10_037, "the user has no client that is signed in", ""),
    (10_140, "the resource account is not provisioned", "wait for a day, then assign its number anew"),
    (10_191, "voicemail is off for the user", ""),
    (531_000, "there is no codec in common, or no SRTP", "offer g722, pcma and pcmu: look at codecs"),
    (
        531_027,
        "Teams expects ICE, for media bypass",
        "set ice: true at the trunk, or turn media bypass off for this gateway",
    ),
    (510_482, "the call came round in a circle", "look at voice routes and at number rules of this server"),
    (
        510_544,
        "the Microsoft tenant has no gateway for this call",
        "enable the gateway (Enabled), and look at its route",
    ),
    (
        569_002,
        "Teams could not open TLS to us: our certificate has not the right usage",
        "get one for servers, and for clients if that is to be had",
    ),
    (
        569_003,
        "Teams could not open TLS to us: our certificate has expired",
        "put a new one in place of sip.tls_cert",
    ),
    (
        569_008,
        "Teams could not open TLS to us: it does not trust our root",
        "use an authority of Microsoft's trusted root programme, and send the whole chain",
    ),
    (569_009, "Teams could not connect to us", "open the signalling port to Microsoft's networks"),
    (549_002, "Teams could not connect to us", "open the signalling port to Microsoft's networks"),
    (10_201, "the call was transferred away", ""),
    (10_003, "the call was declined", ""),
];

/// The smallest number that can be a sub-code of Microsoft's: shorter ones are SIP codes and Q.850 causes.
const SMALLEST: u32 = 1_000;
/// And the largest.
const LARGEST: u32 = 999_999;

/// What an answer means. `numbers` are those that stand beside its code. A sub-code that has no words here is told all the
/// same, for it can be looked up at Microsoft.
pub fn meant(code: u16, numbers: &[u32]) -> (Option<u32>, Meant) {
    let listed = |sub: u32| SUB_CODES.iter().find(|(n, ..)| *n == sub);
    if let Some((sub, what, todo)) = numbers.iter().find_map(|n| listed(*n)) {
        return (Some(*sub), Meant { what, todo });
    }
    // Sub-codes of six digits that begin so are made of a code of ours.
    if let Some(ours) = numbers.iter().find(|n| (560_300..560_700).contains(*n)) {
        let what = "this server refused the call, for the reason that the last three digits say";
        return (Some(*ours), Meant { what, todo: "look at the call here" });
    }
    let unknown = numbers.iter().copied().find(|n| (SMALLEST..=LARGEST).contains(n));
    // Whoever says a sub-code answered: only a 408 without any is one that nobody sent.
    if let (408, Some(sub)) = (code, unknown.or(numbers.iter().copied().find(|n| *n == 0))) {
        return (Some(sub), Meant { what: "the user's client did not answer Teams in time", todo: "" });
    }
    let of = |sub| listed(sub).map_or(("refused", ""), |(_, what, todo)| (*what, *todo));
    let (what, todo) = match code {
        400 => of(540_400),
        401..=403 => (
            "Teams refuses this gateway, or the call",
            "check teams.fqdn, the certificate and the gateway in the Teams admin centre",
        ),
        404 => of(511_404),
        408 => {
            ("no answer came in time", "see that port 5061 of Microsoft's networks can be reached from here")
        }
        410 | 412 | 484 => of(510_412),
        415 => of(540_415),
        480 => ("the user cannot be reached at present", ""),
        486 | 600 => ("the user is busy", ""),
        487 => ("the caller gave up", ""),
        488 | 606 => ("there is no audio in common", "offer g722, pcma and pcmu: look at codecs"),
        500 => ("Teams has no way for the call", "look at voice routes, and whether the gateway is enabled"),
        503 => ("the data centre is busy or cannot be reached; the next host is tried", ""),
        504 => ("Teams could not open TLS or TCP to us", "check certificate, chain and firewall"),
        603 => ("the user declined; nobody else is asked", ""),
        200..300 => ("answered", ""),
        _ => ("refused", "look the sub-code up at Microsoft, or report this with the log of the call"),
    };
    (unknown, Meant { what, todo })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sub_code_says_more_than_the_code() {
        let cases: [(u16, &[u32], Option<u32>, &str); 12] = [
            (403, &[63, 510_532], Some(510_532), "Contact"),
            (488, &[531_027], Some(531_027), "ICE"),
            (403, &[560_403], Some(560_403), "this server"),
            (404, &[], None, "number"),
            (408, &[0, 8, 1_106], Some(1_106), "ACK"),
            (603, &[0], None, "declined"),
            (408, &[0], Some(0), "client"),
            (408, &[], None, "no answer"),
            (408, &[8, 123_456], Some(123_456), "client"),
            (484, &[28], None, "number"),
            (415, &[], None, "body"),
            (403, &[63, 510_999], Some(510_999), "gateway"),
        ];
        for (code, numbers, sub, word) in cases {
            let (found, meant) = meant(code, numbers);
            assert_eq!(found, sub, "{code}");
            assert!(meant.what.contains(word), "{code}: {}", meant.what);
        }
    }
}
