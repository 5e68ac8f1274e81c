//! A PostgreSQL client on tokio-postgres, with a small pool. Its argument is the server's URL:
//! `postgres://user@localhost:5432/database`.
//!
//! It fills a table from many tasks by prepared statements, stores a large value, listens for a
//! notification, cancels a query that takes too long, and is refused a division by zero. Then it
//! prints the results.

use std::env;
use std::error::Error;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_postgres::config::Host;
use tokio_postgres::{AsyncMessage, CancelToken, Client, Config, NoTls};
use wasio_tokio::Connector;

const CONNECTIONS: usize = 4;
const TASKS: i32 = 40;
const ROWS: i32 = 25;
const LARGE: i32 = 1_000_000;
const LIMIT: Duration = Duration::from_secs(10);

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
    let url = env::args().nth(1).ok_or("the server's URL is missing")?;
    let pool = Arc::new(Pool::new(url.parse()?));
    println!("filled {:?}", fill(&pool).await?);
    println!("kept {} bytes", keep(&pool).await?);
    println!("heard {}", hear(&pool).await?);
    println!("cancelled: {}", cancel(&pool).await?);
    println!("refused: {}", refused(&pool).await?);
    println!("{} connections", pool.idle().len());
    Ok(())
}

/// Connections that are used again.
struct Pool {
    config: Config,
    idle: Mutex<Vec<Client>>,
    permits: Semaphore,
}

/// A connection of a pool, which has it back on drop.
struct Pooled<'a> {
    pool: &'a Pool,
    client: Option<Client>,
    _permit: SemaphorePermit<'a>,
}

impl Pool {
    fn new(config: Config) -> Self {
        Self {
            config,
            idle: Mutex::default(),
            permits: Semaphore::new(CONNECTIONS),
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Client>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn get(&self) -> Result<Pooled<'_>> {
        let permit = self.permits.acquire().await?;
        let idle = self.idle().pop().filter(|client| !client.is_closed());
        let client = match idle {
            Some(client) => client,
            None => {
                let (client, connection) =
                    self.config.connect_raw(self.stream().await?, NoTls).await?;
                tokio::spawn(connection);
                client
            }
        };
        Ok(Pooled {
            pool: self,
            client: Some(client),
            _permit: permit,
        })
    }

    /// A stream to the server, by its name.
    async fn stream(&self) -> Result<TcpStream> {
        let host = match self.config.get_hosts() {
            [Host::Tcp(host)] => host,
            _ => return Err("the URL must name one host".into()),
        };
        let port = self.config.get_ports().first().copied().unwrap_or(5432);
        let mut connector = Connector::new();
        connector.set_connect_timeout(Some(LIMIT));
        Ok(connector.connect(host, port).await?)
    }
}

impl std::ops::Deref for Pooled<'_> {
    type Target = Client;

    fn deref(&self) -> &Client {
        self.client.as_ref().expect("it is taken on drop alone")
    }
}

impl Drop for Pooled<'_> {
    fn drop(&mut self) {
        self.pool.idle().extend(self.client.take());
    }
}

/// Many tasks share the connections. Returns the number of rows and their sum.
async fn fill(pool: &Arc<Pool>) -> Result<(i64, i64)> {
    let client = pool.get().await?;
    client
        .batch_execute("DROP TABLE IF EXISTS numbers; CREATE TABLE numbers (task int, number int)")
        .await?;
    drop(client);
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let pool = Arc::clone(pool);
        tasks.spawn(async move {
            let client = pool.get().await?;
            let insert = client
                .prepare("INSERT INTO numbers VALUES ($1, $2)")
                .await?;
            for number in 0..ROWS {
                client.execute(&insert, &[&task, &number]).await?;
            }
            Result::Ok(())
        });
    }
    for done in tasks.join_all().await {
        done?;
    }
    let client = pool.get().await?;
    let row = client
        .query_one(
            "SELECT count(*), sum(number) FROM numbers WHERE task >= $1",
            &[&0],
        )
        .await?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

async fn keep(pool: &Pool) -> Result<i32> {
    let client = pool.get().await?;
    let large = vec![7_u8; LARGE.try_into()?];
    let row = client
        .query_one("SELECT $1::bytea, length($1)", &[&large])
        .await?;
    if row.try_get::<_, &[u8]>(0)? != large {
        return Err("another value came back".into());
    }
    Ok(row.try_get(1)?)
}

/// One connection listens, and another one notifies.
async fn hear(pool: &Pool) -> Result<String> {
    let (client, mut connection) = pool.config.connect_raw(pool.stream().await?, NoTls).await?;
    let (sender, mut messages) = mpsc::channel(8);
    tokio::spawn(async move {
        let mut incoming = stream::poll_fn(|context| connection.poll_message(context));
        while let Some(Ok(message)) = incoming.next().await {
            if let AsyncMessage::Notification(note) = message
                && sender.send(note.payload().to_owned()).await.is_err()
            {
                return;
            }
        }
    });
    client.batch_execute("LISTEN news").await?;
    let other = pool.get().await?;
    other
        .execute("SELECT pg_notify('news', $1)", &[&"wasio runs PostgreSQL"])
        .await?;
    messages
        .recv()
        .await
        .ok_or_else(|| "the connection ended".into())
}

/// A query that takes a minute is cancelled over a connection of its own. Returns the error's code.
async fn cancel(pool: &Pool) -> Result<String> {
    let client = pool.get().await?;
    let token = client.cancel_token();
    tokio::select! {
        slow = client.batch_execute("SELECT pg_sleep(60)") => code(slow),
        failed = cancel_again_and_again(pool, token) => failed,
    }
}

/// A cancellation that comes before the query does nothing.
async fn cancel_again_and_again(pool: &Pool, token: CancelToken) -> Result<String> {
    loop {
        sleep(Duration::from_millis(50)).await;
        let stream = pool.stream().await?;
        token.clone().cancel_query_raw(stream, NoTls).await?;
    }
}

/// An error of the server. The connection lives on.
async fn refused(pool: &Pool) -> Result<String> {
    let client = pool.get().await?;
    let refused = code(client.batch_execute("SELECT 1 / 0").await)?;
    client.query_one("SELECT 1", &[]).await?;
    Ok(refused)
}

fn code(result: std::result::Result<(), tokio_postgres::Error>) -> Result<String> {
    let error = result.err().ok_or("it succeeded")?;
    let code = error.code().ok_or("an error without a code")?;
    Ok(code.code().to_owned())
}

/// An error with its causes.
fn sentence(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}
