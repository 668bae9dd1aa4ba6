//! Broken clients, beside one that is not.

use super::*;

/// What a broken client sends, and what it does then.
struct Broken {
    name: &'static str,
    sent: String,
    /// Told to it before the connection is closed; `None` when it stays open.
    end: Option<&'static str>,
}

const TIGHT: Limits = Limits {
    connections: 100,
    request: 300_000,
    in_flight: 50,
    unread: 2,
    requests: 400_000,
    answers: 600_000,
    looking: 2,
    stalled: Duration::from_secs(3600),
};

fn half(bytes: usize) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"look","params":["{}"#, "x".repeat(bytes))
}

fn kinds() -> Vec<Broken> {
    let kind = |name, sent, end| Broken { name, sent, end };
    vec![
        kind("says nothing", String::new(), None),
        kind("sends blanks", " \n".repeat(100_000), None),
        kind("sends half a request", half(100), None),
        kind("sends half of a long request", half(200_000), None),
        kind("sends garbage", "\u{0}\u{7f}junk".repeat(1000), Some("not a JSON-RPC request")),
        kind("sends too much", half(400_000), Some("a message of more than 300000 bytes")),
        kind("reads nothing", (0..100).map(|id| request(id, "big")).collect(), None),
        kind("asks for what never ends", (0..100).map(|id| request(id, "wait")).collect(), None),
        kind("asks for what lasts", (0..100).map(|id| request(id, "work")).collect(), None),
    ]
}

/// One that is not broken calls each kind of command, and has its answers.
async fn is_served(node: &Running) {
    let mut client = node.connect().await;
    for round in 0..3 {
        let long = format!(r#"{{"jsonrpc":"2.0","id":{round},"method":"echo","params":["{}"]}}"#, "y".repeat(20_000));
        send(&mut client, &(request(7, "wait") + &long)).await;
        assert_eq!(next(&mut client).await["result"][0].as_str().map(str::len), Some(20_000));
        send(&mut client, &request(8, "look")).await;
        assert_eq!(next(&mut client).await["result"], "seen");
    }
}

#[tokio::test]
async fn broken_clients_hold_up_nobody() {
    for Broken { name, sent, end } in kinds() {
        let node = start(TIGHT);
        let mut clients = Vec::new();
        for _ in 0..20 {
            let (mut reader, mut writer) = node.connect().await.into_split();
            let sent = sent.clone();
            // The node may read no more of it, or have closed the connection.
            let sending = tokio::spawn(async move { (writer.write_all(sent.as_bytes()).await.is_ok(), writer) });
            if let Some(end) = end {
                let mut told = String::new();
                let all = timeout(LONG, reader.read_to_string(&mut told)).await;
                // What was sent after the end may reset the connection.
                let _ = all.expect("closed");
                assert!(told.contains(end), "who {name} is told {told}");
            }
            clients.push((reader, sending));
        }
        timeout(Duration::from_secs(200), is_served(&node)).await.unwrap_or_else(|_| panic!("beside who {name}"));
        drop(clients);
    }
}

#[tokio::test]
async fn requests_of_all_clients_have_bounded_room() {
    let node = start(TIGHT);
    let mut reading = tokio::task::JoinSet::new();
    let mut writers = Vec::new();
    for number in 0..3 {
        let (mut reader, mut writer) = node.connect().await.into_split();
        // The node may close the connection before it has all.
        let _ = writer.write_all(half(200_000).as_bytes()).await;
        writers.push(writer);
        reading.spawn(async move { (number, next(&mut reader).await) });
    }
    let why = "the requests of all clients may take 400000 bytes, which they do: try again later";
    // The number of the one that is not refused.
    let mut left = [0, 1, 2].iter().sum::<usize>();
    for _ in 0..2 {
        let (number, told) = timeout(LONG, reading.join_next()).await.unwrap().unwrap().unwrap();
        assert_eq!(told["error"], json!({"code": -1, "message": format!("{why}; the connection is closed")}));
        left -= number;
    }
    is_served(&node).await;
    writers[left].write_all(b"\"]}").await.unwrap();
    let (_, answer) = reading.join_next().await.unwrap().unwrap();
    assert_eq!(answer["result"], "seen");

    // Those that run take room, too.
    let mut many = node.connect().await;
    let calls: String =
        (0..50).map(|id| request(id, "wait").replace("{}", &format!("[\"{}\"]", "z".repeat(8000)))).collect();
    send(&mut many, &calls).await;
    let refused = next(&mut many).await;
    assert_eq!((&refused["error"]["code"], &refused["error"]["message"]), (&json!(-1), &json!(why)));
    is_served(&node).await;

    // What goes leaves its room to others.
    drop((many, writers));
    let mut again = Vec::new();
    for _ in 0..100 {
        let mut client = node.connect().await;
        send(&mut client, &(half(220_000) + "\"]}")).await;
        let answer = next(&mut client).await;
        if answer["result"] == "seen" {
            return;
        }
        assert_eq!(answer["error"]["code"], -1);
        again.push(client);
    }
    panic!("the room of clients that have gone stays taken");
}

#[tokio::test]
async fn answers_that_nobody_reads_have_bounded_room() {
    let node = start(TIGHT);
    let mut slow = Vec::new();
    for _ in 0..20 {
        let mut client = node.connect().await;
        send(&mut client, &request(1, "big")).await;
        slow.push(client);
    }
    until("all are made", || node.kit.made.load(Ordering::SeqCst) == 20).await;
    is_served(&node).await;
    let mut refused = 0;
    for mut client in slow {
        let answer = next(&mut client).await;
        if answer["error"]["code"] == -1 {
            assert!(answer["error"]["message"].as_str().unwrap().contains("ask for less by `limit`"), "{answer}");
            refused += 1;
        }
    }
    // Two are kept, and each that the system has taken or begun to leaves its place to another one.
    assert!((1..20).contains(&refused), "{refused} of 20");
}

#[tokio::test]
async fn who_takes_nothing_of_an_answer_is_cut_off() {
    let node = start(Limits { stalled: Duration::from_millis(20), answers: 600_000, ..Limits::default() });
    let mut slow = node.connect().await;
    send(&mut slow, &(request(1, "wait") + &(2..9).map(|id| request(id, "big")).collect::<String>())).await;
    // Its wait ends with it.
    until("cut off", || node.kit.ended.load(Ordering::SeqCst) == 1).await;
    let told = rest(slow).await;
    assert!(told.matches("\n\n").count() < 8, "all was told");
    let mut other = node.connect().await;
    send(&mut other, &request(1, "look")).await;
    assert_eq!(next(&mut other).await["result"], "seen");
}

#[tokio::test]
async fn a_client_has_one_turn_to_look_at_a_time() {
    let node = start(Limits { looking: 2, ..Limits::default() });
    let (mut greedy, mut other) = (node.connect().await, node.connect().await);
    send(&mut greedy, &(0..10).map(|id| request(id, "stare")).collect::<String>()).await;
    until("one looks", || node.kit.waiting.load(Ordering::SeqCst) == 1).await;
    send(&mut other, &request(1, "look")).await;
    assert_eq!(next(&mut other).await["result"], "seen");
    assert_eq!(node.kit.waiting.load(Ordering::SeqCst), 1);
    for _ in 0..10 {
        node.kit.go.notify_one();
        next(&mut greedy).await;
    }
}

#[tokio::test]
async fn a_command_that_panics_is_told_and_others_go_on() {
    let node = start(Limits::default());
    let mut client = node.connect().await;
    send(&mut client, &request(1, "panic")).await;
    assert_eq!(next(&mut client).await["error"]["message"], "the command has failed in itself: see the node's log");
    is_served(&node).await;
}
