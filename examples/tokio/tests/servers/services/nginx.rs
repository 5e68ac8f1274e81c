//! nginx, with a certificate for `localhost` that a test authority has signed.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use super::Service;

/// The authority, and what it signs. No certificate may be both.
const CERTIFICATES: &str = "\
    openssl ecparam -name prime256v1 -genkey -noout -out root.key && \
    openssl req -x509 -new -key root.key -subj '/CN=a test authority' -days 30 -out root.pem && \
    openssl ecparam -name prime256v1 -genkey -noout -out key.pem && \
    openssl req -new -key key.pem -subj '/CN=localhost' -out request.pem && \
    printf 'subjectAltName=DNS:localhost' > names && \
    openssl x509 -req -in request.pem -CA root.pem -CAkey root.key -CAcreateserial \
        -days 30 -extfile names -out certificate.pem";

/// Serves, in this order, without TLS, with TLS and HTTP/2, and with TLS and HTTP/1.1 alone.
///
/// `/` is 12 bytes, `/redirect` leads to it by one more, `/deep/redirect` so too by a relative path,
/// `/loop` to itself, `/other` to the second server, and `/large` has `large` bytes.
pub(crate) fn nginx(large: u64) -> Service {
    Service::start("nginx", 3, |folder, ports| {
        let made = Command::new("sh")
            .args(["-c", CERTIFICATES])
            .current_dir(folder)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "openssl: {errors}");
        fs::create_dir(folder.join("files")).unwrap();
        fs::write(folder.join("files/index.html"), "hello wasio\n").unwrap();
        let file = File::create(folder.join("files/large")).unwrap();
        file.set_len(large).unwrap();
        fs::write(folder.join("nginx.conf"), configuration(folder, ports)).unwrap();
        let mut command = Command::new("nginx");
        command
            .arg("-p")
            .arg(folder)
            .arg("-c")
            .arg(folder.join("nginx.conf"));
        command.args(["-e", "stderr"]);
        command
    })
}

fn configuration(folder: &Path, ports: &[u16]) -> String {
    let folder = folder.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {folder}/{kind};\n"))
        .concat();
    let server = |listen: &str| {
        format!(
            "server {{\n\
             listen 127.0.0.1:{listen};\n\
             location = /redirect {{ return 302 /again; }}\n\
             location = /again {{ return 301 /; }}\n\
             location = /deep/redirect {{ return 302 ../again?from=deep; }}\n\
             location = /loop {{ return 302 /loop; }}\n\
             location = /other {{ return 302 https://localhost:{}/; }}\n\
             }}\n",
            ports[1]
        )
    };
    let servers = [
        server(&ports[0].to_string()),
        server(&format!("{} ssl http2", ports[1])),
        server(&format!("{} ssl", ports[2])),
    ]
    .concat();
    // As root its workers would have another user, who may not read the folder.
    format!(
        "daemon off;\n\
         worker_processes 1;\n\
         user root;\n\
         pid {folder}/pid;\n\
         error_log stderr error;\n\
         events {{ worker_connections 1024; }}\n\
         http {{\n\
         access_log off;\n\
         sendfile on;\n\
         root {folder}/files;\n\
         ssl_certificate {folder}/certificate.pem;\n\
         ssl_certificate_key {folder}/key.pem;\n\
         {temporary}\
         {servers}\
         }}\n"
    )
}
