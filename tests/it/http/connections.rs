//! Connections, as somebody without a library meets them.

use std::time::Duration;

use oncehub_mcp::sandbox;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Server, in_front_of, upstream};

const REQUEST: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.url.strip_prefix("http://").unwrap()).await.unwrap()
}

/// Reads until there have been so many answers.
async fn answers(stream: &mut TcpStream, count: usize) {
    let mut text = String::new();
    while text.matches("alive\n").count() < count {
        let mut piece = [0; 1024];
        let read = stream.read(&mut piece).await.unwrap();
        assert!(read > 0, "it ends after {text}");
        text.push_str(std::str::from_utf8(&piece[..read]).unwrap());
    }
}

#[tokio::test]
async fn requests_come_in_pieces_and_several_at_once_on_a_connection_that_waits_between_them() {
    let upstream = upstream().await;
    let server = Server::start(in_front_of(&upstream));
    let mut stream = connect(&server).await;
    for (count, request) in [(1, REQUEST.to_owned()), (40, REQUEST.repeat(40))] {
        let (whole, begun) = (format!("{request}{}", &REQUEST[..9]), &REQUEST[9..]);
        stream.write_all(whole.as_bytes()).await.unwrap();
        answers(&mut stream, count).await;
        stream.write_all(begun.as_bytes()).await.unwrap();
        answers(&mut stream, 1).await;
    }
}

#[tokio::test]
async fn a_connection_on_which_nothing_is_asked_any_more_is_closed() {
    let upstream = upstream().await;
    let server = Server::with(&upstream, |command| command.args(["--patience", "1"]));
    let (mut silent, mut slow, mut answered) = (connect(&server).await, connect(&server).await, connect(&server).await);
    answered.write_all(REQUEST.as_bytes()).await.unwrap();
    answers(&mut answered, 1).await;
    // Whose next head has only begun has no more time for it.
    slow.write_all(format!("{REQUEST}{}", &REQUEST[..9]).as_bytes()).await.unwrap();
    answers(&mut slow, 1).await;
    let ended = tokio::time::timeout(Duration::from_secs(30), async {
        assert_eq!(silent.read(&mut [0; 1]).await.unwrap_or(0), 0);
        assert_eq!(answered.read(&mut [0; 1]).await.unwrap_or(0), 0);
        assert_eq!(slow.read(&mut [0; 1]).await.unwrap_or(0), 0);
    });
    assert!(ended.await.is_ok());
}

#[tokio::test]
async fn an_answer_tells_its_length() {
    let upstream = upstream().await;
    let server = Server::start(in_front_of(&upstream));
    let params = json!({"name": "test_connection", "arguments": {}});
    let response = server.modern(sandbox::KEY, "tools/call", params).send().await.unwrap();
    let length = response.headers()["content-length"].to_str().unwrap().parse::<usize>().unwrap();
    assert_eq!(response.bytes().await.unwrap().len(), length);
}
