//! What the other files stand on: the built program as a child, spoken to as hosts do.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

/// The program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_oncehub-mcp");

/// The longest that any answer is waited for: far more than it takes, so that a hang fails instead of hanging.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// The program with none of this machine's own settings.
pub(crate) fn program() -> Command {
    let mut command = Command::new(PROGRAM);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ONCEHUB_") || name == "RUST_LOG") {
        command.env_remove(name);
    }
    // Away from any .env of the checkout.
    command.current_dir(std::env::temp_dir());
    command
}

/// A server that is being spoken to line by line.
pub(crate) struct Session {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<Value>,
    errors: Receiver<String>,
    next: u64,
}

impl Session {
    /// Starts the program; `arguments` come before the command.
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take(), child.stdout.take().unwrap());
        let errors = read_whole(child.stderr.take().unwrap());
        Self { child, input, lines: read_lines(output), errors, next: 0 }
    }

    /// A session of 2025-11-25, opened.
    pub(crate) fn open(command: Command) -> Self {
        let mut session = Self::start(command);
        let hello = session.request(
            "initialize",
            json!({
                "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}
            }),
        );
        assert_eq!(hello["result"]["protocolVersion"], "2025-11-25");
        session.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        session
    }

    /// Writes a line.
    pub(crate) fn send(&mut self, message: &Value) {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{message}").unwrap();
        input.flush().unwrap();
    }

    /// Sends a request without waiting; its id.
    pub(crate) fn post(&mut self, method: &str, params: Value) -> u64 {
        self.next += 1;
        let id = self.next;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        id
    }

    /// The next message.
    pub(crate) fn next(&self) -> Option<Value> {
        self.lines.recv_timeout(PATIENCE).ok()
    }

    /// The answer to a request; what comes before it is passed over.
    pub(crate) fn answer(&self, id: u64) -> Value {
        loop {
            let message = self.next().expect("no answer came");
            if message["id"] == json!(id) && message.get("method").is_none() {
                return message;
            }
        }
    }

    /// Sends a request; its answer.
    pub(crate) fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.post(method, params);
        self.answer(id)
    }

    /// Calls a tool; its result.
    pub(crate) fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.request("tools/call", json!({"name": tool, "arguments": arguments}))["result"].clone()
    }

    /// The process's id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends the input, and waits for the process: its exit code, all lines that were left, and its standard error.
    pub(crate) fn end(mut self) -> (Option<i32>, Vec<Value>, String) {
        self.input = None;
        self.wait()
    }

    /// Waits for the process to end by itself.
    pub(crate) fn wait(mut self) -> (Option<i32>, Vec<Value>, String) {
        let errors = self.errors.recv_timeout(PATIENCE).expect("the process did not end");
        let status = self.child.wait().unwrap();
        (status.code(), self.lines.iter().collect(), errors)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for a program that ends by itself: its exit code, what it has printed, and its log.
pub(crate) fn ended(mut command: Command) -> (Option<i32>, String, String) {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let [printed, log] = [read_whole(child.stdout.take().unwrap()), read_whole(child.stderr.take().unwrap())];
    let Ok(log) = log.recv_timeout(PATIENCE) else {
        child.kill().unwrap();
        panic!("it goes on: {command:?}");
    };
    (child.wait().unwrap().code(), printed.recv_timeout(PATIENCE).unwrap(), log)
}

/// Reads what a program writes until it ends, so that it never has to wait for a reader.
pub(crate) fn read_whole(mut output: impl Read + Send + 'static) -> Receiver<String> {
    let (told, whole) = channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let _ = output.read_to_string(&mut text);
        let _ = told.send(text);
    });
    whole
}

fn read_lines(output: ChildStdout) -> Receiver<Value> {
    let (told, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let message = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not the protocol: {line}"));
            if told.send(message).is_err() {
                return;
            }
        }
    });
    lines
}

/// A runtime that goes on by itself while a test blocks.
pub(crate) fn background() -> tokio::runtime::Handle {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let handle = runtime.handle().clone();
    std::thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
    handle
}
