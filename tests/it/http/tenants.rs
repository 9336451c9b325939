//! Two tenants at once: no request, reply or memory of one is ever the other's.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::stream::{self, StreamExt};
use oncehub_mcp::sandbox::{self, Limits, Sandbox};
use serde_json::{Value, json};

use super::{Server, in_front_of, message, upstream};

const TENANTS: [(&str, &str); 2] = [("key-of-ash", "Ash "), ("key-of-birch", "Birch ")];

fn two_accounts(sandbox: &Sandbox) {
    for (key, mark) in TENANTS {
        sandbox.open_account(key, |world| world.mark(mark));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_of_two_tenants_never_cross() {
    let calls = crate::cases(200, 10_000);
    let upstream = upstream().await;
    two_accounts(&upstream);
    let mut command = in_front_of(&upstream);
    // Calls of both at the very same time, too.
    command.env("ONCEHUB_MCP_LOG", "error").args(["--threads", "4"]);
    let server = Server::start(command);
    let sessions = [server.open(TENANTS[0].0).await, server.open(TENANTS[1].0).await];
    for (key, _) in TENANTS {
        server.know(key).await;
    }
    // Names come out of the memory of who is called what, contacts from OnceHub each time.
    let asked = [
        ("list_booking_calendars", json!({})),
        ("list_users", json!({})),
        ("list_contacts", json!({"limit": 3})),
        ("list_bookings", json!({"limit": 2})),
    ];
    let crossed = AtomicUsize::new(0);
    let marked = AtomicUsize::new(0);
    stream::iter(0..calls)
        .for_each_concurrent(32, |number| {
            let (server, sessions, asked) = (&server, &sessions, &asked);
            let (crossed, marked) = (&crossed, &marked);
            async move {
                let tenant = number % 2;
                let (key, mark) = TENANTS[tenant];
                let other = TENANTS[1 - tenant].1;
                let (tool, arguments) = &asked[(number / 2) % asked.len()];
                let answer = if number % 6 < 2 {
                    let call = server.in_session(key, &sessions[tenant], tool, arguments);
                    message(call.send().await.unwrap()).await
                } else {
                    server.call(key, tool, arguments.clone()).await
                };
                assert_eq!(answer["isError"], false, "{answer}");
                let text = answer.to_string();
                crossed.fetch_add(usize::from(text.contains(other)), Ordering::Relaxed);
                marked.fetch_add(usize::from(text.contains(mark)), Ordering::Relaxed);
            }
        })
        .await;
    assert_eq!(crossed.load(Ordering::Relaxed), 0, "replies with somebody else's names");
    assert_eq!(marked.load(Ordering::Relaxed), calls, "replies with their own names");
    let requests = upstream.requests();
    let of = |key: &str| requests.iter().filter(|seen| seen.key.as_deref() == Some(key)).count();
    let counts = TENANTS.map(|(key, _)| of(key));
    assert_eq!(counts.iter().sum::<usize>(), requests.len(), "requests with no tenant's key");
    // Both ask the same, so they cause the same; only when a memory is renewed differs by a few.
    assert!(counts[0].abs_diff(counts[1]) < 100 && counts[0] > calls / 4, "{counts:?}");
    let rest = server.stop();
    assert!(!TENANTS.iter().any(|(key, _)| rest.contains(key)), "{rest}");
}

#[tokio::test]
async fn an_answer_is_good_for_the_tenant_that_was_asked() {
    let upstream = upstream().await;
    two_accounts(&upstream);
    let server = Server::start(in_front_of(&upstream));
    let arguments = json!({"contact_id": "olivia@marchetti.example"});
    let [(ash, _), (birch, _)] = TENANTS;
    let asked = server.call(ash, "delete_contact", arguments.clone()).await;
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    let answer = async |key: &str| {
        let yes = json!({"confirm": {"action": "accept", "content": {"confirm": true}}});
        let params = json!({
            "name": "delete_contact", "arguments": arguments, "requestState": asked["requestState"], "inputResponses": yes
        });
        message(server.modern(key, "tools/call", params).send().await.unwrap()).await
    };
    let stolen = answer(birch).await;
    assert!(stolen["message"].as_str().unwrap().contains("does not belong to this call"), "{stolen}");
    assert!(upstream.requests().iter().all(|seen| seen.method != "DELETE"));
    let done = answer(ash).await;
    assert_eq!(done["structuredContent"]["deleted"], true, "{done}");
    let deletions: Vec<_> = upstream.requests().into_iter().filter(|seen| seen.method == "DELETE").collect();
    assert_eq!(deletions.iter().map(|seen| seen.key.as_deref()).collect::<Vec<_>>(), [Some(ash)]);
}

#[tokio::test]
async fn a_busy_tenant_leaves_some_of_the_address_for_others() {
    let limits = Limits {
        per_account: (1000, std::time::Duration::from_secs(1)),
        per_address: (40, std::time::Duration::from_mins(5)),
    };
    let settings = sandbox::Settings { limits: Some(limits), ..sandbox::Settings::default() };
    let upstream = Sandbox::start(settings).await.unwrap();
    two_accounts(&upstream);
    let server = Server::with(&upstream, |command| {
        command.env("ONCEHUB_MCP_RATE_LIMIT", "account=1000/1s,address=40/5m").env("ONCEHUB_MCP_TIMEOUT", "2")
    });
    let [(busy, _), (other, _)] = TENANTS;
    let call = |key: &'static str| server.call(key, "test_connection", json!({}));
    assert_eq!(call(busy).await["isError"], false, "OnceHub knows the key");
    let answers: Vec<Value> = stream::iter(0..60).map(|_| call(busy)).buffered(20).collect().await;
    let done = answers.iter().filter(|answer| answer["isError"] == false).count();
    // The proof of the key, the first call with two lists of names, and these: four fifths of what accounts have, which is
    // 38 of 40.
    assert!((25..=29).contains(&done), "four fifths are for an account that is alone: {done}");
    let refused = answers.iter().find(|answer| answer["isError"] == true).unwrap();
    assert_eq!(refused["structuredContent"]["error"]["type"], "rate_limit_error", "{refused}");
    assert_eq!(call(other).await["isError"], false, "somebody else is served");
    assert!(upstream.requests().iter().all(|seen| seen.status == Some(200)), "OnceHub never had to refuse");
}

#[tokio::test]
async fn arguments_that_come_as_a_text_are_read_on_every_way_in_with_the_callers_key() {
    let upstream = upstream().await;
    let server = Server::start(in_front_of(&upstream));
    let params = json!({"name": "list_users", "arguments": "{\"limit\": 2}"});
    let modern = message(server.modern(sandbox::KEY, "tools/call", params.clone()).send().await.unwrap()).await;
    assert_eq!(modern["structuredContent"]["items"].as_array().unwrap().len(), 2, "{modern}");
    let session = server.open(sandbox::KEY).await;
    let call = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params});
    let legacy = server.post("/mcp", sandbox::KEY, &call).header("Mcp-Session-Id", session).send().await.unwrap();
    let legacy = message(legacy).await;
    assert_eq!(legacy["structuredContent"], modern["structuredContent"]);
    assert!(legacy.get("resultType").is_none(), "{legacy}");
    let wrong = server.modern("somebody-elses", "tools/call", params).send().await.unwrap();
    assert_eq!(message(wrong).await["structuredContent"]["error"]["type"], "authentication_error");
}
