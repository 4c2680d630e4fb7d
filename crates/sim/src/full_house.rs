//! A configuration with something of everything, for days in which people try everything.

use engine::{
    AgentConfig, AgentId, Announce, AtStart, AttributeId, CallbackConfig, Config, DispositionId, END, Easier,
    FlowConfig, FlowId, HoursConfig, HoursId, LanguageId, LookUpId, MailboxId, Member, Node, NumberConfig,
    NumberId, Overflow, PromptId, QueueConfig, QueueId, RecordingRule, Relax, SecureConfig, SecureId,
    SkillId, SlotId, Step, Strategy, TargetId, Test, TrunkId,
};
use engine::{
    Class, Destination, Limits, Night, PartyId, Price, Rate, Rights, Time, To, TollConfig, TollPolicy,
};

/// Queues of the full house.
pub const QUEUES: u32 = 6;
/// Numbers of the full house.
pub const NUMBERS: u32 = 4;
/// Ways in which calls can end for an agent.
pub const DISPOSITIONS: [DispositionId; 3] = [DispositionId(1), DispositionId(2), DispositionId(3)];

/// Numbers outside.
pub const PARTIES: u64 = 50;
/// The first of them.
pub const FIRST_PARTY: u64 = 1_000_000;

/// Trunks whose minutes are limited, in the order in which they are tried, with their minutes of a day.
pub const TRUNKS: [(TrunkId, u64); 2] = [(TrunkId(1), 50), (TrunkId(2), 60)];

const GERMAN: SkillId = SkillId(1);
const FRENCH: SkillId = SkillId(2);
const CARDS: SkillId = SkillId(3);

fn node(step: Step, next: u16) -> Node {
    Node { step, next }
}

fn say(n: u32) -> Step {
    Step::Say { prompt: PromptId(n) }
}

fn queue(n: u32, overflow: Vec<(Overflow, u16)>) -> Step {
    Step::Queue { queue: QueueId(n), overflow }
}

/// The configuration. `variant` changes what administrators change on a working day: members, a queue, a flow.
pub fn full_house(agents: u32, variant: u32) -> Config {
    let member = |a: u32| Member { agent: AgentId(a), order: (a % 2) as u8, weight: 1 + (a % 3) as u8 };
    let mut queues: Vec<QueueConfig> = (0..QUEUES)
        .map(|n| QueueConfig {
            id: QueueId(n),
            members: (0..agents)
                .filter(|a| !(a + n + variant).is_multiple_of(3) || a % QUEUES == n)
                .map(member)
                .collect(),
            strategy: [
                Strategy::LongestIdle,
                Strategy::MostFitting,
                Strategy::FewestCalls,
                Strategy::RoundRobin,
            ][n as usize % 4],
            ring_at_once: if n == 4 { 3 } else { 1 },
            last_agent_ms: if n == 2 { 20_000 } else { 0 },
            ring_ms: 12_000,
            wrap_up_ms: u64::from(n % 3) * 10_000,
            more_wrap_up_ms: 30_000,
            disposition_forced: n == 2,
            max_wait_ms: 240_000 + u64::from(n) * 60_000,
            max_waiting: 20,
            misses_to_suspend: 4,
            music: PromptId(0),
            answer_within_ms: 20_000,
            priority_ms: 45_000,
            relax: Vec::new(),
            announce: None,
            callback: None,
        })
        .collect();
    queues[0].relax = vec![
        Relax { after_ms: 20_000, what: Easier::Lower { skill: GERMAN, by: 3 } },
        Relax { after_ms: 40_000, what: Easier::AlsoQueue { queue: QueueId(1) } },
        Relax { after_ms: 60_000, what: Easier::RingAtOnce { phones: 2 } },
        Relax { after_ms: 80_000, what: Easier::Priority { steps: 1 } },
        Relax { after_ms: 120_000, what: Easier::DropAll },
    ];
    queues[3].relax = vec![Relax { after_ms: 30_000, what: Easier::Drop { skill: FRENCH } }];
    for n in [0, 3] {
        queues[n].announce = Some(Announce {
            first_ms: 8_000,
            every_ms: 25_000,
            positions: vec![PromptId(20), PromptId(21), PromptId(22)],
            further_back: Some(PromptId(23)),
            waits: vec![(60_000, PromptId(24)), (300_000, PromptId(25))],
            longer: Some(PromptId(26)),
        });
    }
    for (n, agent_first) in [(0, true), (1, false)] {
        queues[n].callback = Some(CallbackConfig {
            key: '5',
            offer: PromptId(30),
            offer_ms: 5_000,
            confirm: PromptId(31),
            enter: PromptId(32),
            done: PromptId(33),
            refused: PromptId(34),
            greeting: Some(PromptId(35)),
            slot: SlotId(9),
            agent_first,
            ring_ms: 20_000,
            attempts: 3,
            retry_ms: 120_000,
            promise_ms: 3_600_000,
            hours: (n == 1).then_some(HoursId(1)),
        });
    }
    if variant % 3 == 2 {
        // An administrator removes a queue while callers wait in it.
        queues.pop();
    }
    let mut week: [Vec<(u16, u16)>; 7] = Default::default();
    for day in &mut week {
        *day = vec![(0, 700), (720, 1440)];
    }
    let hours = HoursConfig { id: HoursId(1), offsets: vec![(Time(0), 3_600)], week, special: Vec::new() };
    let secure = SecureConfig {
        id: SecureId(1),
        prompt: PromptId(40),
        digits: (4, 6),
        first_ms: 6_000,
        next_ms: 4_000,
        tries: 2,
        pass_ms: 5_000,
    };
    Config {
        queues,
        agents: (0..agents)
            .filter(|a| variant % 4 != 3 || a % 5 != 0)
            .map(|n| AgentConfig {
                id: AgentId(n),
                at_start: if n % 7 == 0 { AtStart::Offline } else { AtStart::Available },
                skills: [(GERMAN, n % 11), (FRENCH, (n * 3) % 11), (CARDS, (n * 7) % 11)]
                    .into_iter()
                    .filter(|(_, level)| *level > 0)
                    .map(|(s, level)| (s, level as u8))
                    .collect(),
            })
            .collect(),
        flows: flows(variant),
        numbers: (0..NUMBERS)
            .map(|n| NumberConfig {
                id: NumberId(n),
                flow: FlowId(n),
                recording: [RecordingRule::Allowed, RecordingRule::WithConsent, RecordingRule::Never]
                    [n as usize % 3],
                language: LanguageId(n as u16 % 3),
            })
            .collect(),
        hours: vec![hours],
        secure: vec![secure],
        hold_music: PromptId(0),
        max_call_ms: 2 * 3_600_000,
        toll: Some(Box::new(toll(agents, variant))),
    }
}

/// Numbers outside that people of the full house call: which parties they are, and where each leads. Of one in ten the door
/// says nothing.
pub fn outside() -> impl Iterator<Item = (PartyId, Destination)> {
    (0..PARTIES).filter(|n| n % 10 != 9).map(|n| {
        let (class, country) = match n % 10 {
            0..4 => (Class::Own, *b"DE"),
            4 => (Class::International, *b"FR"),
            5 => (Class::International, *b"CU"),
            6 => (Class::Premium, *b"DE"),
            7 => (Class::Emergency, *b"DE"),
            _ => (Class::Internal, [0; 2]),
        };
        (PartyId(FIRST_PARTY + n), Destination::new(class, country))
    })
}

/// Where the fixed address of the full house leads.
pub fn target() -> Option<Destination> {
    Some(Destination::new(Class::Own, *b"DE"))
}

/// Whether somebody is an emergency number.
pub fn is_emergency(to: To) -> bool {
    outside().any(|(party, d)| To::Party(party) == to && d.class == Class::Emergency)
}

// Tight enough that every limit is reached on most days.
fn toll(agents: u32, variant: u32) -> TollConfig {
    let at_once = |n| Limits { at_once: Some(n), ..Limits::default() };
    let price = |class, country, per_minute| Price { class, country, per_minute };
    let policy = TollPolicy {
        countries: vec![*b"FR"],
        tenant: Limits { rate: Some(Rate { per_1000_s: 200, burst: 3 }), minutes: Some(130), ..at_once(4) },
        agent: Limits { spend: Some(150_000), ..at_once(1) },
        classes: vec![(Class::International, at_once(2))],
        ..TollPolicy::default()
    };
    let rights = |n| Rights { may_dial: n % 4 != 3, may_transfer_out: n % 2 == 0 };
    TollConfig {
        // Midnight falls into the first hour of a day.
        offsets: vec![(Time(0), 15 * 3_600 + 1_800)],
        night: Some(Box::new(Night {
            hours: HoursId(1),
            policy: TollPolicy { tenant: at_once(1), ..TollPolicy::default() },
        })),
        policy,
        prices: vec![
            price(Class::Own, None, 20_000),
            price(Class::International, None, 900_000),
            price(Class::International, Some(*b"FR"), 50_000),
        ],
        other_price: 1_000_000,
        targets: target().map(|to| (TargetId(1), to)).into_iter().collect(),
        rights: (0..agents).map(|n| (AgentId(n), rights(n))).collect(),
        cut: variant % 2 == 1,
    }
}

fn flows(variant: u32) -> Vec<FlowConfig> {
    // A reception: hours, consent, a menu, and a way out of each branch.
    let reception = vec![
        node(say(1 + variant % 2), 1),
        node(
            Step::Branch { cases: vec![(Test::Emergency(HoursId(1)), 13), (Test::Holiday(HoursId(1)), 13)] },
            2,
        ),
        node(Step::Consent { prompt: PromptId(3), opt_out: Some(('9', 3)), wait_ms: 1_500 }, 3),
        node(
            Step::Menu {
                prompt: PromptId(4),
                keys: vec![('1', 4), ('2', 6), ('3', 8), ('4', 11), ('0', 3)],
                wait_ms: 4_000,
                tries: 3,
                wrong: Some(PromptId(5)),
            },
            12,
        ),
        node(Step::Need { skill: GERMAN, level: 6 }, 5),
        node(queue(0, vec![(Overflow::After(90_000), 12), (Overflow::WaitingOver(6), 11)]), 12),
        node(Step::Language { language: LanguageId(1) }, 7),
        node(queue(1, vec![(Overflow::NobodySignedIn, 12), (Overflow::ExpectedOver(400_000), 11)]), 12),
        node(
            Step::Collect {
                slot: SlotId(1),
                prompt: PromptId(6),
                digits: (4, 8),
                first_ms: 5_000,
                next_ms: 3_000,
                tries: 2,
                wrong: Some(PromptId(7)),
                failed: 12,
            },
            9,
        ),
        node(Step::LookUp { look_up: LookUpId(1), wait_ms: 3_000, failed: 10 }, 10),
        node(
            Step::Branch {
                cases: vec![(Test::Attribute(AttributeId(1), 1), 14), (Test::Digits(SlotId(1), 1), 15)],
            },
            12,
        ),
        node(Step::Voicemail { mailbox: MailboxId(1), prompt: PromptId(8), max_ms: 20_000 }, END),
        node(Step::Run { flow: FlowId(3) }, END),
        node(say(9), END),
        node(Step::Priority { steps: 3 }, 12),
        node(Step::Secure { secure: SecureId(1), failed: 12 }, 12),
    ];
    let support = FlowConfig::in_order(
        FlowId(1),
        [
            Step::Record { on: true },
            Step::Need { skill: CARDS, level: 3 },
            queue(2, Vec::new()),
            Step::ConnectAgent { agent: AgentId(1), ring_ms: 8_000 },
            Step::Connect { target: TargetId(1), ring_ms: 8_000 },
            Step::Voicemail { mailbox: MailboxId(2), prompt: PromptId(8), max_ms: 15_000 },
        ],
    );
    let french = vec![
        node(Step::Consent { prompt: PromptId(3), opt_out: None, wait_ms: 0 }, 1),
        node(Step::Need { skill: FRENCH, level: 5 }, 2),
        node(Step::Record { on: true }, 3),
        node(queue(3, vec![(Overflow::After(45_000), 4)]), 4),
        // Goes round until the caller has had enough, or somebody is there.
        node(say(10), 5),
        node(queue(4, Vec::new()), 6),
        node(Step::Branch { cases: vec![(Test::SignedIn(QueueId(4), 1), 3)] }, END),
    ];
    let last =
        FlowConfig::in_order(FlowId(3), [Step::Answer, queue(5, Vec::new()), queue(4, Vec::new()), say(11)]);
    vec![
        FlowConfig { id: FlowId(0), nodes: reception.into() },
        support,
        FlowConfig { id: FlowId(2), nodes: french.into() },
        last,
    ]
}
