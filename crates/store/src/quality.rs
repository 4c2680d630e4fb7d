//! How well the legs of calls were heard: figures without anybody's name, kept beside the calls' records because they
//! come after a leg's end, when its call may be over and written.

use crate::error::StoreError;
use crate::sql::{Row, Sql, Value};
use crate::store::{Store, TenantId};
use engine::{CallId, LegId};

/// One way of a leg's audio, from its beginning to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WayQuality {
    /// Packets that should have come.
    pub expected: u64,
    /// Those of them that did not.
    pub lost: u64,
    /// Interarrival jitter at its end, in microseconds (RFC 3550).
    pub jitter_us: u64,
    /// What listeners would say of it by the E-model, in hundredths: 100 to 450.
    pub mos_hundredths: u16,
}

/// How well a leg was heard and heard others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegQuality {
    /// Of which call.
    pub call: CallId,
    /// Of which leg.
    pub leg: LegId,
    /// The codec agreed on, as SDP names it.
    pub codec: String,
    /// What we heard of the far end; `None` when nothing came.
    pub heard: Option<WayQuality>,
    /// What the far end said that it heard of us; `None` when it said nothing.
    pub sent: Option<WayQuality>,
    /// The last measured time there and back, in microseconds.
    pub round_trip_us: Option<u64>,
}

pub(crate) fn put_quality(db: &mut dyn Sql, tenant: TenantId, q: &LegQuality) -> Result<(), StoreError> {
    let sql = "INSERT INTO leg_quality (tenant, call, leg, codec, heard_expected, heard_lost, heard_jitter_us, \
               heard_mos, sent_expected, sent_lost, sent_jitter_us, sent_mos, round_trip_us) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (tenant, call, leg) DO NOTHING";
    let mut values = vec![tenant.into(), q.call.0.into(), q.leg.0.into(), q.codec.as_str().into()];
    for way in [q.heard, q.sent] {
        values.extend([
            Value::from(way.map(|w| w.expected)),
            Value::from(way.map(|w| w.lost)),
            Value::from(way.map(|w| w.jitter_us)),
            Value::from(way.map(|w| u64::from(w.mos_hundredths))),
        ]);
    }
    values.push(q.round_trip_us.into());
    db.run(sql, &values).map(|_| ())
}

fn way(row: &Row, first: usize) -> Option<WayQuality> {
    Some(WayQuality {
        expected: row.maybe_int(first)? as u64,
        lost: row.int(first + 1) as u64,
        jitter_us: row.int(first + 2) as u64,
        mos_hundredths: row.int(first + 3) as u16,
    })
}

impl Store {
    /// How well the legs of a call were heard, by leg; those without audio are not among them.
    ///
    /// # Errors
    /// What the database said.
    pub fn quality(&self, tenant: TenantId, call: CallId) -> Result<Vec<LegQuality>, StoreError> {
        let sql = "SELECT leg, codec, heard_expected, heard_lost, heard_jitter_us, heard_mos, sent_expected, \
                   sent_lost, sent_jitter_us, sent_mos, round_trip_us FROM leg_quality \
                   WHERE tenant = $1 AND call = $2 ORDER BY leg";
        let rows = self.reader().rows(sql, &[tenant.into(), call.0.into()])?;
        let one = |r: &Row| LegQuality {
            call,
            leg: LegId(r.int(0) as u64),
            codec: r.text(1).into(),
            heard: way(r, 2),
            sent: way(r, 6),
            round_trip_us: r.maybe_int(10).map(|us| us as u64),
        };
        Ok(rows.iter().map(one).collect())
    }
}
