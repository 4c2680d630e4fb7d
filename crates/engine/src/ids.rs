//! Numbers by which things are known. What a person or a place is called stands elsewhere.

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
        )]
        pub struct $name(pub $inner);

        impl crate::table::Number for $name {
            fn number(self) -> u64 {
                u64::from(self.0)
            }
        }
    };
}

id!(/** A call, from arrival to its end. Never used twice in a tenant. */ CallId(u64));
id!(/** One party's connection to a call. Never used twice in a tenant. */ LegId(u64));
id!(/** A call's stay in one queue. Never used twice in a tenant. */ EntryId(u64));
id!(/** An effect. Never used twice in a tenant. */ EffectId(u64));
id!(/** A recording. Never used twice in a tenant. */ RecordingId(u64));
id!(/** The person or line at the far end; who that is, is kept encrypted elsewhere. */ PartyId(u64));
id!(/** An agent, by the number of its configuration object. */ AgentId(u32));
id!(/** A queue, by the number of its configuration object. */ QueueId(u32));
id!(/** A flow, by the number of its configuration object. */ FlowId(u32));
id!(/** A number that can be called, by the number of its configuration object. */ NumberId(u32));
id!(/** A prompt or music, by the number of its configuration object; 0 is the music built in. */ PromptId(u32));
id!(/** A fixed address that a flow dials; the door knows which. */ TargetId(u32));
id!(/** A skill, by the number of its configuration object. */ SkillId(u32));
id!(/** Opening hours, by the number of their configuration object. */ HoursId(u32));
id!(/** A way in which a call ended for the agent, by the number of its configuration object. */ DispositionId(u32));
id!(/** A look-up of data over HTTP, by the number of its configuration object. */ LookUpId(u32));
id!(/** A way to take secret digits, by the number of its configuration object. */ SecureId(u32));
id!(/** A voicemail box: twice the number of its queue, or twice that of its user and one. */ MailboxId(u32));
id!(/** A language of prompts, by its place in the tenant's list. */ LanguageId(u16));
id!(/** Something that flows remember of a call, by its place in the tenant's list. */ AttributeId(u16));
id!(/** A place for digits that a caller keyed; the door keeps the digits. */ SlotId(u16));
id!(/** Why an agent is on a break, by its place in the tenant's list; 0 is no reason given. */ BreakReason(u16));
id!(/** A promise to call back. Never used twice in a tenant. */ CallbackId(u64));
id!(/** A set of skills that a caller needs, as the engine numbers them. */ NeedId(u32));
id!(/** A trunk, by the number of its configuration object. */ TrunkId(u32));
