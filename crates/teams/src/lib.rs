//! Speaks Microsoft: builds requests to Graph, the Bot Connector and Entra ID, and reads their replies.
//!
//! This room never owns an HTTP client, opens a socket or reads a clock: `server` carries what it builds.
//! It holds the operations that the product performs; today there are none, so it asks Microsoft for nothing.
#![forbid(unsafe_code)]
