import { describe, expect, it } from 'vitest';
import { ApiError } from '@/shared/api/problem';
import { told } from './told';

const t = (key: string) => key;

describe('what went wrong', () => {
  it.each([
    [new ApiError(0, ''), 'app.no-server', null],
    [new ApiError(403, 'this needs the role owner'), 'app.not-allowed', 'this needs the role owner'],
    [new ApiError(403, 'x', [], 'csrf'), 'app.page-old', 'x'],
    [new ApiError(401, 'x', [], 'wrong'), 'app.sign-in-wrong', 'x'],
    [new ApiError(422, 'not in order', ['a: b', 'c: d']), 'app.not-right', 'not in order a: b c: d'],
    [new ApiError(502, 'x', [], 'microsoft'), 'app.microsoft-refused', 'x'],
    [new ApiError(500, 'x'), 'app.server-fault', 'x'],
    [new ApiError(418, 'x', [], 'toString'), 'app.failed', 'x'],
    [new Error('of ours'), 'app.failed', null],
  ])('%s is told as %s', (error, text, detail) => expect(told(error, t)).toEqual({ text, detail }));
});
