//! Features, and which profile has them.

/// What kind of product a tenant uses: a named set of features.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Profile {
    /// Members of a chat, channel or team with their numbers, to be called through a softphone or PBX.
    Connector,
    /// The full contact centre.
    ContactCenter,
    /// Direct Routing, and the Teams directory inside the contact centre.
    Directory,
    /// An existing contact centre and Teams joined by SIP alone.
    Bridge,
}

impl Profile {
    /// All of them.
    pub const ALL: [Profile; 4] =
        [Profile::Connector, Profile::ContactCenter, Profile::Directory, Profile::Bridge];

    /// As configuration names it.
    pub const fn name(self) -> &'static str {
        match self {
            Profile::Connector => "connector",
            Profile::ContactCenter => "contact-center",
            Profile::Directory => "directory",
            Profile::Bridge => "bridge",
        }
    }

    /// By its name.
    pub fn named(name: &str) -> Option<Profile> {
        Profile::ALL.into_iter().find(|p| p.name() == name)
    }
}

/// What a feature is in a profile.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Default {
    /// On unless switched off.
    On,
    /// Off unless switched on.
    Off,
    /// No part of the profile.
    Never,
}

macro_rules! features {
    ($($(#[$doc:meta])* $variant:ident $name:literal $profiles:literal,)*) => {
        /// What a tenant may switch on or off.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum Feature {
            $($(#[$doc])* $variant,)*
        }

        impl Feature {
            /// All of them.
            pub const ALL: [Feature; [$($name),*].len()] = [$(Feature::$variant),*];

            /// As configuration names it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Feature::$variant => $name,)*
                }
            }

            /// One letter a profile: on, off, or not part of it (`-`).
            const fn letters(self) -> &'static str {
                match self {
                    $(Feature::$variant => $profiles,)*
                }
            }
        }
    };
}

// The letters stand for connector, contact-center, directory and bridge: `1` on, `0` can be switched on, `-` never.
features! {
    /// Carrier trunks and SIP phones.
    SipTrunks "sip-trunks" "0111",
    /// Calls between Teams users and the telephone network.
    DirectRouting "direct-routing" "-111",
    /// Queues.
    Queues "queues" "-10-",
    /// Flows.
    Flows "flows" "-10-",
    /// Reports.
    Reports "reports" "-10-",
    /// Recording.
    Recording "recording" "-1--",
    /// Voicemail.
    Voicemail "voicemail" "-1--",
    /// Signing in with Entra ID.
    SignIn "sign-in" "111-",
    /// The tenant's people with their numbers, kept in step.
    DirectorySync "directory-sync" "-11-",
    /// Whether somebody is in a call, away, not to be disturbed.
    PresenceRead "presence-read" "01--",
    /// Showing agents who talk through us as in a call.
    PresenceWrite "presence-write" "-0--",
    /// Seeing and assigning licences.
    Licences "licences" "-0--",
    /// A tab in Teams.
    Tab "tab" "10--",
    /// The members of a chat, to be called.
    MembersChat "members-chat" "10--",
    /// The members of a channel, to be called.
    MembersChannel "members-channel" "10--",
    /// The members of a team, to be called.
    MembersTeam "members-team" "10--",
    /// A bot in Teams.
    Bot "bot" "10--",
    /// Numbers on the bot's card, by bot sign-in and on-behalf-of.
    BotNumbers "bot-numbers" "00--",
    /// Resource-specific consent.
    Rsc "rsc" "00--",
    /// Dialling by an address that a softphone opens.
    DialUrl "dial-url" "10--",
    /// Dialling through this product.
    DialOwn "dial-own" "010-",
    /// Dialling through CommPortal.
    DialCommportal "dial-commportal" "00--",
    /// Dialling through Asterisk.
    DialAri "dial-ari" "00--",
    /// Dialling through FreeSWITCH.
    DialEsl "dial-esl" "00--",
    /// Calls by Graph; reserved.
    CallingBot "calling-bot" "-0--",
    /// Online meetings; reserved.
    OnlineMeetings "online-meetings" "-0--",
    /// Sign-in and API from given networks only.
    AddressAllowList "address-allow-list" "0000",
}

impl Feature {
    /// By its name.
    pub fn named(name: &str) -> Option<Feature> {
        Feature::ALL.into_iter().find(|f| f.name() == name)
    }

    /// What it is in a profile.
    pub fn in_profile(self, profile: Profile) -> Default {
        let at = match profile {
            Profile::Connector => 0,
            Profile::ContactCenter => 1,
            Profile::Directory => 2,
            Profile::Bridge => 3,
        };
        match self.letters().as_bytes().get(at) {
            Some(b'1') => Default::On,
            Some(b'0') => Default::Off,
            _ => Default::Never,
        }
    }

    /// Whether it is only a name that is kept free.
    pub const fn is_reserved(self) -> bool {
        matches!(self, Feature::CallingBot | Feature::OnlineMeetings)
    }
}
