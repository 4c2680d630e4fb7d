//! The Teams app package of a tenant: manifest, icons, languages, and the guide for whoever sets it up.
//!
//! White-label: everything that people see is the tenant's own. Only what its features use is asked for.

mod archive;
mod guide;
mod icons;
mod manifest;
mod texts;

use crate::bot::Language;
use crate::permissions::Features;
use std::collections::BTreeMap;

/// The largest icon that is taken, in bytes.
pub const LARGEST_ICON: usize = 512 * 1024;

/// What people read about the app in one language. What is left out has words of its own.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct AppTexts {
    /// Its name, at most 30 characters.
    pub name: Option<String>,
    /// One line, at most 80 characters.
    pub summary: Option<String>,
    /// A few paragraphs, at most 4,000 characters.
    pub description: Option<String>,
}

/// What a package is made of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AppPlan {
    /// The app's own id in Teams, a GUID. It never changes.
    pub id: String,
    /// `1.0.0`; larger for each change.
    pub version: String,
    /// The company that stands behind it, at most 32 characters.
    pub company: String,
    /// Its pages: about the app, about privacy, terms of use.
    pub website: String,
    /// See [`AppPlan::website`].
    pub privacy: String,
    /// See [`AppPlan::website`].
    pub terms: String,
    /// The colour behind the icon, `#rrggbb`.
    pub accent: String,
    /// The name in every language that has none of its own.
    pub name: String,
    /// The languages, the first is for whoever speaks none of them.
    pub languages: Vec<Language>,
    /// Texts by language.
    pub texts: BTreeMap<Language, AppTexts>,
    /// Where people reach Switchroom, without a slash at its end.
    pub url: String,
    /// The tenant's id there.
    pub tenant: String,
    /// The registration of the bot.
    pub bot: Option<String>,
    /// The registration of the tab.
    pub tab: Option<String>,
    /// What is on.
    pub features: Features,
    /// A PNG of 192 × 192 pixels; nothing for a plain one in the accent colour.
    pub color_icon: Option<Vec<u8>>,
    /// A PNG of 32 × 32 pixels, white on transparent; nothing for a plain one.
    pub outline_icon: Option<Vec<u8>>,
}

/// A package.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AppPackage {
    /// The files in it by their names.
    pub files: Vec<(String, Vec<u8>)>,
    /// All of them as a zip archive, to be uploaded.
    pub archive: Vec<u8>,
    /// What an administrator does to set it up, in Markdown.
    pub guide: String,
}

impl AppPlan {
    /// Makes the package.
    ///
    /// # Errors
    /// Everything for which Teams would refuse it, a sentence each.
    pub fn package(&self) -> Result<AppPackage, Vec<String>> {
        let mut faults = manifest::faults(self);
        let color = self.color_icon.clone().unwrap_or_else(|| icons::color(&self.accent));
        let outline = self.outline_icon.clone().unwrap_or_else(icons::outline);
        faults.extend(icons::fault("colour", &color, 192, false));
        faults.extend(icons::fault("outline", &outline, 32, true));
        if !faults.is_empty() {
            return Err(faults);
        }
        let mut files =
            vec![("manifest.json".to_string(), manifest::manifest(self).to_string().into_bytes())];
        for language in self.languages.iter().skip(1) {
            let text = manifest::in_language(self, *language).to_string();
            files.push((manifest::file_of(*language), text.into_bytes()));
        }
        files.push(("color.png".into(), color));
        files.push(("outline.png".into(), outline));
        Ok(AppPackage { archive: archive::zip(&files), guide: guide::guide(self), files })
    }
}

#[cfg(test)]
mod tests;
