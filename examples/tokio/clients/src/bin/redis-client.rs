//! A Redis client on the crate redis. Its argument is the address of the server.
//!
//! It counts, pipelines, stores a large value, waits for a list that another task fills, and
//! subscribes to a channel, and to a hundred of them over as many connections. Then it prints the
//! results.

use std::env;
use std::time::Duration;

use futures_util::StreamExt;
use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands, Client, RedisResult};
use tokio::task::JoinSet;
use tokio::time::sleep;

const TASKS: u32 = 50;
const TURNS: u32 = 20;
const LARGE: usize = 1_000_000;
/// The commands of one pipeline.
const COMMANDS: u32 = 10_000;
const SUBSCRIPTIONS: usize = 100;

#[tokio::main(flavor = "current_thread")]
async fn main() -> RedisResult<()> {
    let address = env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:6379");
    let client = Client::open(format!("redis://{address}/"))?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    // Of an earlier run.
    let _: () = connection.del(&["count", "list", "many"]).await?;

    println!("counted to {}", count(&connection).await?);
    println!("pipelined {:?}", pipeline(connection.clone()).await?);
    println!(
        "pipelined {} commands",
        pipeline_many(connection.clone()).await?
    );
    println!("kept {} bytes", keep(connection.clone()).await?);
    println!("popped {}", pop(&client, connection.clone()).await?);
    println!("heard {}", hear(&client, connection.clone()).await?);
    println!(
        "heard {} rooms",
        hear_many(&client, connection.clone()).await?
    );
    println!("refused: {}", refused(connection).await?);
    Ok(())
}

/// Many tasks share one connection.
async fn count(connection: &MultiplexedConnection) -> RedisResult<u32> {
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let mut connection = connection.clone();
        tasks.spawn(async move {
            for _ in 0..TURNS {
                let _: u32 = connection.incr("count", 1).await?;
            }
            RedisResult::Ok(())
        });
    }
    for done in tasks.join_all().await {
        done?;
    }
    connection.clone().get("count").await
}

async fn pipeline(mut connection: MultiplexedConnection) -> RedisResult<(String, Vec<u32>)> {
    let mut commands = redis::pipe();
    commands.set("name", "wasio").ignore().get("name");
    commands.rpush("list", &[1, 2, 3]).ignore();
    commands.lrange("list", 0, -1);
    commands.query_async(&mut connection).await
}

/// Each answer must be the one to its command.
async fn pipeline_many(mut connection: MultiplexedConnection) -> RedisResult<usize> {
    connection.set_response_timeout(Duration::from_secs(20));
    let mut commands = redis::pipe();
    for _ in 0..COMMANDS {
        commands.incr("many", 1);
    }
    let counted: Vec<u32> = commands.query_async(&mut connection).await?;
    assert!(counted.iter().copied().eq(1..=COMMANDS), "other answers");
    Ok(counted.len())
}

async fn keep(mut connection: MultiplexedConnection) -> RedisResult<usize> {
    let large: Vec<u8> = (0..LARGE).map(|at| at.to_le_bytes()[1]).collect();
    let _: () = connection.set("large", &large).await?;
    let returned: Vec<u8> = connection.get("large").await?;
    assert!(returned == large, "another value came back");
    Ok(returned.len())
}

/// One connection blocks on the server until another one pushes a value.
async fn pop(client: &Client, mut other: MultiplexedConnection) -> RedisResult<String> {
    let mut waiting = client.get_multiplexed_async_connection().await?;
    waiting.set_response_timeout(Duration::from_secs(20));
    let pushing = tokio::spawn(async move {
        sleep(Duration::from_millis(50)).await;
        other.rpush("queue", "a job").await
    });
    let (_, job): (String, String) = waiting.blpop("queue", 20.0).await?;
    let _: u32 = pushing.await.expect("the task ends")?;
    Ok(job)
}

async fn hear(client: &Client, mut other: MultiplexedConnection) -> RedisResult<String> {
    let mut subscription = client.get_async_pubsub().await?;
    subscription.subscribe("news").await?;
    let heard_by: u32 = other.publish("news", "wasio runs redis").await?;
    assert_eq!(heard_by, 1);
    let message = subscription.on_message().next().await;
    message.expect("the connection lasts").get_payload()
}

/// Every room has its subscriber, and every subscriber its message.
async fn hear_many(client: &Client, mut other: MultiplexedConnection) -> RedisResult<usize> {
    let mut hearing = JoinSet::new();
    for room in 0..SUBSCRIPTIONS {
        let mut subscription = client.get_async_pubsub().await?;
        subscription.subscribe(format!("room {room}")).await?;
        hearing.spawn(async move {
            let message = subscription.on_message().next().await;
            let payload: usize = message.expect("the connection lasts").get_payload()?;
            RedisResult::Ok(payload == room)
        });
    }
    for room in 0..SUBSCRIPTIONS {
        let heard_by: u32 = other.publish(format!("room {room}"), room).await?;
        assert_eq!(heard_by, 1);
    }
    let heard: RedisResult<Vec<bool>> = hearing.join_all().await.into_iter().collect();
    Ok(heard?.into_iter().filter(|is_right| *is_right).count())
}

/// An error that the server returns.
async fn refused(mut connection: MultiplexedConnection) -> RedisResult<String> {
    let result: RedisResult<u32> = connection.incr("list", 1).await;
    let error = result.expect_err("a list is no number");
    Ok(error.code().unwrap_or("no code").to_owned())
}
