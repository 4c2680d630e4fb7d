// The names of all messages, so that a wrong one does not compile. The texts themselves are cut by language while building.

import type app from './catalogue/app.json';
import type call from './catalogue/call.json';
import type calls from './catalogue/calls.json';
import type connector from './catalogue/connector.json';
import type desk from './catalogue/desk.json';
import type floor from './catalogue/floor.json';
import type moments from './catalogue/moments.json';
import type people from './catalogue/people.json';
import type proof from './catalogue/proof.json';
import type questions from './catalogue/questions.json';
import type refusals from './catalogue/refusals.json';
import type reports from './catalogue/reports.json';
import type settings from './catalogue/settings.json';
import type system from './catalogue/system.json';
import type words from './catalogue/words.json';

interface Topics {
  app: typeof app;
  call: typeof call;
  calls: typeof calls;
  connector: typeof connector;
  desk: typeof desk;
  floor: typeof floor;
  moments: typeof moments;
  people: typeof people;
  proof: typeof proof;
  questions: typeof questions;
  refusals: typeof refusals;
  reports: typeof reports;
  settings: typeof settings;
  system: typeof system;
  words: typeof words;
}

/** The name of a message: `desk.answer`. */
export type MessageKey = { [T in keyof Topics]: `${T}.${Extract<keyof Topics[T], string>}` }[keyof Topics];
