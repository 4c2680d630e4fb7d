// A recording to look at and to hear: PCM WAV, customer left and agent right, who take turns and pause.

import { chance } from './world.mjs';

const RATE = 8_000;

export function recording(seconds, seed = 3) {
  const random = chance(seed);
  const frames = seconds * RATE;
  const bytes = Buffer.alloc(44 + frames * 4);
  bytes.write('RIFF', 0);
  bytes.writeUInt32LE(36 + frames * 4, 4);
  bytes.write('WAVEfmt ', 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(2, 22);
  bytes.writeUInt32LE(RATE, 24);
  bytes.writeUInt32LE(RATE * 4, 28);
  bytes.writeUInt16LE(4, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36);
  bytes.writeUInt32LE(frames * 4, 40);
  let at = 0;
  let turn = 0;
  while (at < frames) {
    const talk = Math.floor((1 + random() * 4) * RATE);
    const pause = Math.floor((0.2 + random() * (random() < 0.2 ? 5 : 0.7)) * RATE);
    const pitch = turn % 2 ? 210 : 130;
    for (let n = 0; n < talk && at + n < frames; n += 1) {
      // Loudness goes up and down as syllables do.
      const syllable = Math.abs(Math.sin((n / RATE) * 9)) * (0.5 + 0.5 * Math.sin((n / RATE) * 2.3 + turn));
      const value = Math.round(9_000 * Math.max(0, syllable) * Math.sin((2 * Math.PI * pitch * n) / RATE));
      bytes.writeInt16LE(value, 44 + (at + n) * 4 + (turn % 2) * 2);
    }
    at += talk + pause;
    turn += 1;
  }
  return bytes;
}

/** The loudest of each piece of both channels, as the server draws it. */
export function shape(wav, pieces) {
  const frames = (wav.length - 44) / 4;
  const [customer, agent] = [0, 1].map((channel) =>
    Array.from({ length: pieces }, (_, piece) => {
      let most = 0;
      const end = Math.floor(((piece + 1) * frames) / pieces);
      for (let n = Math.floor((piece * frames) / pieces); n < end; n += 1) most = Math.max(most, Math.abs(wav.readInt16LE(44 + n * 4 + channel * 2)));
      return Math.min(255, most >> 7);
    }),
  );
  return { length_ms: Math.round((frames / RATE) * 1_000), customer, agent };
}
