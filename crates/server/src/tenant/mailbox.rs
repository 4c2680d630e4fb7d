//! Numbers of voicemail boxes. Queues and users are counted each for themselves, a box's number tells them apart.

use engine::MailboxId;

/// Whose a box is: the number of that object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A queue's.
    Queue(u32),
    /// A user's.
    User(u32),
}

/// The box of the queue of this number.
pub fn of_queue(queue: u32) -> MailboxId {
    MailboxId(queue.wrapping_mul(2))
}

/// The box of the user of this number.
pub fn of_user(user: u32) -> MailboxId {
    MailboxId(user.wrapping_mul(2).wrapping_add(1))
}

/// Whose box it is.
pub fn owner(mailbox: MailboxId) -> Owner {
    if mailbox.0.is_multiple_of(2) { Owner::Queue(mailbox.0 / 2) } else { Owner::User(mailbox.0 / 2) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_of_queues_and_users_differ() {
        for n in [0, 1, 7, 1_000_000] {
            assert_eq!(owner(of_queue(n)), Owner::Queue(n));
            assert_eq!(owner(of_user(n)), Owner::User(n));
        }
    }
}
