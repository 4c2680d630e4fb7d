// The shape of a recording as the server draws it: the loudest sample of each of many pieces of each channel. It is there
// at once, however long the recording is, and says where nobody speaks.

import { queryOptions } from '@tanstack/react-query';
import { api, need } from '@/shared/api/client';

/** So many pieces are asked for: a tenth of a second each in a recording of five minutes. */
const PIECES = 3_000;
/** The loudest there is, in the server's numbers. */
const LOUDEST = 255;

export interface Shape {
  /** The loudest sample of each piece of each channel, from 0 to 1. */
  channels: readonly (readonly number[])[];
  /** Length in seconds. */
  length: number;
}

export const shapeQuery = (recording: string) =>
  queryOptions({
    queryKey: ['recording', recording, 'shape'],
    // A recording that is over does not change.
    staleTime: Infinity,
    queryFn: async ({ signal }): Promise<Shape> => {
      const params = { path: { id: recording }, query: { pieces: String(PIECES) } };
      const drawn = await need(api.GET('/api/v1/recordings/{id}/peaks', { params, signal }));
      const side = (peaks: readonly number[]) => peaks.map((p) => p / LOUDEST);
      return { channels: [side(drawn.customer), side(drawn.agent)], length: drawn.length_ms / 1_000 };
    },
  });

/** The shape in fewer or more pieces, as many as a picture has room for. */
export function drawn(peaks: readonly number[], pieces: number): number[] {
  return Array.from({ length: pieces }, (_, piece) => {
    const from = Math.floor((piece * peaks.length) / pieces);
    const end = Math.max(from + 1, Math.floor(((piece + 1) * peaks.length) / pieces));
    return peaks.slice(from, end).reduce((most, p) => Math.max(most, p), 0);
  });
}

export interface Silence {
  /** In seconds. */
  from: number;
  to: number;
}

/** Below this nobody speaks: -36 dB, above the peaks of a line's noise. */
const QUIET = 0.016;
/** Pauses of speech are part of it; only longer ones count, in seconds. */
const SHORTEST = 1.2;
/** What is left of a silence at each end, in seconds, so that no word is cut. */
const MARGIN = 0.25;

/** Where nobody speaks, in any channel. */
export function silences({ channels, length }: Shape): Silence[] {
  const pieces = Math.max(0, ...channels.map((c) => c.length));
  const each = length / Math.max(1, pieces);
  const loud = (piece: number) => channels.some((c) => (c[piece] ?? 0) > QUIET);
  const found: Silence[] = [];
  for (let piece = 0; piece < pieces; ) {
    let end = piece;
    while (end < pieces && !loud(end)) end += 1;
    if ((end - piece) * each >= SHORTEST) found.push({ from: piece * each + MARGIN, to: end * each - MARGIN });
    piece = end + 1;
  }
  return found;
}

/** Where to go on from a moment, if it lies in a silence. */
export function after(list: readonly Silence[], at: number): number | null {
  return list.find((s) => at >= s.from && at < s.to - 0.05)?.to ?? null;
}
