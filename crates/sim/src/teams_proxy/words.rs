//! What the proxy is told and says, and what whoever plays the people has to know.

use std::net::{IpAddr, SocketAddr};

/// One call of a Teams user. Never used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TeamsCall(pub(super) u64);

/// A tenant of Teams, as far as telephony knows it.
#[derive(Clone, Debug)]
pub struct TeamsTenant {
    /// A domain that it verified.
    pub domain: String,
    /// Numbers of its users: `+` and digits.
    pub numbers: Vec<String>,
}

/// What there is.
#[derive(Clone, Debug)]
pub struct TeamsSettings {
    /// Names of its machines, in the order in which they are to be called.
    pub hosts: Vec<String>,
    /// Who has telephony.
    pub tenants: Vec<TeamsTenant>,
    /// Where its audio is.
    pub media_ip: IpAddr,
    /// Where chance comes from.
    pub seed: u64,
}

/// What happened.
pub enum TeamsInput<'a> {
    /// A connection is open, and its far end proved these names.
    Opened {
        /// Its number.
        connection: u64,
        /// Which machine has it.
        host: usize,
        /// Whether that machine opened it.
        ours: bool,
        /// What the far end's certificate is for.
        names: Vec<String>,
    },
    /// A whole message came.
    Received {
        /// On which connection.
        connection: u64,
        /// All of it.
        bytes: &'a [u8],
    },
    /// A connection is gone.
    Closed {
        /// Which.
        connection: u64,
    },
    /// A datagram came on a media socket.
    Rtp {
        /// The port it came to; an odd one carries RTCP.
        port: u16,
        /// Where it came from.
        from: SocketAddr,
        /// All of it.
        bytes: &'a [u8],
    },
    /// Time passed.
    Tick,
}

/// What is to be sent.
pub enum TeamsOutput {
    /// An answer, on the connection of its request.
    Answer {
        /// Which.
        connection: u64,
        /// All of it.
        bytes: Vec<u8>,
    },
    /// A request, on a connection that the machine opened to a border controller, or opens now.
    Request {
        /// Which machine.
        host: usize,
        /// The border controller's name.
        to: String,
        /// Not on a connection that is open already.
        fresh: bool,
        /// All of it.
        bytes: Vec<u8>,
    },
    /// A datagram from a media socket.
    Rtp {
        /// The port to send it from.
        port: u16,
        /// Where to.
        to: SocketAddr,
        /// All of it.
        bytes: Vec<u8>,
    },
}

/// What whoever plays the people has to know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TeamsEvent {
    /// A border controller asked a machine whether it is there, as it should.
    Asked {
        /// Which machine.
        host: usize,
        /// Who asked.
        by: String,
    },
    /// A border controller answered our OPTIONS.
    Answers {
        /// Which machine had asked.
        host: usize,
        /// With which code.
        code: u16,
    },
    /// A user is called: ring, answer or refuse.
    Offered {
        /// The new call.
        call: TeamsCall,
        /// At which machine.
        host: usize,
        /// The number that is called.
        number: String,
        /// The user part of who calls.
        from: String,
    },
    /// Our call rings, or has early audio.
    Rings {
        /// Which.
        call: TeamsCall,
        /// 180, 183 and their like.
        code: u16,
    },
    /// The call is up.
    Up {
        /// Which.
        call: TeamsCall,
    },
    /// Our call or request was refused.
    Refused {
        /// Which.
        call: TeamsCall,
        /// With which code.
        code: u16,
    },
    /// The call is over: the border controller hung up, gave up, or took our BYE.
    Over {
        /// Which.
        call: TeamsCall,
    },
    /// The border controller said that the call goes on, or changed its session.
    Refreshed {
        /// Which.
        call: TeamsCall,
    },
    /// The border controller agreed to a change of the session.
    Changed {
        /// Which.
        call: TeamsCall,
    },
    /// What became of a transfer: 202 at first, then what the NOTIFYs say.
    Transfer {
        /// Which.
        call: TeamsCall,
        /// The code.
        code: u16,
    },
    /// A border controller broke a rule. Whatever it was is refused where it can be.
    Broken {
        /// What was wrong, without any number or name in it.
        rule: &'static str,
    },
}
