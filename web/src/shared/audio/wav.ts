// Recordings as the server gives them: WAV, G.711 or PCM, customer left and agent right. A browser plays them by itself;
// for one that plays no G.711 they are read here and written as PCM.

export interface Sound {
  /** Samples of each channel, from -1 to 1. */
  channels: Float32Array[];
  /** Samples a second. */
  rate: number;
  /** Length in seconds. */
  length: number;
}

const PCM = 1;
const ALAW = 6;
const ULAW = 7;

/** A-law to linear (ITU-T G.711), 16 bits. */
export function alaw(code: number): number {
  const c = code ^ 0x55;
  const [exponent, mantissa] = [(c & 0x70) >> 4, c & 0x0f];
  const size = exponent === 0 ? (mantissa << 4) + 8 : ((mantissa << 4) + 0x108) << (exponent - 1);
  return c & 0x80 ? size : -size;
}

/** µ-law to linear (ITU-T G.711), 16 bits. */
export function ulaw(code: number): number {
  const c = ~code & 0xff;
  const size = ((((c & 0x0f) << 3) + 0x84) << ((c & 0x70) >> 4)) - 0x84;
  return c & 0x80 ? -size : size;
}

const table = (law: (code: number) => number) => Float32Array.from({ length: 256 }, (_, code) => law(code) / 32_768);

/** Reads a WAV. Throws a sentence for what is none that this page knows. */
export function readWav(bytes: ArrayBuffer): Sound {
  const view = new DataView(bytes);
  const word = (at: number) => (at + 4 <= view.byteLength ? String.fromCharCode(...new Uint8Array(bytes, at, 4)) : '');
  if (word(0) !== 'RIFF' || word(8) !== 'WAVE') throw new Error('this is no WAV');
  let [format, count, rate, bits] = [0, 0, 0, 0];
  let data: { at: number; size: number } | null = null;
  for (let at = 12; at + 8 <= view.byteLength && !data; ) {
    const size = view.getUint32(at + 4, true);
    if (word(at) === 'fmt ' && at + 24 <= view.byteLength) {
      format = view.getUint16(at + 8, true);
      count = view.getUint16(at + 10, true);
      rate = view.getUint32(at + 12, true);
      bits = view.getUint16(at + 22, true);
    } else if (word(at) === 'data') {
      // A recording that is still being made says a length that it does not have yet.
      data = { at: at + 8, size: Math.min(size, view.byteLength - at - 8) };
    }
    at += 8 + size + (size % 2);
  }
  if (!data || count < 1 || count > 8 || rate < 1_000) throw new Error('this WAV has no sound');
  const channels = split(bytes, data, format, bits, count);
  return { channels, rate, length: (channels[0]?.length ?? 0) / rate };
}

function split(bytes: ArrayBuffer, data: { at: number; size: number }, format: number, bits: number, count: number): Float32Array[] {
  const width = bits / 8;
  const frames = Math.floor(data.size / (width * count)) || 0;
  const channels = Array.from({ length: count }, () => new Float32Array(frames));
  if ((format === ALAW || format === ULAW) && bits === 8) {
    const values = table(format === ALAW ? alaw : ulaw);
    const codes = new Uint8Array(bytes, data.at, frames * count);
    channels.forEach((out, c) => {
      for (let n = 0; n < frames; n += 1) out[n] = values[codes[n * count + c] ?? 0] ?? 0;
    });
  } else if (format === PCM && bits === 16) {
    const view = new DataView(bytes, data.at);
    channels.forEach((out, c) => {
      for (let n = 0; n < frames; n += 1) out[n] = view.getInt16((n * count + c) * 2, true) / 32_768;
    });
  } else throw new Error(`this WAV has format ${format} with ${bits} bits`);
  return channels;
}

/** The sound as 16 bit PCM, which every browser plays. */
export function writePcm(sound: Sound): ArrayBuffer {
  const count = sound.channels.length;
  const frames = sound.channels[0]?.length ?? 0;
  const bytes = new ArrayBuffer(44 + frames * count * 2);
  const view = new DataView(bytes);
  const text = (at: number, t: string) => [...t].forEach((c, n) => view.setUint8(at + n, c.charCodeAt(0)));
  text(0, 'RIFF');
  view.setUint32(4, 36 + frames * count * 2, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, PCM, true);
  view.setUint16(22, count, true);
  view.setUint32(24, sound.rate, true);
  view.setUint32(28, sound.rate * count * 2, true);
  view.setUint16(32, count * 2, true);
  view.setUint16(34, 16, true);
  text(36, 'data');
  view.setUint32(40, frames * count * 2, true);
  sound.channels.forEach((samples, c) => {
    for (let n = 0; n < frames; n += 1) {
      view.setInt16(44 + (n * count + c) * 2, Math.max(-32_768, Math.min(32_767, Math.round((samples[n] ?? 0) * 32_768))), true);
    }
  });
  return bytes;
}
