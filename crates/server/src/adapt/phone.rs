//! Browsers that are agents' phones, as the switch and the media threads name them to each other.

use media::browser::OfferError;

/// A browser that is the phone of an agent. The number stays when the page is loaded anew.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct PhoneId(pub u64);

/// What became of a browser's connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PhoneReport {
    /// Whose.
    pub phone: PhoneId,
    /// Which connection: each time the page is loaded there is another.
    pub edition: u32,
    /// What.
    pub what: PhoneState,
}

/// How a browser's connection stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PhoneState {
    /// Audio can flow.
    Here,
    /// Nothing came from it for [`media::browser::GONE_AFTER`].
    Gone,
    /// It is over for good.
    Over,
}

/// Takes the answer to a later offer of a page.
pub type Reply = Box<dyn FnOnce(Result<String, OfferError>) + Send>;
