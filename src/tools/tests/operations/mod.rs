//! All operations of the API: which tool stands for each, what it puts on the wire, and the errors that OnceHub documents for
//! it. Two tests read the table: the one below, and `documented_errors`.

mod table;

use serde_json::Value;

use crate::tools::Catalogue;
use crate::tools::tests::bench::{Bench, Setup};
use table::Ids;

/// A documented error: status, message, and what it is about.
pub(super) type Documented = (u16, &'static str, Option<&'static str>);

/// A tool with all of its arguments, what they become on the wire, and the operation's own errors.
pub(super) struct Operation {
    pub(super) method: &'static str,
    /// Below `/v2`.
    template: &'static str,
    pub(super) tool: &'static str,
    pub(super) arguments: Value,
    /// What `{id}` in the path becomes.
    id: String,
    query: Vec<(&'static str, String)>,
    body: Option<Value>,
    pub(super) errors: Vec<Documented>,
}

impl Operation {
    /// Below `/v2`.
    pub(super) fn path(&self) -> String {
        self.template.replace("{id}", &self.id)
    }

    /// Whether a request is this operation's, its id a single segment.
    pub(super) fn is(&self, method: &str, path: &str) -> bool {
        let asked: Vec<&str> = path.strip_prefix("/v2").unwrap_or(path).split('/').collect();
        let template: Vec<&str> = self.template.split('/').collect();
        let fits = |(part, asked): (&&str, &&str)| match *part {
            "{id}" => !asked.is_empty() && !matches!(asked.to_lowercase().as_str(), "." | ".." | "%2e" | "%2e%2e"),
            part => part == *asked,
        };
        self.method == method && template.len() == asked.len() && template.iter().zip(&asked).all(fits)
    }

    /// The body of its request.
    pub(super) fn body(&self) -> Option<&Value> {
        self.body.as_ref()
    }

    fn on(mut self, id: &str) -> Self {
        self.id = id.to_owned();
        self
    }

    fn asks(mut self, query: &[(&'static str, &str)]) -> Self {
        self.query = query.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self
    }

    fn sends(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    fn fails(mut self, errors: &[&[Documented]]) -> Self {
        self.errors = errors.concat();
        self
    }
}

/// Begins a row: the method and path of an operation, its tool, and a call with all arguments.
fn operation(operation: &'static str, tool: &'static str, arguments: Value) -> Operation {
    let (method, template) = operation.split_once(' ').unwrap();
    Operation {
        method,
        template,
        tool,
        arguments,
        id: String::new(),
        query: Vec::new(),
        body: None,
        errors: Vec::new(),
    }
}

/// An account, and the table for it.
pub(super) async fn table(setup: Setup) -> (Bench, Vec<Operation>) {
    let bench = Bench::with(setup).await;
    let operations = Ids::of(&bench).await.operations();
    (bench, operations)
}

#[tokio::test]
async fn each_tool_but_the_jobs_stands_for_one_operation() {
    let (bench, operations) = table(Setup::default()).await;
    let mut tools: Vec<&str> = operations.iter().map(|operation| operation.tool).collect();
    tools.sort_unstable();
    let all = bench.catalogue.list().iter().map(|tool| tool.name.as_ref());
    let is_job = |tool: &&str| Catalogue::toolset_of(tool) == Some("workflows") || Catalogue::opens_view(tool);
    assert_eq!(tools, all.filter(|tool| !is_job(tool)).collect::<Vec<_>>());
}

#[tokio::test]
async fn each_operation_goes_over_the_wire_as_documented() {
    let (bench, operations) = table(Setup::default()).await;
    for operation in operations {
        let before = bench.sandbox.requests().len();
        bench.call(operation.tool, operation.arguments.clone()).await;
        let path = format!("/v2{}", operation.path());
        let seen = bench.sandbox.requests().split_off(before);
        let of_it = |seen: &&crate::sandbox::Seen| seen.method == operation.method && seen.path == path;
        // Before it directories are read, after it sometimes the object: what was asked for has all of the query.
        let requests: Vec<_> = seen.iter().filter(of_it).collect();
        let query = |seen: &crate::sandbox::Seen| -> Vec<(String, String)> {
            let mut pairs: Vec<_> = url::form_urlencoded::parse(seen.query.as_bytes()).into_owned().collect();
            pairs.sort();
            pairs
        };
        let mut expected: Vec<_> =
            operation.query.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        expected.sort();
        let found = requests.iter().find(|seen| query(seen) == expected && seen.body == operation.body);
        assert!(
            found.is_some(),
            "{}: not on the wire: {} {path} {expected:?} {:?}, but {seen:#?}",
            operation.tool,
            operation.method,
            operation.body
        );
    }
}
