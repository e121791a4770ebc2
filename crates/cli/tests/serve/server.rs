//! A running `rumormill serve`.

use std::net::SocketAddr;

use crate::client::Client;
use crate::process::Process;

/// It ends with this value.
pub(crate) struct Server {
    pub(crate) process: Process,
    pub(crate) addresses: Vec<SocketAddr>,
}

impl Server {
    /// One on free ports.
    pub(crate) fn start(args: &[&str]) -> Server {
        let mut process = Process::start(&[&["serve", "--port", "0"], args].concat());
        let addresses = process.told("listening on ");
        let addresses = addresses.split(' ').map(|text| text.parse().expect("an address"));
        Server { addresses: addresses.collect(), process }
    }

    pub(crate) fn port(&self) -> String {
        self.addresses[0].port().to_string()
    }

    pub(crate) fn connect(&self) -> Client {
        Client::connect(self.addresses[0]).expect("it listens")
    }
}
