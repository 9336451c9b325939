//! `oncehub-mcp demo`.

use super::super::agents::program;
use super::{run, too_wide};

#[test]
fn the_demo_fits_the_terminal_asks_and_says_what_is_next() {
    let shown = run(&["demo"], &[]);
    assert_eq!((shown.code, too_wide(&shown.text)), (Some(0), Vec::new()), "{}", shown.text);
    for part in ["? Yes (the demo answers for you)", "5 requests a second", "oncehub-mcp install CLIENT --sandbox\n"] {
        assert!(shown.text.contains(part), "{part}: {}", shown.text);
    }
}

/// What the demo shows with these settings.
fn demo(arguments: &[&str], variable: (&str, &str)) -> String {
    let output = program().arg("demo").args(arguments).env(variable.0, variable.1).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{arguments:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

#[test]
fn the_demo_takes_settings_and_survives_them() {
    let none = ("NO_COLOR", "1");
    for (arguments, variable) in
        [(&["--read-only", "--time-zone=Asia/Tokyo"][..], none), (&[], ("ONCEHUB_MCP_READ_ONLY", "1"))]
    {
        let said = demo(arguments, variable);
        assert!(said.contains("schedule_meeting is not offered with these settings."), "{said}");
        assert_eq!(said.contains("times in Asia/Tokyo"), !arguments.is_empty(), "{said}");
        assert!(!said.contains("-32602") && !said.contains("Booked."), "{said}");
    }
    let always = demo(&["--confirm", "always"], none);
    assert!(always.contains("? Book ") && always.contains("Booked."), "{always}");
    let dry = demo(&["--dry-run"], none);
    assert!(dry.contains("Dry run") && !dry.contains("Booked."), "{dry}");
    let few = demo(&["--toolsets=users"], none);
    assert!(few.contains("list_bookings is not offered") && few.contains("-> off"), "{few}");
}
