//! A test guest: looks up a name with tokio.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let found = tokio::net::lookup_host("localhost:80").await?;
    println!("{}", found.count() > 0);
    Ok(())
}
