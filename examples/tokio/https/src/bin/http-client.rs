//! An HTTP client: HTTP/1.1 and HTTP/2, with TLS or without, by name, over connections that are kept.
//!
//! ```sh
//! http-client [--root FILE.pem] [--times NUMBER] URL...
//! ```
//!
//! It gets one URL after the other, each NUMBER times in parallel, follows redirects, counts the bytes
//! of the body, and prints one line per URL. `--root` is the certificate that signed the servers'. It
//! exits with 1 if one of the URLs could not be got.

use std::error::Error;
use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use std::{env, fs};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::header::LOCATION;
use hyper::{StatusCode, Uri, Version};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::task::JoinSet;
use tokio::time::timeout;
use url::Url;
use wasio_tokio::Connector;

const REDIRECTS: usize = 10;
const LIMIT: Duration = Duration::from_secs(20);

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;
type HttpClient = Client<HttpsConnector<Connector>, Empty<Bytes>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode> {
    let options = Options::parse(env::args().skip(1))?;
    let client = client(options.root.as_deref())?;
    let mut code = ExitCode::SUCCESS;
    for url in &options.urls {
        match get_in_parallel(&client, url, options.times).await {
            Ok(answer) => println!("{answer}"),
            Err(error) => {
                println!("error: {}", sentence(&*error));
                code = ExitCode::FAILURE;
            }
        }
    }
    println!("memory: {} MiB", memory_mib());
    Ok(code)
}

#[derive(Debug)]
struct Options {
    root: Option<String>,
    times: usize,
    urls: Vec<Uri>,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Self {
            root: None,
            times: 1,
            urls: Vec::new(),
        };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--root" => options.root = Some(value()?),
                "--times" => {
                    let text = value()?;
                    let times = text.parse();
                    options.times = times.map_err(|_| format!("--times {text}: not a number"))?;
                }
                url => options
                    .urls
                    .push(url.parse().map_err(|error| format!("{url}: {error}"))?),
            }
        }
        if options.urls.is_empty() {
            return Err("http-client [--root FILE.pem] [--times NUMBER] URL...: no URL".into());
        }
        Ok(options)
    }
}

/// A client that keeps its connections, and trusts what the certificate in the file has signed.
fn client(root: Option<&str>) -> Result<HttpClient> {
    let mut roots = RootCertStore::empty();
    if let Some(file) = root {
        let text = fs::read(file).map_err(|error| format!("{file}: {error}"))?;
        let certificate = CertificateDer::from_pem_slice(&text);
        let certificate =
            certificate.map_err(|error| format!("{file}: no certificate: {error}"))?;
        roots
            .add(certificate)
            .map_err(|error| format!("{file}: {error}"))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut connector = Connector::new();
    connector.enforce_http(false);
    connector.set_connect_timeout(Some(LIMIT));
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_all_versions()
        .wrap_connector(connector);
    let mut builder = Client::builder(TokioExecutor::new());
    Ok(builder.pool_timer(TokioTimer::new()).build(connector))
}

/// Sends a request `times` times. Returns the answer, which must be the same each time.
async fn get_in_parallel(client: &HttpClient, url: &Uri, times: usize) -> Result<String> {
    let mut requests = JoinSet::new();
    for _ in 0..times {
        let (client, url) = (client.clone(), url.clone());
        requests.spawn(async move { get(&client, url).await });
    }
    let mut first: Option<String> = None;
    while let Some(answer) = requests.join_next().await {
        let answer = answer??;
        if let Some(first) = first.as_ref().filter(|first| **first != answer) {
            return Err(format!("other answers to {url}: {first}, {answer}").into());
        }
        first = Some(answer);
    }
    first.ok_or_else(|| "nothing was asked".into())
}

/// Gets a URL, after its redirects: the version, the status and the length of the body.
async fn get(client: &HttpClient, mut url: Uri) -> Result<String> {
    for _ in 0..=REDIRECTS {
        let answer = in_time(client.get(url.clone())).await??;
        let (version, status) = (answer.version(), answer.status());
        if let Some(place) = answer
            .headers()
            .get(LOCATION)
            .filter(|_| status.is_redirection())
        {
            url = join(&url, place.to_str()?)?;
            continue;
        }
        let mut body = answer.into_body();
        let mut len = 0;
        while let Some(frame) = in_time(body.frame()).await? {
            len += frame?.data_ref().map_or(0, Bytes::len);
        }
        return Ok(line(version, status, len));
    }
    Err(format!("{url}: more than {REDIRECTS} redirects").into())
}

/// A server that says nothing more is given up.
async fn in_time<T>(future: impl Future<Output = T>) -> Result<T> {
    let result = timeout(LIMIT, future).await;
    result.map_err(|_| format!("the server has sent nothing for {LIMIT:?}").into())
}

fn line(version: Version, status: StatusCode, len: usize) -> String {
    format!("{version:?} {} {len} bytes", status.as_u16())
}

/// The URL that a redirect names, which may be relative to that of the request (RFC 3986).
fn join(from: &Uri, place: &str) -> Result<Uri> {
    let joined = Url::parse(&from.to_string())?.join(place)?;
    Ok(joined.as_str().parse()?)
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

/// The most memory that the guest has had.
#[cfg(target_family = "wasm")]
fn memory_mib() -> usize {
    core::arch::wasm32::memory_size(0) / 16
}

/// Known of guests alone.
#[cfg(not(target_family = "wasm"))]
fn memory_mib() -> usize {
    0
}
