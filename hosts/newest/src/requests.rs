//! Which requests a guest may send by `wasi:http`: the same limits as for its sockets.

use std::net::IpAddr;

use http_body_util::BodyExt;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks, default_send_request};

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

/// Whether the host of a URI needs no look-up.
fn is_address(host: &str) -> bool {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    bare.unwrap_or(host).parse::<IpAddr>().is_ok()
}
