//! Why somebody is not called: a sentence for whoever runs the server or writes a program, and beside it a word by which the
//! tab and the bot say it in people's own language.

use crate::connector::dial::NotAllowed;
use crate::connector::line::NoLine;
use crate::connector::system::NotTried;
use crate::http::actions::refused;
use crate::http::problem::Problem;
use crate::tenant::pbx::PbxRule;
use axum::http::StatusCode;
use pbx::Begin;
use pbx::line::PassFault;
use teams::bot::WhyNot;

/// A call cannot have this name.
pub(super) fn no_correlation() -> Problem {
    let what = "correlation has 8 to 64 letters, digits, - and _";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what).because(WhyNot::Correlation)
}

/// What a repeated or impossible request is told. Nothing for one that is new.
pub(super) fn told(begin: Begin) -> Option<Problem> {
    let (status, what, why) = match begin {
        Begin::New | Begin::Same => return None,
        Begin::Other => (
            StatusCode::CONFLICT,
            "this correlation was used for a call to somebody else: choose another",
            WhyNot::CorrelationUsed,
        ),
        Begin::Busy => (
            StatusCode::CONFLICT,
            "a call of this person is being set up: wait until it is over, or hang it up",
            WhyNot::BeingSetUp,
        ),
        Begin::TooOften => return Some(slow_down("this person asked for too many calls: wait a minute")),
        Begin::Full => (
            StatusCode::SERVICE_UNAVAILABLE,
            "too many calls are being set up: try again soon",
            WhyNot::CallsFull,
        ),
    };
    Some(Problem::new(status, what).because(why))
}

/// Somebody asks too often.
pub(super) fn slow_down(what: &str) -> Problem {
    let slow = Problem::new(StatusCode::TOO_MANY_REQUESTS, what).because(WhyNot::SlowDown);
    Problem { retry_after: Some(60), ..slow }
}

/// Our own trunks ring users only.
pub(super) fn no_phone_here() -> Problem {
    let what = "this person is no user here, so no telephone of theirs is known: call through another telephone system";
    Problem::new(StatusCode::FORBIDDEN, what).because(WhyNot::NoPhone)
}

/// A softphone is given digits only.
pub(super) fn not_dialable() -> Problem {
    let what = "a softphone is given digits only, with or without +";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what).because(WhyNot::NotDialable)
}

/// Why it is not known whose telephone would ring.
pub(super) fn no_line(why: NoLine, rule: &PbxRule) -> Problem {
    let (status, what) = match why {
        NoLine::Missing if rule.wants_password() => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "it is not known which line is this person's there: send it as line, with its password",
        ),
        NoLine::Missing => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "it is not known which line is this person's there: open the line pass that an administrator gave you",
        ),
        NoLine::Implausible => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "this is no line: it has at most 32 letters, digits and + * # . _ -",
        ),
        NoLine::Unproven => (
            StatusCode::FORBIDDEN,
            "nobody names a line at this telephone system: it would ring whoever has it. A line pass says which is whose",
        ),
        NoLine::Pass(PassFault::Unreadable) => {
            (StatusCode::FORBIDDEN, "this line pass was not made here, or was changed: ask for a new one")
        }
        NoLine::Pass(PassFault::Another) => {
            (StatusCode::FORBIDDEN, "this line pass is for somebody else, or for another telephone system")
        }
        NoLine::Pass(PassFault::TooOld) => {
            (StatusCode::FORBIDDEN, "line passes of that age count no longer: ask for a new one")
        }
    };
    Problem::new(status, what).because(WhyNot::Line)
}

/// Why another telephone system is not even asked.
pub(super) fn not_tried(why: NotTried) -> Problem {
    let (status, what, why) = match why {
        NotTried::ShareFull(share) => {
            let what = format!(
                "this tenant carries {share} calls through other telephone systems, and no more are free for all others: wait until one is over, or have the operator raise dial.calls"
            );
            return Problem::new(StatusCode::SERVICE_UNAVAILABLE, what).because(WhyNot::ShareFull);
        }
        NotTried::NoPassword => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "this telephone system wants the person's own password: send it as password",
            WhyNot::PbxPassword,
        ),
        NotTried::LockedOut => (
            StatusCode::FORBIDDEN,
            "this telephone system refused this sign-in, and trying again could lock the account: sign in there yourself, or wait half an hour",
            WhyNot::PbxRefused,
        ),
        NotTried::NoNumber => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "a line there, or this number, has signs that a telephone cannot dial",
            WhyNot::NotDialable,
        ),
        NotTried::TooOften => return slow_down("this was asked too often: wait a minute"),
        NotTried::Full => (
            StatusCode::SERVICE_UNAVAILABLE,
            "as many calls are carried as dial.calls allows: try again soon",
            WhyNot::CallsFull,
        ),
        NotTried::NoKey(why) => {
            tracing::warn!(event = "pbx_key", why, "a telephone system cannot be signed in at");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "the key that signs people in at this telephone system cannot be read: the log says why",
                WhyNot::PbxKey,
            )
        }
    };
    Problem::new(status, what).because(why)
}

/// Why a number may not be called, or nobody by this person.
pub(super) fn not_allowed(why: NotAllowed) -> Problem {
    match why {
        NotAllowed::Number(why) => refused(why),
        NotAllowed::Nobody => Problem::new(
            StatusCode::FORBIDDEN,
            "this person may not call outside: may_dial of the user is false",
        )
        .because(WhyNot::NoRight),
    }
}
