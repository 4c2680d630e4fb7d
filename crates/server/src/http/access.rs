//! Who may use a route, by role, and for agents whether only for themselves.

use engine::AgentId;
use serde_json::{Value, json};
use store::Role;

/// What agents may do with a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agents {
    /// Nothing.
    No,
    /// Only what is their own: their state, calls in which they take or took part, their queues and boxes. The handler
    /// looks at [`Scope`].
    Own,
    /// As everybody else.
    All,
}

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody, signed in or not.
    Public,
    /// Every person who is signed in, for themselves. Not tokens.
    Person,
    /// Auditors, supervisors and owners.
    Auditors(Agents),
    /// Supervisors and owners.
    Supervisors(Agents),
    /// Auditors and owners: what concerns people's rights.
    DataOfficers,
    /// Owners.
    Owners,
}

/// How far somebody may see and act on a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The whole tenant.
    All,
    /// What is this agent's own.
    Own(AgentId),
}

impl Access {
    /// What a role may do: everything, only what is its own, or nothing.
    pub fn of(self, role: Role) -> Agents {
        match (self, role) {
            (Access::Public, _) => Agents::All,
            (Access::Person, _) => Agents::Own,
            (_, Role::Owner) => Agents::All,
            (Access::Auditors(agents) | Access::Supervisors(agents), Role::Agent) => agents,
            (Access::Auditors(_), Role::Auditor | Role::Supervisor) => Agents::All,
            (Access::Supervisors(_), Role::Supervisor) => Agents::All,
            (Access::DataOfficers, Role::Auditor) => Agents::All,
            (Access::Supervisors(_) | Access::DataOfficers | Access::Owners, _) => Agents::No,
        }
    }

    /// In words, for the description and for whoever may not.
    pub fn say(self) -> &'static str {
        match self {
            Access::Public => "needs no sign-in",
            Access::Person => "needs a person who is signed in",
            Access::Auditors(Agents::No) => "needs the role auditor, supervisor or owner",
            Access::Auditors(Agents::Own) => {
                "needs the role auditor, supervisor or owner, or agent for what is the agent's own"
            }
            Access::Auditors(Agents::All) => "needs any role",
            Access::Supervisors(Agents::No) => "needs the role supervisor or owner",
            Access::Supervisors(Agents::Own) => {
                "needs the role supervisor or owner, or agent for what is the agent's own"
            }
            Access::Supervisors(Agents::All) => "needs the role agent, supervisor or owner",
            Access::DataOfficers => "needs the role auditor or owner",
            Access::Owners => "needs the role owner",
        }
    }

    /// For the description: what each role may do.
    pub fn by_role(self) -> Value {
        let mut all = json!({});
        for role in Role::ALL {
            all[role.name()] = match self.of(role) {
                Agents::No => continue,
                Agents::Own => "own".into(),
                Agents::All => "all".into(),
            };
        }
        all
    }
}
