import { describe, expect, it } from 'vitest';
import { alaw, readWav, ulaw, writePcm, type Sound } from './wav';

const sound = (left: number[], right: number[], rate = 8_000): Sound => ({
  channels: [Float32Array.from(left), Float32Array.from(right)],
  rate,
  length: left.length / rate,
});

function g711(format: number, codes: number[]): ArrayBuffer {
  const bytes = writePcm({ channels: [new Float32Array(0), new Float32Array(0)], rate: 8_000, length: 0 });
  const out = new Uint8Array(44 + codes.length);
  out.set(new Uint8Array(bytes));
  out.set(codes, 44);
  const view = new DataView(out.buffer);
  view.setUint16(20, format, true);
  view.setUint16(34, 8, true);
  view.setUint32(40, codes.length, true);
  return out.buffer;
}

describe('G.711', () => {
  it('is as the standard says', () => {
    expect([alaw(0xd5), alaw(0x55), alaw(0xaa), alaw(0x2a)]).toEqual([8, -8, 32_256, -32_256]);
    expect([ulaw(0xff), ulaw(0x7f), ulaw(0x80), ulaw(0x00)].map((v) => v + 0)).toEqual([0, 0, 32_124, -32_124]);
  });

  it('is read by channel', () => {
    const read = readWav(g711(6, [0xd5, 0xaa, 0x55, 0x2a]));
    expect([...(read.channels[0] ?? [])].map((v) => v * 32_768)).toEqual([8, -8]);
    expect([...(read.channels[1] ?? [])].map((v) => v * 32_768)).toEqual([32_256, -32_256]);
  });
});

describe('WAV', () => {
  it('is written so that it is read again', () => {
    const read = readWav(writePcm(sound([0, 0.5, -0.5, 2], [1, 0, 0, -1])));
    expect([...(read.channels[0] ?? [])]).toEqual([0, 0.5, -0.5, 32_767 / 32_768]);
    expect(read.rate).toBe(8_000);
  });

  it('may be cut off, and may be none', () => {
    const whole = writePcm(sound([0, 0.5, -0.5, 1], [1, 0, 0, -1]));
    expect(readWav(whole.slice(0, 50)).channels[0]).toHaveLength(1);
    for (const bad of [new ArrayBuffer(0), new ArrayBuffer(100), whole.slice(0, 30), g711(2, [1, 2])]) {
      expect(() => readWav(bad)).toThrow();
    }
  });
});
