// What the server says of its own certificates, line by line, ours first and then the chain above it.

import { useMutation } from '@tanstack/react-query';
import { ask } from '@/shared/api/client';
import type { MessageKey } from '@/shared/i18n';
import { useSay } from '@/shared/ui/toasts';

/** A certificate of a file of the configuration. */
export interface Certificate {
  /** The key of the configuration that names its file: `sip.tls_cert`. */
  file: string;
  subject: string;
  names: string[];
  /** A day, as `2027-03-01`. */
  until: string;
  /** Days that are left; below 0 it is over. */
  days: number;
  usage: MessageKey;
  /** Who signed it, where that one is not in the file. */
  outside: string | null;
}

export interface Report {
  /** Null where the server could not say. */
  good: boolean | null;
  certificates: Certificate[];
  /** What is wrong or soon will be, and lines that we cannot read: English sentences. */
  said: string[];
}

const LINE = /^([\w.]+): (.+?)(?:, for (.+?))?, until (\d{4}-\d\d-\d\d) \((-?\d+) days\), ([^;]+?)(?:; signed by (.+), which is not in the file)?$/;

const USAGES: Readonly<Record<string, MessageKey>> = {
  'usages server and client': 'system.usage-both',
  'usage server only': 'system.usage-server',
  'usage client only': 'system.usage-client',
  'neither usage server nor client': 'system.usage-none',
  'for any usage': 'system.usage-any',
};

/** Reads the line of a certificate; null for anything else. */
export function readCertificate(line: string): Certificate | null {
  const [, file, subject, names, until, days, usage = '', outside] = LINE.exec(line) ?? [];
  const known = USAGES[usage];
  if (!file || !subject || !until || !known) return null;
  return { file, subject, names: names?.split(', ') ?? [], until, days: Number(days), usage: known, outside: outside ?? null };
}

interface Paper {
  checks: { check: string; result: string; found: string[] }[];
}

const NONE = 'this server has no certificate of its own';

/** What the check of the certificates came to. */
export function reportOf(paper: Paper): Report {
  const check = paper.checks.find((c) => c.check === 'certificates');
  const lines = (check?.found ?? []).filter((line) => line !== NONE);
  const read = lines.map((line) => ({ line, certificate: readCertificate(line) }));
  return {
    good: check?.result === 'as it should be' ? true : check?.result === 'not as it should be' ? false : null,
    certificates: read.flatMap((r) => (r.certificate ? [r.certificate] : [])),
    said: read.flatMap((r) => (r.certificate ? [] : [r.line])),
  };
}

/** Has the server look at its certificates now; it notes that in the audit log. */
export function useCertificates() {
  const say = useSay();
  return useMutation({
    mutationFn: async () => reportOf(await ask<Paper>('POST', '/attestation', { body: { checks: ['certificates'] }, patience: 60_000 })),
    onError: say.fail,
  });
}
