//! Calls that are not taken: what the far end is told of why.

use crate::adapt::switch::{Now, Switch};

/// After how many seconds a caller may try again who was refused because nothing can be begun just now.
const TRY_AGAIN_S: u32 = 5;

impl Switch {
    /// Refuses a call of somebody known, with the usual phrase and the cause in the words of the telephone network.
    pub(super) fn refuse_call(&mut self, now: Now, call: sip::CallId, code: u16) {
        self.refuse_saying(now, call, code, "");
    }

    /// [`Switch::refuse_call`] with a sentence for people, which stands in a Warning: some telephones show it.
    pub(super) fn refuse_saying(&mut self, now: Now, call: sip::CallId, code: u16, why: &str) {
        let mut lines = sip::reason_line(sip::cause_of_status(code));
        if code == 503 {
            lines.push_str(&format!("Retry-After: {TRY_AGAIN_S}\r\n"));
        }
        if !why.is_empty() {
            lines.push_str(&sip::warning_line(&self.host.to_string(), why));
        }
        self.endpoint.reject_with(now.sip(), call, code, "", &lines);
    }

    /// Tells a caller what the far end said that the call went on to. It is not we who have too much to do: nobody is asked
    /// to leave us alone for a while.
    pub(super) fn say_on(&mut self, now: Now, call: sip::CallId, code: u16) {
        let lines = sip::reason_line(sip::cause_of_status(code));
        self.endpoint.reject_with(now.sip(), call, code, "", &lines);
    }
}
