//! A guest of the tests: what tokio does when it is to look up a name.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let found = tokio::net::lookup_host("localhost:80").await?;
    println!("{}", found.count() > 0);
    Ok(())
}
