//! A playbook as a skill (SEP-2640): its file, as it is, for a host that reads it when it is needed.

use rmcp::model::{Resource, ResourceContents, Skill, SkillResource, SkillResources};

use super::Playbook;

const MARKDOWN: &str = "text/markdown";

impl Playbook {
    /// Returns the URI of its file.
    pub fn uri(&self) -> String {
        format!("skill://{}/SKILL.md", self.front.name)
    }

    /// Returns its manifest.
    pub fn skill(&self) -> Skill {
        let file = SkillResource::from_bytes(self.uri(), self.text.as_bytes());
        Skill::new(self.uri(), self.front.clone(), SkillResources::Files(vec![file]))
    }

    /// Returns its file as a resource, as lists show it.
    pub fn resource(&self) -> Resource {
        let size = u64::try_from(self.text.len()).unwrap_or_default();
        let resource = Resource::new(self.uri(), &self.front.name)
            .with_description(&self.front.description)
            .with_mime_type(MARKDOWN)
            .with_size(size);
        match self.title() {
            Some(title) => resource.with_title(title),
            None => resource,
        }
    }

    /// Returns its file's contents.
    pub fn contents(&self) -> ResourceContents {
        ResourceContents::text(&self.text, self.uri()).with_mime_type(MARKDOWN)
    }
}
