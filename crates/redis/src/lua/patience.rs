//! How long a script may take where time is real.
//!
//! Its units end a script that does too much by itself, but a command that it calls can take long
//! for few of them. In a simulated world that only takes long to simulate; a server whose clients
//! wait can say when it has been long enough.

use std::cell::RefCell;

type Enough = Box<dyn Fn() -> bool>;

thread_local! {
    static ENOUGH: RefCell<Option<Enough>> = const { RefCell::new(None) };
}

/// From now on, scripts on this thread end with an error once this says so, which is asked now and
/// then while one runs. What a script has written by then stays.
pub fn end_scripts_when(enough: impl Fn() -> bool + 'static) {
    ENOUGH.with_borrow_mut(|known| *known = Some(Box::new(enough)));
}

/// Whether the script that runs is to end.
pub(super) fn is_over() -> bool {
    ENOUGH.with_borrow(|enough| enough.as_ref().is_some_and(|enough| enough()))
}
