//! A limit for the size of a reply.
//!
//! A command whose reply can be larger than the data takes from the budget before it adds an
//! element. So a reply that is too large to send is never built. Commands that remove the data that
//! they return need no budget.

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

    /// An array of these replies, which are consumed one by one.
    ///
    /// # Errors
    /// If the budget is exceeded.
    pub(crate) fn array(
        &mut self,
        replies: impl IntoIterator<Item = Reply>,
    ) -> Result<Reply, ErrorReply> {
        self.take(Reply::ELEMENT_BYTES)?;
        let replies = replies.into_iter();
        let expected = replies.size_hint().0.min(self.left / Reply::ELEMENT_BYTES);
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
        let endless = std::iter::repeat_with(|| {
            made += 1;
            Reply::Nil
        });
        assert!(budget.array(endless).is_err());
        assert_eq!(made, 4);
        assert!(budget.is_exceeded());
        assert!(budget.take(1).is_err());
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
