//! Judging the token that comes with an activity.

use crate::bot::activity::Activity;
use crate::entra::{Algorithm, KeySet, Refused, verified};
use crate::time::Time;

/// What the token of an activity must fulfil.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BotRules {
    /// Our bot's application id.
    pub app_id: String,
    /// [`crate::bot::BotCloud::issuer`]
    pub issuer: String,
}

impl BotRules {
    /// Judges the token with which an activity was posted. Tokens of Entra ID, as other bots and the emulator bring, are
    /// those of another issuer and refused. Whether the service URL may be sent anything is judged apart.
    ///
    /// # Errors
    /// [`Refused`], for the log.
    pub fn check(&self, keys: &KeySet, now: Time, token: &str, activity: &Activity) -> Result<(), Refused> {
        let (claims, key) = verified(token, keys, &[Algorithm::Rs256])?;
        claims.within_times(now)?;
        if !claims.is_for(&[&self.app_id]) {
            return Err(Refused::Audience);
        }
        if claims.text("iss") != Some(&self.issuer) {
            return Err(Refused::Issuer);
        }
        // Who signs for one channel cannot speak for another.
        if activity.channel.is_empty() || !key.endorsements.contains(&activity.channel) {
            return Err(Refused::Endorsement);
        }
        if claims.text_of_any_case("serviceurl") != Some(&activity.service_url) {
            return Err(Refused::ServiceUrl);
        }
        Ok(())
    }
}
