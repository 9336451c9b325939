//! The check of an address, at a terminal.

use super::super::http::{Server, upstream};
use super::{COLUMNS, run, too_wide};

#[test]
fn the_check_of_an_address_fits_the_terminal_and_says_who_has_to_act() {
    let runtime = super::super::agents::background();
    let sandbox = runtime.block_on(upstream());
    let server = Server::with(&sandbox, |command| command.args(["--oauth", "keys"]));
    for url in [format!("{}/mcp", server.url), server.url.replace("127.0.0.1", "0.0.0.0")] {
        let shown = run(&["check", &url], &[]);
        assert_eq!(too_wide(&shown.text), Vec::<&str>::new(), "{COLUMNS} columns: {}", shown.text);
        assert_eq!(shown.code, Some(i32::from(shown.text.contains("\nbad  "))), "{}", shown.text);
    }
    let good = run(&["check", &format!("{}/sse", server.url)], &[]);
    for part in ["ok   server ", "?    hosts ", "     hint: operator: "] {
        assert!(good.text.contains(part) && good.code == Some(0), "{part}: {}", good.text);
    }
}
