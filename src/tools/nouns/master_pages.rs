//! Master pages of OnceHub Classic, and one-time links to them.

use rmcp::{tool, tool_router};

use crate::actions::Stop;
use crate::actions::links::MakeLink;
use crate::oncehub::{Collection, master_pages};
use crate::records::{ClassicPage, Link, Noun, Told};
use crate::tools::{Answer, Call, Paging, Parameters, Reply, Tools, schema};

#[tool_router(router = finding_master_pages, vis = "pub(in crate::tools)")]
impl Tools {
    /// List the master pages of OnceHub Classic, each a URL that groups booking pages: name, URL, whether active. Use
    /// one to filter `list_bookings` or `list_booking_pages`, or for `create_master_page_one_time_link`.
    #[tool(title = "List master pages", annotations(read_only_hint = true), output_schema = schema::list::<ClassicPage>(schema::NEWEST))]
    async fn list_master_pages(&self, call: Call, Parameters(paging): Parameters<Paging>) -> Answer {
        paging.list::<ClassicPage>(&call, &Collection::MasterPages.all(), "master page").await
    }

    /// Read one Classic master page: label, URL, whether active; `list_master_pages` shows the same. Its pages:
    /// `list_booking_pages` (master_page).
    #[tool(title = "Get master page", annotations(read_only_hint = true), output_schema = schema::read::<ClassicPage>())]
    async fn get_master_page(&self, call: Call, Parameters(input): Parameters<OneMasterPage>) -> Answer {
        call.one::<ClassicPage>(Noun::MasterPages, "master_page_id", &input.master_page_id).await
    }
}

#[tool_router(router = linking_master_pages, vis = "pub(in crate::tools)")]
impl Tools {
    /// Create a link for a single booking through a Classic master page. OnceHub does not send it: pass it on. It
    /// expires after one booking or 90 days; nothing can be prefilled, no tool revokes it. Pages: `list_master_pages`.
    /// For booking calendars use `create_one_time_link`.
    #[tool(title = "Create master page one-time link", annotations(destructive_hint = false),
        output_schema = schema::written::<Link>())]
    async fn create_master_page_one_time_link(
        &self,
        mut call: Call,
        Parameters(input): Parameters<OneMasterPage>,
    ) -> Answer<Stop> {
        let page = call.names.find(&[Noun::MasterPages], "master_page_id", &input.master_page_id).await?;
        let question = format!("Create a one-time link for the master page {}", page.described());
        let request = master_pages::CreateOneTimeLink { id: page.id.clone() };
        let done = call.carry_out(&mut MakeLink { request, question }).await?;
        let mut link = Told::<Link>::from(done.object);
        link.master_page_id = Some(page.id.to_string());
        Ok(Reply::new(link.fields(call.zone()), link.invitation(&page.described(), call.zone())).in_zone(call.zone()))
    }
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct OneMasterPage {
    /// Id, exact name or URL
    master_page_id: String,
}
