//! Notices that servers share.

use std::time::Duration;

use async_trait::async_trait;

use super::{Shared, key, milliseconds};
use crate::store::notices::MOST;
use crate::store::{Notice, Notices, Unavailable};

/// The key of an account's notices.
pub(super) fn of(account: &str) -> String {
    key(&format!("notices:{account}"))
}

#[async_trait]
impl Notices for Shared {
    async fn leave(&self, account: &str, notice: &Notice, keep: Duration) -> Result<(), Unavailable> {
        let mut call = self.scripts.notice.prepare_invoke();
        call.key(of(account)).arg("leave").arg(&notice.id).arg(milliseconds(keep).max(1)).arg(&notice.text).arg(MOST);
        self.run::<u8>("leave_notice", call).await.map(|_| ())
    }

    async fn left(&self, account: &str) -> Result<Vec<Notice>, Unavailable> {
        let mut call = self.scripts.notice.prepare_invoke();
        call.key(of(account)).arg("left");
        let all: Vec<String> = self.run("notices", call).await?;
        let notice = |(id, text): (&str, &str)| Notice { id: id.to_owned(), text: text.to_owned() };
        Ok(all.iter().filter_map(|notice| notice.split_once('|')).map(notice).collect())
    }

    async fn take(&self, account: &str, id: &str, keep: Duration) -> Result<bool, Unavailable> {
        let mut call = self.scripts.notice.prepare_invoke();
        call.key(of(account)).key(key(&format!("taken:{id}"))).arg("take").arg(id).arg(milliseconds(keep).max(1));
        Ok(self.run::<u8>("take_notice", call).await? == 1)
    }
}
