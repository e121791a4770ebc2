//! A limit for the size of a reply.
//!
//! A command that reads much, or the same thing many times, asks before each element of its reply
//! whether there is room for it. So a reply that no client would be sent is never built. Commands
//! that take away what they reply with ask before they take anything away.

use crate::{ErrorReply, Reply};

/// The bytes left for the reply to the current command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReplyBudget {
    left: usize,
    is_exceeded: bool,
}

impl ReplyBudget {
    /// The default limit, by [`Reply::size`]. A connection can set another one.
    pub(crate) const DEFAULT: usize = 256 << 20;

    /// A budget of this many bytes.
    pub(crate) const fn new(bytes: usize) -> ReplyBudget {
        ReplyBudget { left: bytes, is_exceeded: false }
    }

    /// Takes bytes off the budget.
    ///
    /// # Errors
    /// If the budget is exceeded. It is empty from then on.
    pub(crate) fn take(&mut self, bytes: usize) -> Result<(), ErrorReply> {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                *self = ReplyBudget { left: 0, is_exceeded: true };
                Err(ErrorReply::from_static("ERR the reply is too large"))
            }
        }
    }

    /// Looks whether there is room for an array of at least so many elements, and takes nothing.
    ///
    /// # Errors
    /// If there is none; from then on there is none for anything.
    pub(crate) fn expect(&mut self, elements: usize) -> Result<(), ErrorReply> {
        let bytes = elements.saturating_mul(Reply::ELEMENT_BYTES);
        if bytes > self.left { self.take(bytes) } else { Ok(()) }
    }

    /// An array of these replies, which are asked for one by one. None is asked for if it is known
    /// that there are more of them than there is room for.
    ///
    /// # Errors
    /// If the budget is exceeded.
    pub(crate) fn array(
        &mut self,
        replies: impl IntoIterator<Item = Reply>,
    ) -> Result<Reply, ErrorReply> {
        self.take(Reply::ELEMENT_BYTES)?;
        let replies = replies.into_iter();
        let expected = replies.size_hint().0;
        self.expect(expected)?;
        let mut array = Vec::with_capacity(expected);
        for reply in replies {
            self.take(reply.size())?;
            array.push(reply);
        }
        Ok(Reply::Array(array))
    }

    /// Whether the budget was exceeded, so that a reply was dropped.
    pub(crate) const fn is_exceeded(self) -> bool {
        self.is_exceeded
    }
}

impl Default for ReplyBudget {
    fn default() -> ReplyBudget {
        ReplyBudget::new(ReplyBudget::DEFAULT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_element_is_made_that_there_is_no_room_for() {
        let mut budget = ReplyBudget::new(4 * Reply::ELEMENT_BYTES);
        let mut made = 0;
        let unforeseen = (0..1_000).filter(|_| true).map(|_| {
            made += 1;
            Reply::Nil
        });
        assert!(budget.array(unforeseen).is_err());
        assert_eq!(made, 4);
        assert!(budget.is_exceeded());
        assert!(budget.take(1).is_err());
    }

    #[test]
    fn of_too_many_elements_none_is_made() {
        let mut budget = ReplyBudget::new(100 * Reply::ELEMENT_BYTES);
        let made = std::iter::repeat_with(|| panic!("there is no room for it"));
        assert!(budget.array(made.take(1_000_000)).is_err());
        assert!(budget.is_exceeded());
    }

    #[test]
    fn a_reply_takes_its_size() {
        let replies = [Reply::Integer(1), Reply::Bulk("abc".into())];
        let mut budget = ReplyBudget::new(1_000);
        let array = budget.array(replies).unwrap();
        assert_eq!(array.size(), 3 * Reply::ELEMENT_BYTES + 3);
        assert!(budget.take(1_000 - array.size()).is_ok());
        assert!(budget.take(1).is_err());
    }
}
