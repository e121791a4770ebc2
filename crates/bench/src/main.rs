mod bare;
mod kernel;
use std::time::Instant;
fn main() {
    let only: Option<u32> = std::env::args().nth(1).map(|a| a.parse().unwrap()); for (servers, w) in [(3, 1), (3, 64), (3, 1024), (101, 1), (3, 8192), (101, 250)] {
        if only.is_some_and(|o| o != w) { continue; } let start = Instant::now();
        let (n, d) = kernel::run("x", servers, w, 3_000_000, false);
        let s = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let (bn, _) = bare::run(servers as u64, w as u64, 3_000_000);
        println!("bare {:.1}M/s", bn as f64 / start.elapsed().as_secs_f64() / 1e6);
        println!("servers {servers} w {w}: {:.1}M/s {d:016x} {n}", n as f64 / s / 1e6);
    }
    let start = Instant::now();
    for seed in 0..20000 { kernel::run(&seed.to_string(), 3, 1, 600, false); }
    println!("{:.0} runs/s", 20000.0 / start.elapsed().as_secs_f64());
}
