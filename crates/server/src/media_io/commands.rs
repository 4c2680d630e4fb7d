//! What the switch tells a media thread about its legs, done with the thread's bridge.

use crate::adapt::MediaCommand;
use crate::media_io::thread::Worker;
use media::dtmf::Digit;

impl Worker {
    pub(super) fn obey_command(&mut self, command: MediaCommand) {
        let now = self.now();
        match command {
            MediaCommand::Remote { leg, negotiated, learning } => {
                let Some(slot) = self.slot(leg) else { return };
                if let Some(early) = self.early(slot) {
                    *early = None;
                }
                if let Some(leg) = self.bridge.leg_mut(slot) {
                    leg.set_remote(now, *negotiated, learning);
                }
                self.serve(slot);
            }
            MediaCommand::Early { leg, of, negotiated, learning } => {
                let Some(slot) = self.slot(leg) else { return };
                self.add_early(slot, of, negotiated, learning);
                self.serve(slot);
            }
            MediaCommand::EarlyOver { leg, of } => {
                if let Some(slot) = self.slot(leg) {
                    self.remove_early(slot, of);
                }
            }
            MediaCommand::Ice { leg, credentials } => {
                if let Some(leg) = self.slot(leg).and_then(|slot| self.bridge.leg_mut(slot)) {
                    leg.expect_checks(&credentials);
                }
            }
            MediaCommand::Play { leg, prompt, repeat } => {
                let Some(slot) = self.slot(leg) else { return };
                self.bridge.play(now, slot, prompt, repeat);
                self.serve(slot);
            }
            MediaCommand::Silence { leg } => {
                let Some(slot) = self.slot(leg) else { return };
                self.bridge.silence(now, slot);
            }
            MediaCommand::Hear { leg, from } => {
                let Some(slot) = self.slot(leg) else { return };
                let from: Vec<usize> = from.iter().filter_map(|leg| self.slot(*leg)).collect();
                self.bridge.hear(now, slot, &from);
                self.schedule(slot);
            }
            MediaCommand::Keys { leg, mode } => {
                let Some(slot) = self.slot(leg) else { return };
                self.bridge.set_keys(now, slot, mode);
            }
            MediaCommand::KeysOut { leg, way } => {
                let Some(slot) = self.slot(leg) else { return };
                if let Some(leg) = self.bridge.leg_mut(slot) {
                    leg.set_keys_out(way);
                }
            }
            MediaCommand::FillPauses { leg } => {
                let Some(slot) = self.slot(leg) else { return };
                if let Some(leg) = self.bridge.leg_mut(slot) {
                    leg.fill_pauses(true);
                }
                self.schedule(slot);
            }
            MediaCommand::Press { leg, key } => {
                if let (Some(slot), Some(digit)) = (self.slot(leg), Digit::from_char(key)) {
                    self.bridge.press(now, slot, digit);
                    self.serve_started(now);
                }
            }
            MediaCommand::Give { leg, key } => {
                if let (Some(slot), Some(digit)) = (self.slot(leg), Digit::from_char(key)) {
                    if let Some(leg) = self.bridge.leg_mut(slot) {
                        leg.press(now, digit);
                    }
                    self.serve(slot);
                }
            }
            MediaCommand::Record { key, call, party, began, left, right } => {
                let Some(left) = self.slot(left) else { return };
                let right = right.and_then(|leg| self.slot(leg));
                let Some(recording) = self.bridge.record(now, left, right) else { return };
                let Some(law) = self.bridge.recording_law(recording) else { return };
                let queued = self.recorder.begin(key, call, party, began, law);
                self.begin_recording(recording, queued, now);
            }
            MediaCommand::RecordAlso { key, add, .. } => {
                if let (Some(recording), Some(slot)) = (self.recording(key), self.slot(add)) {
                    self.bridge.record_also(now, recording, slot);
                }
            }
            MediaCommand::RecordNoLonger { key, remove, .. } => {
                if let (Some(recording), Some(slot)) = (self.recording(key), self.slot(remove)) {
                    self.bridge.record_no_longer(recording, slot);
                }
            }
            MediaCommand::PauseRecording { key, .. } => {
                if let Some(recording) = self.recording(key) {
                    self.bridge.pause_recording(now, recording, true);
                }
            }
            MediaCommand::ResumeRecording { key, .. } => {
                if let Some(recording) = self.recording(key) {
                    self.bridge.pause_recording(now, recording, false);
                }
            }
            MediaCommand::StopRecording { key, ended, .. } => {
                if let Some(recording) = self.recording(key) {
                    self.end_recording(recording, now, ended);
                }
            }
            MediaCommand::Close { leg } => self.close(leg, now),
        }
    }
}
