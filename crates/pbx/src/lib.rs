//! Speaks PBX: builds requests to a company's own telephone system (CommPortal, Asterisk ARI, FreeSWITCH event
//! socket) and reads its replies.
//!
//! This room never owns an HTTP client, opens a socket or reads a clock: `server` carries what it builds.
//! No dial port is offered yet, so it is empty on purpose; its place in the map is held by the layering test.
#![forbid(unsafe_code)]
