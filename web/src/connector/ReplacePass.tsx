// Asks before a line pass takes the place of another one: whoever sends a link cannot change whose telephone rings.

import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, MessageBar, MessageBarBody, Spinner } from '@fluentui/react-components';
import { useEffect, useState } from 'react';
import type { I18n } from '@/shared/i18n';
import { lookPass, Refused, refusalIn } from './dial';
import type { LinePass } from './line';
import type { Setup } from './setup';
import type { Tokens } from './tokens';

/** Which line a pass is for, in words; and whether the server says that it counts for nobody here. */
interface Told {
  words: string;
  refused: string | null;
}

async function tell(setup: Setup, tokens: Tokens | null, pass: LinePass, i18n: I18n): Promise<Told> {
  const { t, moment } = i18n;
  const unknown = { words: t('connector.pass-unknown'), refused: null };
  if (!tokens) return unknown;
  try {
    const { ending, made } = await lookPass(setup, tokens, pass);
    return { words: t('connector.pass-line', { ending, time: moment(made) }), refused: null };
  } catch (e) {
    // Only what the server says of the pass itself counts against it.
    return e instanceof Refused && e.code === 'line' ? { words: t('connector.pass-old'), refused: refusalIn(i18n, e) } : unknown;
  }
}

interface Props {
  setup: Setup;
  /** Null where this client signs in for no app; undefined while that is not known. */
  tokens: Tokens | null | undefined;
  i18n: I18n;
  /** The pass that this browser keeps, and the one that would take its place; null while there is nothing to ask. */
  passes: readonly [kept: LinePass, offered: LinePass] | null;
  /** Whether the person wants the new one. */
  chosen: (takes: boolean) => void;
}

export function ReplacePass({ setup, tokens, i18n, passes, chosen }: Props) {
  const { t } = i18n;
  const [told, setTold] = useState<readonly [Told, Told] | null>(null);
  useEffect(() => {
    if (!passes || tokens === undefined) return;
    let gone = false;
    const of = (pass: LinePass) => tell(setup, tokens, pass, i18n);
    void Promise.all([of(passes[0]), of(passes[1])]).then((both) => {
      if (!gone) setTold(both);
    });
    return () => {
      gone = true;
      setTold(null);
    };
  }, [setup, tokens, i18n, passes]);
  const pbx = passes?.[1].pbx;
  const system = setup.ways.find((w) => w.id === pbx)?.name || (pbx ?? '');
  const refused = told?.[1].refused ?? null;
  return (
    <Dialog open={passes !== null} modalType="alert">
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{t('connector.pass-replace')}</DialogTitle>
          <DialogContent>
            {told ? t('connector.pass-both', { system, kept: told[0].words, offered: told[1].words }) : <Spinner label={t('connector.pass-looking')} />}
            {refused && (
              <MessageBar intent="warning" layout="multiline">
                <MessageBarBody>{refused}</MessageBarBody>
              </MessageBar>
            )}
          </DialogContent>
          <DialogActions fluid>
            <Button appearance="primary" onClick={() => chosen(false)}>{t('connector.pass-leave')}</Button>
            {told && !refused && <Button onClick={() => chosen(true)}>{t('connector.pass-take')}</Button>}
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
