//! The icons of tools, one for each toolset. They are made when they are listed: no catalogue holds them.

use rmcp::RoleServer;
use rmcp::model::{Icon, ProtocolVersion, Tool};
use rmcp::service::RequestContext;

use crate::tools::Catalogue;

/// The shape of each toolset's icon, on a square of nine by nine. Each is sent with each of its tools: it has to be short.
const SHAPES: &[(&str, &str)] = &[
    // A key.
    ("account", "M0,3h3v1h6v2H8V5H7v1H6V5H3v1H0z"),
    // A tick.
    ("bookings", "M0,5l3,3,6-6-1-1-5,5-2-2z"),
    // A sheet of a calendar.
    ("booking_calendars", "M2,0h1v1h3V0h1v1h2v8H0V1h2zM1,4v4h7V4z"),
    // A page with lines.
    ("booking_pages", "M1,0h5l2,2v7H1zM2,4v1h5V4zM2,6v1h5V6z"),
    // A label.
    ("event_types", "M0,0h4l5,5-4,4-5-5zM1,1v1h1V1z"),
    // A page upon another.
    ("master_pages", "M0,0h6v7H0zM7,2h2v7H3V8h4z"),
    // A bubble of speech.
    ("notifications", "M0,1h9v5H4L2,9V6H0z"),
    // A person.
    ("users", "M4,0a2,2,0,1,1-.1,0zM0,9q4-9,8,0z"),
    // Two persons.
    ("teams", "M3,0a2,2,0,1,1-.1,0zM0,9q3-9,6,0zM7,2a1,1,0,1,1-.1,0zM7,9L6,5q3,0,3,4z"),
    // A card with a portrait.
    ("contacts", "M0,1h9v7H0zM1,3v3h3V3z"),
    // A flash.
    ("webhooks", "M5,0L1,5h3L3,9l5-6H5z"),
    // What starts.
    ("workflows", "M0,0l9,4-9,4z"),
    // An eye.
    ("views", "M0,4q4-7,9,0q-5,7-9,0zM4,3a1,1,0,1,0,.1,0z"),
];

/// Returns the icon of a tool's toolset, in a colour that can be told from white and from black.
pub(super) fn of(tool: &str) -> Option<Icon> {
    let toolset = Catalogue::toolset_of(tool)?;
    let (_, shape) = SHAPES.iter().find(|(name, _)| *name == toolset)?;
    let svg = "%3Csvg%20xmlns='http://www.w3.org/2000/svg'%20viewBox='0,0,9,9'%3E%3Cpath%20fill='teal'%20d='";
    Some(Icon::new(format!("data:image/svg+xml,{svg}{shape}'/%3E%3C/svg%3E")))
}

/// Returns the tools with their icons, for a client whose revision knows icons.
pub(super) fn with_icons(mut tools: Vec<Tool>, context: &RequestContext<RoleServer>) -> Vec<Tool> {
    let knows = |version: ProtocolVersion| version.as_str() >= ProtocolVersion::V_2025_11_25.as_str();
    if context.protocol_version().is_some_and(knows) {
        tools.iter_mut().for_each(|tool| tool.icons = of(&tool.name).map(|icon| vec![icon]));
    }
    tools
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::Selection;

    #[test]
    fn every_tool_has_an_icon_and_all_of_them_take_little() {
        let with_icon: Vec<&str> = SHAPES.iter().map(|(toolset, _)| *toolset).collect();
        assert_eq!(with_icon, Catalogue::toolsets().collect::<Vec<_>>());
        let catalogue = Catalogue::new(&Selection::default()).unwrap();
        let icons: Vec<Icon> = catalogue.list().iter().map(|tool| of(&tool.name).unwrap()).collect();
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(c);
        for icon in &icons {
            assert!(icon.src.len() <= 200 && icon.src.chars().all(allowed), "{}", icon.src);
        }
        let bytes: usize =
            icons.iter().map(|icon| serde_json::to_string(icon).unwrap().len() + r#","icons":[]"#.len()).sum();
        assert!(bytes <= 8_500, "{bytes}");
    }
}
