//! A gRPC client on tonic. Its argument is the server's URL: `http://localhost:8080`.
//!
//! It calls each method of the service, from many tasks at once, with a deadline that passes and with
//! numbers that the server refuses. Then it prints the results.

use std::env;
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use futures_util::{TryStreamExt, stream};
use tokio::task::JoinSet;
use tonic::codegen::http::Uri;
use tonic::{Request, Status};
use wasio_tokio_grpc::{AdderClient, Number, Numbers};

const CALLS: i64 = 100;
const COUNTED: i64 = 10_000;
const DEADLINE: Duration = Duration::from_millis(50);

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", sentence(&*error));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    let server = env::args().nth(1).ok_or("the server's URL is missing")?;
    let server: Uri = server.parse()?;
    let mut client = AdderClient::new(server);
    println!("added {}", add_in_parallel(&client).await?);
    println!("counted {}", count(&mut client).await?);
    println!("accumulated {}", accumulate(&mut client).await?);
    let mut late = Request::new(Numbers::default());
    late.set_timeout(DEADLINE);
    println!("late: {}", refused(client.add(late).await)?);
    let large = Numbers {
        values: vec![i64::MAX, 1],
    };
    println!(
        "refused: {}",
        refused(client.add(Request::new(large)).await)?
    );
    Ok(())
}

/// Many calls at once over one connection. Returns the sum of their sums.
async fn add_in_parallel(client: &AdderClient) -> Result<i64> {
    let mut calls = JoinSet::new();
    for call in 0..CALLS {
        let mut client = client.clone();
        calls.spawn(async move {
            let values = vec![call, 1];
            client.add(Request::new(Numbers { values })).await
        });
    }
    let mut sum = 0;
    for done in calls.join_all().await {
        sum += done?.value;
    }
    Ok(sum)
}

/// The server streams. Returns how many numbers came.
async fn count(client: &mut AdderClient) -> Result<i64> {
    let mut numbers = client.count(Number { value: COUNTED }).await?;
    let mut last = 0;
    while let Some(number) = numbers.message().await? {
        if number.value != last + 1 {
            return Err(format!("{} came after {last}", number.value).into());
        }
        last = number.value;
    }
    Ok(last)
}

/// Both stream: each number is sent when the sum of those before it has come. Returns the last sum.
async fn accumulate(client: &mut AdderClient) -> Result<i64> {
    let (send, numbers) = tokio::sync::mpsc::channel(1);
    let numbers = stream::unfold(numbers, |mut numbers| async {
        Some((numbers.recv().await?, numbers))
    });
    send.send(Number { value: 1 }).await?;
    let mut sums = client.accumulate(numbers).await?;
    let mut send = Some(send);
    let mut last = 0;
    while let Some(sum) = sums.try_next().await? {
        last = sum.value;
        if last < CALLS
            && let Some(send) = &send
        {
            send.send(Number { value: 1 }).await?;
        } else {
            send = None;
        }
    }
    Ok(last)
}

/// What the server said to a call that it must not answer.
fn refused<T>(result: std::result::Result<T, Status>) -> Result<String> {
    let status = result.err().ok_or("it succeeded")?;
    Ok(format!("{:?}: {}", status.code(), status.message()))
}

/// An error with its causes. The text of a status has its cause, as for a debugger.
fn sentence(error: &(dyn Error + 'static)) -> String {
    let mut text = match error.downcast_ref::<Status>() {
        Some(status) => status.message().to_owned(),
        None => error.to_string(),
    };
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}
