//! A PostgreSQL client on sqlx, with its pool. Its argument is the server's URL:
//! `postgres://user@localhost:5432/database`.
//!
//! It fills a table from many tasks, takes a transaction back, listens for a notification, and is
//! refused a division by zero. Then it prints the results.

use std::env;
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions};
use sqlx::{Connection, PgConnection};
use tokio::task::JoinSet;

const CONNECTIONS: u32 = 4;
const TASKS: i32 = 40;
const ROWS: i32 = 25;
const LIMIT: Duration = Duration::from_secs(10);

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    let url = env::args().nth(1).ok_or("the server's URL is missing")?;
    let options = reachable(url.parse()?).await?;
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(LIMIT)
        .connect_with(options)
        .await?;
    println!("filled {:?}", fill(&pool).await?);
    println!("taken back: {} rows", take_back(&pool).await?);
    println!("heard {}", hear(&pool).await?);
    println!("refused: {}", refused(&pool).await?);
    println!("{} connections", pool.size());
    pool.close().await;
    Ok(())
}

/// The options, with an address of the server in place of its name: sqlx has tokio look names up,
/// which does so on threads.
async fn reachable(options: PgConnectOptions) -> Result<PgConnectOptions> {
    let server = (options.get_host(), options.get_port());
    let mut last = None;
    for address in wasio_tokio::lookup_host(server).await? {
        let options = options.clone().host(&address.ip().to_string());
        match PgConnection::connect_with(&options).await {
            Ok(connection) => {
                connection.close().await?;
                return Ok(options);
            }
            Err(error) => last = Some(error),
        }
    }
    Err(last.map_or_else(|| "the name has no address".into(), Into::into))
}

/// Many tasks share the connections. Returns the number of rows and their sum.
async fn fill(pool: &PgPool) -> Result<(i64, i64)> {
    sqlx::raw_sql("DROP TABLE IF EXISTS numbers; CREATE TABLE numbers (task int, number int)")
        .execute(pool)
        .await?;
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let pool = pool.clone();
        tasks.spawn(async move {
            for number in 0..ROWS {
                sqlx::query("INSERT INTO numbers VALUES ($1, $2)")
                    .bind(task)
                    .bind(number)
                    .execute(&pool)
                    .await?;
            }
            Result::Ok(())
        });
    }
    for done in tasks.join_all().await {
        done?;
    }
    let totals = sqlx::query_as("SELECT count(*), sum(number) FROM numbers WHERE task >= $1");
    Ok(totals.bind(0).fetch_one(pool).await?)
}

/// Deletes all rows in a transaction that is dropped. Returns how many there are after that.
async fn take_back(pool: &PgPool) -> Result<i64> {
    let mut transaction = pool.begin().await?;
    sqlx::query("DELETE FROM numbers")
        .execute(&mut *transaction)
        .await?;
    drop(transaction);
    let rows = sqlx::query_scalar("SELECT count(*) FROM numbers");
    Ok(rows.fetch_one(pool).await?)
}

/// One connection listens, and another one notifies.
async fn hear(pool: &PgPool) -> Result<String> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen("news").await?;
    sqlx::query("SELECT pg_notify('news', $1)")
        .bind("wasio runs sqlx")
        .execute(pool)
        .await?;
    let notification = listener.recv().await?;
    Ok(notification.payload().to_owned())
}

/// An error of the server. The connection lives on.
async fn refused(pool: &PgPool) -> Result<String> {
    let error = sqlx::query("SELECT 1 / 0").execute(pool).await;
    let error = error.err().ok_or("it succeeded")?;
    let code = error.as_database_error().and_then(|error| error.code());
    Ok(code.ok_or("an error without a code")?.into_owned())
}
