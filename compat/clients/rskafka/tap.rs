//! Tells stories as TAP. A story passes when it returns, is skipped by skip(), and fails with any other panic.

use std::fmt::Debug;
use std::future::Future;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const STORY_TIMEOUT: Duration = Duration::from_secs(60);
const SKIP: &str = "SKIP ";

pub fn bootstrap() -> String {
    std::env::var("COMPAT_BOOTSTRAP").unwrap_or_else(|_| "127.0.0.1:9092".into())
}

/// Whether COMPAT_ONLY, when it names any stories, names this one.
pub fn wanted(name: &str) -> bool {
    let only = std::env::var("COMPAT_ONLY").unwrap_or_default();
    only.is_empty() || only.split(',').any(|word| word == name)
}

/// Each story is a task of its own: one that hangs or panics is a failure, and the next is still told.
pub async fn tell(number: usize, name: &str, story: impl Future<Output = ()> + Send + 'static) {
    let failure = match tokio::time::timeout(STORY_TIMEOUT, tokio::spawn(story)).await {
        Err(_) => "still running after 60 s".to_string(),
        Ok(Ok(())) => return println!("ok {number} - {name}"),
        Ok(Err(panic)) => text(panic.into_panic()),
    };
    match failure.strip_prefix(SKIP) {
        Some(reason) => println!("ok {number} - {name} # SKIP {reason}"),
        None => println!("not ok {number} - {name}\n# {}", failure.replace('\n', "\n# ")),
    }
}

fn text(panic: Box<dyn std::any::Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(other) => other.downcast::<&str>().map_or("a panic".into(), |text| text.to_string()),
    }
}

pub fn equal<T: PartialEq + Debug>(found: T, wanted: T) {
    if found != wanted {
        panic!("found {found:.300?}, wanted {wanted:.300?}");
    }
}

pub fn unique(prefix: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    format!("{prefix}-{:x}", now.as_nanos() as u64)
}

/// Has the runner stop the broker and start it again on the same port and data.
pub fn restart_broker() {
    let control = std::env::var("COMPAT_CONTROL").unwrap_or_default();
    let Some(address) = control.strip_prefix("http://") else {
        panic!("{SKIP}the broker is not ours to restart");
    };
    let mut connection = TcpStream::connect(address).unwrap();
    let request = format!("POST /restart HTTP/1.0\r\nHost: {address}\r\nContent-Length: 0\r\n\r\n");
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.contains(" 200 "), "restarting the broker: {answer}");
}
