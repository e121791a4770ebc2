//! Clients that others wrote. Those that are not on the machine are skipped, which is said.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::server::Server;

/// What a program says that is handed these arguments and this input; `None` if there is none.
#[expect(clippy::print_stdout, reason = "a skipped test must say so")]
fn run(program: &str, args: &[&str], input: &str) -> Option<String> {
    let spawned = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = spawned else {
        println!("skipped: there is no {program} on this machine");
        return None;
    };
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {args:?}: {said}{errors}");
    Some(said)
}

#[test]
fn redis_cli_works() {
    let server = Server::start(&[]);
    let port = server.port();
    let cli = |args: &[&str], input| run("redis-cli", &[&["-p", &port], args].concat(), input);
    let Some(reply) = cli(&["SET", "k", "a b"], "") else { return };
    assert_eq!(reply, "OK\n");
    assert_eq!(cli(&["GET", "k"], "").unwrap(), "a b\n");
    let replies = cli(&[], "INCR n\nGET \"k\"\nNONSENSE\n").unwrap();
    let expected = "1\na b\nERR unknown command 'NONSENSE', with args beginning with: \n\n";
    assert_eq!(replies, expected);
    let piped = cli(&["--pipe"], &"SET k v\r\n".repeat(5_000)).unwrap();
    assert!(piped.contains("errors: 0, replies: 5000"), "{piped}");
}

#[test]
fn redis_benchmark_works() {
    let server = Server::start(&[]);
    let port = server.port();
    let args = ["-p", &port, "-t", "set,get,incr,ping", "-n", "20000", "-P", "16", "-r", "1000"];
    let Some(said) = run("redis-benchmark", &[&args[..], &["-q"]].concat(), "") else { return };
    for test in ["PING_INLINE", "PING_MBULK", "SET", "GET", "INCR"] {
        assert!(said.contains(&format!("{test}: ")), "{said}");
    }
    assert!(!said.contains("rror"), "{said}");
    let said = run("redis-cli", &["-p", &port, "EXISTS", "key:000000000001"], "");
    assert_eq!(said.as_deref(), Some("1\n"));
}

#[test]
fn the_redis_crate_works() {
    let server = Server::start(&[]);
    let client = redis_client::Client::open(format!("redis://{}/", server.addresses[0])).unwrap();
    let mut connection = client.get_connection().unwrap();
    let command = redis_client::cmd;
    command("SET").arg("k").arg("v").exec(&mut connection).unwrap();
    let value: Option<String> = command("GET").arg("k").query(&mut connection).unwrap();
    assert_eq!(value.as_deref(), Some("v"));
    let missing: Option<String> = command("GET").arg("l").query(&mut connection).unwrap();
    assert_eq!(missing, None);
    let mut pipeline = redis_client::pipe();
    for _ in 0..1_000 {
        pipeline.cmd("INCR").arg("n");
    }
    let numbers: Vec<u32> = pipeline.query(&mut connection).unwrap();
    assert_eq!(numbers, (1..=1_000).collect::<Vec<u32>>());
    let refused = command("INCR").arg("k").query::<i64>(&mut connection).unwrap_err();
    assert!(refused.to_string().contains("not an integer"), "{refused}");
    let large = vec![7_u8; 3 << 20];
    command("SET").arg("large").arg(&large).exec(&mut connection).unwrap();
    let back: Vec<u8> = command("GET").arg("large").query(&mut connection).unwrap();
    assert!(back == large);
}

const REDIS_PY: &str = "
import redis, sys, threading
client = redis.Redis(port=int(sys.argv[1]), decode_responses=True, protocol=int(sys.argv[2]))
client.flushall()
assert client.ping()
assert client.set('k', 'v', nx=True, px=60000) is True
assert client.set('k', 'w', nx=True) is None
assert client.get('k') == 'v' and 0 < client.pttl('k') <= 60000
with client.pipeline(transaction=False) as pipeline:
    for _ in range(1000):
        pipeline.incr('n')
    assert pipeline.execute() == list(range(1, 1001))
try:
    client.incr('k')
    raise AssertionError('k is no number')
except redis.ResponseError as error:
    assert 'not an integer' in str(error), error
client.hset('h', mapping={'f': '1', 'g': '2'})
assert client.hgetall('h') == {'f': '1', 'g': '2'}
client.sadd('s', 'a', 'b')
assert client.smembers('s') == {'a', 'b'}
client.zadd('z', {'a': 1, 'b': 2.5})
assert client.zscore('z', 'b') == 2.5
pairs = client.zrange('z', 0, -1, withscores=True)
assert [tuple(pair) for pair in pairs] == [('a', 1), ('b', 2.5)]
client.rpush('l', 'x', 'y')
assert client.lrange('l', 0, -1) == ['x', 'y']
with client.pipeline() as transaction:
    transaction.watch('n')
    n = int(transaction.get('n'))
    transaction.multi()
    transaction.set('n', n + 1)
    transaction.hgetall('h')
    assert transaction.execute() == [True, {'f': '1', 'g': '2'}]
with client.pipeline() as transaction:
    transaction.watch('n')
    client.incr('n')
    transaction.multi()
    transaction.set('n', 0)
    try:
        transaction.execute()
        raise AssertionError('n has changed')
    except redis.WatchError:
        pass
def count():
    for _ in range(200):
        client.incr('counted')
threads = [threading.Thread(target=count) for _ in range(10)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert client.get('counted') == '2000'
print('redis-py', redis.__version__)
";

#[test]
#[expect(clippy::print_stdout, reason = "a skipped test must say so")]
fn redis_py_works() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("redis-py");
    let python =
        |args: &[&str]| Command::new("python3").args(args).env("PYTHONPATH", &folder).output().ok();
    let has = || python(&["-c", "import redis"]).is_some_and(|output| output.status.success());
    if !has() {
        let target = folder.to_string_lossy();
        python(&["-m", "pip", "install", "--quiet", "--target", &target, "redis"]);
    }
    if !has() {
        println!("skipped: python3 has no redis, and pip cannot get it");
        return;
    }
    let server = Server::start(&[]);
    for protocol in ["2", "3"] {
        let output = python(&["-c", REDIS_PY, &server.port(), protocol]).unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "in RESP{protocol}: {errors}");
    }
}
