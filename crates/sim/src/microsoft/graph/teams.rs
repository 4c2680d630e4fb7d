//! Teams with their channels, chats, and who is in them. Who is where follows from the place of a person.

use crate::microsoft::Microsoft;
use crate::microsoft::directory::{Kind, guid, place};
use crate::microsoft::entra::tokens::Caller;
use crate::microsoft::exchange::{Reply, Request};
use crate::microsoft::graph::refusal::{GraphRefusal, refuse};
use crate::microsoft::people::mixed;
use crate::microsoft::tenant::Tenant;
use serde_json::{Value, json};

/// People of a team, at most; of a private channel; of a chat.
const OF_TEAM: u32 = 60;
const OF_CHANNEL: u32 = 8;
const OF_CHAT: u32 = 6;
/// Teams and chats of a tenant, at most.
const MOST_TEAMS: u32 = 40;
const MOST_CHATS: u32 = 200;
/// Members on a page if nobody says otherwise, and at most.
const PAGE: usize = 100;
const LARGEST_PAGE: usize = 999;
/// What the channels of each team are called; the last is private.
const CHANNELS: [&str; 3] = ["General", "Shifts", "Leads"];

fn missing(what: &str) -> GraphRefusal {
    refuse(404, "NotFound", format!("No {what} found with the given id."))
}

impl Tenant {
    fn teams(&self) -> u32 {
        (self.directory.places() / 8).clamp(1, MOST_TEAMS)
    }

    fn chats(&self) -> u32 {
        (self.directory.places() / 4).clamp(1, MOST_CHATS)
    }

    fn team_id(&self, n: u32) -> String {
        guid(self.seed, Kind::Team, n)
    }

    fn team_named(&self, id: &str) -> Option<u32> {
        place(self.seed, Kind::Team, id).filter(|n| *n < self.teams())
    }

    /// Everybody whose place follows the team's number; the first of all is in each.
    fn of_team(&self, n: u32) -> Vec<u32> {
        let others = (1..self.directory.places()).filter(|p| p % self.teams() == n).take(OF_TEAM as usize);
        let all: Vec<u32> =
            std::iter::once(0).chain(others).filter(|p| self.directory.is_there(*p)).collect();
        all
    }

    fn channel_id(&self, team: u32, n: usize) -> String {
        format!(
            "19:{:016x}{:016x}@thread.tacv2",
            mixed(self.seed, u64::from(team), 0x70),
            mixed(self.seed, n as u64, 0x71 + u64::from(team))
        )
    }

    fn of_channel(&self, team: u32, n: usize) -> Vec<u32> {
        let all = self.of_team(team);
        if n + 1 == CHANNELS.len() { all.into_iter().take(OF_CHANNEL as usize).collect() } else { all }
    }

    fn chat_id(&self, n: u32) -> String {
        let members = self.of_chat(n);
        match members.as_slice() {
            [a, b] => format!("19:{}_{}@unq.gbl.spaces", self.directory.id(*a), self.directory.id(*b)),
            _ => format!(
                "19:{:016x}{:016x}@thread.v2",
                mixed(self.seed, u64::from(n), 0x72),
                mixed(self.seed, u64::from(n), 0x73)
            ),
        }
    }

    fn chat_named(&self, id: &str) -> Option<u32> {
        (0..self.chats()).find(|n| self.chat_id(*n) == id)
    }

    /// Every third chat is of two. Members are whoever they were, also when they left.
    fn of_chat(&self, n: u32) -> Vec<u32> {
        let people = u64::from(self.directory.places().max(1));
        let size = if n.is_multiple_of(3) { 2 } else { 3 + n % (OF_CHAT - 2) };
        let mut all: Vec<u32> = Vec::new();
        for i in 0..u64::from(size) * 4 {
            let p = if i == 0 {
                u64::from(n) % people
            } else {
                mixed(self.seed, u64::from(n) << 8 | i, 0x74) % people
            };
            if all.len() < size as usize && !all.contains(&(p as u32)) {
                all.push(p as u32);
            }
        }
        all
    }

    fn member(&self, of: &str, p: u32, owner: bool) -> Value {
        use base64::Engine as _;
        let d = &self.directory;
        let id = base64::engine::general_purpose::STANDARD.encode(format!("MCMjMCMj{of}##{p}"));
        json!({"@odata.type": "#microsoft.graph.aadUserConversationMember", "id": id,
            "roles": if owner { json!(["owner"]) } else if d.field(p, "userType") == "Guest" { json!(["guest"]) } else { json!([]) },
            "displayName": d.display(p), "userId": d.id(p), "email": d.field(p, "mail"), "tenantId": self.id,
            "visibleHistoryStartDateTime": "0001-01-01T00:00:00Z"})
    }
}

impl Microsoft {
    fn team_tenant(&self, caller: &Caller) -> Result<&Tenant, GraphRefusal> {
        self.tenants.get(caller.tenant).ok_or_else(|| missing("tenant"))
    }

    /// A team that who asks may look into: an application all, somebody their own.
    fn own_team<'a>(
        &self,
        t: &'a Tenant,
        caller: &Caller,
        id: &str,
    ) -> Result<(&'a Tenant, u32), GraphRefusal> {
        let n = t.team_named(id).ok_or_else(|| missing("team"))?;
        if caller.place.is_some_and(|p| !t.of_team(n).contains(&p)) {
            return Err(refuse(403, "Forbidden", "The user is not a member of the team."));
        }
        Ok((t, n))
    }

    fn team_value(&self, t: &Tenant, n: u32) -> Value {
        json!({"id": t.team_id(n), "displayName": format!("Team {}", n + 1), "description": format!("Team {} of {}", n + 1, t.name),
            "tenantId": t.id, "isArchived": false, "visibility": "private"})
    }

    pub(super) fn joined_teams(&self, caller: &Caller, who: &str) -> Result<Reply, GraphRefusal> {
        let place = self.place(caller, who)?;
        if caller.place.is_some_and(|own| own != place) {
            return Err(refuse(403, "Forbidden", "The teams of others are not shown."));
        }
        let t = self.team_tenant(caller)?;
        let teams: Vec<Value> = (0..t.teams())
            .filter(|n| t.of_team(*n).contains(&place))
            .map(|n| self.team_value(t, n))
            .collect();
        Ok(Reply::json(
            200,
            &json!({"@odata.context": self.context("teams"), "@odata.count": teams.len(), "value": teams}),
        ))
    }

    pub(super) fn team(&self, caller: &Caller, id: &str) -> Result<Reply, GraphRefusal> {
        let (t, n) = self.own_team(self.team_tenant(caller)?, caller, id)?;
        let mut body = self.team_value(t, n);
        body["@odata.context"] = self.context("teams/$entity").into();
        Ok(Reply::json(200, &body))
    }

    pub(super) fn team_members(
        &self,
        caller: &Caller,
        id: &str,
        request: &Request,
    ) -> Result<Reply, GraphRefusal> {
        let (t, n) = self.own_team(self.team_tenant(caller)?, caller, id)?;
        self.members(t, &t.of_team(n), &format!("teams/{id}/members"), request)
    }

    fn channel_value(t: &Tenant, team: u32, n: usize) -> Value {
        let private = n + 1 == CHANNELS.len();
        json!({"id": t.channel_id(team, n), "displayName": CHANNELS.get(n), "tenantId": t.id,
            "membershipType": if private { "private" } else { "standard" }, "createdDateTime": "2024-03-01T08:00:00Z"})
    }

    fn seen_channels(t: &Tenant, caller: &Caller, team: u32) -> Vec<usize> {
        (0..CHANNELS.len())
            .filter(|n| caller.place.is_none_or(|p| t.of_channel(team, *n).contains(&p)))
            .collect()
    }

    pub(super) fn channels(&self, caller: &Caller, id: &str) -> Result<Reply, GraphRefusal> {
        let (t, team) = self.own_team(self.team_tenant(caller)?, caller, id)?;
        let all: Vec<Value> = Self::seen_channels(t, caller, team)
            .into_iter()
            .map(|n| Self::channel_value(t, team, n))
            .collect();
        Ok(Reply::json(
            200,
            &json!({"@odata.context": self.context("teams/channels"), "@odata.count": all.len(), "value": all}),
        ))
    }

    fn channel_named(t: &Tenant, caller: &Caller, team: u32, id: &str) -> Result<usize, GraphRefusal> {
        let seen = Self::seen_channels(t, caller, team);
        seen.into_iter().find(|n| t.channel_id(team, *n) == id).ok_or_else(|| missing("channel"))
    }

    pub(super) fn channel(&self, caller: &Caller, id: &str, channel: &str) -> Result<Reply, GraphRefusal> {
        let (t, team) = self.own_team(self.team_tenant(caller)?, caller, id)?;
        Ok(Reply::json(200, &Self::channel_value(t, team, Self::channel_named(t, caller, team, channel)?)))
    }

    pub(super) fn channel_members(
        &self,
        caller: &Caller,
        id: &str,
        channel: &str,
        request: &Request,
    ) -> Result<Reply, GraphRefusal> {
        let (t, team) = self.own_team(self.team_tenant(caller)?, caller, id)?;
        let n = Self::channel_named(t, caller, team, channel)?;
        self.members(t, &t.of_channel(team, n), &format!("teams/{id}/channels/{channel}/members"), request)
    }

    fn own_chat<'a>(
        &self,
        t: &'a Tenant,
        caller: &Caller,
        id: &str,
    ) -> Result<(&'a Tenant, u32), GraphRefusal> {
        let n = t.chat_named(id).ok_or_else(|| missing("chat"))?;
        if caller.place.is_some_and(|p| !t.of_chat(n).contains(&p)) {
            return Err(refuse(403, "Forbidden", "The user is not a member of the chat."));
        }
        Ok((t, n))
    }

    fn chat_value(t: &Tenant, n: u32) -> Value {
        let pair = t.of_chat(n).len() == 2;
        json!({"id": t.chat_id(n), "topic": if pair { Value::Null } else { format!("Chat {}", n + 1).into() },
            "chatType": if pair { "oneOnOne" } else { "group" }, "tenantId": t.id, "createdDateTime": "2024-03-01T08:00:00Z"})
    }

    pub(super) fn chats(&self, caller: &Caller) -> Result<Reply, GraphRefusal> {
        let place = self.place(caller, "me")?;
        let t = self.team_tenant(caller)?;
        let all: Vec<Value> = (0..t.chats())
            .filter(|n| t.of_chat(*n).contains(&place))
            .map(|n| Self::chat_value(t, n))
            .collect();
        Ok(Reply::json(
            200,
            &json!({"@odata.context": self.context("chats"), "@odata.count": all.len(), "value": all}),
        ))
    }

    pub(super) fn chat(&self, caller: &Caller, id: &str) -> Result<Reply, GraphRefusal> {
        let (t, n) = self.own_chat(self.team_tenant(caller)?, caller, id)?;
        Ok(Reply::json(200, &Self::chat_value(t, n)))
    }

    pub(super) fn chat_members(
        &self,
        caller: &Caller,
        id: &str,
        request: &Request,
    ) -> Result<Reply, GraphRefusal> {
        let (t, n) = self.own_chat(self.team_tenant(caller)?, caller, id)?;
        self.members(t, &t.of_chat(n), &format!("chats/{id}/members"), request)
    }

    /// A page of members. The first is the owner.
    fn members(&self, t: &Tenant, all: &[u32], path: &str, request: &Request) -> Result<Reply, GraphRefusal> {
        let query = request.query();
        let top = query
            .filled("$top")
            .map_or(Some(PAGE), |n| n.parse().ok().filter(|n| (1..=LARGEST_PAGE).contains(n)));
        let top = top.ok_or_else(|| refuse(400, "BadRequest", "Invalid page size."))?;
        let from = query.filled("$skiptoken").map_or(Some(0), |n| n.parse::<usize>().ok());
        let from = from.ok_or_else(|| refuse(400, "BadRequest", "Invalid skip token."))?;
        let page = all.iter().skip(from).take(top);
        let values: Vec<Value> = page.map(|p| t.member(path, *p, Some(p) == all.first())).collect();
        let mut body =
            json!({"@odata.context": self.context("members"), "@odata.count": values.len(), "value": values});
        if from.saturating_add(top) < all.len() {
            let path: Vec<String> = path.split('/').map(crate::microsoft::exchange::encoded).collect();
            body["@odata.nextLink"] =
                self.below(&format!("{}?$top={top}&$skiptoken={}", path.join("/"), from + top)).into();
        }
        Ok(Reply::json(200, &body))
    }

    /// The place of a tenant, and those of the people of one of its chats.
    pub(in crate::microsoft) fn chat_members_of(
        &self,
        tenant: &str,
        chat: &str,
    ) -> Option<(usize, Vec<u32>)> {
        let index = self.tenant_index(tenant)?;
        let t = self.tenants.get(index)?;
        Some((index, t.of_chat(t.chat_named(chat)?)))
    }

    /// The place of a tenant, the id of a channel by its place in its team, and the places of its people.
    pub(in crate::microsoft) fn channel_members_of(
        &self,
        tenant: &str,
        team: &str,
        channel: usize,
    ) -> Option<(usize, String, Vec<u32>)> {
        let index = self.tenant_index(tenant)?;
        let t = self.tenants.get(index)?;
        let team = t.team_named(team)?;
        (channel < CHANNELS.len()).then(|| (index, t.channel_id(team, channel), t.of_channel(team, channel)))
    }

    /// The ids of the teams and the group chats of a tenant, for tests and for consent to a single one.
    pub fn teams_and_chats(&self, tenant: &str) -> (Vec<String>, Vec<String>) {
        let Some(t) = self.tenant(tenant) else { return Default::default() };
        ((0..t.teams()).map(|n| t.team_id(n)).collect(), (0..t.chats()).map(|n| t.chat_id(n)).collect())
    }
}
