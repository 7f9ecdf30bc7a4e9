//! A line for each thing tried.
use std::fmt::Debug;
use std::future::Future;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

pub type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;

static FAILURES: AtomicI32 = AtomicI32::new(0);

pub fn status() -> i32 {
    FAILURES.load(Ordering::Relaxed).min(1)
}

pub fn url() -> String {
    std::env::var("DATABASE_URL").unwrap()
}

pub async fn attempt(what: &str, work: impl Future<Output = Outcome>) {
    let problem = match tokio::time::timeout(Duration::from_secs(60), work).await {
        Ok(Ok(())) => return println!("ok {what}"),
        Ok(Err(e)) => format!("{e} {:?}", e.source().map(|s| s.to_string())),
        Err(_) => "no end".into(),
    };
    FAILURES.fetch_add(1, Ordering::Relaxed);
    println!("FAILED {what}: {}", problem.replace('\n', " "));
}

pub fn equal<T: PartialEq + Debug>(got: T, want: T) -> Outcome {
    if got == want {
        return Ok(());
    }
    Err(format!("got {got:?}, not {want:?}").into())
}
