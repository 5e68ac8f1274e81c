//! Tests of the WebSocket server.

use std::thread;

use tungstenite::{Message, client};

use crate::connect;
use crate::process::{Server, on_every_host, share_machine};
use crate::rng::Rng;

#[test]
fn each_message_comes_back_whole() {
    let _machine = share_machine();
    for on in on_every_host() {
        let server = Server::start("websocket", on);
        let address = server.address;
        let clients: Vec<_> = (0..10)
            .map(|seed| {
                thread::spawn(move || {
                    let url = format!("ws://{address}/");
                    let (mut socket, _) = client(url, connect(address)).unwrap();
                    let mut rng = Rng::new(seed);
                    for number in 0..20 {
                        let len = rng.below(200_000);
                        for message in [
                            Message::binary(rng.bytes(len)),
                            Message::text(format!("message {number}")),
                        ] {
                            socket.send(message.clone()).unwrap();
                            assert!(socket.read().unwrap() == message);
                        }
                    }
                    socket.send(Message::Ping("are you there".into())).unwrap();
                    let pong = Message::Pong("are you there".into());
                    assert_eq!(socket.read().unwrap(), pong);
                    socket.close(None).unwrap();
                    while socket.read().is_ok() {}
                })
            })
            .collect();
        for client in clients {
            client.join().unwrap();
        }
    }
}
