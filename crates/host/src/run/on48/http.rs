//! Decides which `wasi:http` requests a guest may send.

use std::net::IpAddr;

use http_body_util::BodyExt;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks, default_send_request};

/// The limits, which are those of the guest's sockets.
#[derive(Debug)]
pub(crate) struct Requests {
    pub(crate) network: bool,
    pub(crate) name_lookup: bool,
}

impl Requests {
    fn allow(&self, host: Option<&str>) -> bool {
        self.network && (self.name_lookup || host.is_some_and(is_address))
    }
}

/// What goes on in the background while the response is read.
type Rest = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for Requests {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _received: Rest,
    ) -> Box<dyn Future<Output = Result<(http::Response<WasiBody>, Rest), Error>> + Send> {
        let allowed = self.allow(request.uri().host());
        Box::new(async move {
            if !allowed {
                return Err(Error::HttpRequestDenied);
            }
            let (response, rest) = default_send_request(request, options).await?;
            Ok((response.map(BodyExt::boxed_unsync), Box::new(rest) as Rest))
        })
    }
}

/// Whether the host of a URI is an address, which needs no look-up.
fn is_address(host: &str) -> bool {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    bare.unwrap_or(host).parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_limited_as_sockets_are() {
        let hosts = [Some("127.0.0.1"), Some("[::1]"), Some("localhost"), None];
        let allowed = |network, name_lookup| {
            let requests = Requests {
                network,
                name_lookup,
            };
            hosts.map(|host| requests.allow(host))
        };
        assert_eq!(allowed(true, true), [true; 4]);
        assert_eq!(allowed(true, false), [true, true, false, false]);
        assert_eq!(allowed(false, true), [false; 4]);
        assert_eq!(allowed(false, false), [false; 4]);
    }
}
