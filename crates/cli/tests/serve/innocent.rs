//! A client that wants little, and how long it waits for that while others want much.
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "it is about real time")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::server::Server;

/// So long it may wait on a machine that has nothing else to do.
const LATENCY_MAX: Duration = Duration::from_millis(100);

/// So often it is tried: the machine may have something else to do.
const TRIES: usize = 4;

/// Asserts that a client which sends one command after the other does not have to wait for any of
/// them while the attack goes on, or only as much longer as the machine takes for other things.
pub(crate) fn latency_is_low_during(start: fn() -> Server, attack: impl Fn(&mut Server)) {
    let mut seen = Vec::new();
    for _ in 0..TRIES {
        let mut server = start();
        let calm = waits_during(&mut server, |_| crate::lifecycle::wait(300));
        let under_attack = waits_during(&mut server, &attack);
        let most = LATENCY_MAX + 10 * calm;
        if under_attack <= most {
            return;
        }
        seen.push((calm, under_attack));
    }
    panic!("when nothing goes on, and under attack: {seen:?}");
}

/// How long a command takes at most.
fn waits_during(server: &mut Server, what: impl FnOnce(&mut Server)) -> Duration {
    let is_over = Arc::new(AtomicBool::new(false));
    let client = server.connect();
    let thread = {
        let is_over = Arc::clone(&is_over);
        std::thread::spawn(move || longest_wait(client, &is_over))
    };
    what(server);
    is_over.store(true, Ordering::Relaxed);
    thread.join().expect("the client is served")
}

fn longest_wait(mut client: Client, is_over: &AtomicBool) -> Duration {
    let mut longest = Duration::ZERO;
    while !is_over.load(Ordering::Relaxed) {
        let begun = Instant::now();
        client.call("PING");
        longest = longest.max(begun.elapsed());
        std::thread::sleep(Duration::from_millis(1));
    }
    longest
}
