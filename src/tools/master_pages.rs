//! Master pages of OnceHub Classic, and one-time links to them.

use rmcp::handler::server::tool::ToolRouter;
use rmcp::{tool, tool_router};
use serde_json::{Map, Value};

use super::asked::Asked;
use super::call::Call;
use super::failure::{Failure, Stop};
use super::line::Line;
use super::names::Noun;
use super::reply::{Reply, present};
use super::schema::Field;
use super::{Tools, Zone, one_time_link, schema};
use crate::oncehub::{Object, master_pages};

impl Tools {
    pub(super) fn master_pages() -> Vec<ToolRouter<Self>> {
        vec![Self::finding_master_pages(), Self::linking_master_pages()]
    }
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListMasterPages {
    #[schemars(range(min = 1, max = 500), extend("default" = 25))]
    limit: Option<u32>,
    /// A next_cursor
    cursor: Option<String>,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct GetMasterPage {
    /// Id, exact name or URL
    master_page_id: String,
}

const FIELDS: &[Field] = &[
    ("id", "string", ""),
    ("name", "string", "What the account calls it"),
    ("label", "string", "What guests read"),
    ("url", "string", "Where guests book"),
    ("active", "boolean", "Whether it takes bookings"),
];

#[tool_router(router = finding_master_pages)]
impl Tools {
    /// List the master pages of OnceHub Classic, each several booking pages under one URL: name, URL, whether active.
    /// Use one to filter `list_bookings` or `list_booking_pages`, or for `create_master_page_one_time_link`.
    #[tool(
        title = "List master pages",
        input_schema = schema::input::<ListMasterPages>(),
        output_schema = schema::list(schema::object(FIELDS), &[]),
        annotations(read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn list_master_pages(&self, mut call: Call) -> Result<Reply, Failure> {
        let ListMasterPages { limit, cursor } = call.input()?;
        let zone = &self.settings.zone;
        let found = call.gather(&master_pages::All::default(), limit, cursor.as_deref(), None).await?;
        Ok(found.rows("master page", &Asked::by(&call, zone), |page| shown(page, zone)))
    }

    /// Read one Classic master page: label, URL, whether active. Not needed after `list_master_pages`, which shows the
    /// same. Its pages: `list_booking_pages` (master_page).
    #[tool(
        title = "Get master page",
        input_schema = schema::input::<GetMasterPage>(),
        output_schema = schema::output(FIELDS),
        annotations(read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn get_master_page(&self, mut call: Call) -> Result<Reply, Failure> {
        let GetMasterPage { master_page_id } = call.input()?;
        let id = call.find(&[Noun::MasterPages], "master_page_id", &master_page_id).await?.id;
        let page = call.read(&master_pages::Get::new(id.clone()), &id).await?;
        Ok(Reply::of(shown(&page, &self.settings.zone)))
    }
}

fn shown(page: &Object, zone: &Zone) -> (Map<String, Value>, String) {
    let label = page.text("label").filter(|label| Some(*label) != page.text("name"));
    let line = Line::of(page)
        .quoted(page.text("name"))
        .labelled_quoted("for guests:", label)
        .said(page.flag("active").map(|active| if active { "active" } else { "not active" }.to_owned()))
        .word(page.text("url"));
    (present(page.clone(), zone), line.end())
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct CreateLink {
    /// Id, exact name or URL
    master_page_id: String,
}

#[tool_router(router = linking_master_pages)]
impl Tools {
    /// Make a link with which one guest books once through a Classic master page. It is sent to nobody: pass it on. It
    /// ends after one booking or 90 days; nothing can be prefilled. For booking calendars use `create_one_time_link`.
    #[tool(
        title = "Create master page one-time link",
        input_schema = schema::input::<CreateLink>(),
        output_schema = schema::written(&[
                ("id", "string", "The link's own id, not a booking's"),
                ("url", "string", "What to give to the guest"),
                ("creation_time", "string", "UTC"),
                ("creation_time_local", "string", "In time_zone"),
                ("master_page_id", "string", ""),
            ]),
        annotations(read_only_hint = false, destructive_hint = false, idempotent_hint = false, open_world_hint = true)
    )]
    async fn create_master_page_one_time_link(&self, mut call: Call) -> Result<Reply, Stop> {
        let CreateLink { master_page_id } = call.input()?;
        let page = call.find(&[Noun::MasterPages], "master_page_id", &master_page_id).await?;
        let question = format!("Make a one-time link for the master page {}?", page.described());
        call.agree(false, &question, &Map::new).await?;
        let link = call.one_time_link(&master_pages::CreateOneTimeLink { id: page.id.clone() }).await?;
        Ok(Reply::of(one_time_link::shown(link, "master_page_id", &page, &self.settings.zone)))
    }
}
